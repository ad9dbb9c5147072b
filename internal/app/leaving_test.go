package app_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/store"
	"achim/store/storetest"
)

// reader returns haneul as stored.
func (h *house) reader() briefing.Reader {
	h.t.Helper()
	r, err := h.app.Store.Reader(h.t.Context(), haneul)
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// rows returns what a query finds, as one text.
func (h *house) rows(query string) string {
	h.t.Helper()
	return strings.Join(storetest.Rows(h.t, h.app.Store, query), "; ")
}

// calls is how often Google and Slack were called in all.
func (h *house) calls() int {
	total := 0
	for _, op := range []string{"token", "gmail.messages.list", "calendar.calendarList.list"} {
		total += h.google.Calls(op)
	}
	for _, op := range []string{"conversations.open", "chat.postMessage", "chat.update"} {
		total += h.slack.Calls(op)
	}
	return total
}

// withOperator gives the house somebody to tell.
func (h *house) withOperator() {
	h.slack.AddUser(operatorSlack, "jiwon", "최지원")
	h.env["SLACK_OPERATOR_USER"] = operatorSlack
}

// gone lays out a house whose reader has left Slack at 09:00 on the friday, of which the operator was told.
func (h *house) gone() {
	h.t.Helper()
	h.withOperator()
	h.start()
	h.addHaneul()
	h.connect()
	h.trigger("")
	h.slack.DisableUser(haneulSlack)
	h.clock.set(friday.Add(24 * time.Hour))
	h.trigger("")
	h.eventually("the reader has left", func() bool { return h.reader().Left() })
	h.look(friday.Add(24*time.Hour + time.Minute))
}

// TestAReaderLeaves: Slack says that the account is deactivated: nobody is called for them any more, days pass as missed
// with the reason, and the operator is told once.
func TestAReaderLeaves(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.gone()
		h.got(operatorSlack, "reader_left:1")
		holds(t, h.noticed(operatorSlack)["reader_left"][0].Text, "haneul 님의 Slack 계정이 비활성화되어", "12월 21일이 지나면", "--back")
		view := h.json("GET", "/api/users/"+haneul, apiSecret, "", http.StatusOK)
		wants(t, view, map[string]any{"left_reason": "slack_deactivated", "next_due_at": nil})
		if at, err := time.Parse(time.RFC3339, fmt.Sprint(view["left_at"])); err != nil || at.Sub(friday.Add(24*time.Hour)).Abs() > time.Minute {
			t.Errorf("left at %v", view["left_at"])
		}

		before := h.calls()
		h.stop()
		h.start()
		for day := 22; day <= 25; day++ {
			h.clock.set(seoulAt(day, 8, 58))
			if _, err := h.app.Planner.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.look(seoulAt(day, 9, 10))
			wants(t, h.json("POST", "/api/cron/daily-summary?wait=5s", cronSecret, "", http.StatusOK), map[string]any{"readers": []any{}})
			wants(t, h.trigger(fmt.Sprintf(`{"user_ids":[%q],"force":true}`, haneul)), map[string]any{"outcome": "skipped", "reason": "left"})
			wants(t, h.trigger(fmt.Sprintf(`{"user_ids":[%q],"dry_run":true}`, haneul)), map[string]any{"outcome": "skipped", "reason": "left"})
		}
		if after := h.calls(); after != before {
			t.Errorf("%d calls for somebody who is gone", after-before)
		}
		h.got(operatorSlack, "reader_left:1")
		if got := h.rows("SELECT date, state, reason FROM achim_entry WHERE date >= '2026-11-22' ORDER BY date"); got !=
			"2026-11-22|missed|left; 2026-11-23|missed|left; 2026-11-24|missed|left; 2026-11-25|missed|left" {
			t.Errorf("the days after are %s", got)
		}
	})
}

