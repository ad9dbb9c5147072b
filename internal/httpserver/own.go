package httpserver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"

	"achim/briefing"
	"achim/internal/language"
)

// The pages for whoever has just connected an account. The link to each opens no other, and works for an hour, as
// long as that account is the one connected.
const (
	storedPage     = "stored"
	disconnectPage = "disconnect"
)

// mostStored bounds the briefings listed: more days than any sensible retention.
const mostStored = 100

// ownURL returns the address of such a page.
func (s *server) ownURL(page string, reader briefing.ReaderID, email string) string {
	return s.Links.OwnURL(page, reader, accountMark(email))
}

// accountMark stands for an account in a link, where its address could be read.
func accountMark(email string) string {
	sum := sha256.Sum256([]byte("account of a link: " + strings.ToLower(email)))
	return hex.EncodeToString(sum[:8])
}

// owned finds whose page a link opens, and the connection it is about. When it opens none, the page that says so is
// written, and ok is false. Without a connection any more a link still opens.
func (s *server) owned(w http.ResponseWriter, r *http.Request, page string) (reader briefing.Reader, report briefing.CredentialReport, ok bool, err error) {
	closed := func() (briefing.Reader, briefing.CredentialReport, bool, error) {
		s.pages.Render(w, http.StatusNotFound, language.Pages(s.visitorLanguage(r)).HourOver())
		return briefing.Reader{}, briefing.CredentialReport{}, false, nil
	}
	id, account, linkErr := s.Links.VerifyOwn(page, r.PathValue("token"))
	if linkErr != nil {
		return closed()
	}
	reader, err = s.Readers.Reader(r.Context(), string(id))
	if errors.Is(err, briefing.ErrNotFound) || err == nil && reader.ID != id {
		return closed()
	}
	if err != nil {
		return reader, report, false, err
	}
	if report, err = s.connection(r, id); err != nil {
		return reader, report, false, err
	}
	connected := report.HasAccessToken || report.HasRefreshToken
	if connected && accountMark(report.Email) != account {
		return closed()
	}
	return reader, report, true, nil
}

// showStored lists what is kept of the reader: how much and for how long, but no title. Whoever connected an account
// need not be the reader, and their briefings of other days are none of that person's business.
func (s *server) showStored(w http.ResponseWriter, r *http.Request) error {
	reader, report, ok, err := s.owned(w, r, storedPage)
	if !ok {
		return err
	}
	entries, err := s.Runs.Entries(r.Context(), briefing.EntryFilter{Reader: reader.ID, Limit: mostStored})
	if err != nil {
		return err
	}
	facts := language.StoredFacts{Reader: reader.Name, Account: language.MaskAddress(report.Email), Scopes: report.Scopes,
		KeepDays: s.keepDays(), RecordDays: wholeDays(s.KeepVerdicts), Operator: s.Operator}
	if report.Email != "" {
		facts.DisconnectURL = s.ownURL(disconnectPage, reader.ID, report.Email)
	}
	for _, e := range entries {
		if e.Content == nil && len(e.Sections) == 0 {
			continue
		}
		kept := language.StoredBriefing{Date: e.Date, Until: e.Date.AddDays(s.keepDays()), Items: map[briefing.SourceName]int{}}
		for _, section := range e.Sections {
			kept.Items[section.Source] += len(section.Items)
		}
		facts.Briefings = append(facts.Briefings, kept)
	}
	s.pages.Render(w, http.StatusOK, language.Pages(s.Defaults.LanguageOf(reader)).Stored(facts))
	return nil
}

// showDisconnect asks before anything is taken away. It changes nothing, however often it is opened.
func (s *server) showDisconnect(w http.ResponseWriter, r *http.Request) error {
	reader, report, ok, err := s.owned(w, r, disconnectPage)
	if !ok {
		return err
	}
	s.pages.Render(w, http.StatusOK, language.Pages(s.Defaults.LanguageOf(reader)).Disconnect(s.disconnectFacts(reader, report)))
	return nil
}

// postDisconnect takes the connection away; where there is none any more that is what was wanted.
func (s *server) postDisconnect(w http.ResponseWriter, r *http.Request) error {
	reader, report, ok, err := s.owned(w, r, disconnectPage)
	if !ok {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), finishWithin)
	defer cancel()
	if _, err := s.Credentials.Disconnect(ctx, reader.ID); err != nil && !errors.Is(err, briefing.ErrNotFound) {
		return err
	}
	s.pages.Render(w, http.StatusOK, language.Pages(s.Defaults.LanguageOf(reader)).Disconnected(s.disconnectFacts(reader, report)))
	return nil
}

func (s *server) disconnectFacts(reader briefing.Reader, report briefing.CredentialReport) language.DisconnectFacts {
	return language.DisconnectFacts{Reader: reader.Name, Account: language.MaskAddress(report.Email), KeepDays: s.keepDays(),
		Operator: s.Operator, GrantsURL: grantsURL, AgainURL: s.Links.ConnectURL(reader.ID)}
}
