package briefing

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Preferences are what a reader wants more of and less of. The zero value takes everything as it comes. Whatever they do is
// undone by taking the wish back: they choose what is told, and never what is read or counted.
type Preferences struct {
	Sections    []SourceName `json:"sections,omitempty"`     // the ones told, in this order; empty = all, in the usual order
	VIPs        []string     `json:"vips,omitempty"`         // whose mail goes first: addresses, or @gaon.example for a whole domain
	MuteSenders []string     `json:"mute_senders,omitempty"` // whose mail is counted and not shown, likewise
	MuteFeeds   []string     `json:"mute_feeds,omitempty"`   // feeds of the team's the reader does without, by address
	MuteWords   []string     `json:"mute_words,omitempty"`   // stories and mails that hold one are not shown
	More        []string     `json:"more,omitempty"`         // topics whose stories go first
	Less        []string     `json:"less,omitempty"`         // topics whose stories go last
}

// Wants reports whether the section of the source is to be told.
func (p Preferences) Wants(source SourceName) bool {
	return len(p.Sections) == 0 || slices.Contains(p.Sections, source)
}

// IsVIP reports whether mail of the sender goes first.
func (p Preferences) IsVIP(mailbox string) bool { return namesMailbox(p.VIPs, mailbox) }

// MutesSender reports whether mail of the sender is not to be shown. A VIP is never muted by a domain.
func (p Preferences) MutesSender(mailbox string) bool { return namesMailbox(p.MuteSenders, mailbox) }

// MutesFeed reports whether the reader does without the feed.
func (p Preferences) MutesFeed(url string) bool { return slices.Contains(p.MuteFeeds, url) }

// MutesText reports whether the text holds a muted word.
func (p Preferences) MutesText(text string) bool { return holdsWord(text, p.MuteWords) }

// Leaning returns 1 for a text of a topic the reader wants more of, -1 for less, and 0 for neither or both.
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

// namesMailbox reports whether the list names the mailbox, or its domain.
func namesMailbox(list []string, mailbox string) bool {
	mailbox = strings.ToLower(mailbox)
	at := strings.LastIndexByte(mailbox, '@')
	return at >= 0 && slices.ContainsFunc(list, func(name string) bool {
		name = strings.ToLower(name)
		return name == mailbox || name == mailbox[at:]
	})
}

// holdsWord reports whether the text holds one of the words, letter case aside. A word of Latin letters or digits has to stand
// by itself, so that "AI" is not found in "said"; Korean words carry their particles and are found anywhere.
func holdsWord(text string, words []string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(words, func(word string) bool {
		word = strings.ToLower(strings.TrimSpace(word))
		if word == "" {
			return false
		}
		for rest := text; ; {
			i := strings.Index(rest, word)
			if i < 0 {
				return false
			}
			before, _ := utf8.DecodeLastRuneInString(rest[:i])
			after, _ := utf8.DecodeRuneInString(rest[i+len(word):])
			first, _ := utf8.DecodeRuneInString(word)
			last, _ := utf8.DecodeLastRuneInString(word)
			if !(latin(before) && latin(first)) && !(latin(after) && latin(last)) {
				return true
			}
			rest = rest[i+len(word):]
		}
	})
}

func latin(r rune) bool { return unicode.Is(unicode.Latin, r) || unicode.IsDigit(r) }
