package language_test

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"achim/briefing"
	"achim/internal/language"
)

var (
	seoul     = time.FixedZone("KST", 9*60*60)
	languages = []briefing.Language{briefing.Korean, briefing.English}
	// Tuesday 24 November 2026.
	clock = language.Clock{Today: briefing.Date{Year: 2026, Month: 11, Day: 24}, Zone: seoul}
)

// at is an instant of November 2026 in Korea.
func at(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, seoul) }

// TestComplete is the checklist for a language: no field of Words may be left out.
func TestComplete(t *testing.T) {
	for _, code := range languages {
		w := language.For(code)
		if w.Code != code {
			t.Errorf("For(%s) speaks %s", code, w.Code)
		}
		v := reflect.ValueOf(w)
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("%s has no words for %s", code, v.Type().Field(i).Name)
			}
		}
	}
	if language.For("xx").Code != briefing.Korean {
		t.Error("an unknown language does not fall back to Korean")
	}
}

// reasons is every reason a source can fail for.
var reasons = []briefing.Reason{
	briefing.ReauthRequired, briefing.ScopeMissing, briefing.ClientMisconfigured, briefing.APIDisabled,
	briefing.PolicyBlocked, briefing.RateLimited, briefing.Timeout, briefing.Unavailable, briefing.Malformed, briefing.Internal,
}

var sets = [][]briefing.SourceName{
	{briefing.Gmail}, {briefing.Calendar}, {briefing.News}, {briefing.Gmail, briefing.Calendar}, {"tasks"},
}

// troubles calls visit with every reason, set of sources and way of missing them.
func troubles(visit func(name string, t language.Trouble)) {
	for _, reason := range reasons {
		for _, set := range sets {
			for _, how := range []string{"missing", "partial", "stale", "first missing"} {
				trouble := language.Trouble{
					Reason: reason, Provider: briefing.Google, Sources: set, Clock: clock, At: at(24, 9, 0),
					Since: at(23, 18, 2), LastOK: at(23, 8, 59),
				}
				if set[0] == briefing.News {
					trouble.Provider = briefing.Feeds
				}
				switch how {
				case "missing":
					trouble.Missing = set
				case "partial":
					trouble.Partial, trouble.Parts, trouble.PartsOK = set, 3, 2
				case "first missing":
					trouble.Missing = set[:1]
				}
				visit(fmt.Sprintf("%s %v %s", reason, set, how), trouble)
			}
		}
	}
}

// TestEveryTrouble: each reason has a sentence of its own, says what to do, and offers a control exactly
// where the reader can mend it.
func TestEveryTrouble(t *testing.T) {
	for _, code := range languages {
		titles := map[string]string{}
		troubles(func(name string, trouble language.Trouble) {
			w := language.For(code).Trouble(trouble)
			if w.Title == "" || w.Short == "" || len(w.Lines) == 0 || slices.Contains(w.Lines, "") {
				t.Errorf("%s: %s: words are missing: %+v", code, name, w)
			}
			if !strings.Contains(name, "first missing") { // which is "missing" for a set of one
				if before, ok := titles[w.Title]; ok {
					t.Errorf("%s: %s and %s both say %q", code, name, before, w.Title)
				}
				titles[w.Title] = name
			}
			if mends := trouble.Reason.Mender() == briefing.MenderReader; mends != (w.Button != "") || mends != (w.Spoken != "") {
				t.Errorf("%s: %s: button %q, spoken %q", code, name, w.Button, w.Spoken)
			}
			if utf8.RuneCountInString(w.Button) > 75 || utf8.RuneCountInString(w.Spoken) > 75 {
				t.Errorf("%s: %s: button is too long", code, name)
			}
			all := strings.Join(append(w.Lines, w.Title, w.Button, w.Note, w.Short), "\n")
			if strings.Contains(all, "%!") || strings.Contains(all, "  ") {
				t.Errorf("%s: %s: broken words: %q", code, name, all)
			}
			if strings.Contains(all, "degraded") || regexp.MustCompile(`귀하|당신|죄송`).MatchString(all) {
				t.Errorf("%s: %s: %q", code, name, all)
			}
		})
	}
}

