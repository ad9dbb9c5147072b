package briefing

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what a reader may prefer. Every mail and story is held against every wish.
const (
	mostWishes   = 100 // of one kind
	longestWord  = 60  // characters
	shortestWord = 2   // likewise; a single one is found nearly everywhere
)

// Preferences are what a reader wants more of and less of. The zero value takes everything as it comes. Whatever they do is
// undone by taking the wish back: but for the sections, they choose what is told, and never what is read or counted.
type Preferences struct {
	Sections    []SourceName `json:"sections,omitempty"`     // the ones read and told, in this order; empty = all, in the usual order
	VIPs        []string     `json:"vips,omitempty"`         // whose mail goes first: addresses, or @gaon.example for a whole domain
	MuteSenders []string     `json:"mute_senders,omitempty"` // whose mail is counted and not shown, likewise
	MuteFeeds   []string     `json:"mute_feeds,omitempty"`   // feeds of the team's the reader does without, by address
	MuteWords   []string     `json:"mute_words,omitempty"`   // stories and mails that hold one are not shown; words and topics are kept in NFKC
	More        []string     `json:"more,omitempty"`         // topics whose stories go first
	Less        []string     `json:"less,omitempty"`         // topics whose stories go last
}

// IsZero reports whether the reader has no wish.
func (p Preferences) IsZero() bool {
	return len(p.Sections)+len(p.VIPs)+len(p.MuteSenders)+len(p.MuteFeeds)+len(p.MuteWords)+len(p.More)+len(p.Less) == 0
}

// Wants reports whether the section of the source is to be read and told. A source that is not among those a reader can
// choose from is.
func (p Preferences) Wants(source SourceName) bool {
	return len(p.Sections) == 0 || slices.Contains(p.Sections, source) || !slices.Contains(sectionOrder[:], source)
}

// same reports whether q decides everything as p does.
func (p Preferences) same(q Preferences) bool {
	p, q = p.Tidy(), q.Tidy()
	others := q.kinds()
	for i, kind := range p.kinds() {
		if !slices.Equal(*kind.wishes, *others[i].wishes) {
			return false
		}
	}
	return slices.Equal(p.Sections, q.Sections)
}

// order returns the sections that are told, in their order. Sources no reader can choose come after them.
func (p Preferences) order() []SourceName {
	if len(p.Sections) == 0 {
		return sectionOrder[:]
	}
	return p.Sections
}

// wantsGoogle reports whether anything is read with the reader's Google account.
func (p Preferences) wantsGoogle() bool { return p.Wants(Gmail) || p.Wants(Calendar) }

// IsVIP reports whether mail of the sender goes first. What is said of an address counts for more than what is said of
// its domain.
func (p Preferences) IsVIP(mailbox string) bool {
	address, domain := mailboxForms(mailbox)
	return namesMailbox(p.VIPs, address) || namesMailbox(p.VIPs, domain) && !namesMailbox(p.MuteSenders, address)
}

// MutesSender reports whether mail of the sender is not to be shown. A VIP is never muted by a domain.
func (p Preferences) MutesSender(mailbox string) bool {
	address, domain := mailboxForms(mailbox)
	return (namesMailbox(p.MuteSenders, address) || namesMailbox(p.MuteSenders, domain)) && !p.IsVIP(mailbox)
}

// MutesFeed reports whether the reader does without the feed.
func (p Preferences) MutesFeed(url string) bool {
	url = feedForm(url)
	return slices.ContainsFunc(p.MuteFeeds, func(muted string) bool { return feedForm(muted) == url })
}

// MutesText reports whether the text, in NFKC, holds a muted word.
func (p Preferences) MutesText(text string) bool { return holdsWord(text, p.MuteWords) }

// Leaning returns 1 for a text, in NFKC, of a topic the reader wants more of, -1 for less, and 0 for neither or both.
func (p Preferences) Leaning(text string) int {
	n := 0
	if holdsWord(text, p.More) {
		n++
	}
	if holdsWord(text, p.Less) {
		n--
	}
	return n
}

