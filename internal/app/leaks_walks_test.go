package app_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/app"
	"achim/internal/standin"
	"achim/store/storetest"
)

// answers answers the question on a page.
func (p *planted) answers(page answer, reply string) answer {
	p.t.Helper()
	ticket := hidden.FindSubmatch(page.body)
	if ticket == nil {
		p.t.Fatalf("no question: %d %s", page.status, page.body)
	}
	return p.asks("open", "POST", "/connect/confirm", url.Values{"ticket": {string(ticket[1])}, "answer": {reply}}.Encode(),
		"Content-Type", "application/x-www-form-urlencoded")
}

// confirms walks through the question whose account it should be, the pages of who has just connected, and away again.
// Nobody knows haneul's address meanwhile.
func (p *planted) confirms() {
	p.t.Helper()
	p.asks("api", "PUT", "/api/users/"+haneul, `{"email":null}`)
	asked := func() answer {
		page, _ := p.returns(p.begins(), standin.Choice{Email: haneulMail})
		return page
	}
	for _, fault := range echoes(p.garden.Echo()) {
		page := asked()
		fault.Op, fault.Times = "revoke", 1
		p.google.Inject(fault)
		p.answers(page, "no")
		p.google.Clear()
	}
	page := asked()
	if waiting := p.rows("SELECT COUNT(*) FROM achim_pending_grant WHERE tokens <> ''"); waiting != "1" {
		p.t.Fatalf("%s grants wait", waiting)
	}
	p.dumps()
	cookies := p.cookies
	p.cookies = nil
	p.answers(page, "yes") // from another browser
	p.cookies = cookies
	p.answers(page, "perhaps")
	p.asks("open", "POST", "/connect/confirm", url.Values{"ticket": {p.garden.Echo()[:2000]}, "answer": {"yes"}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	connected := p.answers(page, "yes")
	p.answers(page, "yes") // once more
	p.looksAround(connected)
	p.clock.advance(11 * time.Minute)
	asked()
	p.clock.advance(11 * time.Minute)
	p.asks("api", "PUT", "/api/users/"+haneul, `{"email":"`+haneulMail+`"}`)
}

// looksAround goes through the pages that the connected page leads to, and disconnects.
func (p *planted) looksAround(connected answer) {
	p.t.Helper()
	pages := map[string]string{}
	for _, link := range links.FindAllSubmatch(connected.body, -1) {
		pages[string(link[1])] = string(link[0])
	}
	if connected.status != http.StatusOK || pages["stored"] == "" || pages["disconnect"] == "" {
		p.t.Fatalf("connected page: %d %s", connected.status, connected.body)
	}
	for _, line := range []string{"GET " + pages["stored"], "GET " + pages["disconnect"], "POST " + pages["disconnect"], "GET " + pages["stored"], "POST " + pages["disconnect"]} {
		method, path, _ := strings.Cut(line, " ")
		if page := p.asks("open", method, path, ""); page.status != http.StatusOK {
			p.t.Errorf("%s: %d", line, page.status)
		}
		p.asks("open", method, strings.Replace(path, "/stored/", "/disconnect/", 1)+"x", "")
	}
}

// examines lets doctor look at everything, while it is well and while all that it asks repeats what it is sent.
func (p *planted) examines() {
	p.t.Helper()
	examine := func() {
		var told strings.Builder
		report, err := app.Examine(p.t.Context(), app.ExamineOptions{Config: p.config(), Now: p.clock.now})
		if err != nil {
			p.t.Fatal(err)
		}
		if err := app.PrintReport(&told, report); err != nil {
			p.t.Fatal(err)
		}
		raw, err := json.Marshal(report)
		if err != nil {
			p.t.Fatal(err)
		}
		p.said("doctor", told.String()+string(raw))
	}
	examine()
	muttering := slackEchoes(p.garden.Echo())
	for i, fault := range echoes(p.garden.Echo()) {
		fault.Op = "*"
		p.google.Inject(fault)
		p.feeds.Inject(fault)
		fault = muttering[i%len(muttering)]
		fault.Op = "*"
		p.slack.Inject(fault)
		examine()
		p.google.Clear()
		p.feeds.Clear()
		p.slack.Clear()
	}
}

// endsIt takes another program's rows in, disconnects and erases, with Google repeating what it is sent.
func (p *planted) endsIt() {
	p.t.Helper()
	p.sealsOutsiders()
	for _, fault := range echoes(p.garden.Echo())[:5] {
		storetest.Exec(p.t, p.app.Store, "UPDATE achim_credential_state SET dead_since = NULL, failing_since = NULL")
		p.returns(p.begins(), standin.Choice{Email: haneulMail})
		fault.Op = "revoke"
		p.google.Inject(fault)
		p.asks("api", "DELETE", "/api/gmail/"+haneul, "")
		p.google.Clear()
	}
	p.returns(p.begins(), standin.Choice{Email: haneulMail})
	p.asks("api", "DELETE", "/api/users/"+haneul+"?erase=true", "")
}

// sealsOutsiders takes in rows that another program has written plain for readers: the night seals them. What it wrote is an old
// version of the row until the database forgets that (docs/security.md), and so not looked for in the file.
func (p *planted) sealsOutsiders() {
	p.t.Helper()
	for i, id := range []string{"66666666-6666-4666-8666-666666666666", "77777777-7777-4777-8777-777777777777"} {
		token := p.garden.PlantWord("token of another program "+string(rune('a'+i)), "to google", "file")
		client := p.garden.PlantWord("client secret of another program "+string(rune('a'+i)), "to google", "file")
		storetest.Exec(p.t, p.app.Store, `INSERT INTO gmail_token (user_id, token_data, oauth_config) VALUES ('`+id+
			`', '{"access_token":"`+token+`","refresh_token":"1//`+token+`","extra":"`+token+`"}', '{"client_id":"theirs","client_secret":"`+client+`"}')`)
		if _, err := p.app.Store.SaveReader(p.t.Context(), briefing.Reader{ID: briefing.ReaderID(id), Name: "outsider", Paused: true}); err != nil {
			p.t.Fatal(err)
		}
		p.eventually("what another program wrote to be sealed", func() bool {
			p.app.Housekeep(p.t.Context()) // a night that finds one at work leaves it at that
			return p.rows("SELECT COUNT(*) FROM gmail_token WHERE CAST(token_data AS TEXT) LIKE '%achim_sealed%' AND user_id = '"+id+"'") == "1"
		})
	}
}

var (
	// routesInDocs finds routes in docs/api.md, which holds every one there is.
	routesInDocs = regexp.MustCompile(`\b(GET|PUT|POST|DELETE)(?: and (POST))? (/[a-z_/{}-]*)`)
	routesInUse  = regexp.MustCompile(`achim_http_requests_total\{code="\d+",route="([^"]+)"\}`)
)

// askedAll checks that every route that docs/api.md tells of was asked for.
func (p *planted) askedAll() {
	p.t.Helper()
	docs, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		p.t.Fatal(err)
	}
	used := map[string]bool{}
	for _, route := range routesInUse.FindAllSubmatch(p.call("GET", "/metrics", "", "").body, -1) {
		used[strings.TrimSuffix(string(route[1]), "{$}")] = true
	}
	for _, found := range routesInDocs.FindAllSubmatch(docs, -1) {
		for _, method := range found[1:3] {
			path := string(found[3])
			if route := string(method) + " " + path; len(method) > 0 && !used[route] && !used[path] {
				p.t.Errorf("%s was never asked for", route)
			}
		}
	}
}

// TestPlantedSecretsAreNotInNotices: with Slack repeating what it is sent, every DM that is no briefing, to readers and to
// the operator, from the welcome to what is erased of somebody who has left.
func TestPlantedSecretsAreNotInNotices(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			p := plant(t, dialect)
			p.testing(7*24*time.Hour + 30*time.Second)
			p.clock.set(seoulAt(16, 7, 40))
			p.start()
			p.isNoticed()
			p.dumps()
			p.searched()
			for _, leak := range p.garden.Leaks() {
				t.Error(leak)
			}
			p.got(haneulSlack, "welcome:1 reminder:1 grant_ending:1 grant_dead:1")
			p.got(operatorSlack, "testing:1 trouble:1 reader_left:1")
			if !p.garden.Found("connect link", "to slack") {
				t.Error("no link was sent")
			}
		})
	}
}

