package sources

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"time"

	"achim/briefing"
)

// How much more Gmail is asked for what a briefing could do without, beside the time it may take: searches in the sent
// mail at 5 units of quota each, bodies at 20. All of it together is no more than reading eighteen mails more.
const (
	mostStrangers = 12  // senders the reader may have written to
	mostAnswers   = 10  // threads in which the reader has written of late
	mostBodies    = 10  // mails read in full
	listedSent    = 500 // the most that one call lists
	fewPages      = 3

	asideTime  = 3 * time.Second // for each of the two searches
	bodyTime   = 5 * time.Second
	spareTime  = 2 * time.Second // left of the source's budget, whatever happens
	longestOwn = 1500            // runes of a body handed on
)

// look looks closer at what may have to be answered: whether the reader knows the sender, has answered already, and
// what the mail says in full. Whatever of this cannot be had leaves the mail as its headers and snippet tell it: none
// of it is worth an incomplete briefing, or a late one.
func (b *inbox) look(ctx context.Context, s *session) {
	var failures mailFaults
	b.acquaint(ctx, s, &failures)
	b.order()
	b.dropAnswered(ctx, s, &failures)
	b.order()
	b.open(ctx, s, &failures)
}

// spare bounds what a briefing can do without: it ends after most, and early enough before the budget does.
func spare(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		most = min(most, time.Until(deadline)-spareTime)
	}
	return context.WithTimeout(ctx, most)
}

// acquaint finds out which of the senders the reader has ever written to, with one search for each. Reading the sent
// mails themselves would cost four times as much a mail and know the last few days only.
func (b *inbox) acquaint(ctx context.Context, s *session, failures *mailFaults) {
	ctx, cancel := spare(ctx, asideTime)
	defer cancel()
	senders := b.people()
	known := make([]bool, len(senders))
	failures.during(len(senders), func(i int) error {
		list, err := listMail(ctx, s, mailList{label: "SENT", query: "to:" + senders[i], limit: 1, pages: fewPages})
		known[i] = err == nil && len(list.Messages) > 0
		return err
	})
	for i, sender := range senders {
		if known[i] {
			b.circle.known.add(sender)
		}
	}
	for _, t := range b.threads {
		for _, l := range t.letters {
			if b.circle.known[l.mail.from.mailbox] {
				b.weigh(l)
			}
		}
	}
}

// plainMailbox is an address that is nothing but itself in a search.
var plainMailbox = regexp.MustCompile(`^[a-z0-9][a-z0-9._+-]{0,63}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,6}$`)

// people returns who has written themselves, or may have although the mail looks like a letter to many, the newest first.
func (b *inbox) people() []string {
	var letters []*letter
	for _, t := range b.threads {
		letters = append(letters, t.letters...)
	}
	slices.SortStableFunc(letters, func(x, y *letter) int { return y.mail.at.Compare(x.mail.at) })
	var senders []string
	for _, l := range letters {
		m := l.mail
		person := !m.own(b.circle.me) && (m.fromPerson(b.circle) || m.mayBePerson(b.circle)) && !b.circle.prefs.MutesSender(m.from.mailbox)
		if person && len(senders) < mostStrangers && plainMailbox.MatchString(m.from.mailbox) && !slices.Contains(senders, m.from.mailbox) {
			senders = append(senders, m.from.mailbox)
		}
	}
	return senders
}

// dropAnswered finds the threads in which the reader has had the last word. Sent mail is not in the inbox, and ids say
// nothing of time, so Gmail is asked for the threads the reader has written in since the window opened, and for the
// few of them that seem to wait, whether since the mail that asks. Of more than a few nobody claims that they wait.
func (b *inbox) dropAnswered(ctx context.Context, s *session, failures *mailFaults) {
	ctx, cancel := spare(ctx, asideTime)
	defer cancel()
	asking := b.toAnswer()
	wrote := map[string]bool{}
	failures.during(min(1, len(asking)), func(int) (err error) {
		wrote, err = sentThreads(ctx, s, b.req.Window.From)
		return err
	})
	for _, t := range b.threads {
		t.wrote = wrote[t.told.mail.thread]
	}
	asking = slices.DeleteFunc(slices.Clone(asking), func(t *thread) bool { return !t.wrote })
	few := min(len(asking), mostAnswers)
	for _, t := range asking[few:] {
		t.answered = later(t.answered, t.told.mail.at)
	}
	findAnswers(ctx, s, asking[:few], failures)
}

// findAnswers asks of each thread whether the reader has written in it since the mail that stands for it.
func findAnswers(ctx context.Context, s *session, threads []*thread, failures *mailFaults) {
	failures.during(len(threads), func(i int) error {
		told := threads[i].told.mail
		since, err := sentThreads(ctx, s, told.at.Add(time.Second))
		if since[told.thread] {
			threads[i].answered = later(threads[i].answered, told.at)
		}
		return err
	})
}

// sentThreads returns the threads the reader has written in since.
func sentThreads(ctx context.Context, s *session, since time.Time) (map[string]bool, error) {
	query := "after:" + strconv.FormatInt(since.Unix(), 10)
	list, err := listMail(ctx, s, mailList{label: "SENT", query: query, limit: listedSent, pages: fewPages})
	if err != nil {
		return nil, err
	}
	threads := make(map[string]bool, len(list.Messages))
	for _, m := range list.Messages {
		threads[m.ThreadId] = m.ThreadId != ""
	}
	return threads, nil
}

// open reads the bodies of the mails that will be shown. One that turns out to wait for no answer makes room for the
// next, which is read in its turn. Where an earlier mail of its thread stands in for it, that one may have been answered.
func (b *inbox) open(ctx context.Context, s *session, failures *mailFaults) {
	ctx, cancel := spare(ctx, bodyTime)
	defer cancel()
	for left := mostBodies; left > 0 && !failures.enough(); {
		shown := b.toAnswer()
		shown = slices.Clone(shown[:min(len(shown), briefing.MaxNeedsReply)])
		shown = slices.DeleteFunc(shown, func(t *thread) bool { return t.told.looked })
		shown = shown[:min(len(shown), left)]
		if len(shown) == 0 {
			return
		}
		bodies := make([]body, len(shown))
		failures.during(len(shown), func(i int) error {
			message, err := readMessage(ctx, s, shown[i].told.mail.id, s.google.bodyQuery)
			if err == nil && message.Payload != nil {
				bodies[i] = readBody(message.Payload)
			}
			return err
		})
		for i, t := range shown {
			b.reconsider(t, bodies[i])
		}
		b.order()
		findAnswers(ctx, s, slices.DeleteFunc(shown, func(t *thread) bool {
			return t.told.looked || !t.wrote || t.group != briefing.NeedsReply
		}), failures)
		b.order()
		left -= len(shown)
	}
}

// reconsider weighs a mail again by what it says in full; an empty body is one that could not be read. Of a body that
// was cut, nobody knows that it asks for nothing.
func (b *inbox) reconsider(t *thread, found body) {
	l := t.told
	l.looked = true
	l.body = cut(found.text, longestOwn)
	l.mail.read(found.text, found.invite, found.bounce, found.cut)
	b.weigh(l)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
