package store

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"achim/briefing"
)

// leftOut stands for what opens something.
const leftOut = "[redacted]"

// shown is a value as a person reads it: instants, days and flags as such, structures taken apart, and nothing that opens
// anything.
func shown(table, column string, value any) any {
	if b, ok := value.([]byte); ok {
		value = string(b)
	}
	switch v := value.(type) {
	case int64:
		return shownNumber(table, column, v)
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	case string:
		return shownText(table, column, v)
	}
	return value
}

// shownNumber gives a number of ours its meaning. Those of others are theirs: seconds, or anything.
func shownNumber(table, column string, n int64) any {
	switch {
	case !ours(table):
		return n
	case column == "weekdays":
		return briefing.Weekdays(n).Names() // none where the reader has no wish
	case isFlag(column):
		return n != 0
	case isInstant(column):
		return time.UnixMilli(n).UTC().Format(time.RFC3339)
	}
	return n
}

// shownText takes a structure apart and leaves out what opens something.
func shownText(table, column, text string) any {
	if !ours(table) {
		return harmless(column, text)
	}
	if opens(table, column) && text != "" {
		return leftOut
	}
	if v, taken := apart(text); taken {
		return v
	}
	return text
}

// apart returns what stands in a text that is the JSON of a structure or, in turn, of a text.
func apart(text string) (v any, taken bool) {
	start := strings.TrimSpace(text)
	if start == "" || !strings.ContainsRune(`{["`, rune(start[0])) || json.Unmarshal([]byte(start), &v) != nil {
		return nil, false
	}
	return v, true
}

// ours reports whether nobody else writes to the table.
func ours(table string) bool { return strings.HasPrefix(table, "achim_") }

// opens reports whether the column of a table of ours holds a text that opens something.
func opens(table, column string) bool {
	return slices.Contains(map[string][]string{
		"achim_consent":       {"state_hash", "verifier"},
		"achim_pending_grant": {"ticket_hash", "tokens"},
	}[table], column)
}

// harmless leaves of a value in a table shared with other programs, which stands under the name, what is known to open
// nothing: there may be anything beside what is ours, under any name. Texts within texts are found too. How many, since
// when and whether opens nothing.
func harmless(name string, v any) any {
	switch v := v.(type) {
	case string:
		if inner, taken := apart(v); taken {
			return harmless(name, inner)
		}
		if v != "" && !opensNothing(name) && !isTime(v) {
			return leftOut
		}
	case map[string]any:
		for member := range v {
			v[member] = harmless(member, v[member])
		}
	case []any:
		for i := range v {
			v[i] = harmless(name, v[i])
		}
	}
	return v
}

// opensNothing reports whether a text under this name, in a table shared with other programs, is known to open nothing:
// it is a column or member that docs/migrating.md names, or says who somebody is.
func opensNothing(name string) bool {
	return slices.Contains([]string{
		"id", "user_id", "channel", "channel_id", "message_ts", "role", "content", "created_at", "updated_at", // columns
		"entry_id", "run_id", "date", "slot", "status", "kind", "notice", "verdict", "reason", // members of our metadata
		"email", "sub", "name", "given_name", "family_name", "locale", "hd", // whose account it is
		"token_type", "token_uri", "auth_uri", "client_id", "scope", "scopes", // of a grant
		"expiry", "token_expiry", "expires_at", "expiresAt", "expiry_date", "expires", "expires_on", "expiration", "token_expires_at", "expires_in",
	}, name)
}

// isTime reports whether the text is a day or an instant.
func isTime(text string) bool {
	for _, form := range []string{time.DateOnly, time.RFC3339, time.DateTime, "2006-01-02 15:04:05Z07", "2006-01-02T15:04:05"} {
		if _, err := time.Parse(form, text); err == nil {
			return true
		}
	}
	return false
}

// isFlag reports whether the column of an own table says yes or no.
func isFlag(column string) bool {
	return slices.Contains([]string{"paused", "skip_holidays", "has_body", "plain_text", "notified", "switch_account", "vouched", "gone"}, column)
}

// isInstant reports whether the column of an own table holds Unix milliseconds.
func isInstant(column string) bool {
	return strings.HasSuffix(column, "_at") || slices.Contains([]string{"watermark", "last_ok", "failing_since", "dead_since",
		"as_of", "expiry", "claimed_until", "lease_until", "post_deadline"}, column)
}
