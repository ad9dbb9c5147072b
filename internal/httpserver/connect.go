package httpserver

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"achim/briefing"
	"achim/internal/language"
)

const (
	// slackURL opens the Slack app where it is installed.
	slackURL = "slack://open"
	// grantsURL is where a person takes an access back at Google.
	grantsURL = "https://myaccount.google.com/connections"
	// finishWithin bounds the exchange, the probe and the start of a mend together.
	finishWithin = 45 * time.Second
)

// home says what this is.
func (s *server) home(w http.ResponseWriter, r *http.Request) error {
	s.pages.Render(w, http.StatusOK, language.Pages(s.visitorLanguage(r)).Home())
	return nil
}

// noLink says how to get a link.
func (s *server) noLink(w http.ResponseWriter, r *http.Request) error {
	facts := language.LinkFacts{Operator: s.Operator}
	s.pages.Render(w, http.StatusNotFound, language.Pages(s.visitorLanguage(r)).NoLink(facts))
	return nil
}

// linked finds the reader a connect token was made for. When it does not work it shows why, and ok is false.
func (s *server) linked(w http.ResponseWriter, r *http.Request, token string) (reader briefing.Reader, req briefing.ConnectRequest, ok bool, err error) {
	id, switchAccount, linkErr := s.Links.VerifyConnect(token)
	if linkErr != nil {
		facts := language.LinkFacts{Expired: true, Operator: s.Operator}
		s.pages.Render(w, http.StatusNotFound, language.Pages(s.visitorLanguage(r)).NoLink(facts))
		return reader, req, false, nil
	}
	reader, err = s.Readers.Reader(r.Context(), string(id))
	if errors.Is(err, briefing.ErrNotFound) || err == nil && reader.ID != id {
		s.showFault(w, r, &briefing.ConnectError{Fault: briefing.ConnectReaderGone})
		return reader, req, false, nil
	}
	return reader, briefing.ConnectRequest{Reader: id, SwitchAccount: switchAccount}, err == nil, err
}

// showConnect tells the reader what they are about to allow. It changes nothing, however often it is
// opened: Slack and mail scanners open links too.
func (s *server) showConnect(w http.ResponseWriter, r *http.Request) error {
	reader, req, ok, err := s.linked(w, r, r.PathValue("token"))
	if !ok {
		return err
	}
	report, err := s.connection(r, reader.ID)
	if err != nil {
		return err
	}
	s.pages.Render(w, http.StatusOK, language.Pages(s.Defaults.LanguageOf(reader)).Connect(language.ConnectFacts{
		Reader: reader.Name, Account: language.MaskAddress(report.Email), Expected: language.MaskAddress(reader.Email),
		Operator: s.Operator, KeepDays: s.keepDays(), Switch: req.SwitchAccount, InApp: inApp(r.UserAgent()),
	}))
	return nil
}

// connection tells how the reader's grant stands; the zero report when there is none, and when the row cannot be
// read, which is just what connecting again mends.
func (s *server) connection(r *http.Request, id briefing.ReaderID) (briefing.CredentialReport, error) {
	report, err := s.Credentials.Check(r.Context(), id)
	if errors.Is(err, briefing.ErrNotFound) || errors.Is(err, briefing.Malformed) {
		return briefing.CredentialReport{}, nil
	}
	return report, err
}

// postConnect leads to Google's consent. The token in the address is what allows it, so there is nothing
// another site could add by posting here.
func (s *server) postConnect(w http.ResponseWriter, r *http.Request) error {
	_, req, ok, err := s.linked(w, r, r.PathValue("token"))
	if !ok {
		return err
	}
	return s.begin(w, r, req)
}

// begin redirects to Google's consent page.
func (s *server) begin(w http.ResponseWriter, r *http.Request, req briefing.ConnectRequest) error {
	req.Browser = s.KnowsBrowsers
	address, err := s.Connector.Begin(r.Context(), req)
	if errors.Is(err, briefing.ErrNotFound) {
		s.showFault(w, r, &briefing.ConnectError{Fault: briefing.ConnectReaderGone, Err: err})
		return nil
	}
	if err != nil {
		return err
	}
	if req.Browser {
		rememberBrowser(w, address)
	}
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// startConsent is for programs with a bearer, who get the address, and for browsers with a connect token,
// who are sent there. Anybody else is told how to get a link.
func (s *server) startConsent(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodHead {
		return methodNotAllowed(http.MethodGet) // a consent is not to be started by looking
	}
	token := r.URL.Query().Get("t")
	switch {
	case r.Header.Get("Authorization") != "":
		return s.consentAddress(w, r)
	case token != "":
		return s.page(func(w http.ResponseWriter, r *http.Request) error {
			_, req, ok, err := s.linked(w, r, token)
			if !ok {
				return err
			}
			return s.begin(w, r, req)
		})(w, r)
	case acceptsHTML(r):
		facts := language.LinkFacts{Operator: s.Operator}
		w.Header().Set("WWW-Authenticate", `Bearer realm="achim"`)
		s.pages.Render(w, http.StatusUnauthorized, language.Pages(s.visitorLanguage(r)).NoLink(facts))
		return nil
	default:
		return s.guard.check(r, everything)
	}
}

// consentAddress answers a program.
func (s *server) consentAddress(w http.ResponseWriter, r *http.Request) error {
	if err := s.guard.check(r, everything); err != nil {
		return err
	}
	reader, err := s.queriedReader(r)
	if err != nil {
		return err
	}
	address, err := s.Connector.Begin(r.Context(), briefing.ConnectRequest{Reader: reader.ID, Vouched: true})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]string{"auth_url": address})
}

