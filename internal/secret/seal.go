package secret

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Errors of Open. None holds what was to be opened.
var (
	// ErrUnknownKey: sealed with a key that is not held.
	ErrUnknownKey = errors.New("is sealed with a key that is not held")
	// ErrBroken: changed since it was sealed, or sealed for another place.
	ErrBroken = errors.New("is sealed and does not open: it was changed, or belongs to another place")
)

const (
	// tinkPrefix begins what Tink seals; the key's id, four bytes, follows.
	tinkPrefix = 1
	idEnd      = 5
	// idChars is how many characters of base64 hold all of the key's id.
	idChars = 8
)

// Sealer seals texts so that only who holds the key can read them, and only in the place they were sealed for. It may
// hold several keys: all open, the primary one seals. It is safe for concurrent use and does not print.
type Sealer struct {
	aead   tink.AEAD
	handle *keyset.Handle
	ids    []string // of the keys that open, the primary one first
}

// NewSealer reads keys as ACHIM_ENCRYPTION_KEY holds them: base64 of 32 bytes, or a keyset of Tink in clear JSON. Its
// error says what is wrong and what to do, never what was read.
func NewSealer(material string) (*Sealer, error) {
	handle, err := parseKeys(material)
	if err != nil {
		return nil, err
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, errKeyset // Tink's own words might repeat what it read
	}
	ids, err := idsOf(handle)
	if err != nil {
		return nil, err
	}
	s := &Sealer{aead: primitive, handle: handle, ids: ids}
	// Keys of a kind that cannot seal say so only now, and rather here than at nine in the morning.
	sealed, err := s.Seal("probe", "probe")
	if id, ok := KeyOf(sealed); err != nil || !ok || id != ids[0] {
		return nil, errKeyset
	}
	return s, nil
}

// Seal returns the text sealed with the primary key as base64, from which KeyOf tells the key. It opens in the same
// place only: place is authenticated along with it, and not kept.
func (s *Sealer) Seal(place, text string) (string, error) {
	sealed, err := s.aead.Encrypt([]byte(text), []byte(place))
	if err != nil {
		return "", errors.New("a text cannot be sealed") // what Tink says may be about the text
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}

// Open returns the text that was sealed for the place. Its errors wrap ErrUnknownKey or ErrBroken.
func (s *Sealer) Open(place, sealed string) (string, error) {
	id, ok := KeyOf(sealed)
	switch {
	case !ok:
		return "", ErrBroken
	case !slices.Contains(s.ids, id):
		return "", fmt.Errorf("%w: %s", ErrUnknownKey, id)
	}
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return "", ErrBroken
	}
	text, err := s.aead.Decrypt(raw, []byte(place))
	if err != nil {
		return "", ErrBroken
	}
	return string(text), nil
}

// Keys returns the ids of the keys that open, the primary one first.
func (s *Sealer) Keys() []string { return slices.Clone(s.ids) }

// Format keeps the keys from being printed, whatever the verb.
func (s *Sealer) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[sealer]")) }

// MarshalText keeps the keys out of encodings.
func (s *Sealer) MarshalText() ([]byte, error) { return []byte("[sealer]"), nil }

// KeyOf returns the id of the key with which something was sealed; its first eight characters are enough. ok is false
// for what Seal cannot have returned.
func KeyOf(sealed string) (id string, ok bool) {
	if len(sealed) < idChars {
		return "", false
	}
	raw, err := base64.StdEncoding.DecodeString(sealed[:idChars])
	if err != nil || len(raw) < idEnd || raw[0] != tinkPrefix {
		return "", false
	}
	return fmt.Sprintf("%X", raw[1:idEnd]), true
}