// Tidy returns p as it is kept: every wish once and without needless spaces, addresses in lower case, and no sections
// where they are the usual ones in the usual order. It decides everything as p does.
func (p Preferences) Tidy() Preferences {
	if slices.Equal(p.Sections, sectionOrder[:]) || len(p.Sections) == 0 {
		p.Sections = nil
	}
	for _, kind := range p.kinds() {
		var kept []string
		known := map[string]bool{}
		for _, wish := range *kind.wishes {
			if form := kind.form(wish); !known[form] {
				known[form] = true
				kept = append(kept, kind.keep(wish))
			}
		}
		*kind.wishes = kept
	}
	return p
}

// Drop takes the wish out of one of the lists of p, however it is spelt there, and reports whether it was in it.
func (p *Preferences) Drop(wish string, from *[]string) bool {
	before := len(*from)
	for _, kind := range p.kinds() {
		if kind.wishes == from {
			*from = slices.DeleteFunc(slices.Clone(*from), func(known string) bool { return kind.form(known) == kind.form(wish) })
		}
	}
	return len(*from) < before
}

// Validate returns every fault of p as FieldErrors named like the member they are of, such as preferences.vips[2]; nil when
// there is none.
func (p Preferences) Validate() []*FieldError {
	faults := p.sectionFaults()
	for _, kind := range p.kinds() {
		if n := len(*kind.wishes); n > mostWishes {
			faults = append(faults, preferenceFault(kind.name, "%d are too many: name at most %d", n, mostWishes))
			continue
		}
		for i, wish := range *kind.wishes {
			if err := kind.check(wish); err != nil {
				faults = append(faults, preferenceFault(fmt.Sprintf("%s[%d]", kind.name, i), "%v", err))
			}
		}
	}
	faults = append(faults, contradictions("vips", p.VIPs, "mute_senders", p.MuteSenders, asciiLower)...)
	return append(faults, contradictions("more", p.More, "less", p.Less, wordForm)...)
}

// sectionFaults returns what is wrong with the sections.
func (p Preferences) sectionFaults() (faults []*FieldError) {
	if n := len(p.Sections); n > len(sectionOrder) {
		return []*FieldError{preferenceFault("sections", "%d are too many: name each of %s once at most", n, sectionNames())}
	}
	for i, name := range p.Sections {
		field := fmt.Sprintf("sections[%d]", i)
		switch {
		case !slices.Contains(sectionOrder[:], name):
			faults = append(faults, preferenceFault(field, "%.80q is not a section: there are %s", string(name), sectionNames()))
		case slices.Contains(p.Sections[:i], name):
			faults = append(faults, preferenceFault(field, "%s is there twice", name))
		}
	}
	return faults
}

// sectionNames lists the sections a reader can choose from.
func sectionNames() string {
	names := make([]string, len(sectionOrder))
	for i, name := range sectionOrder {
		names[i] = string(name)
	}
	return strings.Join(names, ", ")
}

// contradictions returns a fault for every wish of one list that the other takes back.
func contradictions(name string, list []string, other string, against []string, form func(string) string) (faults []*FieldError) {
	if len(list) > mostWishes || len(against) > mostWishes {
		return nil
	}
	taken := map[string]bool{}
	for _, wish := range against {
		taken[form(wish)] = true
	}
	for i, wish := range list {
		if taken[form(wish)] {
			faults = append(faults, preferenceFault(fmt.Sprintf("%s[%d]", name, i), "%.80q is among %s as well: take it out of one of them", wish, other))
		}
	}
	return faults
}

func preferenceFault(field, format string, args ...any) *FieldError {
	return &FieldError{Field: "preferences." + field, Code: "invalid_field", Problem: fmt.Sprintf(format, args...)}
}

// wishKind is one of the lists of wishes.
type wishKind struct {
	name   string // of its member
	wishes *[]string
	check  func(string) error  // returns what is wrong with a wish
	form   func(string) string // two with the same form are one wish
	keep   func(string) string // how a wish is kept
}

// kinds are the lists of wishes, but for the sections.
func (p *Preferences) kinds() []wishKind {
	return []wishKind{
		{"vips", &p.VIPs, checkMailbox, asciiLower, asciiLower},
		{"mute_senders", &p.MuteSenders, checkMailbox, asciiLower, asciiLower},
		{"mute_feeds", &p.MuteFeeds, checkFeedAddress, feedForm, strings.TrimSpace},
		{"mute_words", &p.MuteWords, checkWord, wordForm, oneSpaced},
		{"more", &p.More, checkWord, wordForm, oneSpaced},
		{"less", &p.Less, checkWord, wordForm, oneSpaced},
	}
}