// finishConsent takes what Google's redirect brought. What Google gave is kept and used also when the
// person closes the window at once.
func (s *server) finishConsent(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodHead {
		return methodNotAllowed(http.MethodGet) // the state is single use
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), finishWithin)
	defer cancel()
	query := r.URL.Query()
	if !knowsBrowser(r, query.Get("state")) {
		// Not taken either: the browser it belongs to may still bring it.
		s.showFault(w, r, &briefing.ConnectError{Fault: briefing.ConnectStateUnknown})
		return nil
	}
	connection, err := s.Connector.Finish(ctx, briefing.ConnectAnswer{
		State: query.Get("state"), Code: query.Get("code"), Error: query.Get("error"),
	})
	switch {
	case err != nil:
		return s.notConnected(w, r, err)
	case !connection.Ticket.IsZero():
		s.showConfirm(w, connection)
	default:
		s.showConnected(ctx, w, connection)
	}
	return nil
}

// notConnected shows the page of a consent that failed; what failed on our side is left to the rim.
func (s *server) notConnected(w http.ResponseWriter, r *http.Request, err error) error {
	if failed, ok := errors.AsType[*briefing.ConnectError](err); ok {
		s.showFault(w, r, failed)
		return nil
	}
	return err
}

// showConnected tells what the probe found and what happens next.
func (s *server) showConnected(ctx context.Context, w http.ResponseWriter, c briefing.Connection) {
	run, err := s.Triggers.Reconnected(ctx, c.Reader.ID)
	if err != nil {
		// The connection stands, and the next briefing will use it: that is no reason to show a failure.
		s.Logger.ErrorContext(ctx, "today's briefing was not mended after a connection", slog.Any("error", err))
	}
	reader := c.Reader
	if reader.LeftReason == briefing.LeftGoogle {
		reader = reader.Back() // which this connection brings about within the minute
	}
	facts := language.ConnectedFacts{
		Account: language.MaskAddress(c.Email), MailOK: c.MailOK, Calendars: c.Calendars, Missing: c.Missing,
		Filling: err == nil && mends(run), Next: s.Defaults.NextDue(reader, s.Now()), Gone: reader.Left(),
		Operator: s.Operator, KeepDays: s.keepDays(), SlackURL: slackURL,
		StoredURL: s.ownURL(storedPage, c.Reader.ID, c.Email), DisconnectURL: s.ownURL(disconnectPage, c.Reader.ID, c.Email),
	}
	if len(c.Missing) > 0 {
		facts.AgainURL = s.Links.ConnectURL(c.Reader.ID)
	}
	s.pages.Render(w, http.StatusOK, language.Pages(s.Defaults.LanguageOf(c.Reader)).Connected(facts))
}

// mends reports whether the run fills in a message that the reader already has.
func mends(run briefing.Run) bool {
	for _, r := range run.Readers {
		if r.MessageTS != "" {
			return true
		}
	}
	return false
}

// showFault shows the page of a consent that did not end in a connection.
func (s *server) showFault(w http.ResponseWriter, r *http.Request, e *briefing.ConnectError) {
	if e.Err != nil {
		s.Logger.WarnContext(r.Context(), "Google did not confirm a connection", slog.Any("error", e.Err))
	}
	facts := language.FaultFacts{
		Fault: e.Fault, Expected: language.MaskAddress(e.Expected), First: e.First, Chosen: e.Chosen,
		Revoked: e.Revoked, Switch: e.Switch, Operator: s.Operator,
	}
	spoken := s.visitorLanguage(r)
	if e.Reader.ID != "" {
		spoken = s.Defaults.LanguageOf(e.Reader)
		// Or an old address from a history would be worth a new link, and one for changing the account another week.
		if e.Fault != briefing.ConnectStateUsed && !e.Switch {
			facts.AgainURL = s.Links.ConnectURL(e.Reader.ID)
		}
	}
	s.pages.Render(w, faultStatus(e.Fault), language.Pages(spoken).Fault(facts))
}

// faultStatus is the table from fault to status. Pressing cancel is a choice, not an error.
func faultStatus(fault briefing.ConnectFault) int {
	switch fault {
	case briefing.ConnectDenied, briefing.ConnectDeclined:
		return http.StatusOK
	case briefing.ConnectStateUsed, briefing.ConnectWrongAccount:
		return http.StatusConflict
	case briefing.ConnectDomain, briefing.ConnectPolicy, briefing.ConnectOutsider:
		return http.StatusForbidden
	case briefing.ConnectStateExpired, briefing.ConnectUnconfirmed, briefing.ConnectReaderGone:
		return http.StatusGone
	case briefing.ConnectExchange, briefing.ConnectClient:
		return http.StatusBadGateway
	case briefing.ConnectUnreachable:
		return http.StatusServiceUnavailable
	default: // a forged state, a code Google does not know, a word it has no page for, or nothing allowed
		return http.StatusBadRequest
	}
}

// visitorLanguage is the language of somebody who is not known.
func (s *server) visitorLanguage(r *http.Request) briefing.Language {
	return language.PageLanguage(r.Header.Get("Accept-Language"))
}

// keepDays returns for how many days content is kept.
func (s *server) keepDays() int { return wholeDays(s.KeepContent) }

// wholeDays rounds up: it must not promise less than is true.
func wholeDays(d time.Duration) int {
	const day = 24 * time.Hour
	return int((d + day - 1) / day)
}
