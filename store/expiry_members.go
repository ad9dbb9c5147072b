package store

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// expiryNames are the members of token_data in which other programs and their libraries keep until when an access token
// is good. issueNames are those for when it was given; they say something only beside a length, in lengthName.
var (
	expiryNames = []string{"expiry", "token_expiry", "expires_at", "expiresAt", "expiry_date", "expires", "expires_on", "expiration", "token_expires_at"}
	issueNames  = []string{"created", "issued_at", "obtained_at"}
)

const (
	lengthName = "expires_in"

	// othersZone is where the programs stand that store their own time of day without saying so.
	othersZone = 9 * time.Hour
	// nearZone is how much further or less far ahead the end of a token lies that was stored so: it is good for an hour at
	// most. Whatever else lies ahead may be a clock that is behind.
	nearZone = time.Hour
	clockGap = 5 * time.Minute // between two programs that tell the same instant
	least    = 1e9             // numbers below are no instants, but lengths, or anything: as seconds they lie before 2002
	milli    = 1e11            // numbers from here on are milliseconds: as seconds they lie beyond the year 5000
)

// tellExpiry brings those members of token_data up to date that say how long the access token is good, each in the form
// in which it stood there: whoever reads them would take the new token for the one before. was is when the token before
// expired, zero when that is not known. None is added, and one whose form is not known is left alone.
func (row *tokenRow) tellExpiry(was, now time.Time) {
	end := row.expiry
	if end.IsZero() {
		end = now // whoever reads it had better refresh
	}
	if was.IsZero() {
		was = row.toldExpiry()
	}
	for _, name := range expiryNames {
		row.restate(name, was, end, now)
	}
	if left, ok := likeNumber(row.token[lengthName], float64(max(0, end.Sub(now)/time.Second))); ok {
		row.token[lengthName] = left
		for _, name := range issueNames {
			row.restate(name, time.Time{}, now, now)
		}
	}
}

// toldExpiry returns what a member says that leaves no doubt about the zone, zero when there is none.
func (row *tokenRow) toldExpiry() time.Time {
	for _, name := range expiryNames {
		if f, ok := formOf(row.token[name]); ok && !f.naive {
			return f.told
		}
	}
	return time.Time{}
}

// restate gives a member another instant, if it is there and its form is known.
func (row *tokenRow) restate(name string, was, at, now time.Time) {
	f, ok := formOf(row.token[name])
	if !ok {
		return
	}
	if f.naive {
		at = at.UTC().Add(f.ahead(was, now))
	}
	row.token[name] = f.write(at)
}

// instantForm is how an instant is told in JSON.
type instantForm struct {
	told  time.Time
	naive bool // a time of day without a zone, in told as if it were UTC
	write func(time.Time) json.RawMessage
}

// ahead returns by how much a naive time of day is ahead of UTC. That shows where the instant it tells is known, give or
// take the clocks of two programs, and where it lies as far ahead as a token that lives does in the others' zone. What does not show it is taken for UTC:
// a token that looks dead too soon is refreshed once too often, one that looks alive fails.
func (f instantForm) ahead(was, now time.Time) time.Duration {
	if !was.IsZero() {
		gap := f.told.Sub(was)
		if zone := gap.Round(15 * time.Minute); (gap-zone).Abs() <= clockGap && zone.Abs() <= 14*time.Hour {
			return zone
		}
	}
	if (f.told.Sub(now) - othersZone).Abs() <= nearZone {
		return othersZone
	}
	return 0
}

// formOf recognises how a member tells an instant.
func formOf(raw json.RawMessage) (instantForm, bool) {
	if n, ok := number(raw); ok && n < least {
		return instantForm{}, false
	} else if ok {
		unit := time.Second
		if math.Abs(n) >= milli {
			unit = time.Millisecond
		}
		return instantForm{told: time.UnixMilli(int64(n * float64(unit/time.Millisecond))), write: func(at time.Time) json.RawMessage {
			same, _ := likeNumber(raw, float64(at.UnixMilli()/int64(unit/time.Millisecond)))
			return same
		}}, true
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return instantForm{}, false
	}
	layout := layoutOf(text)
	at, err := time.Parse(layout, text)
	return instantForm{told: at, naive: !strings.Contains(layout, "07"), write: func(next time.Time) json.RawMessage {
		quoted, _ := json.Marshal(next.In(at.Location()).Format(layout)) // a text always encodes
		return quoted
	}}, err == nil
}

// layoutOf returns the layout of a text like 2026-11-20T09:00:00.123456Z, with a space for the T, with or without a
// fraction, and with any zone or none. Of other texts it returns one that they do not fit.
func layoutOf(text string) string {
	const date, clock = len("2006-01-02"), len("2006-01-02T15:04:05")
	if len(text) < clock {
		return time.RFC3339
	}
	layout := "2006-01-02T15:04:05"
	if text[date] == ' ' {
		layout = "2006-01-02 15:04:05"
	}
	rest := text[clock:]
	if strings.HasPrefix(rest, ".") {
		digits := len(rest[1:]) - len(strings.TrimLeft(rest[1:], "0123456789"))
		layout, rest = layout+"."+strings.Repeat("0", digits), rest[1+digits:]
	}
	zone := strings.TrimLeft(rest, " ")
	layout += rest[:len(rest)-len(zone)]
	switch {
	case zone == "":
		return layout
	case zone == "Z":
		return layout + "Z07:00"
	case strings.Contains(zone, ":"):
		return layout + "-07:00"
	case len(zone) == len("+09"):
		return layout + "-07"
	}
	return layout + "-0700"
}

// number reads a number, also one in quotes.
func number(raw json.RawMessage) (float64, bool) {
	text := strings.Trim(string(raw), `"`)
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && math.Abs(n) < 1e15
}

// likeNumber writes a whole number as the one there is written: in quotes or without.
func likeNumber(there json.RawMessage, n float64) (json.RawMessage, bool) {
	if _, ok := number(there); !ok {
		return nil, false
	}
	text := strconv.FormatFloat(n, 'f', 0, 64)
	if strings.HasPrefix(string(there), `"`) {
		text = `"` + text + `"`
	}
	return json.RawMessage(text), true
}
