package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

// Plant stores for the n-th reader something of everything that is sealed, each text with the mark in it.
func Plant(t *testing.T, s *store.Store, n int, mark string) {
	t.Helper()
	addReader(t, s, n)
	PlantGrant(t, s, n, mark)
	check(t, s.SaveConsent(t.Context(), briefing.Consent{StateHash: fmt.Sprintf("state %d", n), Reader: readerID(n),
		Verifier: briefing.NewSecret(mark + " verifier"), ExpiresAt: time.Now().Add(time.Hour)}))
	waiting := grant(n)
	waiting.AccessToken, waiting.RefreshToken = briefing.NewSecret(mark+" waiting access"), briefing.NewSecret(mark+" waiting refresh")
	check(t, s.SavePending(t.Context(), briefing.Pending{TicketHash: fmt.Sprintf("ticket %d", n), Grant: waiting, ExpiresAt: time.Now().Add(time.Hour)}))

	items := []briefing.Item{{ID: mark, Title: mark + " 제목", Text: mark + " <본문>", URL: "https://news.example/" + mark}}
	e := addEntries(t, s, planned(n))[0]
	e.Sections = []briefing.Section{{Source: briefing.Calendar, Items: items, Verdict: briefing.Verdict{State: briefing.VerdictOK, Count: 1}}}
	e.Content = &briefing.Briefing{ID: e.ID, Date: friday, Sections: []briefing.Shown{{Section: e.Sections[0]}}}
	e.PreparedAt = nine.Add(-time.Minute)
	e.Outgoing = &briefing.Outgoing{Message: briefing.Message{Text: mark + " 브리핑"}, Sections: e.Sections, Seen: []string{mark + " seen"},
		Copies: []briefing.DayCopy{{Source: briefing.Calendar, Copy: briefing.Copy{Date: friday.AddDays(1), Items: items, AsOf: nine}}}}
	e = advance(t, s, e, briefing.Prepared)
	e.ChannelID = "D0000001"
	e = advance(t, s, e, briefing.Sending)
	d := delivered(e)
	d.Seen = []string{mark + " seen"}
	d.Copies = []briefing.DayCopy{{Source: briefing.Calendar, Copy: briefing.Copy{Date: friday, Items: items, AsOf: nine}}}
	must(s.Commit(t.Context(), d))(t)

	run := briefing.Run{ID: briefing.RunID(fmt.Sprintf("dry %d", n)), Kind: briefing.RunManual, Date: friday, StartedAt: nine,
		Readers: []briefing.RunReader{{Reader: readerID(n)}}}
	check(t, s.Trigger(t.Context(), run, nil))
	check(t, s.SettleRunReader(t.Context(), run.ID, briefing.RunReader{Reader: readerID(n), Outcome: briefing.OutcomeDryRun, Text: mark + " dry"}))
}

// PlantGrant stores the n-th reader's grant, with what another program keeps beside ours.
func PlantGrant(t *testing.T, s *store.Store, n int, mark string) {
	t.Helper()
	outsider(t, s, n, "token_data", fmt.Sprintf(`'{"access_token":"","theirs":["%s theirs"]}'`, mark))
	c := grant(n)
	c.AccessToken, c.RefreshToken = briefing.NewSecret(mark+fmt.Sprint(" access ", n)), briefing.NewSecret(mark+fmt.Sprint(" refresh ", n))
	c.ClientSecret = briefing.NewSecret(mark + " client secret")
	check(t, s.SaveGrant(t.Context(), c))
}

// Told is everything of what Plant stored, as it is read.
type Told struct {
	Credential briefing.Credential
	Consent    briefing.Consent
	Entry      briefing.Entry
	Memory     [3]briefing.Memory // of the day, of the next, and of the one after that
	Run        briefing.Run
}

// Tell reads what Plant stored. The consent is taken.
func Tell(t *testing.T, s *store.Store, n int) (Told, error) {
	t.Helper()
	var told Told
	var errs [4]error
	told.Credential, errs[0] = s.Credential(t.Context(), readerID(n))
	told.Credential.Version = "" // changes with every sealing
	told.Consent, errs[1] = s.TakeConsent(t.Context(), fmt.Sprintf("state %d", n), nine)
	told.Consent.UsedAt = time.Time{}
	entries, err := s.Entries(t.Context(), briefing.EntryFilter{Reader: readerID(n)})
	if errs[2] = err; err == nil {
		told.Entry = entries[0]
	}
	told.Run, errs[3] = s.Run(t.Context(), briefing.RunID(fmt.Sprintf("dry %d", n)))
	for i := range told.Memory {
		if err == nil {
			told.Memory[i], err = s.Memory(t.Context(), readerID(n), friday.AddDays(i))
		}
	}
	for _, one := range errs {
		if err == nil {
			err = one
		}
	}
	return told, err
}

// Dump returns every row of every table, by "table.column".
func Dump(t *testing.T, s *store.Store) map[string][]string {
	t.Helper()
	tables := "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1"
	if s.Exclusive() {
		tables = "SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1"
	}
	dump := map[string][]string{}
	for _, name := range Rows(t, s, tables) {
		table, column, _ := strings.Cut(name, ".")
		dump[name] = Rows(t, s, fmt.Sprintf(`SELECT CAST("%s" AS TEXT) FROM %s ORDER BY 1`, column, table))
	}
	return dump
}

// Marked returns the columns of a dump in which the mark stands, in order.
func Marked(dump map[string][]string, mark string) []string {
	var found []string
	for name, rows := range dump {
		if strings.Contains(strings.Join(rows, "\n"), mark) {
			found = append(found, name)
		}
	}
	return found
}
