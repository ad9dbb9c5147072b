package sources

import (
	"io"
	"mime"
	netmail "net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html/charset"

	"achim/briefing"
)

// mail is what ranking knows of a message.
type mail struct {
	id, thread string
	at         time.Time
	subject    string
	text       parsedText
	labels     []string
	from       address
	to, cc     []address

	listID, unsubscribe, precedence, autoSubmitted string
	contentType, failedRecipients, suppress        string
	reason                                         string // why a program wrote: what GitHub and its like say in X-…-Reason

	invite, bounced bool // its body is a calendar's invitation, or a report that a mail did not arrive
}

// read takes what the body says in the place of what the snippet did. Of a body that was cut, nobody knows that it
// asks for nothing.
func (m *mail) read(words string, invite, bounced, cut bool) {
	m.invite, m.bounced = m.invite || invite, m.bounced || bounced
	if words == "" {
		return
	}
	before := m.text
	m.text = parseText(words)
	m.text.automated = m.text.automated || before.automated
	if cut {
		m.text.said = append(m.text.said, before.said...)
	}
}

// circle is whom a mail is ranked for.
type circle struct {
	me    addresses // the reader's own
	known addresses // of those the reader has written to
	name  string    // the reader's
	prefs briefing.Preferences
}

// address is one mailbox.
type address struct{ name, mailbox string }

// display is the sender as a person would say it.
func (a address) display() string {
	if a.name != "" {
		return a.name
	}
	local, _, _ := strings.Cut(a.mailbox, "@")
	return local
}

// addresses is a set of mailboxes, in lower case.
type addresses map[string]bool

func (set addresses) add(mailbox string) {
	if mailbox != "" {
		set[strings.ToLower(mailbox)] = true
	}
}

func (set addresses) hasAny(list []address) bool {
	return slices.ContainsFunc(list, func(a address) bool { return set.holds(a.mailbox) })
}

// setHeader takes one header. Names come as the sender spelt them; of a header that appears twice the
// first counts.
func (m *mail) setHeader(name, value string) {
	set := func(field *string) {
		if *field == "" {
			*field = value
		}
	}
	switch strings.ToLower(name) {
	case "subject":
		if m.subject == "" {
			m.subject = readable(decodeHeader(value))
		}
	case "from":
		if from := parseAddresses(value); m.from.mailbox == "" && len(from) > 0 {
			m.from = from[0]
		}
	case "to":
		m.to = append(m.to, parseAddresses(value)...)
	case "cc":
		m.cc = append(m.cc, parseAddresses(value)...)
	case "list-id":
		set(&m.listID)
	case "list-unsubscribe":
		set(&m.unsubscribe)
	case "precedence":
		set(&m.precedence)
	case "auto-submitted":
		set(&m.autoSubmitted)
	case "content-type":
		set(&m.contentType)
	case "x-failed-recipients":
		set(&m.failedRecipients)
	case "x-auto-response-suppress":
		set(&m.suppress)
	default:
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-") && strings.HasSuffix(name, "reason") {
			set(&m.reason)
		}
	}
}

// headerDecoder decodes RFC 2047 words in any charset mail is written in.
func headerDecoder() *mime.WordDecoder {
	return &mime.WordDecoder{CharsetReader: func(label string, input io.Reader) (io.Reader, error) {
		return charset.NewReaderLabel(charsetName(label), input)
	}}
}

// decodeHeader decodes what Gmail may have left encoded. A word nobody can decode stays as it is.
func decodeHeader(value string) string {
	if !strings.Contains(value, "=?") {
		return value
	}
	decoded, err := headerDecoder().DecodeHeader(value)
	if err != nil {
		return value
	}
	return decoded
}

var (
	undecoded = regexp.MustCompile(`=\?[\w-]{1,40}\?[bBqQ]\?[^?\s]*\?=|\x{FFFD}+`)
	inlineTag = regexp.MustCompile(`(?i)</?(?:b|strong|i|em|u|br|font|span|p)(?:\s[^<>]{0,200})?/?>`)
)

// readable is a header as one line for a person: what nobody could decode is a mark, and emphasis that only a browser
// would show is none.
func readable(header string) string {
	header = oneLine(header)
	if strings.Contains(header, "=?") || strings.ContainsRune(header, utf8.RuneError) {
		header = undecoded.ReplaceAllString(header, "…")
	}
	if strings.Contains(header, "</") {
		header = oneLine(inlineTag.ReplaceAllString(header, ""))
	}
	return header
}

// parseAddresses reads an address list. What no parser accepts is taken apart by hand, because a sender
// nobody can name is worse than one with odd punctuation.
func parseAddresses(value string) []address {
	parser := netmail.AddressParser{WordDecoder: headerDecoder()}
	parsed, err := parser.ParseList(value)
	if err != nil {
		return parseLoosely(decodeHeader(value))
	}
	list := make([]address, 0, len(parsed))
	for _, a := range parsed {
		list = append(list, address{readable(decodeHeader(a.Name)), strings.ToLower(a.Address)})
	}
	return list
}

