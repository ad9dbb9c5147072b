// Package secret makes links that only this installation can have made, and seals what only it may read.
//
// A link carries its claim in the open, with a signature behind it; nothing is kept in the database, so a
// link works on every replica, after every restart and any number of times until it expires. Whoever holds
// one can use it: what it opens must therefore change nothing by itself.
//
// A sealed text opens with the key it was sealed with, which stands in the configuration and never in the database,
// and only in the place it was sealed for: moved to another row or column it is worth nothing.
package secret

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// leastSecret is the length of install secret that makes guessing keys hopeless.
	leastSecret = 32
	// macLen is HMAC-SHA256 cut to 128 bits: forging one takes 2^127 requests, and the link stays short
	// enough for a terminal's line.
	macLen = 16
	// maxToken bounds the work a stranger can cause; no claim of ours comes near it.
	maxToken = 1024
)

// Errors of Verify.
var (
	// ErrForged: not made by this installation for this purpose, or changed on the way.
	ErrForged = errors.New("the link was not made here")
	// ErrExpired: made here, but too long ago.
	ErrExpired = errors.New("the link has expired")
)

// Claim is what a link says.
type Claim struct {
	Purpose string    // what the link is for; each purpose has a key of its own
	Subject string    // whom or what it concerns
	Expires time.Time // to the second; the link works before it, not at it. Zero has always expired
	Flags   []string  // what it allows besides
}

// Links signs and verifies. It is safe for concurrent use.
type Links struct {
	root []byte // the extracted install secret, from which one key a purpose is expanded
	now  func() time.Time
}

// NewLinks derives its keys from the install secret, which must be at least 32 random bytes: fewer are a
// mistake in the program, and it panics. now may be nil for time.Now.
func NewLinks(installSecret []byte, now func() time.Time) *Links {
	if len(installSecret) < leastSecret {
		panic(fmt.Sprintf("secret: an install secret of %d bytes, fewer than %d", len(installSecret), leastSecret))
	}
	root, err := hkdf.Extract(sha256.New, installSecret, []byte("achim links v1"))
	if err != nil {
		panic("secret: " + err.Error()) // only for hashes that a FIPS mode forbids
	}
	if now == nil {
		now = time.Now
	}
	return &Links{root: root, now: now}
}

// Sign returns the claim as a token of letters, digits, - and _: some 52 characters for a UUID.
func (l *Links) Sign(c Claim) string {
	payload := encode(c)
	return base64.RawURLEncoding.EncodeToString(append(payload, l.mac(c.Purpose, payload)...))
}

// Verify returns the claim in a token that Sign made for the purpose, in time that does not tell how close a
// forgery came. Its errors are ErrForged and ErrExpired; with ErrExpired the claim is returned too, so that a
// page can say whose link it was.
func (l *Links) Verify(purpose, token string) (Claim, error) {
	// The decoder skips line breaks, which would make many tokens of one.
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") {
		return Claim{}, ErrForged
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < macLen {
		return Claim{}, ErrForged
	}
	payload, mac := raw[:len(raw)-macLen], raw[len(raw)-macLen:]
	if !hmac.Equal(mac, l.mac(purpose, payload)) {
		return Claim{}, ErrForged
	}
	c, ok := decode(payload)
	if !ok {
		return Claim{}, ErrForged
	}
	c.Purpose = purpose
	if !l.now().Before(c.Expires) {
		return c, ErrExpired
	}
	return c, nil
}

func (l *Links) mac(purpose string, payload []byte) []byte {
	key, err := hkdf.Expand(sha256.New, l.root, purpose, sha256.Size)
	if err != nil {
		panic("secret: " + err.Error()) // only for keys longer than anybody asks for here
	}
	h := hmac.New(sha256.New, key)
	h.Write(payload)
	return h.Sum(nil)[:macLen]
}

// The forms of a subject.
const (
	subjectText byte = 't'
	subjectUUID byte = 'u' // 16 bytes instead of 36
)

// encode lays a claim out as form, expiry, flags and subject. The purpose is in the key.
func encode(c Claim) []byte {
	form, subject := subjectText, []byte(c.Subject)
	if uuid, ok := packUUID(c.Subject); ok {
		form, subject = subjectUUID, uuid
	}
	out := []byte{form}
	out = binary.AppendUvarint(out, uint64(max(0, c.Expires.Unix())))
	out = binary.AppendUvarint(out, uint64(len(c.Flags)))
	for _, flag := range c.Flags {
		out = binary.AppendUvarint(out, uint64(len(flag)))
		out = append(out, flag...)
	}
	return append(out, subject...)
}

// decode reads what encode wrote; it need not fear strangers, but a later layout under the same key.
func decode(payload []byte) (Claim, bool) {
	if len(payload) == 0 {
		return Claim{}, false
	}
	form, rest := payload[0], payload[1:]
	expires, rest, ok := uvarint(rest)
	if !ok || expires > 1<<40 {
		return Claim{}, false
	}
	count, rest, ok := uvarint(rest)
	if !ok || count > uint64(len(rest)) {
		return Claim{}, false
	}
	c := Claim{Expires: time.Unix(int64(expires), 0).UTC()}
	for range count {
		var n uint64
		if n, rest, ok = uvarint(rest); !ok || n > uint64(len(rest)) {
			return Claim{}, false
		}
		c.Flags, rest = append(c.Flags, string(rest[:n])), rest[n:]
	}
	switch {
	case form == subjectText:
		c.Subject = string(rest)
	case form == subjectUUID && len(rest) == 16:
		c.Subject = unpackUUID(rest)
	default:
		return Claim{}, false
	}
	return c, true
}

func uvarint(b []byte) (n uint64, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 {
		return 0, nil, false
	}
	return n, b[size:], true
}

// packUUID returns the 16 bytes of a UUID in lower case; any other text stays text.
func packUUID(s string) ([]byte, bool) {
	raw, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(raw) != 16 || unpackUUID(raw) != s {
		return nil, false
	}
	return raw, true
}

func unpackUUID(b []byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
