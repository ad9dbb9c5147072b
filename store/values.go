package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"achim/briefing"
)

// ms is how an instant is stored: Unix milliseconds, NULL for the zero time.
func ms(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// stored returns t as it comes back from the store.
func stored(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}

// instant reads what ms wrote.
type instant struct{ to *time.Time }

func (i instant) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*i.to = time.Time{}
	case int64:
		*i.to = time.UnixMilli(v).UTC()
	default:
		return fmt.Errorf("an instant is stored as %T", src)
	}
	return nil
}

// nullable is how a text is stored whose absence is NULL.
func nullable[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// words reads a text that may be NULL.
type words[T ~string] struct{ to *T }

func (w words[T]) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*w.to = ""
	case string:
		*w.to = T(v)
	case []byte:
		*w.to = T(v)
	default:
		return fmt.Errorf("a text is stored as %T", src)
	}
	return nil
}

// opt returns the scanner of a text that may be NULL.
func opt[T ~string](to *T) words[T] { return words[T]{to} }

// day reads a date; NULL and "" are the zero Date.
type day struct{ to *briefing.Date }

func (d day) Scan(src any) error {
	var text string
	if err := opt(&text).Scan(src); err != nil {
		return err
	}
	return d.to.UnmarshalText([]byte(text))
}

// flag is how a bool is stored.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// yes reads what flag wrote.
type yes struct{ to *bool }

func (y yes) Scan(src any) error {
	v, ok := src.(int64)
	if !ok {
		return fmt.Errorf("a flag is stored as %T", src)
	}
	*y.to = v != 0
	return nil
}

// structure reads JSON; NULL and "" leave the target as it is. The error names the column only: the
// content is other people's.
type structure struct {
	column string
	to     any
}

func (s structure) Scan(src any) error {
	var text string
	if err := opt(&text).Scan(src); err != nil {
		return err
	}
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), s.to); err != nil {
		return fmt.Errorf("column %s: %w", s.column, err)
	}
	return nil
}

// jsonText is how a structure is stored; present says whether there is one at all.
func jsonText(present bool, value any) (any, error) {
	if !present {
		return nil, nil
	}
	// Straight into a string: sections are long, and Marshal would copy them twice.
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// clean makes other people's text storable: PostgreSQL refuses NUL and broken UTF-8, and a title must not
// keep a delivery from being committed.
func clean(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}
