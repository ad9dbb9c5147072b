package delivery_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"achim/briefing"
	"achim/delivery"
)

var kst = time.FixedZone("KST", 9*60*60)

// monday is the evening of 23 November 2026 in Seoul.
var monday = time.Date(2026, 11, 23, 18, 0, 0, 0, kst)

// telling is what all notices of the stories have in common.
func telling(kind briefing.NoticeKind, change func(t *briefing.Telling)) briefing.Telling {
	t := briefing.Telling{
		Kind: kind, Zone: kst, Now: monday, At: briefing.TimeOfDay{Hour: 9}, Weekdays: briefing.EveryDay,
		Reader: briefing.Reader{ID: "3f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f", Name: "하늘"}, Next: monday.Add(15 * time.Hour),
	}
	if change != nil {
		change(&t)
	}
	return t
}

// noticeStories are the notices whose words are pinned.
var noticeStories = map[string]briefing.Telling{
	"welcome": telling(briefing.NoticeWelcome, nil),
	"welcome_connected": telling(briefing.NoticeWelcome, func(t *briefing.Telling) {
		t.Connected, t.Weekdays = true, briefing.EveryDay&^(1<<time.Saturday|1<<time.Sunday)
	}),
	"welcome_no_feeds": telling(briefing.NoticeWelcome, nil),
	"welcome_own_feed": telling(briefing.NoticeWelcome, func(t *briefing.Telling) {
		t.Reader.Feeds = []briefing.Feed{{URL: "https://news.gaon.example/own.xml"}}
	}),
	"welcome_hostile": telling(briefing.NoticeWelcome, func(t *briefing.Telling) {
		t.Reader.Name, t.Weekdays = "<!channel> *bold* \u202eevil <https://evil.example|bank>", 1<<time.Monday|1<<time.Wednesday|1<<time.Friday
	}),
	"reminder":      telling(briefing.NoticeReminder, nil),
	"reminder_last": telling(briefing.NoticeReminder, func(t *briefing.Telling) { t.Last = true }),
	"grant_dead": telling(briefing.NoticeGrantDead, func(t *briefing.Telling) {
		t.Now = time.Date(2026, 11, 24, 8, 0, 0, 0, kst)
		t.Since = t.Now.Add(-2 * time.Minute)
	}),
	"grant_dead_idle": telling(briefing.NoticeGrantDead, func(t *briefing.Telling) { t.Since, t.Next = t.Now.Add(-time.Minute), time.Time{} }),
	"grant_ending": telling(briefing.NoticeGrantEnding, func(t *briefing.Telling) {
		t.Ends = time.Date(2026, 11, 24, 7, 40, 0, 0, kst)
	}),
	"grant_ending_testing": telling(briefing.NoticeGrantEnding, func(t *briefing.Telling) {
		t.Ends, t.Testing, t.Told = time.Date(2026, 11, 24, 7, 40, 0, 0, kst), true, true
	}),
	"grant_ending_untold": telling(briefing.NoticeGrantEnding, func(t *briefing.Telling) {
		t.Ends, t.Testing = time.Date(2026, 11, 23, 22, 40, 0, 0, kst), true
	}),
	"reader_left": telling(briefing.NoticeLeft, func(t *briefing.Telling) {
		t.Since, t.EraseOn, t.Reader.LeftReason = monday.Add(-time.Minute), briefing.Date{Year: 2026, Month: 12, Day: 23}, briefing.LeftSlack
	}),
	"reader_left_google": telling(briefing.NoticeLeft, func(t *briefing.Telling) {
		t.Since, t.EraseOn, t.Reader.LeftReason = monday.Add(-11*time.Hour), briefing.Date{Year: 2026, Month: 12, Day: 23}, briefing.LeftGoogle
	}),
	"testing": telling(briefing.NoticeTesting, func(t *briefing.Telling) { t.Reader = briefing.Reader{} }),
	"trouble": telling(briefing.NoticeTrouble, func(t *briefing.Telling) {
		t.Reader, t.Reason, t.Since = briefing.Reader{}, briefing.ClientMisconfigured, monday.Add(-time.Minute)
	}),
	"trouble_api": telling(briefing.NoticeTrouble, func(t *briefing.Telling) {
		t.Reader, t.Reason, t.Source, t.Since = briefing.Reader{}, briefing.APIDisabled, briefing.Gmail, monday.Add(-time.Minute)
	}),
}