// TestUnusableGrant: where what is stored is no good, nothing was cut off, and no cause is guessed.
func TestUnusableGrant(t *testing.T) {
	for _, code := range languages {
		both := []briefing.SourceName{briefing.Gmail, briefing.Calendar}
		cut := language.Trouble{Reason: briefing.ReauthRequired, Provider: briefing.Google, Sources: both, Missing: both,
			Clock: clock, At: at(24, 9, 0), Since: at(23, 18, 2), LastOK: at(23, 8, 59)}
		unusable := cut
		unusable.Unusable = true
		was, is := language.For(code).Trouble(cut), language.For(code).Trouble(unusable)
		if is.Title == was.Title || is.Note == was.Note || is.Button != was.Button || is.Short != was.Short {
			t.Errorf("%s: %+v", code, is)
		}
		if all := strings.Join(append(is.Lines, is.Title, is.Note), " "); regexp.MustCompile(`끊|비밀번호|cut off|password`).MatchString(all) {
			t.Errorf("%s: %q", code, all)
		}
	}
}

// TestToldOnlyWhenTrue: that the operator was told is said exactly when it happened, and to whom.
func TestToldOnlyWhenTrue(t *testing.T) {
	for code, words := range map[briefing.Language][2]string{
		briefing.Korean:  {"08:01에 관리자(@jiwon)에게 알렸습니다", "08:01에 Achim을 운영하는 분에게 알렸습니다"},
		briefing.English: {"We told @jiwon at 08:01", "We told whoever runs Achim at 08:01"},
	} {
		troubles(func(name string, trouble language.Trouble) {
			say := func() string { return strings.Join(language.For(code).Trouble(trouble).Lines, "\n") }
			if s := say(); strings.Contains(s, "알렸") || strings.Contains(s, "told") {
				t.Errorf("%s: %s: nobody was told: %q", code, name, s)
			}
			trouble.ToldAt = at(24, 8, 1)
			for i, operator := range []string{"@jiwon", ""} {
				trouble.Operator = operator
				want := trouble.Reason.Mender() == briefing.MenderOperator
				if s := say(); strings.Contains(s, words[i]) != want {
					t.Errorf("%s: %s: %q", code, name, s)
				}
			}
		})
	}
}

// TestNoLink: without a link a phone could use there is no button, and somebody to ask.
func TestNoLink(t *testing.T) {
	for code, ask := range map[briefing.Language]string{
		briefing.Korean: "관리자(@jiwon)에게 요청해 주세요", briefing.English: "Ask @jiwon for a connection link",
	} {
		trouble := language.Trouble{Reason: briefing.ReauthRequired, Sources: sets[3], Missing: sets[3], Clock: clock, NoLink: true, Operator: "@jiwon"}
		w := language.For(code).Trouble(trouble)
		invite := language.For(code).Invite(language.Invitation{NoLink: true, Operator: "@jiwon"})
		for _, w := range []language.TroubleWords{w, invite} {
			if w.Button != "" || !strings.Contains(strings.Join(w.Lines, "\n"), ask) {
				t.Errorf("%s: %+v", code, w)
			}
		}
		if w := language.For(code).Invite(language.Invitation{News: true}); w.Button == "" || w.Spoken == "" || w.Note == "" {
			t.Errorf("%s: %+v", code, w)
		}
	}
}

