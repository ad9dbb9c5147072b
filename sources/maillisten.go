package sources

import (
	"cmp"
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
// next name, unless somebody is only told of.
func (m mail) heard(c circle) []heard {
	list := make([]heard, 0, len(m.text.said))
	mine, others := m.namesOfReader(c), m.namesOfOthers(c)
	mineBrief, othersBrief := familyNames(mine), familyNames(others)
	to := everyone
	if m.direct(c.me) {
		to, mine = theReader, append(mine, without(mineBrief, othersBrief)...)
	}
	others = append(others, without(othersBrief, mineBrief)...)
	for _, s := range m.text.said {
		whom, tells := calledIn(strings.ToLower(s.whole), mine, others)
		h := heard{said: s, to: to, byName: whom == theReader}
		if whom != everyone {
			h.to = whom
		}
		if whom == theReader || !tells || s.asks {
			to = h.to
		}
		list = append(list, h)
	}
	return list
}

// familyNames are those of the Korean names, by which people are called with a title: "박 팀장님".
func familyNames(names []string) []string {
	var families []string
	for _, name := range names {
		if runes := []rune(name); len(runes) == 3 && hangul(runes[0]) && !slices.Contains(families, string(runes[0])) {
			families = append(families, string(runes[0]))
		}
	}
	return families
}

func without(list, taken []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(taken, s) })
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
		if c.me.holds(a.mailbox) {
			continue
		}
		names = append(names, callings(a.name)...)
		if local := beforeAny(a.mailbox, "@+.-_"); len(local) > 2 && !slices.Contains([]string{"team", "all", "everyone", "everybody", "staff", "guys", "folks"}, local) {
			names = append(names, local)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
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

// How much a name says of whom a sentence is said to.
const (
	listed = iota // one of several: "하늘 님과 준호 님은"
	named         // maybe as whose a thing is: "하늘 님 자료"
	doer          // as who does something: "하늘 님이"
	called
)

// calling is a name in a sentence.
type calling struct {
	at, end, weight int
	mine            bool
}

// mostCalls of one name are looked at in a sentence.
const mostCalls = 8

// calledIn returns whom the sentence is said to by name; of several the last, for Koreans put who shall act right
// before the act. Who stands beside the reader's name in a list is asked together with the reader. tells is whether
// the name may only be that of somebody told of.
func calledIn(lower string, mine, others []string) (whom audience, tells bool) {
	calls := append(callsOf(lower, mine, true), callsOf(lower, others, false)...)
	slices.SortStableFunc(calls, func(x, y calling) int { return cmp.Or(x.at-y.at, one(x.mine)-one(y.mine)) })
	last := -1
	for i, c := range calls {
		if c.weight > listed && (last < 0 || min(c.weight, doer) >= min(calls[last].weight, doer)) {
			last = i
		}
	}
	if last < 0 {
		return everyone, false
	}
	for i := last; i >= 0; i-- {
		if calls[i].mine {
			return theReader, false
		}
		if i > 0 && calls[i-1].end < calls[i].at && strings.Trim(lower[calls[i-1].end:calls[i].at], " ,/·&") != "" {
			break
		}
	}
	return another, calls[last].weight == doer
}

// callsOf finds the names where they call somebody: "하늘 님은", "Dana, could you", "@dana".
func callsOf(lower string, names []string, mine bool) []calling {
	var calls []calling
	for _, name := range names {
		from := 0
		for range mostCalls {
			at := strings.Index(lower[from:], name)
			if at < 0 {
				break
			}
			at += from
			from = at + len(name)
			if weight, more := callsHere(lower[:at], name, lower[from:]); weight >= 0 {
				calls = append(calls, calling{at, from + more, weight, mine})
			}
		}
	}
	return calls
}

// callsHere weighs a name by what stands around it, -1 when it calls nobody, and returns how much of the rest belongs to it.
func callsHere(before, name, rest string) (weight, more int) {
	begins := strings.TrimLeft(before, "-–*•> ")
	first, _ := utf8.DecodeRuneInString(name)
	switch {
	case strings.HasSuffix(begins, "@"), endsIn(strings.ReplaceAll(begins, " ", ""), []string{"담당:", "담당자:", "assignee:", "owner:"}):
		return called, 0
	case hangul(first):
		if begins == "" && utf8.RuneCountInString(name) > 1 && beginsWith(strings.TrimLeft(rest, " "), ":", "：", ",", "- ", "– ") {
			return called, 0
		}
		if begins == "" || strings.HasSuffix(before, " ") || strings.HasSuffix(before, "/") {
			return calledKorean(rest, utf8.RuneCountInString(name) > 1)
		}
	case begins == "" || slices.Contains([]string{"hi ", "hey ", "hello ", "dear ", "and "}, begins):
		if beginsWith(rest, " and ", " & ") {
			return listed, strings.IndexByte(rest[1:], ' ') + 1
		}
		if rest == "" || beginsWith(rest, ",", "!", ":", " -", " –", " to ") || requested(rest) {
			return called, 0
		}
	case endsIn(begins, []string{"; ", ", ", " - ", " – ", " and ", ": ", " & "}) && requested(strings.TrimPrefix(rest, ",")):
		return called, 0
	}
	return -1, 0
}

// requested reports whether a name is followed by what is asked of its bearer.
func requested(rest string) bool {
	return beginsWith(rest, " can you", " could you", " please", " would you", " will you", " do you")
}

func beginsWith(s string, starts ...string) bool {
	return slices.ContainsFunc(starts, func(start string) bool { return strings.HasPrefix(s, start) })
}

// titles are what stands between a name and 님.
var titles = []string{
	"본부장", "센터장", "매니저", "과장", "대리", "팀장", "부장", "대표", "이사", "차장", "사원", "선생", "책임", "선임", "프로", "실장", "주임", "상무", "전무", "교수", "수석", "",
}

// calledKorean is callsHere of what follows a Korean name. plain is whether the name may do without a title.
func calledKorean(rest string, plain bool) (weight, more int) {
	if plain && beginsWith(strings.TrimPrefix(rest, " "), "아 ", "야 ", "아,", "야,") {
		return called, 0
	}
	after := strings.TrimPrefix(rest, " ")
	for _, title := range titles {
		if follows, ok := strings.CutPrefix(after, title); ok && (title != "" || plain) {
			after = follows
			break
		}
	}
	titled := len(after) < len(strings.TrimPrefix(rest, " "))
	polite := strings.TrimPrefix(strings.TrimPrefix(after, "님"), "씨")
	honoured := len(polite) < len(after)
	after = polite
	more = len(rest) - len(after)
	curtly := titled && plain && beginsWith(after, ",", ":", "은 ", "는 ")
	switch {
	case !honoured && !curtly, !titled && !plain:
		return -1, 0
	case after == "" || beginsWith(after, ",", "~", "!", ".", ":", "：", " :", " - ", "은 ", "는 ", "도 ", "께서는 "):
		return called, more
	case beginsWith(after, "이 ", "가 ", "께서 "):
		_, does, _ := strings.Cut(after, " ")
		if describes(does) {
			return -1, 0
		}
		return doer, more
	case beginsWith(after, " "):
		return named, more
	case beginsWith(after, "과 ", "와 "):
		return listed, more + len("과 ")
	case beginsWith(after, "/", "·", "&"):
		return listed, more
	}
	return -1, 0
}

// describes reports whether what somebody does tells which thing is meant: "보내주신 자료".
func describes(does string) bool {
	words := strings.Fields(does[:min(len(does), 100)])
	return slices.ContainsFunc(words[:min(len(words), 3)], func(word string) bool {
		return word != "대신" && endsIn(word, []string{"신", "했던", "하던", "요청한", "작성한", "말한", "보낸", "만든", "올린", "정리한", "공유한", "쓴", "준"})
	})
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
	case !substantial(text), attribution(h.whole), namesWriter(h.whole), h.text == "" && bareGreeting.MatchString(text):
		return 0
	case (!h.asks || programs || h.to == another) && (h.text == "" || idle(text, m.from)):
		return civility
	case !h.asks || programs || h.to == another:
		return telling
	}
	return request + 2*one(h.to == theReader) + 2*one(h.byName) + 2*one(namesDeadline(text)) + one(h.question)
}

var bareGreeting = regexp.MustCompile(`(?i)^(?:(?:hi|hello|hey|dear)\b|안녕하세요|안녕하십니까)[^.?]{0,20}[,.!?]*$`)

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