// TestComingBack within the thirty days: nothing was erased, and the day's briefing comes after all.
func TestComingBack(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.gone()
		h.clock.set(seoulAt(24, 8, 58))
		if _, err := h.app.Planner.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.slack.AddUser("U0AGAIN", "haneul", "김하늘")
		h.json("PUT", "/api/users/"+haneul, apiSecret, `{"left_at":null,"slack_user_id":"U0AGAIN"}`, http.StatusOK)
		h.app.Housekeep(t.Context())
		h.clock.set(seoulAt(24, 9, 0))
		h.app.Trigger.Wake()
		h.eventually("today's briefing", func() bool { return len(h.slack.Messages("U0AGAIN")) == 1 })
		holds(t, seen(h.slack.Messages("U0AGAIN")[0]), "11월 24일 화요일", "모두 읽었습니다")
		if r := h.reader(); r.Left() || r.LeftReason != "" {
			t.Errorf("the reader is %+v", r)
		}
	})
}

// meanwhile is the readers of a roster, with something that happens once, right after somebody was looked up.
type meanwhile struct {
	briefing.ReaderStore
	happens func()
}

func (m *meanwhile) Reader(ctx context.Context, ref string) (briefing.Reader, error) {
	r, err := m.ReaderStore.Reader(ctx, ref)
	if f := m.happens; f != nil {
		m.happens = nil
		f()
	}
	return r, err
}

// TestLeavingGoesByWhatIsSo: what Slack says of one account is not held against another, and what happens while somebody
// is being marked as gone counts.
func TestLeavingGoesByWhatIsSo(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.connect()
		h.trigger("")
		dm := h.reader().SlackChannelID
		roster := *h.app.Roster
		between := &meanwhile{ReaderStore: roster.Readers}
		roster.Readers = between
		leave := func(cause error, happens func()) bool {
			between.happens = happens
			left, err := roster.Leave(t.Context(), haneul, briefing.LeftSlack, cause)
			if err != nil || left != h.reader().Left() {
				t.Fatalf("left %v: %v, %+v", left, err, h.reader())
			}
			return left
		}
		h.slack.AddUser("U0AGAIN", "haneul", "김하늘")
		put := func(body string) func() {
			return func() { h.json("PUT", "/api/users/"+haneul, apiSecret, body, http.StatusOK) }
		}
		for what, cause := range map[string]error{
			"another id": &briefing.DeactivatedError{SlackUserID: "U0OLD"}, "another DM": &briefing.DeactivatedError{ChannelID: "D0OLD"},
		} {
			if leave(fmt.Errorf("open DM: %w", cause), nil) {
				t.Errorf("%s was deactivated, and the reader has left", what)
			}
		}
		if leave(&briefing.DeactivatedError{ChannelID: dm}, put(`{"slack_user_id":"U0AGAIN"}`)) {
			t.Error("given another Slack id meanwhile, and left")
		}
		if !leave(&briefing.DeactivatedError{SlackUserID: "U0AGAIN"}, put(`{"deliver_at":"08:30"}`)) || h.reader().At.String() != "08:30" {
			t.Errorf("what was changed meanwhile is lost: %+v", h.reader())
		}
		between.happens = put(`{"name":"하늘"}`)
		if err := roster.Return(t.Context(), haneul); err != nil || h.reader().Left() || h.reader().Name != "하늘" {
			t.Errorf("back: %v, %+v", err, h.reader())
		}
		left, err := func() (bool, error) {
			between.happens = func() { h.call("DELETE", "/api/users/"+haneul, apiSecret, "") }
			return roster.Leave(t.Context(), haneul, briefing.LeftSlack, nil)
		}()
		if got := h.rows("SELECT COUNT(*) FROM achim_reader"); left || err != nil || got != "0" {
			t.Errorf("removed meanwhile: left %v, %v, %s readers", left, err, got)
		}
	})
}