func TestTroubleSentences(t *testing.T) {
	for _, c := range []struct {
		name    string
		trouble language.Trouble
		ko, en  string
	}{
		{
			"a dead grant that took the mail", language.Trouble{
				Reason: briefing.ReauthRequired, Sources: sets[3], Missing: sets[0], Since: at(23, 18, 2), LastOK: at(23, 8, 59),
			},
			"Google 연결이 끊겨 메일을 읽지 못했습니다. / 어제 18:02에 끊긴 것을 확인했고, 어제 08:59 이후에 온 메일은 이 브리핑에 없습니다. / 다시 연결하시면 빠진 내용을 이 메시지에 바로 채워 드립니다. [Gmail·캘린더 다시 연결]",
			"Your Google connection was cut off, so we couldn't read your mail. / We noticed at 18:02 yesterday. Anything that arrived after 08:59 yesterday is missing here. / Reconnect and we'll fill in this message right away. [Reconnect Gmail and Calendar]",
		},
		{
			"an unticked box", language.Trouble{Reason: briefing.ScopeMissing, Sources: sets[1], Missing: sets[1]},
			"캘린더 권한이 빠져 있어 일정을 읽지 못했습니다. / 지난번 연결 때 캘린더 항목이 선택되지 않았습니다. / 권한을 추가하시면 빠진 내용을 이 메시지에 바로 채워 드립니다. [캘린더 권한 추가]",
			"Calendar permission is missing, so we couldn't read your calendar. / The Calendar box wasn't ticked when you last connected. / Add the permission and we'll fill in this message right away. [Add Calendar permission]",
		},
		{
			"late", language.Trouble{Reason: briefing.Timeout, Provider: briefing.Google, Sources: sets[0], Missing: sets[0], Since: at(24, 8, 59)},
			"Google 응답이 늦어 메일을 아직 읽지 못했습니다. / 하실 일은 없습니다. 읽는 대로 이 메시지에 채워 드립니다.",
			"Google is slow to answer, so we haven't read your mail yet. / Nothing for you to do. We'll fill in this message as soon as we've read it.",
		},
		{
			"the operator's", language.Trouble{
				Reason: briefing.ClientMisconfigured, Sources: sets[0], Missing: sets[0], ToldAt: at(24, 8, 1), Operator: "@jiwon",
			},
			"서버 설정 문제로 메일을 읽지 못했습니다. / 하실 일은 없습니다. 08:01에 관리자(@jiwon)에게 알렸습니다.",
			"A setting of this server is wrong, so we couldn't read your mail. / Nothing for you to do. We told @jiwon at 08:01.",
		},
		{
			"one calendar of three", language.Trouble{
				Reason: briefing.Unavailable, Provider: briefing.Google, Sources: sets[1], Partial: sets[1], Parts: 3, PartsOK: 2,
			},
			"Google 쪽이 정상으로 응답하지 않아 캘린더 3개 중 1개를 아직 읽지 못했습니다. / 하실 일은 없습니다. 읽는 대로 이 메시지에 채워 드립니다.",
			"Google isn't answering properly, so we haven't read 1 of your 3 calendars yet. / Nothing for you to do. We'll fill in this message as soon as we've read it.",
		},
	} {
		c.trouble.Clock, c.trouble.At = clock, at(24, 9, 0)
		for code, want := range map[briefing.Language]string{briefing.Korean: c.ko, briefing.English: c.en} {
			w := language.For(code).Trouble(c.trouble)
			got := strings.Join(append([]string{w.Title}, w.Lines...), " / ")
			if w.Button != "" {
				got += " [" + w.Button + "]"
			}
			if got != want {
				t.Errorf("%s: %s:\n got %s\nwant %s", code, c.name, got, want)
			}
		}
	}
}

func TestParticle(t *testing.T) {
	for _, c := range []struct{ word, pair, want string }{
		{"회의", "을/를", "를"},
		{"일정", "을/를", "을"},
		{"메일", "은/는", "은"},
		{"뉴스", "이/가", "가"},
		{"병원", "으로/로", "으로"},
		{"서울", "으로/로", "로"},
		{"회의", "으로/로", "로"},
		{"메일", "과/와", "과"},
		{"캘린더", "과/와", "와"},
		{"‘검진’", "을/를", "을"},
		{"회의 🎉", "을/를", "를"},
		{"6개", "을/를", "를"},
		{"29통", "을/를", "을"},
		{"10", "으로/로", "으로"},
		{"7", "으로/로", "로"},
		{"7", "을/를", "을"},
		{"2", "이/가", "가"},
		{"100", "은/는", "은"},
		{"API", "을/를", "를"},
		{"URL", "을/를", "을"},
		{"URL", "으로/로", "로"},
		{"PM", "으로/로", "으로"},
		{"", "을/를", "를"},
	} {
		if got := language.Particle(c.word, c.pair); got != c.want {
			t.Errorf("Particle(%q, %q) = %q, want %q", c.word, c.pair, got, c.want)
		}
	}
}

