package sources

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/gmail/v1"

	"achim/briefing"
)

// inbox is the mail that was read, thread by thread. A person answers a thread once, so a briefing tells each once.
type inbox struct {
	req     briefing.Request
	circle  circle
	account string
	threads []*thread // after order, as they are told
}

// thread is the mail of one conversation that lies in the window.
type thread struct {
	letters  []*letter // the newest first, at least one
	answered time.Time // up to when whatever was asked has been answered; zero = nothing has
	wrote    bool      // the reader has written in it since the window opened, it is not known when

	// Set by settle.
	told  *letter
	group briefing.Group
	due   time.Time
}

// letter is one mail and what is made of it.
type letter struct {
	mail   mail
	group  briefing.Group
	due    time.Time
	body   string // the sender's own words, as far as they were read
	looked bool   // its body was asked for
}

// newInbox sorts the messages that lie in the window.
func newInbox(req briefing.Request, email string, messages []*gmail.Message) *inbox {
	b := &inbox{req: req, account: firstOf(email, req.Reader.Email)}
	b.circle = circle{me: addresses{}, known: addresses{}, name: req.Reader.Name, prefs: req.Reader.Preferences}
	b.circle.me.add(email)
	b.circle.me.add(req.Reader.Email)
	var letters []*letter
	for _, message := range messages {
		if m := parseMail(message); req.Window.Holds(m.at) {
			letters = append(letters, &letter{mail: m})
		}
	}
	slices.SortFunc(letters, func(x, y *letter) int {
		return cmp.Or(y.mail.at.Compare(x.mail.at), strings.Compare(x.mail.id, y.mail.id))
	})
	threads := map[string]*thread{}
	for _, l := range letters {
		b.weigh(l)
		t := threads[l.mail.thread]
		if t == nil || l.mail.thread == "" {
			t = &thread{}
			threads[l.mail.thread] = t
			b.threads = append(b.threads, t)
		}
		t.letters = append(t.letters, l)
		if t.answered.IsZero() && l.mail.own(b.circle.me) {
			t.answered = l.mail.at
		}
	}
	b.order()
	return b
}

// weigh finds the group of a mail, and the deadline it names. What is over is no deadline any more.
func (b *inbox) weigh(l *letter) {
	l.group, l.due = l.mail.group(b.circle), time.Time{}
	if l.group != briefing.NeedsReply && l.group != briefing.Important {
		return
	}
	if due := l.mail.due(b.circle, b.req.Zone); !due.Before(b.req.Now) {
		l.due = due
	}
}

// settle finds the most demanding group that is still true of the thread: what came before the reader's own answer
// waits for none. The newest mail of that group stands for the thread, and not simply the newest, because sender,
// line and link of what is told must be those of the mail that says it. A deadline holds on while newer mails name no
// day or hour: one that does may have moved it.
func (t *thread) settle() {
	t.told, t.due = nil, time.Time{}
	moved := false
	for _, l := range t.letters {
		due := l.due
		if moved {
			due = time.Time{}
		}
		moved = moved || len(t.letters) > 1 && namesTime(l.mail.text.words)
		group := l.group
		if group == briefing.NeedsReply && !l.mail.at.After(t.answered) {
			group = briefing.Important
		}
		if t.told == nil || groupRank(group) < groupRank(t.group) {
			t.told, t.group, t.due = l, group, due
		}
		if group == t.group && t.due.IsZero() {
			t.due = due // one that an earlier mail has named holds on
		}
	}
}

// order brings the threads into the order they are told in.
func (b *inbox) order() {
	for _, t := range b.threads {
		t.settle()
	}
	slices.SortFunc(b.threads, b.compare)
}

// compare orders by group, and threads to answer by what is due today, who is dear to the reader, what is due later, and
// whom the reader has written to. Everything else goes by time, the newest first.
func (b *inbox) compare(x, y *thread) int {
	newer := cmp.Or(y.told.mail.at.Compare(x.told.mail.at), strings.Compare(x.told.mail.id, y.told.mail.id))
	if x.group != y.group || x.group != briefing.NeedsReply {
		return cmp.Or(groupRank(x.group)-groupRank(y.group), newer)
	}
	byDue := 0
	switch {
	case x.due.IsZero() != y.due.IsZero():
		byDue = -1
		if x.due.IsZero() {
			byDue = 1
		}
	case !x.due.IsZero():
		byDue = x.due.Compare(y.due)
	}
	return cmp.Or(b.urgency(x)-b.urgency(y), byDue, newer)
}

func (b *inbox) urgency(t *thread) int {
	switch {
	case !t.due.IsZero() && briefing.DateOf(t.due, b.req.Zone) == b.req.Date:
		return 0
	case b.circle.prefs.IsVIP(t.told.mail.from.mailbox):
		return 1
	case !t.due.IsZero():
		return 2
	case b.circle.known.holds(t.told.mail.from.mailbox):
		return 3
	}
	return 4
}

// toAnswer returns the threads that wait for an answer. The inbox is in order.
func (b *inbox) toAnswer() []*thread {
	n := slices.IndexFunc(b.threads, func(t *thread) bool { return t.group != briefing.NeedsReply })
	if n < 0 {
		return b.threads
	}
	return b.threads[:n]
}

// How much of what others call themselves and their mail is kept: more than any line has room for.
const (
	subjectRunes = 200
	senderRunes  = 100
)

// section counts mails and tells threads.
func (b *inbox) section() briefing.Section {
	section := briefing.Section{
		Source: briefing.Gmail, Provider: briefing.Google, Window: b.req.Window, Account: b.account,
		Counts: map[briefing.Group]int{}, Items: make([]briefing.Item, 0, len(b.threads)),
	}
	for _, t := range b.threads {
		section.Counts[t.group] += len(t.letters)
		m := t.told.mail
		item := briefing.Item{
			ID: m.id, Thread: m.thread, Group: t.group, Title: cut(m.subject, subjectRunes), From: cut(m.from.display(), senderRunes), At: m.at, Due: t.due,
			Text: m.line(b.circle), Body: t.told.body, URL: mailURL(b.account, m.id), Also: len(t.letters) - 1,
		}
		if b.circle.prefs.IsVIP(m.from.mailbox) {
			item.Marks = append(item.Marks, briefing.MarkVIP)
		}
		section.Items = append(section.Items, item)
	}
	return section
}

func groupRank(g briefing.Group) int {
	order := [...]briefing.Group{briefing.NeedsReply, briefing.Important, briefing.Notice, briefing.Newsletter}
	if i := slices.Index(order[:], g); i >= 0 {
		return i
	}
	return len(order)
}

// mailURL leads to the message in the account it was read from, whatever the browser's default is. Phones
// ignore the part that names the message.
func mailURL(account, id string) string {
	return "https://mail.google.com/mail/u/?authuser=" + strings.ReplaceAll(queryEscape(account), "%40", "@") + "#all/" + queryEscape(id)
}

// parseMail takes from Gmail's answer what ranking and telling need.
func parseMail(message *gmail.Message) mail {
	m := mail{
		id: message.Id, thread: message.ThreadId, labels: message.LabelIds,
		at: time.UnixMilli(message.InternalDate).UTC(),
	}
	m.read(snippetText(message.Snippet), false, false, false)
	if message.Payload == nil {
		return m
	}
	for _, h := range message.Payload.Headers {
		if h != nil {
			m.setHeader(h.Name, h.Value)
		}
	}
	return m
}
