package briefing

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

const (
	noticesAtOnce = 50
	tellFor       = 50 * time.Second // one look is over before the next minute's
	noticeTries   = 5                // refusals after which a notice is given up; what passes by itself does not count
	noticeAgain   = 10 * time.Minute
)

// Herald sends what we tell people beside briefings: each notice at most once, whatever restarts, replicas and Slack
// do, because it is claimed in the store before it is posted and never posted again when nobody knows what became of
// it. Whether it is still true is looked at right before. Nobody is written to between 22:00 and 07:00 by their clock.
//
// Pacer, Operator, Testing, Trouble and Settled may be left out; it is safe for concurrent use, by several processes
// as well.
type Herald struct {
	Notices   NoticeStore
	Members   Members
	Grants    GrantWatch
	Runs      RunStore // tells whether a briefing has told it already
	Roster    *Roster
	Deliverer Deliverer
	Renderer  NoticeRenderer
	Defaults  *Defaults
	Pacer     *Pacer
	Operator  string // Slack member id of who is told what readers cannot mend; "" = nobody
	// Testing reports whether the Google app is in "Testing", configured or suspected.
	Testing func(ctx context.Context) bool
	LogGist bool // conversation_log gets the first line alone
	Now     func() time.Time
	Trouble func(n Announcement, err error) // told of what went wrong
	Settled func(n Announcement)            // told of notices that were settled

	looking sync.Mutex           // one look at a time
	waiting atomic.Bool          // somebody waits for the next
	mu      sync.Mutex           // guards what follows
	known   map[string]time.Time // ailments, and until when; zero = for good
	seen    map[string]time.Time // when a trouble was last noted, by reason and source
	told    map[string]time.Time // when the operator was told of one that lasts
}

// Check plans what has become foreseeable and sends what is due. It is to be called every minute and may be called
// at any time; a call while one is under way waits for it, and looks again, unless another one waits for that already.
// Its error is that the store or Slack takes no calls now.
func (h *Herald) Check(ctx context.Context) error {
	if !h.waiting.CompareAndSwap(false, true) {
		return nil // or they would pile up behind a Slack that is slow
	}
	h.looking.Lock()
	defer h.looking.Unlock()
	h.waiting.Store(false) // before looking: what happens from now on may be missed
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.Join(h.foresee(ctx), h.tell(ctx), h.recall(ctx))
}

// tell sends what is due, the operator's first: a reader may be told that the operator knows.
func (h *Herald) tell(ctx context.Context) error {
	began := h.Now()
	for h.Now().Sub(began) < tellFor {
		due, err := h.Notices.DueNotices(ctx, h.Now(), noticesAtOnce)
		if err != nil {
			return fmt.Errorf("notices due: %w", err)
		}
		for _, n := range due {
			if h.Pacer.Wait(PacePost) > nearTurn || ctx.Err() != nil {
				return ctx.Err() // briefings come first
			}
			if err := h.one(ctx, n); err != nil && !errors.Is(err, ErrFenced) {
				return fmt.Errorf("notice %s of reader %s: %w", n.Kind, n.Reader, err)
			}
		}
		if len(due) < noticesAtOnce {
			break
		}
	}
	return nil
}

// one takes a due notice on. Its error is one for which the others must wait, too.
func (h *Herald) one(ctx context.Context, n Announcement) error {
	if n.State == NoticeSending { // whoever claimed it has not come back: it may stand in the DM
		return h.settle(ctx, n, NoticeUnknown, Ambiguous)
	}
	j, err := h.judge(ctx, n)
	switch {
	case err != nil:
		return err
	case j.drop != "":
		return h.settle(ctx, n, NoticeDropped, j.drop)
	case !j.later.IsZero():
		return h.later(ctx, n, j.later, n.Reason)
	}
	to := j.telling.Reader
	if n.Kind.ToOperator() {
		to = Reader{SlackUserID: h.Operator}
	}
	channel, err := h.channel(ctx, to)
	if err != nil {
		return h.refused(ctx, n, PaceOpen, err)
	}
	if err := h.turn(ctx, PacePost); err != nil {
		return err
	}
	return h.post(ctx, n, j.telling, channel)
}