// TestDaysAndHours goes through what a reader sees of time.
func TestDaysAndHours(t *testing.T) {
	ko, en := language.For(briefing.Korean), language.For(briefing.English)
	now := at(24, 9, 0)
	for _, c := range []struct{ got, want string }{
		{ko.Title(clock.Today), "11월 24일 화요일 아침 브리핑"},
		{en.Title(clock.Today), "Tuesday 24 November, your morning briefing"},
		{ko.StaleNote(at(23, 8, 59), clock), "어제 08:59 기준, 그 뒤에 바뀐 내용은 반영되지 않았습니다"},
		{en.StaleNote(at(23, 8, 59), clock), "as of 08:59 yesterday; later changes are not included"},
		{ko.StaleNote(at(24, 7, 30), clock), "07:30 기준, 그 뒤에 바뀐 내용은 반영되지 않았습니다"},
		{ko.ReplyOf(language.MailCount{Since: at(20, 8, 59), Total: 29}, clock), "금요일 08:59 이후 29통 중"},
		{en.ReplyOf(language.MailCount{Since: at(20, 8, 59), Total: 29}, clock), "of 29 since Friday 08:59"},
		{ko.ReplyOf(language.MailCount{Since: at(13, 8, 59), Total: 300, AtLeast: true}, clock), "11월 13일 08:59 이후 300통 이상 중"},
		{en.ReplyOf(language.MailCount{Since: at(13, 8, 59), Total: 300, AtLeast: true}, clock), "of 300 or more since 08:59 on 13 November"},
		{ko.ReplyOf(language.MailCount{Since: at(20, 8, 59), Total: 29, Threads: 4, InThreads: 4}, clock), "금요일 08:59 이후 29통 중"},
		{ko.ReplyOf(language.MailCount{Since: at(20, 8, 59), Total: 29, Threads: 2, InThreads: 4}, clock), "금요일 08:59 이후 29통 중, 같은 대화까지 4통"},
		{en.ReplyOf(language.MailCount{Since: at(20, 8, 59), Total: 29, Threads: 2, InThreads: 4}, clock), "of 29 since Friday 08:59, 4 with their threads"},
		{ko.Due(at(24, 18, 0), clock), "오늘 18:00까지"},
		{en.Due(at(24, 18, 0), clock), "by 18:00 today"},
		{ko.Due(at(25, 23, 59), clock), "내일까지"},
		{en.Due(at(25, 23, 59), clock), "by tomorrow"},
		{ko.Due(at(27, 12, 0), clock), "27일 금요일 12:00까지"},
		{en.Due(at(27, 12, 0), clock), "by 12:00 on Friday 27 November"},
		{ko.Span(at(24, 10, 0), at(24, 11, 0), clock), "10:00~11:00"},
		{en.Span(at(24, 10, 0), at(24, 11, 0), clock), "10:00–11:00"},
		{ko.Span(at(24, 22, 0), at(25, 1, 0), clock), "22:00~내일 01:00"},
		{en.Span(at(24, 9, 30), time.Time{}, clock), "09:30"},
		{ko.Age(now, now, clock), "방금"},
		{ko.Age(now.Add(time.Hour), now, clock), "방금"},
		{ko.Age(at(24, 8, 48), now, clock), "12분 전"},
		{ko.Age(at(24, 7, 55), now, clock), "1시간 전"},
		{ko.Age(at(23, 23, 0), now, clock), "어제"},
		{ko.Age(at(21, 9, 0), now, clock), "3일 전"},
		{ko.Age(at(3, 9, 0), now, clock), "11월 3일"},
		{en.Age(now, now, clock), "just now"},
		{en.Age(at(24, 8, 59), now, clock), "1 minute ago"},
		{en.Age(at(24, 7, 55), now, clock), "1 hour ago"},
		{en.Age(at(24, 6, 40), now, clock), "2 hours ago"},
		{en.Age(at(23, 23, 0), now, clock), "yesterday"},
		{ko.UntilDay(briefing.Date{Year: 2026, Month: 11, Day: 26}, clock.Today), "26일 목요일까지"},
		{ko.StaleNote(time.Date(2025, 12, 3, 9, 0, 0, 0, seoul), clock), "2025년 12월 3일 09:00 기준, 그 뒤에 바뀐 내용은 반영되지 않았습니다"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// TestCounts goes through counters and plurals.
func TestCounts(t *testing.T) {
	ko, en := language.For(briefing.Korean), language.For(briefing.English)
	parts := []language.Part{{Source: briefing.Gmail, N: 29}, {Source: briefing.Calendar, N: 2}, {Source: briefing.News, N: 6}}
	two := 2
	for _, c := range []struct{ got, want string }{
		{ko.ReadAll(parts, "08:59"), "Gmail 29통, 캘린더 2개, 피드 6개를 08:59에 모두 읽었습니다"},
		{ko.ReadAll(parts[:1], "08:59"), "Gmail 29통을 08:59에 모두 읽었습니다"},
		{ko.ReadPartly([]language.Part{{Source: briefing.Gmail, N: 100, Of: 130}}), "일부만 읽음: Gmail 100/130"},
		{ko.ReadPartly([]language.Part{{Source: briefing.Gmail, N: 100, Of: 300, AtLeast: true}}), "일부만 읽음: Gmail 300통 이상 중 100통"},
		{en.ReadPartly([]language.Part{{Source: briefing.Gmail, N: 100, Of: 300, AtLeast: true}}), "Read in part: 100 of 300 or more emails"},
		{ko.Overdue(at(24, 8, 0), clock), "기한 08:00 지남"},
		{ko.Overdue(at(23, 23, 59), clock), "기한 어제 지남"},
		{en.Overdue(at(24, 8, 0), clock), "was due at 08:00"},
		{en.Overdue(at(21, 23, 59), clock), "was due on Saturday"},
		{ko.Mails(3, false), "3통"},
		{ko.Mails(40, true), "40통 이상"},
		{en.Mails(3, false), "3 emails"},
		{en.ReadAll(parts, "08:59"), "Read in full at 08:59: 29 emails, 2 calendars, 6 feeds"},
		{en.GistMeetings(6, "09:30"), "6 meetings, first at 09:30"},
		{en.GistMeetings(1, "09:30"), "1 meeting at 09:30"},
		{ko.GistLeft(3, 2, "14:00"), "일정 3건 중 2건 남음, 다음 14:00"},
		{ko.GistLeft(3, 1, ""), "일정 3건 중 1건 남음"},
		{ko.GistLeft(3, 0, ""), "일정 3건 모두 끝남"},
		{en.GistLeft(3, 2, "14:00"), "3 meetings, 2 left, next at 14:00"},
		{en.GistLeft(1, 0, ""), "1 meeting, all over"},
		{en.GistStories(1), "1 story"},
		{en.GistReply(1, false), "1 email to answer"},
		{en.GistReply(1, true), "1 or more emails to answer"},
		{ko.GistReply(1, true), "답장할 메일 1통 이상"},
		{ko.ReplyHead(1, true), "답장할 메일 1통 이상"},
		{en.Group(briefing.Notice, 1, false), "1 notification"},
		{en.Group(briefing.Notice, 12, false), "12 notifications"},
		{ko.Group(briefing.Unsorted, 200, true), "그 밖 200 이상"},
		{en.Also("Yonhap", 1), "Yonhap and 1 other"},
		{ko.Also("연합뉴스", 2), "연합뉴스 외 2곳"},
		{en.Meetings(language.FirstMeeting{Count: 13, Left: 13, HM: "09:30", Title: "Weekly"}).String(), "13 meetings today, starting with Weekly at 09:30."},
		{en.Meetings(language.FirstMeeting{Count: 3, Left: 2, HM: "14:00", Title: "Weekly"}).String(), "Three meetings today, two left. Next: Weekly at 14:00."},
		{en.Meetings(language.FirstMeeting{Count: 1, Left: 1}).String(), "One meeting today."},
		{en.Meetings(language.FirstMeeting{Count: 2}).String(), "Both meetings today are over."},
		{ko.Meetings(language.FirstMeeting{Count: 3, Left: 2, HM: "14:00", Title: "주간회의"}).String(), "오늘 일정 3건 중 2건이 남았고, 다음은 14:00 주간회의입니다."},
		{ko.Meetings(language.FirstMeeting{Count: 3, Left: 1}).String(), "오늘 일정 3건 중 1건이 남았습니다."},
		{ko.Meetings(language.FirstMeeting{Count: 3}).String(), "오늘 일정 3건은 이미 끝났습니다."},
		{ko.Meetings(language.FirstMeeting{Count: 1, Left: 1}).String(), "오늘 일정은 1건입니다."},
		{ko.Reply(language.Replies{Count: 4, Due: 2, DueAt: at(24, 15, 0)}, clock).String(), "답장할 메일 4통 중 2통은 오늘까지이고, 가장 이른 기한은 15:00입니다."},
		{en.Reply(language.Replies{Count: 2, Due: 2, DueAt: at(24, 15, 0)}, clock).String(), "Two emails need an answer, both by today and the first by 15:00."},
		{en.Reply(language.Replies{Count: 1}, clock).String(), "One email needs an answer."},
		{en.Reply(language.Replies{Count: 1, AtLeast: true}, clock).String(), "One or more emails need an answer."},
		{en.Reply(language.Replies{Count: 1, Due: 1, DueAt: at(24, 15, 0), AtLeast: true}, clock).String(), "One or more emails need an answer, one by 15:00 today."},
		{ko.Reply(language.Replies{Count: 1, AtLeast: true}, clock).String(), "답장할 메일이 1통 이상 있습니다."},
		{ko.Reply(language.Replies{Count: 1, Due: 1, DueAt: at(24, 15, 0), AtLeast: true}, clock).String(), "답장할 메일 1통 이상 중 1통은 오늘 15:00까지입니다."},
		{
			ko.Filled(language.FilledWords{Sources: sets[3], HM: "09:14", Replies: &two, NewEvents: 1}),
			"09:14에 메일과 일정을 채웠습니다. 답장할 메일 2통, 새로 잡힌 일정 1건이 있습니다.",
		},
		{ko.Filled(language.FilledWords{HM: "09:14"}), "09:14에 빠진 내용을 채웠습니다."},
		{
			ko.Mended(language.MendWords{Sources: sets[3], Lacked: sets[0], At: "09:00", HM: "09:14", Whole: true}),
			"09:00에는 메일 없이 보냈고, 09:14에 모두 채웠습니다",
		},
		{ko.Mended(language.MendWords{Sources: sets[0], HM: "09:14"}), "09:14에 메일을 채웠습니다"},
		{en.FeedsRead(5, 6), "feeds 5/6"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func ExampleParticle() {
	for _, word := range []string{"일정", "회의", "메일"} {
		fmt.Println(word+language.Particle(word, "을/를"), word+language.Particle(word, "으로/로"))
	}
	// Output:
	// 일정을 일정으로
	// 회의를 회의로
	// 메일을 메일로
}

// TestNoticesSpeakOfWhatIsWanted: whoever has switched mail or the calendar off is not told that it is missing.
func TestNoticesSpeakOfWhatIsWanted(t *testing.T) {
	kinds := []briefing.NoticeKind{briefing.NoticeWelcome, briefing.NoticeReminder, briefing.NoticeGrantDead, briefing.NoticeGrantEnding}
	other := map[briefing.Language][2]string{briefing.Korean: {"메일", "일정"}, briefing.English: {"mail", "calendar"}}
	for _, code := range []briefing.Language{briefing.Korean, briefing.English} {
		for _, kind := range kinds {
			for i, wanted := range []briefing.SourceName{briefing.Gmail, briefing.Calendar} {
				reader := briefing.Reader{Preferences: briefing.Preferences{Sections: []briefing.SourceName{wanted, briefing.News}}}
				at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
				w := language.Notice(code, language.NoticeFacts{Telling: briefing.Telling{Kind: kind, Reader: reader, Zone: time.UTC, Now: at, Since: at, Next: at.Add(time.Hour), Ends: at},
					Clock: language.Clock{Today: briefing.DateOf(at, time.UTC), Zone: time.UTC}})
				said := strings.Join(append([]string{w.Push, w.Title}, w.Lines...), "\n")
				if strings.Contains(said, other[code][1-i]) || !strings.Contains(said, other[code][i]) {
					t.Errorf("%s, %s, %s alone: %s", code, kind, wanted, said)
				}
			}
		}
	}
}
