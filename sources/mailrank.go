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
	return slices.ContainsFunc(list, func(a address) bool { return set[strings.ToLower(a.mailbox)] })
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
			m.subject = oneLine(decodeHeader(value))
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
		list = append(list, address{oneLine(a.Name), strings.ToLower(a.Address)})
	}
	return list
}

func parseLoosely(value string) []address {
	value = oneLine(value)
	open, end := strings.LastIndexByte(value, '<'), strings.LastIndexByte(value, '>')
	if open >= 0 && end > open {
		return []address{{strings.Trim(value[:open], `"' `), strings.ToLower(strings.TrimSpace(value[open+1 : end]))}}
	}
	if strings.Contains(value, "@") {
		return []address{{"", strings.ToLower(strings.Trim(value, `"' `))}}
	}
	return []address{{value, ""}}
}

var (
	robotSender = regexp.MustCompile(`^(no|do[-_.]?not)[-_.]?reply|^(noreply|notifications?|notify|alerts?|mailer|mailer-daemon|postmaster|` +
		`news(letter)?s?|info-?mail|updates?|digest|marketing|promo(tions?)?|billing|receipts?|automated|robot|bot|calendar-notification|` +
		`drive-shares(-dm)?-noreply|comments-noreply|system|webmaster|bounces?)([-+_.].*)?$`)
	invitations = regexp.MustCompile(`(?i)^(re: )?(invitation|updated invitation|accepted|declined|tentatively accepted|tentative|cancell?ed( event)?|` +
		`초대|업데이트된 초대|수락|수락됨|거절|거절됨|미정|취소된 일정|일정 취소|초대 업데이트됨)( ?:| ?：)`)
)

// group sorts a message. Only mail that a person wrote to the reader, and that asks for something, needs a
// reply: a false one costs the reader's trust each morning, a missed one is still among the important.
func (m mail) group(me addresses) briefing.Group {
	switch {
	case m.own(me):
		return m.starredOr(briefing.Notice)
	case m.letter():
		return m.starredOr(briefing.Newsletter)
	case m.robot() || m.invitation():
		return m.starredOr(briefing.Notice)
	case m.direct(me) && m.text.asks(m.subject):
		return briefing.NeedsReply
	case m.direct(me), slices.Contains(m.labels, "IMPORTANT"):
		return briefing.Important
	}
	return m.starredOr(briefing.Notice)
}

// starredOr returns Important for what the reader has starred, else g.
func (m mail) starredOr(g briefing.Group) briefing.Group {
	if slices.Contains(m.labels, "STARRED") {
		return briefing.Important
	}
	return g
}

// own reports whether the reader wrote it.
func (m mail) own(me addresses) bool {
	return me[strings.ToLower(m.from.mailbox)] || slices.Contains(m.labels, "SENT")
}

// direct reports whether the reader is addressed, and not merely copied or on a list. A message without
// any To has come to this inbox all the same.
func (m mail) direct(me addresses) bool {
	return len(m.to) == 0 || me.hasAny(m.to)
}

// letter reports whether it is one of many copies sent to whoever subscribed.
func (m mail) letter() bool {
	if slices.Contains(m.labels, "CATEGORY_PROMOTIONS") {
		return true
	}
	if m.unsubscribe == "" {
		return m.robot() && letterWords(m.subject, m.from.name)
	}
	if letterWords(m.subject, m.from.name, m.from.mailbox) {
		return true
	}
	sorted := slices.Contains(m.labels, "CATEGORY_UPDATES") || slices.Contains(m.labels, "CATEGORY_SOCIAL") ||
		slices.Contains(m.labels, "CATEGORY_FORUMS")
	return !sorted && !robotSender.MatchString(m.local())
}

// letterWords reports whether one of the texts names itself a newsletter.
func letterWords(texts ...string) bool {
	return containsAny(strings.ToLower(strings.Join(texts, " ")), "newsletter", "뉴스레터", "digest", "weekly", "주간 소식", "주간소식",
		"주간 뉴스", "주간뉴스", "(광고)", "[광고]", "소식지", "이벤트 안내")
}

// robot reports whether a program wrote it.
func (m mail) robot() bool {
	auto := strings.ToLower(strings.TrimSpace(m.autoSubmitted))
	switch strings.ToLower(strings.TrimSpace(m.precedence)) {
	case "bulk", "list", "junk", "auto_reply":
		return true
	}
	for _, label := range m.labels {
		switch label {
		case "CATEGORY_UPDATES", "CATEGORY_SOCIAL", "CATEGORY_FORUMS":
			return true
		}
	}
	return (auto != "" && auto != "no") || m.listID != "" || robotSender.MatchString(m.local())
}

func (m mail) local() string {
	local, _, _ := strings.Cut(m.from.mailbox, "@")
	return local
}

// invitation reports whether it is about an event, which is answered in the calendar.
func (m mail) invitation() bool { return invitations.MatchString(m.subject) }

func queryEscape(s string) string { return url.QueryEscape(s) }
