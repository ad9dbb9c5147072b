package httpserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/text/unicode/norm"

	"achim/briefing"
)

// reader finds a reader by UUID or Slack id. A reader whose name looks like somebody's id is not found
// by it.
func (s *server) reader(ctx context.Context, field, ref string) (briefing.Reader, error) {
	known, err := readerRef(field, ref)
	if err != nil {
		return briefing.Reader{}, err
	}
	r, err := s.Readers.Reader(ctx, known)
	if errors.Is(err, briefing.ErrNotFound) || err == nil && string(r.ID) != known && r.SlackUserID != known {
		return briefing.Reader{}, fault(field, codeUnknownReader, "there is no reader %q", known)
	}
	return r, err
}

// queriedReader finds the reader ?user_id= names.
func (s *server) queriedReader(r *http.Request) (briefing.Reader, error) {
	return s.reader(r.Context(), "user_id", r.URL.Query().Get("user_id"))
}

// pathReader finds the reader the path names.
func (s *server) pathReader(r *http.Request) (briefing.Reader, error) {
	return s.reader(r.Context(), "user_id", r.PathValue("user_id"))
}

// listUsers lists all readers.
func (s *server) listUsers(w http.ResponseWriter, r *http.Request) error {
	readers, err := s.Readers.Readers(r.Context())
	if err != nil {
		return err
	}
	now := s.Now()
	views := make([]briefing.ReaderView, 0, len(readers))
	for _, reader := range readers {
		views = append(views, s.Defaults.View(reader, now))
	}
	return writeJSON(w, http.StatusOK, map[string]any{"users": views})
}

// showUser shows one reader.
func (s *server) showUser(w http.ResponseWriter, r *http.Request) error {
	reader, err := s.pathReader(r)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.Defaults.View(reader, s.Now()))
}

// putUser creates a reader, or replaces the members sent.
func (s *server) putUser(w http.ResponseWriter, r *http.Request) error {
	id, err := briefing.ParseReaderID(r.PathValue("user_id"))
	if err != nil {
		return err
	}
	body, err := readObject(w, r)
	if err != nil {
		return err
	}
	quiet, err := flagQuery(r, "quiet")
	if err != nil {
		return err
	}
	saved, created, err := s.Roster.Put(r.Context(), briefing.Reader{ID: id, Greet: !quiet}, func(reader *briefing.Reader) error {
		if _, until := body["paused_until"]; !until && body["paused"] != nil {
			reader.PausedUntil = briefing.Date{} // an end from before would void a pause without one, or a resume
		}
		return body.read("", userMembers(reader))
	})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		w.Header().Set("Location", "/api/users/"+string(saved.ID))
	}
	return writeJSON(w, status, s.Defaults.View(saved, s.Now()))
}

// flagQuery reads a query parameter that is true or false; left out it is false.
func flagQuery(r *http.Request, name string) (bool, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return false, nil
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		return false, fault(name, codeInvalidField, "%q is neither true nor false", clip(text))
	}
	return value, nil
}