// post claims the notice and posts it.
func (h *Herald) post(ctx context.Context, n Announcement, t Telling, channel string) error {
	message := h.Renderer.Notice(t) // first: what fails here must not leave a doubt behind
	n.State, n.ChannelID, n.SendingAt = NoticeSending, channel, h.Now()
	deadline := n.SendingAt.Add(postWithin)
	n.NextAt = deadline.Add(settleAfter)
	n, err := h.Notices.MoveNotice(ctx, NoticeStep{Notice: n})
	if err != nil {
		return err
	}
	post := Post{ChannelID: channel, Deadline: deadline, Notice: n.Kind, Message: message}
	ts, err := h.Deliverer.Post(ctx, post)
	if ReasonOf(err) == PayloadRefused {
		h.trouble(n, err)
		post.Message.Blocks = nil
		ts, err = h.Deliverer.Post(ctx, post)
	}
	if err != nil {
		return h.refused(ctx, n, PacePost, err)
	}
	return h.sent(ctx, n, t, ts, message.Plain)
}

// sent commits that the notice stands in the DM. That must not be lost by stopping, and is tried again while the
// database is away; after a while whoever finds the claim calls it unknown.
func (h *Herald) sent(ctx context.Context, n Announcement, t Telling, ts, plain string) error {
	n.State, n.MessageTS, n.Reason = NoticeSent, ts, ""
	step := NoticeStep{Date: DateOf(h.Now(), t.Zone), Then: h.after(t)}
	if !n.Kind.ToOperator() {
		step.LogText = plain
		if h.LogGist {
			step.LogText = firstLine(plain)
		}
	}
	end := n.NextAt
	n.NextAt, n.SettledAt = time.Time{}, h.Now()
	for wait := commitPause; ; wait *= 2 {
		step.Notice = n
		settled, err := h.Notices.MoveNotice(context.WithoutCancel(ctx), step)
		if err == nil {
			h.settled(settled)
			return nil
		}
		if errors.Is(err, ErrFenced) || !h.Now().Add(wait).Before(end) || !pause(ctx, wait) {
			return err
		}
	}
}

// after returns what follows a welcome: the unconnected are asked again.
func (h *Herald) after(t Telling) []Announcement {
	if t.Kind != NoticeWelcome || t.Connected {
		return nil
	}
	schedule, err := h.Defaults.Schedule(t.Reader)
	if err != nil {
		return nil
	}
	return reminders(t.Reader, schedule, h.Now())
}

// refused decides what becomes of a notice that was not posted, or may not have been. It returns the cause when the
// others must wait for the same.
func (h *Herald) refused(ctx context.Context, n Announcement, kind PaceKind, cause error) error {
	if _, answered := errors.AsType[*Error](cause); !answered {
		return cause // the store's, or stopping
	}
	if errors.Is(cause, ErrDeactivated) && !n.Kind.ToOperator() {
		if _, err := h.Roster.Leave(ctx, n.Reader, LeftSlack, cause); err != nil {
			return err
		}
		return h.settle(ctx, n, NoticeDropped, Left)
	}
	h.trouble(n, cause)
	reason := ReasonOf(cause)
	switch reason {
	case Ambiguous:
		if kind == PacePost {
			return h.settle(ctx, n, NoticeUnknown, reason)
		}
		return h.later(ctx, n, h.Now().Add(noticeAgain), reason) // opening a DM twice does no harm
	case PayloadRefused:
		return h.settle(ctx, n, NoticeFailed, reason)
	case RecipientUnreachable:
		if kind == PacePost && !n.Kind.ToOperator() { // the DM that was kept is of no use
			if err := h.Members.SaveChannel(ctx, n.Reader, ""); err != nil {
				return ignoreNotFound(err)
			}
		}
		if n.Tries++; n.Tries >= noticeTries {
			return h.settle(ctx, n, NoticeFailed, reason)
		}
		return h.later(ctx, n, h.Now().Add(noticeAgain), reason)
	case RateLimited:
		until, err := h.Pacer.Hold(ctx, kind, h.Now().Add(max(RetryAfter(cause), time.Second)))
		if err != nil {
			until = h.Now().Add(max(RetryAfter(cause), time.Second)) // the others find out by themselves
		}
		return errors.Join(h.later(ctx, n, until, reason), cause)
	default:
		return errors.Join(h.later(ctx, n, h.Now().Add(time.Minute), reason), cause)
	}
}

