package httpserver

import (
	"net/http"
	"time"

	"achim/briefing"
)

// messagesView is the mail of today's window.
type messagesView struct {
	UserID   briefing.ReaderID      `json:"user_id"`
	Email    *string                `json:"email"`
	Window   windowView             `json:"window"`
	Groups   map[briefing.Group]int `json:"groups"`
	Messages []messageView          `json:"messages"`
	LeftOut  int                    `json:"left_out"`
}

// windowView is a half-open stretch of time.
type windowView struct {
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
}

// messageView is one mail.
type messageView struct {
	ID         string         `json:"id"`
	ThreadID   *string        `json:"thread_id"`
	From       string         `json:"from"`
	Subject    string         `json:"subject"`
	Summary    string         `json:"summary"`
	ReceivedAt *time.Time     `json:"received_at"`
	Group      briefing.Group `json:"group"`
	URL        *string        `json:"url"`
}

// eventView is one event. Timed events have start and end, all-day ones first_day and last_day.
type eventView struct {
	ID       string          `json:"id"`
	Group    briefing.Group  `json:"group"`
	Title    string          `json:"title"`
	Start    *time.Time      `json:"start"`
	End      *time.Time      `json:"end"`
	FirstDay *string         `json:"first_day"`
	LastDay  *string         `json:"last_day"`
	Place    *string         `json:"place"`
	JoinURL  *string         `json:"join_url"`
	URL      *string         `json:"url"`
	Marks    []briefing.Mark `json:"marks"`
}

// messages reads the mail of today's window now.
func (s *server) messages(w http.ResponseWriter, r *http.Request) error {
	reader, err := s.queriedReader(r)
	if err != nil {
		return err
	}
	section, err := s.peek(r, reader, briefing.Gmail, briefing.Date{})
	if err != nil {
		return err
	}
	view := messagesView{
		UserID: reader.ID, Email: textOrNull(section.Account),
		Window:   windowView{instant(section.Window.From), instant(section.Window.To)},
		Groups:   map[briefing.Group]int{briefing.NeedsReply: 0, briefing.Important: 0, briefing.Notice: 0, briefing.Newsletter: 0},
		Messages: make([]messageView, 0, len(section.Items)),
	}
	for group, count := range section.Counts {
		view.Groups[group] = count
	}
	for _, item := range section.Items {
		view.Messages = append(view.Messages, messageView{
			ID: item.ID, ThreadID: textOrNull(item.Thread), From: item.From, Subject: item.Title, Summary: item.Text,
			ReceivedAt: instant(item.At), Group: item.Group, URL: textOrNull(item.URL),
		})
	}
	view.LeftOut = max(0, section.Total()-len(section.Items))
	return writeJSON(w, http.StatusOK, view)
}

// listEvents reads one day of the calendar now.
func (s *server) listEvents(w http.ResponseWriter, r *http.Request) error {
	reader, err := s.queriedReader(r)
	if err != nil {
		return err
	}
	date, err := dateOf(r)
	if err != nil {
		return err
	}
	section, err := s.peek(r, reader, briefing.Calendar, date)
	if err != nil {
		return err
	}
	events := make([]eventView, 0, len(section.Items))
	for _, item := range section.Items {
		view := eventView{
			ID: item.ID, Group: item.Group, Title: item.Title, Start: instant(item.At), End: instant(item.End),
			FirstDay: textOrNull(item.FirstDay.String()), LastDay: textOrNull(item.LastDay.String()),
			Place: textOrNull(item.Place), JoinURL: textOrNull(item.JoinURL), URL: textOrNull(item.URL), Marks: item.Marks,
		}
		if view.Marks == nil {
			view.Marks = []briefing.Mark{}
		}
		events = append(events, view)
	}
	return writeJSON(w, http.StatusOK, map[string]any{"events": events})
}

// createEvent says that this is not on.
func (s *server) createEvent(http.ResponseWriter, *http.Request) error {
	return &apiError{code: codeNotFound, detail: "Event creation is off on this server."}
}

// peek reads a source now, for today when date is zero. What was read in part or long ago is a failure
// here: the answer has no word to say so, and would pass for the whole.
func (s *server) peek(r *http.Request, reader briefing.Reader, source briefing.SourceName, date briefing.Date) (briefing.Section, error) {
	if date.IsZero() {
		schedule, err := s.Defaults.Schedule(reader)
		if err != nil {
			return briefing.Section{}, err
		}
		date = briefing.DateOf(s.Now(), schedule.Zone)
	}
	section, err := s.Peek.Read(r.Context(), reader, source, date)
	switch {
	case err != nil:
	case section.Verdict.State == briefing.VerdictNotConnected:
		err = briefing.ErrNotConnected
	case !section.Verdict.Whole():
		err = &briefing.Error{Op: "read " + string(source), Reason: section.Verdict.Reason}
	}
	if err != nil {
		return briefing.Section{}, s.sourceFailure(r.Context(), reader.ID, err)
	}
	return section, nil
}
