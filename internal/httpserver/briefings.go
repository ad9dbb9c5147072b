package httpserver

import (
	"encoding/json"
	"net/http"
	"time"

	"achim/briefing"
)

// briefingView is a briefing with its content.
type briefingView struct {
	briefing.EntryView
	Sections []briefing.Section `json:"sections"`
	Text     string             `json:"text"`
	Blocks   json.RawMessage    `json:"blocks"`
}

// listBriefings lists entries without their content, the newest first.
func (s *server) listBriefings(w http.ResponseWriter, r *http.Request) error {
	limit, err := limitOf(r)
	if err != nil {
		return err
	}
	filter := briefing.EntryFilter{Limit: limit}
	if r.URL.Query().Get("user_id") != "" {
		reader, err := s.queriedReader(r)
		if err != nil {
			return err
		}
		filter.Reader = reader.ID
	}
	if filter.Date, err = dateOf(r); err != nil {
		return err
	}
	entries, err := s.Runs.Entries(r.Context(), filter)
	if err != nil {
		return err
	}
	views := make([]briefing.EntryView, 0, len(entries))
	for _, e := range entries {
		views = append(views, briefing.ViewEntry(e))
	}
	return writeJSON(w, http.StatusOK, map[string]any{"briefings": views})
}

// showBriefing shows one entry with what was read and what was written. The words are made anew from the
// content, so the links to our own server in them are fresh.
func (s *server) showBriefing(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "briefing_id")
	if err != nil {
		return err
	}
	e, err := s.Ledger.Entry(r.Context(), briefing.EntryID(id))
	if err != nil {
		return err
	}
	view := briefingView{EntryView: briefing.ViewEntry(e), Sections: []briefing.Section{}, Blocks: json.RawMessage("[]")}
	for _, section := range e.Sections {
		view.Sections = append(view.Sections, inUTC(section))
	}
	if e.Content != nil {
		message := s.Renderer.Render(*e.Content)
		view.Text = message.Text
		if len(message.Blocks) > 0 {
			view.Blocks = message.Blocks
		}
	}
	return writeJSON(w, http.StatusOK, view)
}

// dateOf reads ?date=, the zero Date when there is none.
func dateOf(r *http.Request) (briefing.Date, error) {
	text := r.URL.Query().Get("date")
	if text == "" {
		return briefing.Date{}, nil
	}
	return dateFrom("date", text)
}

// inUTC returns the section with its instants as the wire has them.
func inUTC(section briefing.Section) briefing.Section {
	section.Window = briefing.Window{From: section.Window.From.UTC(), To: section.Window.To.UTC()}
	section.ReadAt = section.ReadAt.UTC()
	section.Items = itemsInUTC(section.Items)
	ahead := make([]briefing.Day, len(section.Ahead))
	for i, day := range section.Ahead {
		ahead[i] = briefing.Day{Date: day.Date, Items: itemsInUTC(day.Items)}
	}
	section.Ahead = ahead
	return section
}

func itemsInUTC(items []briefing.Item) []briefing.Item {
	views := make([]briefing.Item, len(items))
	for i, item := range items {
		item.At, item.End, item.Due = item.At.UTC(), item.End.UTC(), item.Due.UTC()
		views[i] = item
	}
	return views
}

// instant returns t as the wire has it: UTC, to the second, nil for none.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}