// later lets the notice wait.
func (h *Herald) later(ctx context.Context, n Announcement, until time.Time, why Reason) error {
	n.State, n.Reason, n.NextAt, n.SendingAt = NoticePending, why, until, time.Time{}
	_, err := h.Notices.MoveNotice(ctx, NoticeStep{Notice: n})
	return err
}

// settle ends a notice that is not known to be sent. A welcome that may have arrived is followed up like any other.
func (h *Herald) settle(ctx context.Context, n Announcement, state NoticeState, why Reason) error {
	n.State, n.Reason, n.NextAt, n.SettledAt = state, why, time.Time{}, h.Now()
	step := NoticeStep{Notice: n}
	if state == NoticeUnknown && n.Kind == NoticeWelcome {
		if r, err := h.Members.Reader(ctx, string(n.Reader)); err == nil {
			step.Then = h.after(Telling{Kind: n.Kind, Reader: r}) // who has connected is not asked: that is looked at then
		}
	}
	settled, err := h.Notices.MoveNotice(ctx, step)
	if err == nil {
		h.settled(settled)
	}
	return err
}

// channel returns the id of the DM with the reader, opening and keeping it when it is not known.
func (h *Herald) channel(ctx context.Context, to Reader) (string, error) {
	if to.SlackChannelID != "" {
		return to.SlackChannelID, nil
	}
	if err := h.turn(ctx, PaceOpen); err != nil {
		return "", err
	}
	calling, cancel := context.WithTimeout(ctx, openPatience)
	defer cancel()
	channel, err := h.Deliverer.Open(calling, to)
	if err != nil {
		return "", fmt.Errorf("open DM: %w", err)
	}
	if to.ID == "" { // the operator, who need not be a reader
		return channel, nil
	}
	if now, err := h.Members.Reader(ctx, string(to.ID)); err != nil || now.SlackUserID != to.SlackUserID {
		return "", errors.Join(ErrFenced, err) // changed meanwhile: the next look goes by what they are now
	}
	if err := h.Members.SaveChannel(ctx, to.ID, channel); err != nil {
		return "", fmt.Errorf("keep DM of %s: %w", to.ID, err)
	}
	return channel, nil
}

// turn takes a turn to call Slack and waits for it.
func (h *Herald) turn(ctx context.Context, kind PaceKind) error {
	at, err := h.Pacer.Reserve(ctx, kind)
	if err != nil {
		return err
	}
	if wait := at.Sub(h.Now()); wait > 0 && !pause(ctx, wait) {
		return fmt.Errorf("wait for a turn: %w", ctx.Err())
	}
	return nil
}

// trouble tells of what went wrong.
func (h *Herald) trouble(n Announcement, err error) {
	if h.Trouble != nil {
		h.Trouble(n, err)
	}
}

// settled tells of a notice that was settled.
func (h *Herald) settled(n Announcement) {
	if h.Settled != nil {
		h.Settled(n)
	}
}

// ToldAt returns when the operator was told of the reason, for all of the sources; zero when they were not, or when
// that was another time.
func (h *Herald) ToldAt(reason Reason, sources []SourceName) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at := h.told[string(reason)+"/"]; !at.IsZero() {
		return at
	}
	var latest time.Time
	for _, source := range sources {
		at := h.told[string(reason)+"/"+string(source)]
		if at.IsZero() {
			return time.Time{}
		}
		if at.After(latest) {
			latest = at
		}
	}
	return latest
}

// recall reads of what the operator has been told that lasts.
func (h *Herald) recall(ctx context.Context) error {
	notices, err := h.Notices.Notices(ctx, "", NoticeTrouble)
	if err != nil {
		return fmt.Errorf("what the operator was told: %w", err)
	}
	told := map[string]time.Time{}
	for _, n := range notices {
		reason, source, _ := troubleOf(n.Key)
		id := string(reason) + "/" + string(source)
		if n.State == NoticeSent && h.Now().Before(n.ExpiresAt) && told[id].IsZero() {
			told[id] = n.SettledAt
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = maps.Clone(told)
	return nil
}