// TestThirtyDaysLater: the night erases what is kept of somebody who is gone, revokes the grant, and says how many.
func TestThirtyDaysLater(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.gone()
		h.clock.set(friday.AddDate(0, 0, 30))
		h.app.Housekeep(t.Context())
		if h.rows("SELECT COUNT(*) FROM gmail_token") != "1" || h.google.Calls("revoke") != 0 {
			t.Error("erased a day too early")
		}
		h.clock.set(friday.AddDate(0, 0, 31).Add(time.Hour))
		h.app.Housekeep(t.Context())
		h.app.Housekeep(t.Context())
		holds(t, h.log.String(), "readers_erased=1 grants_ended=1")
		if n := strings.Count(h.log.String(), "readers_erased=1"); n != 1 {
			t.Errorf("said %d times that somebody was erased", n)
		}
		if h.google.Calls("revoke") != 1 {
			t.Errorf("%d calls to revoke, want one", h.google.Calls("revoke"))
		}
		for _, table := range []string{"gmail_token", "achim_credential_state", "achim_entry WHERE state <> 'missed'", "achim_entry_body", "achim_seen", "achim_copy",
			"achim_source_state", "achim_run_reader", "achim_notice", "conversation_log"} {
			if got := h.rows("SELECT COUNT(*) FROM " + table); got != "0" {
				t.Errorf("%s rows are left in %s", got, table)
			}
		}
		if r := h.reader(); !r.Left() || r.ErasedAt.IsZero() || r.Name != "haneul" {
			t.Errorf("the reader is %+v", r)
		}
		h.look(friday.AddDate(0, 0, 31).Add(2 * time.Hour))
		h.got(operatorSlack, "reader_left:1")
	})
}

// TestGoogleIsAwayThatNight: contents go at once, the grant as soon as Google can be told, and after fourteen days all the
// same; a connection made since is left alone.
func TestGoogleIsAwayThatNight(t *testing.T) {
	for name, c := range map[string]struct {
		back  int // in which night Google is back; 0 = never
		anew  bool
		calls int
		says  string
	}{
		"back in the third night": {back: 3, calls: 3},
		"away for good":           {calls: 15, says: "forgotten and could not be revoked at Google"},
		"connected anew":          {back: 3, anew: true, calls: 1},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, h *house) {
				h.gone()
				h.google.Inject(standin.Fault{Op: "revoke", Status: http.StatusServiceUnavailable})
				for night := 1; night <= 18; night++ {
					h.clock.set(friday.AddDate(0, 0, 30+night).Add(time.Hour))
					if night == c.back {
						h.google.Clear()
					}
					h.app.Housekeep(t.Context())
					if r := h.reader(); r.ErasedAt.IsZero() {
						t.Fatalf("night %d: not erased", night)
					}
					if got := h.rows("SELECT COUNT(*) FROM achim_entry WHERE state <> 'missed'") + h.rows("SELECT COUNT(*) FROM conversation_log"); got != "00" {
						t.Fatalf("night %d: contents are there, of so many entries and rows: %s", night, got)
					}
					if night == 1 && c.anew {
						h.clock.set(h.clock.now().Add(time.Minute))
						h.connect()
					}
					want := "1"
					if !c.anew && (c.back > 0 && night >= c.back || night > 14) {
						want = "0"
					}
					if got := h.rows("SELECT COUNT(*) FROM gmail_token"); got != want {
						t.Fatalf("night %d: %s grants, want %s", night, got, want)
					}
				}
				if n := h.google.Calls("revoke"); n != c.calls {
					t.Errorf("%d calls to revoke, want %d", n, c.calls)
				}
				holds(t, h.log.String(), "tomorrow night tries again", "readers_erased=1", c.says)
				if n := strings.Count(h.log.String(), "grants_ended=1"); n != 1 && !c.anew {
					t.Errorf("said %d times that a grant has ended", n)
				}
				if !c.anew {
					if left := h.rows("SELECT COUNT(*) FROM achim_credential_state"); left != "0" {
						t.Errorf("%s grants are still known of", left)
					}
				}
			})
		})
	}
}