// isNoticed gives every reason for a notice there is, in the order in which they would come.
func (p *planted) isNoticed() {
	p.t.Helper()
	p.asks("api", "PUT", "/api/users/"+haneul, `{"name":"haneul","slack_user_id":"`+haneulSlack+`","email":"`+haneulMail+`"}`)
	p.muttered(seoulAt(16, 7, 45)) // the welcome
	p.muttered(seoulAt(17, 10, 30))
	p.clock.set(seoulAt(17, 12, 0))
	p.returns(p.begins(), standin.Choice{Email: haneulMail}) // until the 24th, 12:00
	p.muttered(seoulAt(23, 8, 0))
	p.muttered(seoulAt(23, 18, 0))
	p.google.RefreshTokenExpiresIn = 0
	p.returns(p.begins(), standin.Choice{Email: haneulMail})
	for _, fault := range []standin.Fault{
		{Op: "token", Status: http.StatusUnauthorized, Body: standin.OAuthError("invalid_client", p.garden.Echo())},
		{Op: "token", Status: http.StatusBadRequest, Body: standin.OAuthError("invalid_grant", p.garden.Echo())},
	} {
		p.google.Inject(fault)
		_, _ = p.app.Google.RefreshNow(p.t.Context(), haneul)
		p.asks("api", "POST", "/api/gmail/refresh/"+haneul, "")
		p.muttered(p.clock.now().Add(time.Minute))
		p.google.Clear()
	}
	p.clock.set(seoulAt(25, 12, 0))
	p.slack.DisableUser(haneulSlack)
	p.asks("cron", "POST", "/api/cron/daily-summary?wait=20s", `{"force":true}`)
	p.eventually("the reader has left", func() bool { return p.reader().Left() })
	p.muttered(seoulAt(25, 12, 5))
	p.asks("api", "GET", "/api/users/"+haneul, "")
	p.dumps()
	p.clock.set(seoulAt(25, 12, 0).Add(briefing.KeepLeft + time.Hour))
	p.google.Inject(standin.Fault{Op: "revoke", Status: http.StatusInternalServerError, Body: p.garden.Echo()})
	p.app.Housekeep(p.t.Context())
	p.eventually("everything to be erased", func() bool { return !p.reader().ErasedAt.IsZero() })
}

// muttered looks after notices from a time on while Slack repeats what it is sent, and then while it does not. What has
// been settled badly meanwhile is taken for new.
func (p *planted) muttered(at time.Time) {
	p.t.Helper()
	faults := append(slackEchoes(p.garden.Echo()), standin.Fault{Status: http.StatusTooManyRequests, Body: p.garden.Echo()})
	for _, op := range []string{"conversations.open", "chat.postMessage"} {
		for _, fault := range faults {
			fault.Op, fault.Times = op, 2 // a message is sent again as plain text
			p.slack.Inject(fault)
			p.clock.set(at)
			_ = p.app.Herald.Check(p.t.Context()) // may say that Slack takes no calls
			p.slack.Clear()
			storetest.Exec(p.t, p.app.Store, "UPDATE achim_notice SET state = 'pending', next_at = due_at, tries = 0, settled_at = NULL, epoch = epoch + 1 WHERE state IN ('failed', 'unknown', 'pending')")
			storetest.Exec(p.t, p.app.Store, "UPDATE achim_reader SET slack_channel_id = ''")
			at = at.Add(2 * time.Minute)
		}
	}
	p.look(at.Add(15 * time.Minute))
}
