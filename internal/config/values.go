package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"achim/briefing"
)

// The functions of this file turn text into values. Their errors say what is wrong and the remedy, so that
// a fault only has to add the place.

const (
	day  = 24 * time.Hour
	year = 365 * day
	// maxDuration keeps long times clear of overflow when they are added to an instant.
	maxDuration = 100 * year
	scopePrefix = "https://www.googleapis.com/auth/"
)

var (
	wordyDuration = regexp.MustCompile(`^(\d+)\s*([A-Za-z]*)\.?$`)
	longDuration  = regexp.MustCompile(`^(\d+)([dwy])$`)
	shortScope    = regexp.MustCompile(`^[a-z][a-z0-9_.]*$`)
	slackMember   = regexp.MustCompile(`^[UW][A-Z0-9]{2,20}$`)
	databaseKind  = regexp.MustCompile(`^[a-z]{2,12}$`)
	domainForm    = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$`)
)

// parseDuration reads 90s, 2m, 1h30m; with long also 30d, 2w and 1y. Zero and less are faults.
func parseDuration(s string, long bool) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if m := longDuration.FindStringSubmatch(s); err != nil && long && m != nil {
		units := map[string]time.Duration{"d": day, "w": 7 * day, "y": year}
		n, convErr := strconv.ParseInt(m[1], 10, 32)
		if convErr != nil || n > int64(maxDuration/units[m[2]]) {
			return 0, fmt.Errorf("%q is more than 100 years: write 100y for ever", s)
		}
		d, err = time.Duration(n)*units[m[2]], nil
	}
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is not a duration: write %s", s, meantDuration(s, long))
	case d < 0:
		return 0, fmt.Errorf("%q is negative: write how long, such as %s", s, strings.TrimLeft(s, "-"))
	case d == 0:
		return 0, fmt.Errorf("%q is no time at all: write more than 0", s)
	case d > maxDuration:
		return 0, fmt.Errorf("%q is more than 100 years", s)
	}
	return d, nil
}

// meantDuration guesses what a malformed duration was meant to be.
func meantDuration(s string, long bool) string {
	m := wordyDuration.FindStringSubmatch(strings.TrimSpace(s))
	example := "90s, 2m or 3h"
	if long {
		example = "720h, 30d or 1y"
	}
	if m == nil {
		return example
	}
	n, unit := m[1], strings.ToLower(m[2])
	switch {
	case unit == "":
		if long {
			return fmt.Sprintf("a unit too, %sd or %sy", n, n)
		}
		return fmt.Sprintf("a unit too, %ss, %sm or %sh", n, n, n)
	case strings.HasPrefix(unit, "s"):
		return n + "s"
	case strings.HasPrefix(unit, "mo"):
		return example
	case strings.HasPrefix(unit, "m"):
		return n + "m"
	case strings.HasPrefix(unit, "h"):
		return n + "h"
	case long && strings.ContainsAny(unit[:1], "dwy"):
		return n + unit[:1]
	case unit[0] == 'd':
		if days, err := strconv.Atoi(n); err == nil && days < 1000 {
			return fmt.Sprintf("%dh", days*24)
		}
	}
	return example
}

// parseSchedule reads M H * * DOW.
func parseSchedule(s string) (Schedule, error) {
	fields := strings.Fields(s)
	if len(fields) != 5 {
		return Schedule{}, fmt.Errorf("%q has %d fields, not five: write minute hour * * weekdays, such as 0 9 * * * or 30 8 * * mon-fri", s, len(fields))
	}
	minute, err := scheduleNumber("minute", fields[0], 59)
	if err != nil {
		return Schedule{}, err
	}
	hour, err := scheduleNumber("hour", fields[1], 23)
	if err != nil {
		return Schedule{}, err
	}
	if fields[2] != "*" || fields[3] != "*" {
		return Schedule{}, fmt.Errorf("%q names days of the month or months: write * for both, briefings go out by weekday", s)
	}
	days, err := parseDOW(fields[4])
	if err != nil {
		return Schedule{}, err
	}
	return Schedule{At: briefing.TimeOfDay{Hour: hour, Minute: minute}, Weekdays: days}, nil
}

func scheduleNumber(what, s string, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > most || strings.HasPrefix(s, "+") {
		return 0, fmt.Errorf("%s %q is not one number from 0 to %d: there is one briefing a day", what, s, most)
	}
	return n, nil
}

// parseDOW reads the weekdays of a schedule: *, numbers (0 and 7 are Sunday), names, ranges and lists.
func parseDOW(s string) (briefing.Weekdays, error) {
	if s == "*" {
		return briefing.EveryDay, nil
	}
	var days briefing.Weekdays
	for part := range strings.SplitSeq(s, ",") {
		from, to, isRange := strings.Cut(part, "-")
		first, err := dowNumber(from)
		if err != nil {
			return 0, err
		}
		last := first
		if isRange {
			if last, err = dowNumber(to); err != nil {
				return 0, err
			}
			if last == 0 {
				last = 7 // fri-sun
			}
			if first == 7 {
				first = 0 // 7-2
			}
			if last < first {
				return 0, fmt.Errorf("weekdays %q run backwards: write a list, such as sat,sun,mon", part)
			}
		}
		for n := first; n <= last; n++ {
			days |= 1 << (n % 7)
		}
	}
	return days, nil
}

func dowNumber(s string) (int, error) {
	for n, name := range []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} {
		if strings.EqualFold(s, name) {
			return n, nil
		}
	}
	if len(s) == 1 && s[0] >= '0' && s[0] <= '7' {
		return int(s[0] - '0'), nil
	}
	return 0, fmt.Errorf("weekday %q is not known: write * or some of sun mon tue wed thu fri sat (0-7), such as mon-fri or mon,wed,fri", s)
}

// parseURL reads an http(s) URL. The text of a URL that cannot be read is never repeated: it may hold a
// password or a webhook's key.
func parseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("not a URL: write something like https://achim.example.com")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("not an http(s) URL: begin it with https:// or http://")
	case u.Hostname() == "":
		return nil, errors.New("no host in it: write something like https://achim.example.com")
	}
	if port := u.Port(); port != "" {
		if _, err := parsePort(port); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// parseBase reads a URL that paths are added to, and returns it without a slash at the end.
func parseBase(s string) (string, error) {
	u, err := parseURL(s)
	if err != nil {
		return "", err
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", errors.New("has a user, a query or a fragment: write scheme, host and at most a path, for paths are added to it")
	}
	return strings.TrimRight(s, "/"), nil
}

// parseWhole reads a URL that is used as it is.
func parseWhole(s string) (string, error) {
	u, err := parseURL(s)
	if err != nil {
		return "", err
	}
	if u.Fragment != "" {
		return "", errors.New("has a fragment: leave out the # and what follows")
	}
	return s, nil
}

// parseAddrs reads host:port, several of them with commas.
func parseAddrs(s string) ([]string, error) {
	var addrs []string
	for part := range strings.SplitSeq(s, ",") {
		addr := strings.TrimSpace(part)
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			if _, portErr := parsePort(addr); portErr == nil {
				return nil, fmt.Errorf("%q is a port without a host: write 127.0.0.1:%s, or :%s for every interface", addr, addr, addr)
			}
			return nil, fmt.Errorf("%q is not an address: write host:port, such as 127.0.0.1:8001", addr)
		}
		if _, err := parsePort(port); err != nil {
			return nil, fmt.Errorf("%q: %w", addr, err)
		}
		if strings.ContainsAny(host, "/@ ") {
			return nil, fmt.Errorf("%q is not an address: write host:port without a scheme, such as 127.0.0.1:8001", addr)
		}
		for _, other := range addrs {
			if other == addr && port != "0" {
				return nil, fmt.Errorf("%q is there twice: keep one", addr)
			}
		}
		addrs = append(addrs, addr)
	}
	return addrs, nil
}

func parsePort(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n > math.MaxUint16 {
		return 0, fmt.Errorf("port %q is not a number from 0 to 65535", s)
	}
	return int(n), nil
}

// parseDatabase checks the form of a database URL without repeating it.
func parseDatabase(s string) (string, error) {
	const remedy = "write postgres://user:password@host:5432/database or sqlite:achim.db"
	scheme, rest, _ := strings.Cut(s, ":")
	switch scheme {
	case "sqlite":
		if strings.TrimPrefix(rest, "//") == "" {
			return "", errors.New("no file named: " + remedy)
		}
		return s, nil
	case "postgres", "postgresql":
		host, _, _ := strings.Cut(strings.TrimPrefix(rest, "//"), "/")
		// Several hosts with ports are PostgreSQL's own idea of a URL, which net/url refuses.
		if _, err := url.Parse(s); !strings.HasPrefix(rest, "//") || (err != nil && !strings.Contains(host, ",")) {
			return "", errors.New("not a PostgreSQL URL: " + remedy + " (a password's special characters as %40, %3A …)")
		}
		return s, nil
	}
	if strings.HasPrefix(rest, "//") && databaseKind.MatchString(scheme) {
		return "", fmt.Errorf("databases of the kind %s are not supported: %s", scheme, remedy)
	}
	return "", errors.New("not a database URL: " + remedy)
}

// parseScope reads a scope, in short or whole, and returns it whole.
func parseScope(s string) (string, error) {
	switch {
	case s == "openid", s == "email", s == "profile", s == "https://mail.google.com/":
		return s, nil
	case strings.HasPrefix(s, scopePrefix) && shortScope.MatchString(s[len(scopePrefix):]):
		return s, nil
	case shortScope.MatchString(s):
		return scopePrefix + s, nil
	}
	return "", fmt.Errorf("%q is not a Google scope: write something like gmail.readonly or %sgmail.readonly", s, scopePrefix)
}

// parseDomain reads the domain of a mail address.
func parseDomain(s string) (string, error) {
	domain := strings.ToLower(s)
	if !domainForm.MatchString(domain) {
		return "", fmt.Errorf("%q is not a domain: write what follows the @ of an address, such as gaon.example", s)
	}
	return domain, nil
}

// parseMember reads a Slack member id.
func parseMember(s string) (string, error) {
	if !slackMember.MatchString(s) {
		return "", fmt.Errorf("%q is not a Slack member id like U012AB3CD (profile → ⋮ → Copy member ID)", s)
	}
	return s, nil
}

// parseName reads one line a person is called by.
func parseName(s string) (string, error) {
	if strings.ContainsFunc(s, unicode.IsControl) || len(s) > 80 {
		return "", errors.New("not a name: write one line of at most 80 bytes, such as @jiwon")
	}
	return strings.TrimSpace(s), nil
}

// parseSecret refuses what no header or URL could carry. It never repeats the value.
func parseSecret(s string) (briefing.Secret, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		return briefing.Secret{}, errors.New("holds a space, a line break or a control character: paste the bare value")
	}
	return briefing.NewSecret(s), nil
}

// parseSecrets reads secrets with commas between them.
func parseSecrets(s string) ([]briefing.Secret, error) {
	var secrets []briefing.Secret
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		secret, err := parseSecret(part)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, secret)
	}
	if len(secrets) == 0 {
		return nil, errors.New("holds only commas: write one secret, or several with commas between them")
	}
	return secrets, nil
}

// choice reads one of a few words.
func choice[T ~string](s string, options ...T) (T, error) {
	words := make([]string, len(options))
	for i, option := range options {
		if s == string(option) {
			return option, nil
		}
		words[i] = string(option)
	}
	var zero T
	if guess := nearest(s, words); guess != "" {
		return zero, fmt.Errorf("%q is not known: write %s (there are %s)", s, guess, strings.Join(words, ", "))
	}
	return zero, fmt.Errorf("%q is not known: write one of %s", s, strings.Join(words, ", "))
}