// TestWhatHappensToAGrantThatIsToEnd: a grant that could not be revoked in the night of the erasure is, when Google is back,
// whatever has happened to its row; and one of which a token can be read is not forgotten before.
func TestWhatHappensToAGrantThatIsToEnd(t *testing.T) {
	const unreadable = "UPDATE gmail_token SET scopes = '5'"
	const unknown = "DELETE FROM achim_credential_state"
	for name, c := range map[string]struct {
		before, after string // what is done to the rows before that night, and after it
		refreshed     bool
	}{
		"refreshed by another program's call": {refreshed: true},
		"refreshed, and of another program":   {before: unknown, refreshed: true},
		"not to be read whole any more":       {after: unreadable},
		"never to be read whole":              {before: unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, h *house) {
				night := func(n int) {
					h.clock.set(friday.AddDate(0, 0, 30+n).Add(time.Hour))
					h.app.Housekeep(t.Context())
				}
				run := func(statement string) {
					if statement != "" {
						storetest.Exec(t, h.app.Store, statement)
					}
				}
				h.gone()
				run(c.before)
				h.google.Inject(standin.Fault{Op: "revoke", Status: http.StatusServiceUnavailable})
				night(1)
				if rows := h.rows("SELECT COUNT(*) FROM gmail_token"); rows != "1" || h.google.Calls("revoke") != 1 || h.reader().ErasedAt.IsZero() {
					t.Fatalf("%s rows after the first night, with %d calls", rows, h.google.Calls("revoke"))
				}
				h.google.Clear()
				run(c.after)
				if c.refreshed {
					h.clock.set(h.clock.now().Add(time.Hour))
					h.json("POST", "/api/gmail/refresh/"+haneul, apiSecret, "", http.StatusOK)
				}
				night(2)
				if rows := h.rows("SELECT COUNT(*) FROM gmail_token"); rows != "0" || h.google.Calls("revoke") != 2 {
					t.Errorf("%s rows after the second night, with %d calls", rows, h.google.Calls("revoke"))
				}
			})
		})
	}
}

// TestASealedGrantWaitsForItsKey: for however many nights, since only with it Google can be asked.
func TestASealedGrantWaitsForItsKey(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.gone()
		tokens := h.rows("SELECT token_data FROM gmail_token")
		storetest.Exec(t, h.app.Store, `UPDATE gmail_token SET token_data = '{"achim_sealed":"AQutyv4="}'`)
		for n := 1; n <= 20; n++ {
			h.clock.set(friday.AddDate(0, 0, 30+n).Add(time.Hour))
			h.app.Housekeep(t.Context())
		}
		if rows := h.rows("SELECT COUNT(*) FROM gmail_token"); rows != "1" || h.reader().ErasedAt.IsZero() {
			t.Fatalf("%s rows are left", rows)
		}
		storetest.Exec(t, h.app.Store, "UPDATE gmail_token SET token_data = '"+tokens+"'")
		h.app.Housekeep(t.Context())
		if rows := h.rows("SELECT COUNT(*) FROM gmail_token"); rows != "0" || h.google.Calls("revoke") != 1 {
			t.Errorf("%s rows are left, after %d calls", rows, h.google.Calls("revoke"))
		}
	})
}

// TestWhoComesBackAtNightStays: of several who are gone, one comes back while the first is being erased.
func TestWhoComesBackAtNightStays(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.gone()
	const bora = "66666666-6666-4666-8666-666666666666"
	h.json("PUT", "/api/users/"+bora+"?quiet=true", apiSecret, `{"name":"bora","slack_user_id":"U0BORA"}`, http.StatusCreated)
	storetest.Exec(t, h.app.Store, fmt.Sprintf("UPDATE achim_reader SET left_at = %d, left_reason = 'slack_deactivated' WHERE id = '%s'",
		friday.Add(25*time.Hour).UnixMilli(), bora))
	storetest.Exec(t, h.app.Store, "INSERT INTO gmail_token (user_id, token_data, metadata) VALUES ('"+bora+"', "+
		`'{"access_token":"at-bora","refresh_token":"rt-bora"}', '{"email":"bora@gaon.example"}')`)
	h.clock.set(friday.AddDate(0, 0, 32).Add(2 * time.Hour))
	h.google.Inject(standin.Fault{Op: "revoke", Match: func(*http.Request) bool {
		if h.reader().Left() { // haneul, the first
			h.json("PUT", "/api/users/"+bora, apiSecret, `{"left_at":null}`, http.StatusOK)
		}
		return false
	}})
	h.app.Housekeep(t.Context())
	holds(t, h.log.String(), "readers_erased=1 grants_ended=1")
	if got := h.rows("SELECT user_id FROM gmail_token"); got != bora {
		t.Errorf("grants of %q are left, want that of the one who is back", got)
	}
	if got := h.rows("SELECT COUNT(*) FROM achim_reader WHERE erased_at IS NOT NULL"); got != "1" {
		t.Errorf("%s readers are erased, want one", got)
	}
}

