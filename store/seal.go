package store

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"achim/briefing"
	"achim/internal/secret"
)

// Sealer seals what is stored. Several keys may open; the first of Keys seals.
type Sealer interface {
	// Seal returns the text as base64 that opens in the same place only, and from which secret.KeyOf tells the key.
	Seal(place, text string) (string, error)
	// Open returns what was sealed. Its errors are secret.ErrUnknownKey and secret.ErrBroken, and repeat nothing of it.
	Open(place, sealed string) (string, error)
	// Keys returns the ids of the keys that open, the one that seals first.
	Keys() []string
}

// ErrSealed is in the error of reading what is sealed and does not open, beside the reason malformed.
var ErrSealed = errors.New("cannot be opened")

const (
	// sealedMark begins a sealed text; the key's id, a colon and base64 follow.
	sealedMark = "achim_sealed:"
	// plainMark comes before a plain text that begins like one of the two: it is other people's, and may try.
	plainMark = "achim_plain:"
	// headLen is the length of what stands before the base64.
	headLen = len(sealedMark) + 8 + 1
)

// keyring seals texts on their way into the database and opens them on their way out. Without a Sealer texts go in
// as they are. What was written plain is read as it is, with a Sealer too.
type keyring struct{ sealer Sealer }

// placeOf names where a text is kept. It is sealed along with the text, so that one that was moved does not open.
func placeOf(column string, key ...string) string { return column + "\x00" + strings.Join(key, "\x00") }

// primary returns the id of the key that seals, "" without one.
func (k keyring) primary() string {
	if k.sealer == nil {
		return ""
	}
	return k.sealer.Keys()[0]
}

// seal returns the stored form of a text.
func (k keyring) seal(place, text string) (string, error) {
	if k.sealer == nil {
		return plainForm(text), nil
	}
	sealed, err := k.sealer.Seal(place, text)
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", columnOf(place), err)
	}
	return sealedMark + k.primary() + ":" + sealed, nil
}

// sealValue is seal for the value of a column, of which NULL is nil.
func (k keyring) sealValue(place string, value any) (any, error) {
	text, ok := value.(string)
	if !ok {
		return value, nil
	}
	return k.seal(place, text)
}

// plainForm is how a text is stored that is not sealed.
func plainForm(text string) string {
	if strings.HasPrefix(text, sealedMark) || strings.HasPrefix(text, plainMark) {
		return plainMark + text
	}
	return text
}

// open returns the text behind its stored form. A sealed one that does not open is an error with the reason malformed
// that names the column and the key.
func (k keyring) open(place, stored string) (string, error) {
	if text, marked := strings.CutPrefix(stored, plainMark); marked {
		return text, nil
	}
	rest, sealed := strings.CutPrefix(stored, sealedMark)
	if !sealed {
		return stored, nil
	}
	id, text, _ := strings.Cut(rest, ":")
	if known, ok := secret.KeyOf(text); !ok || known != id {
		return "", unopened(place, secret.ErrBroken)
	}
	return k.openSealed(place, text)
}

// openSealed opens bare base64.
func (k keyring) openSealed(place, sealed string) (string, error) {
	id, ok := secret.KeyOf(sealed)
	switch {
	case !ok:
		return "", unopened(place, secret.ErrBroken)
	case k.sealer == nil:
		return "", unopened(place, fmt.Errorf("it needs key %s, and ACHIM_ENCRYPTION_KEY is not set", id))
	}
	text, err := k.sealer.Open(place, sealed)
	switch {
	case errors.Is(err, secret.ErrUnknownKey):
		return "", unopened(place, fmt.Errorf("it needs key %s, which ACHIM_ENCRYPTION_KEY does not hold", id))
	case err != nil:
		return "", unopened(place, secret.ErrBroken)
	}
	return text, nil
}

// unopened is the error of what does not open.
func unopened(place string, cause error) error {
	return &briefing.Error{Op: "open " + columnOf(place), Reason: briefing.Malformed, Err: fmt.Errorf("%w: %w", ErrSealed, cause)}
}

func columnOf(place string) string {
	column, _, _ := strings.Cut(place, "\x00")
	return column
}

// keyIDOf returns the id of the key a stored text needs, "" for a plain one.
func keyIDOf(stored string) string {
	rest, sealed := strings.CutPrefix(stored, sealedMark)
	if !sealed {
		return ""
	}
	id, _, _ := strings.Cut(rest, ":")
	return id
}

// openStructure opens a text that may be NULL, and reads the JSON in it.
func (k keyring) openStructure(place string, stored sql.NullString, to any) error {
	text, err := k.open(place, stored.String)
	if err != nil {
		return err
	}
	return structure{columnOf(place), to}.Scan(text)
}
