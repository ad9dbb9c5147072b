package httpserver

import (
	"context"
	"net/http"

	"achim/briefing"
	"achim/internal/language"
)

const (
	// confirmPath takes the answer to the question whether to connect.
	confirmPath = "/connect/confirm"
	// longestAnswer bounds the form; a ticket and a word come nowhere near.
	longestAnswer = 4 << 10
)

// showConfirm asks whether the account's mail shall go to the reader, naming both. The question belongs to the
// browser it is shown in, where cookies come along.
func (s *server) showConfirm(w http.ResponseWriter, c briefing.Connection) {
	ticket := c.Ticket.Reveal()
	if s.KnowsBrowsers {
		mark(w, ticketCookie, ticket, http.SameSiteStrictMode)
	}
	s.pages.Render(w, http.StatusOK, language.Pages(s.Defaults.LanguageOf(c.Reader)).Confirm(language.ConfirmFacts{
		Account: c.Email, Reader: c.Reader.Name, Replaces: language.MaskAddress(c.Replaces), Missing: c.Missing,
		Ticket: ticket, Action: confirmPath, Operator: s.Operator,
	}))
}

// answerConfirm takes a yes or a no. A yes is kept and used also when the person closes the window at once.
func (s *server) answerConfirm(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), finishWithin)
	defer cancel()
	r.Body = http.MaxBytesReader(w, r.Body, longestAnswer)
	ticket, answer := r.PostFormValue("ticket"), r.PostFormValue("answer")
	unknown := ticket == "" || answer != "yes" && answer != "no"
	if unknown || s.KnowsBrowsers && !marked(r, ticketCookie, ticket) {
		// Not taken: the browser it was shown in may still answer.
		s.showFault(w, r, &briefing.ConnectError{Fault: briefing.ConnectStateUnknown})
		return nil
	}
	if answer == "no" {
		return s.notConnected(w, r, s.Connector.Decline(ctx, ticket))
	}
	connection, err := s.Connector.Confirm(ctx, ticket)
	if err != nil {
		return s.notConnected(w, r, err)
	}
	s.showConnected(ctx, w, connection)
	return nil
}