// TestADeletedGoogleAccount: Google's word is taken once. Whoever connects another account is back by themselves.
func TestADeletedGoogleAccount(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.withOperator()
	h.start()
	h.addHaneul()
	h.connect()
	deleted := fmt.Sprintf("UPDATE achim_credential_state SET gone = 1, dead_since = %d, last_error = 'policy_blocked'", friday.UnixMilli())
	storetest.Exec(t, h.app.Store, deleted)
	h.look(friday.Add(2 * time.Minute))
	h.look(friday.Add(time.Hour))
	h.got(operatorSlack, "reader_left:1")
	h.got(haneulSlack, "")
	if r := h.reader(); r.LeftReason != briefing.LeftGoogle {
		t.Fatalf("the reader is %+v", r)
	}
	h.json("PUT", "/api/users/"+haneul, apiSecret, `{"left_at":null}`, http.StatusOK)
	h.stop()
	h.start()
	h.look(friday.Add(2 * time.Hour))
	if h.reader().Left() {
		t.Error("taken for gone again after somebody has said that they are back")
	}
	if _, err := h.app.Roster.Leave(t.Context(), haneul, briefing.LeftGoogle, nil); err != nil {
		t.Fatal(err)
	}
	h.connect()
	h.look(friday.Add(3 * time.Hour))
	if h.reader().Left() {
		t.Error("not back after connecting again")
	}
}

// TestNotFoundIsNotGone: an id that Slack does not know may be mistyped, and with a token of another workspace it is
// everybody's.
func TestNotFoundIsNotGone(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.withOperator()
	h.start()
	h.addHaneul()
	h.slack.Inject(standin.Fault{Op: "*", Status: 200, Body: `{"ok":false,"error":"user_not_found"}`})
	h.trigger("")
	h.slack.Clear()
	h.look(friday.Add(time.Hour))
	h.got(operatorSlack, "")
	if h.reader().Left() {
		t.Error("taken for gone")
	}
}

// everyTable is the schema's tables and their columns.
func (h *house) everyTable() map[string][]string {
	h.t.Helper()
	query := "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
	if !h.app.Store.Exclusive() {
		query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
	}
	tables := map[string][]string{}
	for _, row := range storetest.Rows(h.t, h.app.Store, query) {
		table, column, _ := strings.Cut(row, "|")
		tables[table] = append(tables[table], column)
	}
	return tables
}

// dump returns every row of every table, by table.
func (h *house) dump() map[string]string {
	h.t.Helper()
	dump := map[string]string{}
	for table := range h.everyTable() {
		dump[table] = strings.Join(storetest.Rows(h.t, h.app.Store, "SELECT * FROM "+table), "\n")
	}
	return dump
}

// marks are what must be found nowhere once a reader was erased.
var marks = []string{haneul, haneulSlack, haneulMail, "계약서", "D0HANEUL", "제품 주간회의", "ya29", "하늘"}