// deleteUser forgets a reader, with ?erase=true also the grant and all that is kept elsewhere.
func (s *server) deleteUser(w http.ResponseWriter, r *http.Request) error {
	reader, err := s.pathReader(r)
	if err != nil {
		return err
	}
	erase, err := flagQuery(r, "erase")
	if err != nil {
		return err
	}
	if erase {
		return s.eraseUser(w, r, reader)
	}
	if err := s.Roster.Remove(r.Context(), reader.ID); err != nil {
		if errors.Is(err, briefing.ErrNotFound) {
			return fault("user_id", codeUnknownReader, "there is no reader %q", reader.ID)
		}
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// eraseUser forgets a reader with all that is kept of them, and tells how much that was.
func (s *server) eraseUser(w http.ResponseWriter, r *http.Request, reader briefing.Reader) error {
	erased, err := s.Eraser.Erase(r.Context(), reader)
	if errors.Is(err, briefing.ErrNotFound) {
		return fault("user_id", codeUnknownReader, "there is no reader %q", reader.ID)
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, briefing.ViewErasure(reader.ID, erased))
}

// userMembers reads the members of a reader into r; null goes back to the default. What a GET gave may be
// sent back whole: user_id must be the same, and next_due_at follows from the rest.
func userMembers(r *briefing.Reader) members {
	return members{
		"user_id": parsed(func(text string) error {
			if id, err := briefing.ParseReaderID(text); err != nil || id != r.ID {
				return fmt.Errorf("is not the reader's in the address; an id cannot be changed")
			}
			return nil
		}),
		"next_due_at": func(json.RawMessage) error { return nil },
		"left_reason": func(json.RawMessage) error { return nil }, // follows from left_at
		"left_at": orNull(parsed(func(text string) error {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil || !at.Equal(r.LeftAt.Truncate(time.Second)) {
				return fmt.Errorf("cannot be set; null says that the reader is back")
			}
			return nil
		}), func() { *r = r.Back() }),
		"name": value(&r.Name, "a string"),
		"slack_user_id": parsed(func(text string) error {
			if text != r.SlackUserID {
				r.SlackUserID, r.SlackChannelID = text, "" // the DM was with somebody else
				if r.LeftReason == briefing.LeftSlack {
					*r = r.Back() // it was that account that is gone
				}
			}
			return nil
		}),
		"email":    orNull(value(&r.Email, "a string"), func() { r.Email = "" }),
		"timezone": orNull(value(&r.Timezone, "a string"), func() { r.Timezone = "" }),
		"deliver_at": orNull(parsed(func(text string) error {
			at, err := briefing.ParseTimeOfDay(text)
			if err != nil {
				return err
			}
			r.At = &at
			return nil
		}), func() { r.At = nil }),
		"weekdays": orNull(func(raw json.RawMessage) (err error) {
			var names []string
			if err := value(&names, "an array of strings")(raw); err != nil {
				return err
			}
			days, err := briefing.ParseWeekdays(names)
			if err != nil {
				return err
			}
			r.Weekdays = days
			return nil
		}, func() { r.Weekdays = 0 }),
		"language": orNull(value(&r.Language, "a string"), func() { r.Language = "" }),
		"feeds":    orNull(feedsMember(&r.Feeds), func() { r.Feeds = nil }),
		"paused":   orNull(value(&r.Paused, "true or false"), func() { r.Paused = false }),
		"paused_until": orNull(parsed(func(text string) error {
			date, err := briefing.ParseDate(text)
			if err != nil {
				return fault("paused_until", codeInvalidDate, "%q is not a date like 2026-11-20", clip(text))
			}
			r.PausedUntil = date
			return nil
		}), func() { r.PausedUntil = briefing.Date{} }),
		"skip_holidays": orNull(value(&r.SkipHolidays, "true or false"), func() { r.SkipHolidays = false }),
		"notification":  orNull(value(&r.Notification, "a string"), func() { r.Notification = "" }),
		"preferences":   orNull(preferencesMember(&r.Preferences), func() { r.Preferences = briefing.Preferences{} }),
	}
}

// preferencesMember reads what a reader prefers: of its members, too, only those sent are replaced.
func preferencesMember(p *briefing.Preferences) func(json.RawMessage) error {
	list := func(of *[]string) func(json.RawMessage) error {
		return orNull(value(of, "an array of strings"), func() { *of = nil })
	}
	words := func(of *[]string) func(json.RawMessage) error {
		return func(raw json.RawMessage) error {
			err := list(of)(raw)
			for i, word := range *of {
				(*of)[i] = norm.NFKC.String(word) // the form they are looked for in, whatever keyboard wrote them
			}
			return err
		}
	}
	return func(raw json.RawMessage) error {
		var o object
		if err := value(&o, "an object such as {\"mute_words\":[\"속보\"]}")(raw); err != nil {
			return err
		}
		return o.read("preferences", members{
			"sections": orNull(func(raw json.RawMessage) error {
				var names []briefing.SourceName
				err := value(&names, "an array of strings")(raw)
				if err == nil && len(names) == 0 {
					err = errors.New("names none: null tells all of them again, and \"paused\":true is no briefing at all")
				}
				p.Sections = names
				return err
			}, func() { p.Sections = nil }),
			"vips": list(&p.VIPs), "mute_senders": list(&p.MuteSenders), "mute_feeds": list(&p.MuteFeeds),
			"mute_words": words(&p.MuteWords), "more": words(&p.More), "less": words(&p.Less),
		})
	}
}

// feedsMember reads a reader's own feeds.
func feedsMember(feeds *[]briefing.Feed) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		var objects []object
		if err := value(&objects, "an array of objects with url, title and max_items")(raw); err != nil {
			return err
		}
		read := make([]briefing.Feed, len(objects))
		var faults []error
		for i, o := range objects {
			feed := &read[i]
			faults = append(faults, o.read(fmt.Sprintf("feeds[%d]", i), members{
				"url":       value(&feed.URL, "a string"),
				"title":     orNull(value(&feed.Title, "a string"), func() {}),
				"max_items": orNull(value(&feed.MaxItems, "a whole number"), func() {}),
			}))
		}
		*feeds = read
		return errors.Join(faults...)
	}
}