// TestNotices pins the words of every notice, in both languages, with a link and without one.
func TestNotices(t *testing.T) {
	for name, story := range noticeStories {
		for _, code := range []briefing.Language{briefing.Korean, briefing.English} {
			for _, noLink := range []bool{false, true} {
				if noLink && story.Kind.ToOperator() {
					continue
				}
				story.Language = code
				file := fmt.Sprintf("testdata/notices/%s.%s.txtar", name, code)
				cfg := house()
				cfg.KeepDays, cfg.TeamFeeds = 30, name != "welcome_no_feeds" && name != "welcome_own_feed"
				if noLink {
					file = fmt.Sprintf("testdata/notices/%s_ask.%s.txtar", name, code)
					cfg.ConnectURL = nil
				}
				t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
					pinNotice(t, file, delivery.NewRenderer(cfg).Notice(story))
				})
			}
		}
	}
}

func pinNotice(t *testing.T, file string, m briefing.Message) {
	t.Helper()
	checkLimits(t, m)
	var indented bytes.Buffer
	if err := json.Indent(&indented, m.Blocks, "", " "); err != nil {
		t.Fatal(err)
	}
	got := txtar.Format(&txtar.Archive{Files: []txtar.File{
		{Name: "want.text", Data: []byte(m.Text + "\n")},
		{Name: "want.blocks", Data: []byte(readable(t, m.Blocks))},
		{Name: "want.plain", Data: []byte(m.Plain + "\n")},
		{Name: "want.json", Data: append(indented.Bytes(), '\n')},
	}})
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
	all := m.Text + string(m.Blocks)
	for _, broken := range []string{"%!", "degraded", "귀하", "당신", "<!", "\u202e"} {
		if strings.Contains(all, broken) {
			t.Errorf("%q stands in %s", broken, all)
		}
	}
	if strings.Contains(m.Plain, "achim.gaon.example") {
		t.Error("plain text links to our own server")
	}
}

// TestTheEveningBeforeTheEnd holds the two samples word by word.
func TestTheEveningBeforeTheEnd(t *testing.T) {
	for code, want := range map[briefing.Language]string{
		briefing.Korean: `Google 연결이 내일 07:40에 끝납니다 · 지금 연장하면 내일 브리핑도 빠짐없이 갑니다
Google 연결이 내일(화) 07:40에 끝납니다.
그대로 두면 내일 09:00 브리핑에 메일과 일정이 빠집니다. 지금 연장해 두시면 평소처럼 보내 드립니다.
<https://achim.gaon.example/connect/not-a-token|지금 연장하기>
1분이면 됩니다. 이번 건은 다시 알리지 않겠습니다.
이 서버의 Google 앱이 아직 ‘테스트’ 상태라 7일마다 끝납니다. 관리자(@jiwon)에게도 알렸습니다.`,
		briefing.English: `Your Google connection ends tomorrow at 07:40 · renew now and tomorrow's briefing stays whole
Your Google connection ends tomorrow (Tue) at 07:40.
Leave it, and tomorrow's 09:00 briefing comes without mail and calendar. Renew now and it comes as usual.
<https://achim.gaon.example/connect/not-a-token|Renew now>
Takes a minute. We won't remind you again about this one.
This server's Google app is still in “Testing”, so connections end every 7 days. We've told @jiwon as well.`,
	} {
		story := noticeStories["grant_ending_testing"]
		story.Language = code
		if diff := cmp.Diff(want, delivery.NewRenderer(house()).Notice(story).Text); diff != "" {
			t.Errorf("%s (-want +got):\n%s", code, diff)
		}
	}
}

// TestOnlyOneCodeSaysDeactivated: what Slack says of somebody it does not know is not taken for a leave.
func TestOnlyOneCodeSaysDeactivated(t *testing.T) {
	s, _, d := workspace(t)
	reader := briefing.Reader{SlackUserID: "U0HANEUL01"}
	channel, err := d.Open(t.Context(), reader)
	if err != nil {
		t.Fatal(err)
	}
	post := briefing.Post{ChannelID: channel, Notice: briefing.NoticeReminder, Message: briefing.Message{Text: "안녕하세요"}}
	if _, err := d.Post(t.Context(), post); err != nil {
		t.Fatal(err)
	}
	if got := string(s.Messages("U0HANEUL01")[0].Metadata); got != `{"event_type":"achim_notice","event_payload":{"kind":"reminder"}}` {
		t.Errorf("metadata is %s", got)
	}
	if _, err := d.Open(t.Context(), briefing.Reader{SlackUserID: "U0NOBODY01"}); errors.Is(err, briefing.ErrDeactivated) || briefing.ReasonOf(err) != briefing.RecipientUnreachable {
		t.Errorf("somebody unknown is %v", err)
	}
	s.DisableUser("U0HANEUL01")
	_, opened := d.Open(t.Context(), reader)
	_, posted := d.Post(t.Context(), post)
	for _, err := range []error{opened, posted} {
		if !errors.Is(err, briefing.ErrDeactivated) || briefing.ReasonOf(err) != briefing.RecipientUnreachable {
			t.Errorf("somebody deactivated is %v", err)
		}
	}
}
