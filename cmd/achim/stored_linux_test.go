package main_test

import (
	"strings"
	"testing"

	"achim/store/storetest"
)

// TestStoredAndErased: what is kept of a reader is shown whole, and goes whole, once somebody has agreed.
func TestStoredAndErased(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			h := connected(t, dialect)
			h.expect(0, []string{"delivered, complete"}, "run")
			stored := h.expect(0, []string{"achim_reader (1 row)", "gmail_token (1 row)", "conversation_log (1 row)", "achim_entry_body",
				"계약서 3조 수정안", "[redacted]", "slack_user_id: " + haneulSlack}, "users", "show", "--user", "haneul", "--stored")
			if strings.Contains(stored.out, "ya29") || strings.Contains(stored.out, clientSecret) {
				t.Errorf("a token or secret is shown:\n%s", stored.out)
			}
			tables := h.json(0, "users", "show", "--user", "haneul", "--stored")
			members(t, "users show --stored", tables, []string{"user_id", "tables"})
			members(t, "a table", tables["tables"].([]any)[0].(map[string]any), []string{"table", "rows"})

			h.expect(2, []string{"--erase", "--yes"}, "users", "remove", "--user", "haneul", "--erase")
			h.expect(0, []string{"haneul"}, "users", "list")
			erased := h.expect(0, []string{"erased haneul", "Google grant revoked at Google and forgotten", "achim_entry ", "gmail_token", "1 row"},
				"users", "remove", "--user", "haneul", "--erase", "--yes")
			if strings.Contains(erased.out, "0 rows") {
				t.Errorf("empty tables are told:\n%s", erased.out)
			}
			if n := h.google.Calls("revoke"); n != 1 {
				t.Errorf("revoked %d times", n)
			}
			h.expect(0, []string{"no readers yet"}, "users", "list")
		})
	}
}

// TestErasingWhoWasRemoved: by their UUID, and not the row of somebody of whom nothing else is here.
func TestErasingWhoWasRemoved(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			h := connected(t, dialect)
			h.expect(0, []string{"delivered, complete"}, "run")
			h.expect(0, []string{"removed haneul", "stays in gmail_token", "In conversation_log 1 row of ours", "30 days", "users remove --user " + haneulID + " --erase"},
				"users", "remove", "--user", "haneul", "--yes")
			h.expect(2, []string{"there is no reader"}, "users", "remove", "--user", haneulID, "--yes")
			h.expect(2, []string{"--yes"}, "users", "remove", "--user", haneulID, "--erase")
			h.expect(0, []string{"erased somebody removed before (" + haneulID + "); Google grant revoked", "conversation_log", "gmail_token"},
				"users", "remove", "--user", haneulID, "--erase", "--yes")
			if n := h.google.Calls("revoke"); n != 1 {
				t.Errorf("revoked %d times", n)
			}
			h.expect(2, []string{"there is no reader"}, "users", "remove", "--user", haneulID, "--erase", "--yes")
			const theirs = "99999999-9999-4999-8999-999999999999"
			h.outside(`INSERT INTO gmail_token (user_id, token_data) VALUES ('` + theirs + `', '{"refresh_token":"planted"}')`)
			h.expect(2, []string{"there is no reader"}, "users", "remove", "--user", theirs, "--erase", "--yes")
			h.expect(0, []string{theirs}, "tokens", "list")
		})
	}
}

// TestErasingAsksFirst: in a terminal somebody has to type yes.
func TestErasingAsksFirst(t *testing.T) {
	t.Parallel()
	h := newTown(t, storetest.SQLite)
	h.addHaneul()
	for answer, left := range map[string]string{"no\n": "haneul", "\n": "haneul"} {
		p := h.startTyping(answer, "users", "remove", "--user", "haneul", "--erase")
		p.waitFor("Type yes")
		p.end(1)
		h.expect(0, []string{left}, "users", "list")
	}
	p := h.startTyping("yes\n", "users", "remove", "--user", "haneul", "--erase")
	p.waitFor("erased haneul")
	p.end(0)
	h.expect(0, []string{"no readers yet"}, "users", "list")
}

// TestRemovingAsksInATerminal: nobody is removed at a terminal unasked, and what stays is said. Whoever comes back under
// the same id is connected still, and is told so.
func TestRemovingAsksInATerminal(t *testing.T) {
	t.Parallel()
	h := connected(t, storetest.SQLite)
	for _, answer := range []string{"no\n", "\n"} {
		p := h.startTyping(answer, "users", "remove", "--user", "haneul")
		p.waitFor("Remove haneul (" + haneulID + ") and their briefings? The Google grant stays; --erase ends it, too. [y/N]")
		if said := p.end(1); !strings.Contains(said, "nobody was removed") {
			t.Errorf("answered %q:\n%s", answer, said)
		}
	}
	p := h.startTyping("y\n", "users", "remove", "--user", "haneul")
	p.waitFor("The Google grant of ha•••@gaon.example stays in gmail_token: achim tokens revoke --user " + haneulID)
	p.end(0)
	again := h.expect(0, []string{"Google is connected already: ha•••@gaon.example, works, confirmed"},
		"users", "add", "--quiet", "--id", haneulID, "--name", "haneul", "--slack", haneulSlack)
	if strings.Contains(again.out, "achim connect") {
		t.Errorf("told to connect what is connected:\n%s", again.out)
	}
	p = h.startTyping("", "users", "remove", "--user", "haneul", "--yes")
	p.waitFor("removed haneul")
	p.end(0)
	h.outside("UPDATE gmail_token SET token_data = '{\"access_token\":\"at\"}'")
	h.expect(0, []string{"Next: achim connect --user " + haneulID}, "users", "add", "--quiet", "--id", haneulID, "--name", "haneul", "--slack", haneulSlack)
}

// TestUnknownAccountsAreNotNamed: where a row does not say whose account it is of, sentences leave it out.
func TestUnknownAccountsAreNotNamed(t *testing.T) {
	t.Parallel()
	h := connected(t, storetest.SQLite)
	h.outside("UPDATE gmail_token SET metadata = '{}'")
	p := h.startTyping("n\n", "tokens", "revoke", "--user", "haneul")
	p.waitFor("Revoke the Google connection of haneul? [y/N]")
	p.end(1)
	h.expect(0, []string{"\nThe Google grant stays in gmail_token: "}, "users", "remove", "--user", "haneul", "--yes")
	h.expect(0, []string{"Google is connected already: works"}, "users", "add", "--quiet", "--id", haneulID, "--name", "haneul", "--slack", haneulSlack)
}

// TestWelcomesWaitForServe: adding somebody writes down that they are to be welcomed, and a serve sends it; with
// --quiet nothing is.
func TestWelcomesWaitForServe(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.expect(0, nil, "users", "add", "--name", "haneul", "--slack", haneulSlack)
	d.expect(0, nil, "users", "add", "--name", "minji", "--slack", "U0MINJI", "--quiet")
	d.expect(0, nil, "users", "set", "--user", "haneul", "--weekdays", "mon,tue")
	d.expect(0, []string{"achim_notice (1 row)", "kind: welcome", "state: pending", "weekdays: mon, tue\n", "paused: false"}, "users", "show", "--user", "haneul", "--stored")
	if r := d.expect(0, []string{"achim_reader"}, "users", "show", "--user", "minji", "--stored"); strings.Contains(r.out, "achim_notice") {
		t.Errorf("quiet, and yet:\n%s", r.out)
	}
	d.expect(0, []string{"haneul"}, "users", "set", "--user", "haneul", "--back")
}