// planted lays out a house in which every table that can holds something of the reader, and something of others.
func (h *house) planted() {
	h.t.Helper()
	h.withOperator()
	h.start()
	h.welcomeHaneul()
	h.look(friday.Add(2 * time.Minute))
	h.connect()
	h.trigger("")
	h.trigger(`{"dry_run":true,"user_ids":["` + haneul + `"]}`)
	h.consentBegun()
	waiting := briefing.Pending{TicketHash: "ticket", ExpiresAt: h.clock.now().Add(48 * time.Hour), Grant: briefing.Credential{ReaderID: haneul,
		Email: waitingMail, AccessToken: briefing.NewSecret("ya29.waiting"), RefreshToken: briefing.NewSecret("1//waiting")}}
	if err := h.app.Store.SavePending(h.t.Context(), waiting); err != nil {
		h.t.Fatal(err)
	}
	h.clock.set(seoulAt(21, 8, 58))
	if _, err := h.app.Planner.Tick(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.app.Trigger.Wake()
	h.eventually("prepared", func() bool { return h.entry().State == briefing.Prepared })
	storetest.Exec(h.t, h.app.Store, "INSERT INTO conversation_log (user_id, role, content, metadata) VALUES ('"+haneul+"', 'user', 'of another program', '{\"kind\":\"chat\"}')")
	storetest.Exec(h.t, h.app.Store, "INSERT INTO conversation_log (user_id, role, content) VALUES ('"+haneul+"', 'user', 'of another program')")
}

// waitingMail is somebody's who came by way of haneul's link and has not said yes.
const waitingMail = "waiting@gaon.example"

// consentBegun begins a consent and does not come back.
func (h *house) consentBegun() {
	h.t.Helper()
	h.json("GET", "/api/gmail/auth?user_id="+haneul, apiSecret, "", http.StatusOK)
}

// ofNobody are the tables in which nothing of a reader stands: of runs, who was in them stands elsewhere, and a cohort is
// what any number of readers have in common.
var ofNobody = []string{"achim_account", "achim_client", "achim_cohort", "achim_goose_version", "achim_install", "achim_pace", "achim_run", "achim_seal_key"}

// TestEveryTableIsCovered is the checklist: every table with a column that names a reader, an entry or a grant is one
// that erasing and showing know, whatever a later migration adds.
func TestEveryTableIsCovered(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		known := map[string]bool{}
		for _, table := range store.Holdings() {
			known[table] = true
		}
		for table, columns := range h.everyTable() {
			for _, column := range columns {
				switch column {
				case "reader_id", "user_id", "entry_id", "fingerprint", "slack_user_id", "slack_channel_id", "email":
					if !known[table] {
						t.Errorf("%s has a column %s, and neither erasing a reader nor showing what is stored knows the table: add it to store/holdings.go", table, column)
					}
				}
			}
			if !known[table] && !slices.Contains(ofNobody, table) {
				t.Errorf("%s is new: add it to store/holdings.go, or here if nothing of a reader stands in it", table)
			}
		}
	})
}

// TestWhatIsStoredIsShown: every table that holds something of a reader is shown, with nothing that opens anything.
func TestWhatIsStoredIsShown(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.planted()
		h.json("PUT", "/api/users/"+haneul, apiSecret, `{"weekdays":["mon","tue","wed","thu","fri"]}`, http.StatusOK)
		// What other programs have added: some of it only sounds like a secret.
		storetest.Exec(t, h.app.Store, "ALTER TABLE conversation_log ADD COLUMN tokens_used INTEGER DEFAULT 812")
		storetest.Exec(t, h.app.Store, "ALTER TABLE conversation_log ADD COLUMN bot_token TEXT DEFAULT 'planted-theirs'")
		storetest.Exec(t, h.app.Store, `UPDATE gmail_token SET metadata = '{"email":"haneul@gaon.example","max_tokens":100,"api_key":"planted-theirs"}'`)
		held, err := h.app.Store.Held(t.Context(), haneul)
		if err != nil {
			t.Fatal(err)
		}
		shown := map[string]string{}
		for _, table := range held {
			shown[table.Table] = fmt.Sprint(table.Rows)
		}
		for _, table := range store.Holdings() {
			if shown[table] == "" {
				t.Errorf("nothing of %s is shown", table)
			}
		}
		all := fmt.Sprint(shown)
		holds(t, all, "계약서 3조 수정안", "제품 주간회의", "welcome", haneulMail, "[redacted]")
		lacks(t, all, "of another program", "ya29", "1//", clientSecret, "planted-")
		holds(t, shown["achim_reader"], "weekdays:[mon tue wed thu fri]", "paused:false")
		holds(t, shown["conversation_log"], "tokens_used:812", "bot_token:[redacted]")
		holds(t, shown["gmail_token"], "max_tokens:100", "api_key:[redacted]", "client_secret:[redacted]", "access_token:[redacted]", "token_type:Bearer")
		var secrets []string
		for _, row := range storetest.Rows(t, h.app.Store, "SELECT token_data->>'access_token', token_data->>'refresh_token' FROM gmail_token") {
			secrets = append(secrets, strings.Split(row, "|")...)
		}
		secrets = append(secrets, storetest.Rows(t, h.app.Store, "SELECT verifier FROM achim_consent")...)
		lacks(t, all, secrets...)
	})
}

