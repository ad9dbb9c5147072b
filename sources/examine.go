package sources

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"achim/briefing"
)

// nobodysToken is a refresh token that Google never gave to anybody.
const nobodysToken = "1//achim-doctor-asks-only-about-the-client"

// ClientExam is what Google says of the configured client.
type ClientExam struct {
	// Err is why Google does not take the client, or why it could not be asked; nil when it takes it.
	Err error
	// Ahead is by how much our clock is ahead of Google's, give or take a second; it means something only
	// when Dated is set: an answer came and said what time it is.
	Ahead time.Duration
	Dated bool
}

// ExamineClient asks Google's token endpoint about the client alone, with a refresh token that nobody has:
// invalid_grant means that the client itself was taken. Nothing is changed by it.
func (g *Google) ExamineClient(ctx context.Context) ClientExam {
	const op = "examine google client"
	conf := g.oauth(briefing.Credential{})
	asked := g.cfg.Now()
	_, err := conf.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, g.token), &oauth2.Token{RefreshToken: nobodysToken}).Token()
	var exam ClientExam
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		exam.Ahead, exam.Dated = ahead(asked, g.cfg.Now(), refused.Response.Header)
	}
	if err == nil {
		exam.Err = &briefing.Error{Op: op, Reason: briefing.Malformed, Err: errors.New("a token that nobody has was taken: this is not Google")}
		return exam
	}
	if failure := tokenError(op, err, g.cfg.Now()); failure.Reason != briefing.ReauthRequired {
		exam.Err = failure
	}
	return exam
}

// ahead returns by how much a clock that showed the times before and after the call is ahead of the one the
// answer's Date was written by. Dates have whole seconds, so that half of one is added.
func ahead(before, after time.Time, header http.Header) (time.Duration, bool) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0, false
	}
	middle := before.Add(after.Sub(before) / 2)
	return middle.Round(0).Sub(date.Add(time.Second / 2)), true
}

// GrantExam is what a grant is good for now, by Google's own answers.
type GrantExam struct {
	Access         error    // why it gives no access; then nothing below is known
	Mail, Calendar error    // why that cannot be read; nil when it can
	Missing        []string // scopes that are configured and not granted
}

// ExamineGrant tries the reader's grant as a briefing would. It writes nothing: the access token it asks
// for is forgotten afterwards, and what it finds wrong is for whoever refreshes next to record. Only a new
// refresh token, which Google may give at any time, is kept, for nobody could ask for that one again.
func (g *Google) ExamineGrant(ctx context.Context, reader briefing.ReaderID) GrantExam {
	clients, err := g.clients(ctx)
	if err != nil {
		return GrantExam{Access: &briefing.Error{Op: "examine grant", Reason: briefing.Internal, Err: err}}
	}
	c, err := g.borrow(ctx, reader)
	if err != nil {
		return GrantExam{Access: err}
	}
	// renewed: a 401 of a token this young is Google's last word, and a refresh would be written down.
	s := &session{google: g, services: clients, reader: reader, credential: c, renewed: true}
	exam := GrantExam{Missing: g.Missing(c.Holds())}
	calendars := make(chan error, 1)
	go func() {
		_, err := contain("examine calendars", func() (struct{}, error) { return struct{}{}, readCalendars(ctx, s) })
		calendars <- err
	}()
	exam.Mail, exam.Calendar = probeMail(ctx, s), <-calendars
	return exam
}

// borrow returns the reader's grant with an access token of this moment, which is not stored.
func (g *Google) borrow(ctx context.Context, reader briefing.ReaderID) (briefing.Credential, error) {
	const op = "examine grant"
	stored, err := g.usableRow(ctx, reader)
	switch {
	case err != nil:
		return stored, err
	case !stored.State.DeadSince.IsZero():
		return stored, &briefing.Error{Op: op, Reason: briefing.ReauthRequired, Since: stored.State.DeadSince, Err: errors.New("the grant is known to be dead")}
	case stored.RefreshToken.IsZero() && stored.AccessToken.IsZero():
		return stored, &briefing.Error{Op: op, Reason: briefing.ReauthRequired, Err: errors.New("there is no token")}
	case stored.RefreshToken.IsZero():
		return stored, nil
	}
	conf := g.oauth(stored)
	answer, err := conf.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, g.token), &oauth2.Token{RefreshToken: stored.RefreshToken.Reveal()}).Token()
	if err != nil {
		return stored, tokenError(op, err, g.cfg.Now())
	}
	fresh := refreshed(stored, answer, g.cfg.Now())
	if !fresh.RefreshToken.Equal(stored.RefreshToken) {
		if fresh, err = g.store.SaveRefreshed(ctx, stored, fresh); err != nil {
			return stored, storeError(op, err)
		}
	}
	return fresh, nil
}

// readCalendars reads the list of calendars, and of the first what a briefing would read of today.
func readCalendars(ctx context.Context, s *session) error {
	list, err := listCalendars(ctx, s)
	if err != nil {
		return err
	}
	today := days{first: briefing.DateOf(s.google.cfg.Now(), time.UTC), zone: time.UTC, count: 1}
	_, err = listEvents(ctx, s, list[0], today)
	return err
}

// FeedExam is what a feed is like now.
type FeedExam struct {
	Err     error  // why it cannot be read; nil when it can
	Status  int    // of the answer that was no feed, 0 when there was none or it was one
	Private bool   // refused because it is, or leads to, a private address
	Moved   string // the host it says it has moved to for good; "" = it has not
	Stories int
}

// ExamineFeed reads the feed once, past the same guard as for a briefing.
func ExamineFeed(ctx context.Context, cfg NewsConfig, address string) FeedExam {
	n := newNews(cfg)
	defer func() { _ = n.Close() }()
	var exam FeedExam
	ctx, cancel := context.WithTimeout(ctx, feedTimeout)
	defer cancel()
	read, err := contain("examine feed", func() (feedState, error) { return n.feeds.request(ctx, address, feedState{}) })
	exam.Err, exam.Private = err, errors.Is(err, errPrivate)
	exam.Status = FeedStatus(err)
	if err == nil && read.doc != nil {
		exam.Stories, exam.Moved = len(read.doc.stories), movedTo(address, read)
	}
	return exam
}

// movedTo returns the host that redirects for good lead to, "" when there are none. The rest of the address may hold a key.
func movedTo(address string, read feedState) string {
	if read.page || read.at == address {
		return ""
	}
	return hostOf(read.at)
}

// FeedHost names a feed without what its address may hold beside the host, such as a key.
func FeedHost(address string) string {
	if u, err := url.Parse(address); err == nil && u.Port() != "" && u.Hostname() != "" {
		return u.Host
	}
	return hostOf(address)
}

// FeedStatus is the HTTP status of the answer that was no feed, 0 when there was none.
func FeedStatus(err error) int {
	if refused, ok := errors.AsType[*answerError](err); ok {
		return refused.status
	}
	return 0
}
