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
	if opens(table, column) && text != "" {
		return leftOut
	}
	var v any = text
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		if json.Unmarshal([]byte(text), &v) != nil {
			v = text
		}
	}
	if !ours(table) && (column == "token_data" || column == "oauth_config") {
		return harmless(v)
	}
	return withoutSecrets(table, v)
}

// ours reports whether nobody else writes to the table.
func ours(table string) bool { return strings.HasPrefix(table, "achim_") }

// opens reports whether the column, or the member of a structure, holds a text that opens something. Of our tables it is
// known which do. What other programs keep beside theirs is not: there the last word of the name decides, so that
// a count of tokens is shown and somebody's bot_token is not.
func opens(table, column string) bool {
	if ours(table) {
		return slices.Contains(map[string][]string{
			"achim_consent":       {"state_hash", "verifier"},
			"achim_pending_grant": {"ticket_hash", "tokens"},
		}[table], column)
	}
	words := strings.FieldsFunc(strings.ToLower(column), func(r rune) bool { return r == '_' || r == '-' || r == ' ' || r == '.' })
	if len(words) == 0 {
		return false
	}
	for _, word := range []string{"token", "tokens", "secret", "secrets", "password", "passwd", "key", "credential", "credentials", "verifier", "authorization", "sealed"} {
		if strings.HasSuffix(words[len(words)-1], word) {
			return true
		}
	}
	return false
}

// harmless leaves of the structures that hold a grant what is known to open nothing.
func harmless(v any) any {
	members, whole := v.(map[string]any)
	if !whole {
		return leftOut // nobody knows what it is
	}
	for name, member := range members {
		switch name {
		case "token_type", "token_uri", "auth_uri", "client_id", "expiry", "expires_at", "expires_in", "scope", "scopes":
		default:
			if member != nil {
				members[name] = leftOut
			}
		}
	}
	return members
}

// withoutSecrets leaves out the texts of a structure that open something.
func withoutSecrets(table string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			switch member.(type) {
			case string, map[string]any, []any:
				if opens(table, name) {
					v[name] = leftOut
					continue
				}
			}
			v[name] = withoutSecrets(table, member)
		}
	case []any:
		for i := range v {
			v[i] = withoutSecrets(table, v[i])
		}
	}
	return v
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
