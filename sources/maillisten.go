package sources

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// audience is whom a sentence is said to.
type audience int

const (
	everyone  audience = iota // of those the mail is not addressed to, or nobody by name
	theReader                 // by name, or because the mail is addressed to the reader
	another                   // by name
)

// heard is a sentence and whom it is said to.
type heard struct {
	said
	to     audience
	byName bool // the reader is named in this very sentence
}

// heard goes through the sentences and finds out whom each is said to: who is named once is meant until the
// next name.
func (m mail) heard(c circle) []heard {
	list := make([]heard, 0, len(m.text.said))
	mine, others := m.namesOfReader(c), m.namesOfOthers(c)
	to := everyone
	if m.direct(c.me) {
		to = theReader
	}
	for _, s := range m.text.said {
		lower := strings.ToLower(s.whole)
		h := heard{said: s, byName: calls(lower, mine)}
		switch {
		case h.byName:
			to = theReader
		case calls(lower, others):
			to = another
		}
		h.to = to
		list = append(list, h)
	}
	return list
}

// namesReader reports whether a sentence is said to the reader by name.
func (m mail) namesReader(c circle) bool {
	return slices.ContainsFunc(m.heard(c), func(h heard) bool { return h.byName })
}

// namesOfReader are the names, in lower case, that the reader is called by in this mail.
func (m mail) namesOfReader(c circle) []string {
	names := callings(c.name)
	for _, a := range m.addressees() {
		if c.me.holds(a.mailbox) {
			names = append(names, callings(a.name)...)
		}
	}
	for mailbox := range c.me {
		local, _, _ := strings.Cut(mailbox, "@")
		if names = append(names, mailbox); len(local) > 2 {
			names = append(names, local)
		}
	}
	return names
}

// namesOfOthers are the names that the others it went to are called by.
func (m mail) namesOfOthers(c circle) []string {
	var names []string
	for _, a := range m.addressees() {
		if !c.me.holds(a.mailbox) {
			names = append(names, callings(a.name)...)
		}
	}
	return names
}

// addressees are whom it went to. Those of a crowd are not called by name, but for the first.
func (m mail) addressees() []address {
	return slices.Concat(m.to[:min(len(m.to), crowd)], m.cc[:min(len(m.cc), crowd)])
}

// callings are the ways a person of this name is called: in Korean also without the family name, in English
// by the first name.
func callings(name string) []string {
	name = strings.ToLower(strings.TrimSpace(name))
	if utf8.RuneCountInString(name) < 2 {
		return nil
	}
	names := []string{name}
	runes := []rune(name)
	first, _, several := strings.Cut(name, " ")
	switch {
	case hangul(runes[0]) && len(runes) == 3:
		names = append(names, string(runes[1:]))
	case several && utf8.RuneCountInString(first) > 1:
		names = append(names, callings(first)...)
	}
	return names
}

// calls reports whether the sentence is said to somebody of one of the names: "하늘 님은", "Dana, could you",
// "@dana".
func calls(lower string, names []string) bool {
	for _, name := range names {
		at := strings.Index(lower, name)
		if at < 0 {
			continue
		}
		rest := lower[at+len(name):]
		before := strings.TrimLeft(lower[:at], "-–*•> ")
		first, _ := utf8.DecodeRuneInString(name)
		switch {
		case strings.HasSuffix(before, "@"):
			return true
		case hangul(first):
			if (before == "" || strings.HasSuffix(lower[:at], " ")) && calledKorean(rest) {
				return true
			}
		case before == "" || before == "hi " || before == "hey " || before == "hello " || before == "dear " || before == "and ":
			if calledEnglish(rest) {
				return true
			}
		}
	}
	return false
}

// calledKorean reports whether what follows a name makes it the one who is spoken to.
func calledKorean(rest string) bool {
	rest = strings.TrimPrefix(rest, " ")
	for _, title := range [...]string{"님", "씨", "과장님", "대리님", "팀장님", "부장님", "매니저님", "대표님", "이사님", "차장님", "사원님", "선생님", "책임님", "선임님", "프로님"} {
		after, ok := strings.CutPrefix(rest, title)
		if !ok {
			continue
		}
		for _, particle := range [...]string{" ", ",", "~", "!", ".", ":", "은 ", "는 ", "이 ", "도 ", "께서"} {
			if strings.HasPrefix(after, particle) {
				return true
			}
		}
		return after == ""
	}
	return strings.HasPrefix(rest, "아 ") || strings.HasPrefix(rest, "야 ") || strings.HasPrefix(rest, "아,") || strings.HasPrefix(rest, "야,")
}

// calledEnglish is the same of English.
func calledEnglish(rest string) bool {
	for _, follows := range [...]string{",", "!", ":", " -", " –", " to ", " can you", " could you", " please", " would you", " will you", " do you"} {
		if strings.HasPrefix(rest, follows) {
			return true
		}
	}
	return rest == ""
}

// holds reports whether the mailbox is in the set, whatever stands behind a plus in it.
func (set addresses) holds(mailbox string) bool {
	mailbox = strings.ToLower(mailbox)
	local, host, _ := strings.Cut(mailbox, "@")
	base, _, plus := strings.Cut(local, "+")
	return set[mailbox] || plus && set[base+"@"+host]
}

// line is the sentence to show: what the reader is asked, rather with its deadline or the reader's name in
// it, else the first that tells something. Of a program that is what it begins with.
func (m mail) line(c circle) string {
	best, rank := "", 0
	programs := m.robot(c) && !m.mentions(c)
	names := append(m.namesOfReader(c), m.namesOfOthers(c)...)
	for _, h := range m.heard(c) {
		if rank >= telling && !h.asks {
			continue
		}
		text := strings.TrimRight(withoutAddresses(dropName(firstOf(h.text, h.whole), names)), " :")
		if r := m.worth(h, text, programs); r > rank {
			best, rank = text, r
		}
	}
	return cut(best, sentenceRunes)
}

// What a sentence is worth as the one to show: 0 when it says nothing.
const (
	civility = iota + 1 // thanks, greetings, names
	telling
	request // and more for whom it is said to, and until when
)

func (m mail) worth(h heard, text string, programs bool) int {
	switch {
	case !substantial(text), attributes(text), h.text == "" && bareGreeting.MatchString(text):
		return 0
	case (!h.asks || programs || h.to == another) && (h.text == "" || idle(text, m.from)):
		return civility
	case !h.asks || programs || h.to == another:
		return telling
	}
	return request + 2*one(h.to == theReader) + 2*one(h.byName) + 2*one(namesDeadline(text)) + one(h.question)
}

var (
	bareGreeting = regexp.MustCompile(`(?i)^(?:(?:hi|hello|hey|dear)\b|안녕하세요|안녕하십니까)[^.?]{0,20}[,.!?]*$`)
	writes       = regexp.MustCompile(`(?i)\b(?:wrote|writes|said)\s*:?$|^quoting\s|님이 (?:작성|씀)\s*:?$`)
)

// attributes reports whether the line names whose words follow.
func attributes(text string) bool {
	return utf8.RuneCountInString(text) < 80 && writes.MatchString(text)
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// dropName takes the name of whom a sentence is said to off its front; nothing is left of one that only calls.
func dropName(text string, names []string) string {
	name, rest, _ := strings.Cut(text, ",")
	if slices.Contains(names, strings.ToLower(strings.Trim(name, " !.,:~"))) {
		return strings.TrimSpace(rest)
	}
	return text
}