// checkMailbox returns why the text is neither an address nor @ and a domain.
func checkMailbox(text string) error {
	text = strings.TrimSpace(text)
	domain := text[strings.LastIndexByte(text, '@')+1:]
	if len(text) > longestMail || strings.Count(text, "@") != 1 || domain == "" || strings.ContainsAny(text, " <>,;:\"()[]\\") || unprintable(text) {
		return fmt.Errorf("%.80q is neither a mail address nor a domain like @gaon.example", text)
	}
	return nil
}

// checkFeedAddress returns why the text is not the address of a feed.
func checkFeedAddress(text string) error {
	text = strings.TrimSpace(text)
	if len(text) > longestURL || unprintable(text) || (Feed{URL: text}).Validate() != nil {
		return fmt.Errorf("%.80q is not an http(s) address of at most %d bytes", text, longestURL)
	}
	return nil
}

// checkWord returns why the text is not a word, or a few, to look for.
func checkWord(text string) error {
	switch n := utf8.RuneCountInString(oneSpaced(text)); {
	case unprintable(strings.TrimSpace(text)):
		return fmt.Errorf("%.80q holds characters that cannot be seen", text)
	case n < shortestWord || n > longestWord:
		return fmt.Errorf("%.80q has %d characters: a word or topic has %d to %d", text, n, shortestWord, longestWord)
	}
	return nil
}

// unprintable reports whether the text holds what nobody sees: control characters, marks that turn the direction, broken
// UTF-8. The joiner is part of emoji.
func unprintable(text string) bool {
	const joiner = '\u200d'
	return !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) && r != joiner })
}

// oneSpaced returns the text with single spaces, and none around it.
func oneSpaced(text string) string { return strings.Join(strings.Fields(text), " ") }

// wordForm is a word as it is looked for.
func wordForm(word string) string { return strings.ToLower(oneSpaced(word)) }

// asciiLower returns an address without spaces around it and in lower case. Only ASCII has one here: the Kelvin sign is no k,
// and whoever writes it is somebody else.
func asciiLower(address string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, strings.TrimSpace(address))
}

// mailboxForms returns a mailbox as it is compared, and its domain as @gaon.example; both "" for what is no mailbox.
func mailboxForms(mailbox string) (address, domain string) {
	address = asciiLower(mailbox)
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return "", ""
	}
	return address, address[at:]
}

// namesMailbox reports whether the list names what mailboxForms has returned.
func namesMailbox(list []string, form string) bool {
	return form != "" && slices.ContainsFunc(list, func(name string) bool { return asciiLower(name) == form })
}

// feedForm is a feed's address as it is compared: a host has no letter case, and a slash at the end means nothing.
func feedForm(url string) string {
	url = strings.TrimSuffix(strings.TrimSpace(url), "/")
	scheme, rest, found := strings.Cut(url, "://")
	if !found {
		return url
	}
	host, path, slash := strings.Cut(rest, "/")
	url = asciiLower(scheme) + "://" + asciiLower(host)
	if slash {
		url += "/" + path
	}
	return url
}

// holdsWord reports whether the text holds one of the words, letter case aside. A word of Latin letters or digits has to stand
// by itself, so that "AI" is not found in "said"; Korean words carry their particles and are found anywhere.
func holdsWord(text string, words []string) bool {
	if len(words) == 0 {
		return false
	}
	text = strings.ToLower(text)
	return slices.ContainsFunc(words, func(word string) bool { return standsIn(text, wordForm(word)) })
}

// standsIn reports whether the word, in lower case as the text is, stands in the text.
func standsIn(text, word string) bool {
	first, width := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	for from := 0; word != ""; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		at := from + i
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(word):])
		inside := latin(before) && latin(first) || latin(after) && latin(last) // of a longer word
		if !inside {
			return true
		}
		from = at + width
	}
	return false
}

// latin reports whether r is part of a word of Latin letters: a letter, an accent of its own, or a digit.
func latin(r rune) bool {
	return unicode.Is(unicode.Latin, r) || unicode.IsDigit(r) || r >= '\u0300' && r <= '\u036f'
}
