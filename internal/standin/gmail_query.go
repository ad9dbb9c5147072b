package standin

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// searchFor turns Gmail's search words into a test. Words are ANDed; a leading "-"
// negates; quotes keep words together; what is no known operator is looked for in
// subject, sender and text.
func searchFor(q string) func(Mail) bool {
	var tests []func(Mail) bool
	for _, word := range searchWords(q) {
		negated := strings.HasPrefix(word, "-")
		test := searchTerm(strings.TrimPrefix(word, "-"))
		if negated {
			positive := test
			test = func(m Mail) bool { return !positive(m) }
		}
		tests = append(tests, test)
	}
	return func(m Mail) bool {
		return !slices.ContainsFunc(tests, func(t func(Mail) bool) bool { return !t(m) })
	}
}

func searchWords(q string) []string {
	quoted := false
	words := strings.FieldsFunc(q, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
	for i, w := range words {
		words[i] = strings.ReplaceAll(w, `"`, "")
	}
	return words
}

func searchTerm(word string) func(Mail) bool {
	op, value, ok := strings.Cut(word, ":")
	if !ok {
		return textHas(word)
	}
	switch strings.ToLower(op) {
	case "after", "newer":
		at, ok := searchTime(value)
		return func(m Mail) bool { return ok && m.Date.Unix() >= at.Unix() }
	case "before", "older":
		at, ok := searchTime(value)
		return func(m Mail) bool { return ok && m.Date.Unix() < at.Unix() }
	case "in", "is", "label":
		return labelled(value)
	case "category":
		if strings.EqualFold(value, "primary") {
			value = "personal"
		}
		return labelled("CATEGORY_" + value)
	case "from":
		return func(m Mail) bool { return contains(m.From, value) }
	case "to":
		return func(m Mail) bool { return contains(m.To+" "+m.Cc, value) }
	case "subject":
		return func(m Mail) bool { return contains(m.Subject, value) }
	case "rfc822msgid":
		id := strings.Trim(value, "<>")
		return func(m Mail) bool { return strings.Trim(m.header("Message-ID"), "<>") == id }
	}
	return textHas(word)
}

func labelled(name string) func(Mail) bool {
	label := strings.ToUpper(name)
	switch label {
	case "ANYWHERE":
		return func(Mail) bool { return true }
	case "CHATS":
		label = "CHAT"
	case "READ":
		return func(m Mail) bool { return !slices.Contains(m.Labels, "UNREAD") }
	}
	return func(m Mail) bool {
		return slices.ContainsFunc(m.Labels, func(l string) bool { return strings.EqualFold(l, label) })
	}
}

func textHas(word string) func(Mail) bool {
	return func(m Mail) bool { return contains(m.Subject+" "+m.From+" "+m.text(), word) }
}

func contains(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

// searchTime reads epoch seconds, or a date, which Gmail takes as midnight on the
// American west coast: a trap worth keeping.
func searchTime(s string) (time.Time, bool) {
	if sec, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(sec, 0), true
	}
	pst := time.FixedZone("PST", -8*60*60)
	for _, layout := range []string{"2006/1/2", "2006-1-2"} {
		if t, err := time.ParseInLocation(layout, s, pst); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
