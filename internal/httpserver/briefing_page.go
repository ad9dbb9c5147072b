package httpserver

import (
	"errors"
	"net/http"

	"achim/briefing"
	"achim/internal/language"
)

// briefingPage shows a briefing as its reader got it, with the lists in full that were cut: to whoever has the link out of
// that very briefing, and to a program's bearer that may see content.
func (s *server) briefingPage(w http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("Authorization") == "" {
		return s.page(s.linkedBriefing)(w, r)
	}
	if err := s.guard.check(r, everything); err != nil {
		return err
	}
	return s.page(s.showBriefingPage)(w, r)
}

// linkedBriefing lets through whose link is for this briefing.
func (s *server) linkedBriefing(w http.ResponseWriter, r *http.Request) error {
	id, err := s.Links.VerifyBriefing(r.URL.Query().Get("t"))
	if err != nil || string(id) != r.PathValue("briefing_id") {
		s.noBriefing(w, r)
		return nil
	}
	return s.showBriefingPage(w, r)
}

func (s *server) showBriefingPage(w http.ResponseWriter, r *http.Request) error {
	e, err := s.Ledger.Entry(r.Context(), briefing.EntryID(r.PathValue("briefing_id")))
	switch {
	case errors.Is(err, briefing.ErrNotFound):
		s.noBriefing(w, r)
		return nil
	case err != nil:
		return err
	case e.Content == nil && e.DeliveredAt.IsZero(): // never written
		s.noBriefing(w, r)
	case e.Content == nil:
		facts := language.BriefingFacts{KeepDays: s.keepDays(), Operator: s.Operator}
		s.pages.Render(w, http.StatusGone, language.Pages(s.visitorLanguage(r)).BriefingOver(facts))
	default:
		s.pages.Briefing(w, s.Pages.Page(*e.Content, e.Sections, s.Now()))
	}
	return nil
}

// noBriefing says where to find what a link does not open.
func (s *server) noBriefing(w http.ResponseWriter, r *http.Request) {
	facts := language.BriefingFacts{KeepDays: s.keepDays(), Operator: s.Operator}
	s.pages.Render(w, http.StatusNotFound, language.Pages(s.visitorLanguage(r)).BriefingLost(facts))
}
