package sources

import (
	"slices"
	"strings"

	"achim/briefing"
)

// scopePrefix is what most of Google's scopes begin with.
const scopePrefix = "https://www.googleapis.com/auth/"

// canonicalScope is the spelling Google answers with, which differs from what may be asked for.
func canonicalScope(s string) string {
	switch s {
	case "email", "profile":
		return scopePrefix + "userinfo." + s
	}
	return s
}

// covering returns the scopes that let one do at least what scope does.
func covering(scope string) []string {
	name := strings.TrimPrefix(canonicalScope(scope), scopePrefix)
	wider := map[string][]string{
		"gmail.readonly":                 {"gmail.modify", "https://mail.google.com/"},
		"gmail.modify":                   {"https://mail.google.com/"},
		"gmail.metadata":                 {"gmail.readonly", "gmail.modify", "https://mail.google.com/"},
		"calendar.readonly":              {"calendar"},
		"calendar.events":                {"calendar"},
		"calendar.events.owned.readonly": {"calendar.events.owned"},
		"calendar.events.readonly":       {"calendar.events", "calendar.readonly", "calendar"},
		"calendar.calendarlist.readonly": {"calendar.calendarlist", "calendar.readonly", "calendar"},
	}[name]
	return append([]string{name}, wider...)
}

// covered reports whether one of the granted scopes lets one do what scope does.
func covered(scope string, granted []string) bool {
	wide := covering(scope)
	return slices.ContainsFunc(granted, func(g string) bool {
		return slices.Contains(wide, strings.TrimPrefix(canonicalScope(g), scopePrefix))
	})
}

// missingScopes returns those of the wanted scopes that no granted one covers.
func missingScopes(wanted, granted []string) []string {
	var missing []string
	for _, scope := range wanted {
		if !covered(scope, granted) {
			missing = append(missing, canonicalScope(scope))
		}
	}
	return missing
}

// Needed returns those of the missing scopes without which something cannot be read. The others only tell whose account
// it is, which a consent of ours asks for: a grant that another program obtained without them works all the same.
func Needed(missing []string) []string {
	return slices.DeleteFunc(slices.Clone(missing), func(scope string) bool {
		return slices.Contains([]string{"openid", scopePrefix + "userinfo.email", scopePrefix + "userinfo.profile"}, canonicalScope(scope))
	})
}

// grantsMail and grantsCalendar report whether the scopes let a briefing read anything of that kind. For
// the calendar any scope that reads events will do: without the list there is still the primary one.
func grantsMail(granted []string) bool { return covered("gmail.readonly", granted) }

func grantsCalendar(granted []string) bool {
	return covered("calendar.events.readonly", granted) ||
		covered("calendar.events.owned.readonly", granted)
}

// lacking returns the sources the scopes do not open.
func lacking(granted []string) []briefing.SourceName {
	var names []briefing.SourceName
	if !grantsMail(granted) {
		names = append(names, briefing.Gmail)
	}
	if !grantsCalendar(granted) {
		names = append(names, briefing.Calendar)
	}
	return names
}

// union returns the scopes to ask for: the wanted ones, and those a stored row lists, so that other
// programs which use the row keep theirs. What cannot be a scope is left out, because one bad word makes
// Google refuse the whole page.
func union(wanted, stored []string) []string {
	var all []string
	for _, scope := range slices.Concat(wanted, stored) {
		scope = canonicalScope(strings.TrimSpace(scope))
		valid := scope == "openid" || (strings.HasPrefix(scope, "https://") && !strings.ContainsAny(scope, " \t\r\n"))
		if valid && !slices.Contains(all, scope) {
			all = append(all, scope)
		}
	}
	return all
}