func parseLoosely(value string) []address {
	value = readable(value)
	open, end := strings.LastIndexByte(value, '<'), strings.LastIndexByte(value, '>')
	if open >= 0 && end > open {
		return []address{{strings.Trim(value[:open], `"' `), strings.ToLower(strings.TrimSpace(value[open+1 : end]))}}
	}
	if strings.Contains(value, "@") {
		return []address{{"", strings.ToLower(strings.Trim(value, `"' `))}}
	}
	return []address{{value, ""}}
}

// group sorts a message. Only mail in which a person asks the reader for something needs a reply: a false
// one costs the reader's trust each morning, a missed one is still among the important.
func (m mail) group(c circle) briefing.Group {
	vip := c.prefs.IsVIP(m.from.mailbox)
	if !vip && c.prefs.MutesSender(m.from.mailbox) || m.muted(c) {
		return briefing.Notice
	}
	g := m.sort(c)
	switch {
	case m.own(c.me), g == briefing.NeedsReply:
		return g
	case vip && m.fromPerson(c) && (m.direct(c.me) || m.asks(c)):
		return briefing.NeedsReply
	case vip, slices.Contains(m.labels, "STARRED"):
		return briefing.Important
	}
	return g
}

// muted reports whether a word the reader has muted stands in what is known of the mail and could be told: the sender's name, the
// subject, and their own words as far as they were read.
func (m mail) muted(c circle) bool {
	return len(c.prefs.MuteWords) > 0 && slices.ContainsFunc([]string{m.from.display(), m.subject, m.text.words, m.line(c)}, func(text string) bool {
		return c.prefs.MutesText(folded(text))
	})
}

// sort is the group by what the message is, whatever the reader wishes.
func (m mail) sort(c circle) briefing.Group {
	switch {
	case m.bounce():
		return briefing.Important
	case m.own(c.me) || m.invitation() || m.away():
		return briefing.Notice
	case m.mentions(c):
		if m.asks(c) || m.waitsForReview() {
			return briefing.NeedsReply
		}
		return briefing.Important
	case m.labelled("CATEGORY_UPDATES") && m.waitsForAct():
		return briefing.Important
	case m.newsletter(c):
		return briefing.Newsletter
	case m.robot(c):
		if m.waitsForAct() {
			return briefing.Important
		}
		return briefing.Notice
	case m.asks(c):
		return briefing.NeedsReply
	case m.direct(c.me), slices.Contains(m.labels, "IMPORTANT"):
		return briefing.Important
	}
	return briefing.Notice
}

// fromPerson reports whether a person wrote it to people.
func (m mail) fromPerson(c circle) bool {
	return !m.bounce() && !m.invitation() && !m.away() && !m.newsletter(c) && !m.robot(c)
}

// own reports whether the reader wrote it.
func (m mail) own(me addresses) bool {
	return me[strings.ToLower(m.from.mailbox)] || slices.Contains(m.labels, "SENT")
}

// crowd is from how many addressees on nobody feels addressed.
const crowd = 15

// direct reports whether the reader is addressed, and not merely copied, on a list, or one of a crowd. A
// message without any To has come to this inbox all the same.
func (m mail) direct(me addresses) bool {
	return len(m.to) == 0 || len(m.to) < crowd && me.hasAny(m.to)
}

// asks reports whether the reader is asked for something, in the text or in a subject that is the sender's own.
func (m mail) asks(c circle) bool {
	for _, s := range m.heard(c) {
		orders := ordered(s.whole) && m.stranger(c)
		if s.asks && s.to == theReader && !orders {
			return true
		}
	}
	return m.direct(c.me) && !m.answers() && asksInSubject(m.subject)
}

// asksInSubject also knows the short forms of subjects.
func asksInSubject(subject string) bool {
	if strings.Contains(subject, "=?") { // nobody could decode it
		return false
	}
	yes, _ := asking(dropGreeting(strings.TrimSpace(subject)))
	return yes || containsAny(strings.ReplaceAll(subject, " ", ""), "요청]", "요망]", "요청)", "필요]", "회신요청", "확인요청", "검토요청") ||
		strings.HasPrefix(strings.ToLower(subject), "action required")
}

var answered = regexp.MustCompile(`(?i)^\s*(\[[^\]]{1,20}\]\s*)?(re|aw|fwd?|회신|답장|전달)\s*(\[\d+\])?\s*[:：]`)

// answers reports whether the subject is that of an earlier mail.
func (m mail) answers() bool { return answered.MatchString(m.subject) }

func queryEscape(s string) string { return url.QueryEscape(s) }
