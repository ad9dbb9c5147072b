package store_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"achim/store"
	"achim/store/storetest"
)

// TestNothingOfOthersThatOpensIsShown: whatever other programs keep beside ours, under whatever name, in a structure, in
// the text of one or in a text alone, is left out of what is shown; what is ours and what opens nothing is not.
func TestNothingOfOthersThatOpensIsShown(t *testing.T) {
	const members = `{"email":"haneul@gaon.example","name":"하늘","max_tokens":100,"active":true,"seen":"2026-11-20 09:00:00","slack_bot_token":"planted-1","cookie":"sid=planted-2",` +
		`"session":"planted-3","jwt":"planted-4","auth":["planted-5"],"headers":{"Authorization":"Bearer planted-6"},"note":"planted-7",` +
		`"nested":"{\"refresh_token\":\"planted-8\"}","sub":" {\"pin\":\"planted-9\"}"}`
	once, twice := quotedText(t, members), quotedText(t, quotedText(t, members))
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		admit(t, s, 1)
		storetest.Exec(t, s, "ALTER TABLE gmail_token ADD COLUMN notes TEXT")
		storetest.Exec(t, s, fmt.Sprintf(`INSERT INTO gmail_token (user_id, token_data, oauth_config, scopes) VALUES ('%s', '{"access_token":"planted-a","token_type":"Bearer","scope":{"x":"planted-s"}}',
			'{"web":{"client_id":"their-client","client_secret":"planted-b"}}', '["openid"]')`, benchReader(1)))
		for name, text := range map[string]string{"a structure": members, "its text": once, "the text of its text": twice, "blanks before": " \t\n" + members} {
			storetest.Exec(t, s, "UPDATE gmail_token SET metadata = '"+text+"', notes = '"+text+"'")
			shown := shownOf(t, s)
			if strings.Contains(shown, "planted-") {
				t.Errorf("%s: shown: %s", name, shown)
			}
			for _, want := range []string{`"email":"haneul@gaon.example"`, `"name":"하늘"`, `"max_tokens":100`, `"active":true`, `"seen":"2026-11-20 09:00:00"`,
				`"cookie":"[redacted]"`, `"client_id":"their-client"`, `"token_type":"Bearer"`, `"scopes":["openid"]`} {
				if !strings.Contains(shown, want) {
					t.Errorf("%s: %s is not shown: %s", name, want, shown)
				}
			}
		}
		for _, text := range []string{"planted-words", `{"pin":"planted-half"`, `{"pin":"planted-one"} {"pin":"planted-two"}`} {
			storetest.Exec(t, s, "UPDATE gmail_token SET metadata = '{}', notes = '"+text+"'")
			if shown := shownOf(t, s); strings.Contains(shown, "planted-") {
				t.Errorf("shown: %s", shown)
			}
		}
	})
}

// quotedText is the text as JSON has it.
func quotedText(t *testing.T, text string) string {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(quoted)
}

// shownOf is what is shown of the first reader.
func shownOf(t *testing.T, s *store.Store) string {
	t.Helper()
	held, err := s.Held(t.Context(), benchReader(1))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(held)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