// TestEraseLeavesNothing: not a row, not a word; but what other programs wrote stays, and their use of the account.
func TestEraseLeavesNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.planted()
		answer := h.json("DELETE", "/api/users/"+haneul+"?erase=true", apiSecret, "", http.StatusOK)
		wants(t, answer, map[string]any{"user_id": haneul, "grant_ended": true})
		if n := h.google.Calls("revoke"); n != 2 { // the reader's, and what somebody else allowed by way of their link
			t.Errorf("%d calls to revoke, want two", n)
		}
		for table, text := range h.dump() {
			if table == "conversation_log" {
				if strings.Count(text, "of another program") != 2 || strings.Count(text, "\n") != 1 {
					t.Errorf("conversation_log holds %s", text)
				}
				continue
			}
			lacks(t, table+": "+text, append(slices.Clone(marks), waitingMail)...)
		}
		h.look(seoulAt(21, 10, 0))
		h.app.Trigger.Wake()
		h.got(haneulSlack, "welcome:1")
	})
}

// TestRemovingKeepsWhatIsShared: without erase the grant and the log stay, as ever.
func TestRemovingKeepsWhatIsShared(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.planted()
	if got := h.call("DELETE", "/api/users/"+haneul, apiSecret, ""); got.status != http.StatusNoContent {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if h.google.Calls("revoke") != 0 || h.rows("SELECT COUNT(*) FROM gmail_token") != "1" || h.rows("SELECT COUNT(*) FROM achim_notice") != "0" {
		t.Error("removing went too far, or not far enough")
	}
}

// TestASharedAccountIsNotRevoked: somebody else's row is of the same Google account.
func TestASharedAccountIsNotRevoked(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.planted()
	storetest.Exec(t, h.app.Store, "INSERT INTO gmail_token (user_id, token_data, metadata) SELECT '99999999-9999-4999-8999-999999999999', token_data, metadata FROM gmail_token")
	h.json("DELETE", "/api/users/"+haneul+"?erase=true", apiSecret, "", http.StatusOK)
	// Revoked is only what somebody else had allowed by way of the reader's link.
	if h.google.Calls("revoke") != 1 || h.rows("SELECT user_id FROM gmail_token") != "99999999-9999-4999-8999-999999999999" {
		t.Error("the account of somebody else was revoked, or their row is gone")
	}
}

// TestErasedWhileGoogleIsAway: who hangs up is forgotten all the same, and that Google could not be told is said.
func TestErasedWhileGoogleIsAway(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	ctx, hangUp := context.WithCancel(t.Context())
	h.google.Inject(standin.Fault{Op: "revoke", Status: 503, Match: func(*http.Request) bool {
		hangUp()
		return true
	}})
	erased, err := h.app.Erase(ctx, h.reader())
	if err != nil || !erased.Grant || erased.Became != briefing.RevocationFailed {
		t.Errorf("erased %+v, %v", erased, err)
	}
	if got := h.rows("SELECT COUNT(*) FROM achim_reader") + h.rows("SELECT COUNT(*) FROM gmail_token"); got != "00" {
		t.Errorf("readers and grants left: %s", got)
	}
	holds(t, h.log.String(), "could not be revoked at Google")
}
