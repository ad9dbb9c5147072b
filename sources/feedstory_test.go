package sources_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
)

// daily is a reader of the press who is briefed at the same hour every day and remembers what was told.
type daily struct {
	*press
	seen map[string]bool
}

func newDaily(t testing.TB, paths ...string) *daily {
	t.Helper()
	return &daily{newPress(t, paths), map[string]bool{}}
}

// restart makes the process forget what it has read.
func (d *daily) restart(t testing.TB, paths ...string) {
	t.Helper()
	cfg := sources.NewsConfig{AllowPrivate: true, Now: d.clock.Now}
	for _, path := range paths {
		cfg.Team = append(cfg.Team, briefing.Feed{URL: d.url + path})
	}
	d.source = sources.Catalog(sources.Config{News: cfg})[0]
	t.Cleanup(func() { _ = d.source.(io.Closer).Close() })
}

// brief returns what is told now, in any order, and remembers it.
func (d *daily) brief(t testing.TB) []string {
	t.Helper()
	req := d.request(readerID)
	req.Seen = d.seen
	section, err := d.source.Fetch(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range section.Items {
		for _, key := range item.Known() {
			d.seen[key] = true
		}
	}
	return sorted(told(section))
}

// item is a story of a feed, published so long before now.
func (d *daily) item(title, path, guid string, ago time.Duration) standin.FeedItem {
	f := standin.FeedItem{Title: title, URL: "https://hanbit.example" + path, GUID: guid}
	if ago != 0 {
		f.Published = d.clock.Now().Add(-ago)
	}
	return f
}

func (d *daily) set(path, title string, items ...standin.FeedItem) {
	d.feeds.Set(path, standin.Feed{Title: title, Items: items})
}

func (d *daily) want(t testing.TB, when string, titles ...string) {
	t.Helper()
	want := make([]string, 0, len(titles))
	for _, title := range titles {
		want = append(want, title+" · Hanbit")
	}
	if diff := cmp.Diff(sorted(want), d.brief(t)); diff != "" {
		t.Errorf("%s: %s", when, diff)
	}
}

// TestNewsOfANumberedFeed: who numbers its stories anew every day, or has one place for each day's news, tells news every day.
func TestNewsOfANumberedFeed(t *testing.T) {
	d := newDaily(t, "/a.xml", "/b.xml")
	d.set("/a.xml", "Hanbit", d.item("어제 첫째 소식입니다", "/101", "1", 2*time.Hour), d.item("어제 둘째 소식입니다", "/102", "2", 3*time.Hour))
	d.set("/b.xml", "Hanbit", d.item("오늘 서울 맑음 낮 10도", "/weather", "", 2*time.Hour))
	d.want(t, "day 1", "어제 첫째 소식입니다", "어제 둘째 소식입니다", "오늘 서울 맑음 낮 10도")
	d.clock.Advance(24 * time.Hour)
	d.set("/a.xml", "Hanbit", d.item("한국은행 기준금리 동결", "/201", "1", 2*time.Hour), d.item("서울에 첫눈", "/202", "2", 3*time.Hour))
	d.set("/b.xml", "Hanbit", d.item("태풍 북상 전국에 호우 경보", "/weather", "", 2*time.Hour))
	d.want(t, "day 2", "한국은행 기준금리 동결", "서울에 첫눈", "태풍 북상 전국에 호우 경보")
	d.clock.Advance(24 * time.Hour)
	d.restart(t, "/a.xml", "/b.xml")
	d.set("/b.xml", "Hanbit", d.item("오늘 서울 흐림 낮 8도", "/weather", "", 2*time.Hour))
	d.want(t, "day 3, after a restart", "오늘 서울 흐림 낮 8도")
}

// TestNewsNumberedAlikeInTwoFeeds: what two feeds give the same number is not the same story.
func TestNewsNumberedAlikeInTwoFeeds(t *testing.T) {
	d := newDaily(t, "/politics.xml", "/economy.xml")
	d.set("/politics.xml", "Hanbit", d.item("국회 예산안 통과", "/p/1", "1", 2*time.Hour), d.item("대통령 순방 시작", "/p/2", "2", 3*time.Hour))
	d.set("/economy.xml", "Hanbit", d.item("코스피 급락", "/e/1", "1", 2*time.Hour), d.item("환율 급등", "/", "2", 3*time.Hour))
	section := d.must(t)
	ids := map[string]bool{}
	for _, item := range section.Items {
		ids[item.ID] = true
	}
	if len(ids) != 4 {
		t.Errorf("told %q with %d ids", told(section), len(ids))
	}
}

// TestNewsShortTitles: a title too short to be one story's alone goes by its link too, and one that a feed gives two stories as well.
func TestNewsShortTitles(t *testing.T) {
	d := newDaily(t, "/a.xml")
	d.set("/a.xml", "Hanbit", d.item("[부고] 부친상", "/1", "g1", 2*time.Hour), d.item("[부고] 부친상", "/2", "g2", 3*time.Hour), d.item("오늘의 날씨", "/3", "g3", 3*time.Hour),
		d.item("주간 반도체 업계 동향 모음", "/4", "g4", 4*time.Hour), d.item("주간 반도체 업계 동향 모음", "/5", "g5", 5*time.Hour))
	d.want(t, "day 1", "[부고] 부친상", "[부고] 부친상", "오늘의 날씨", "주간 반도체 업계 동향 모음", "주간 반도체 업계 동향 모음")
	d.clock.Advance(23 * time.Hour)
	d.set("/a.xml", "Hanbit", d.item("오늘의 날씨", "/9", "g9", 2*time.Hour), d.item("오늘의 날씨", "/3?utm_source=rss", "g3", 3*time.Hour))
	d.want(t, "day 2", "오늘의 날씨")
}

// TestNewsListedLate: a story that came into its feed, or into ours, after the hour it gives is told the next day, and once.
func TestNewsListedLate(t *testing.T) {
	d := newDaily(t, "/a.xml")
	early := d.item("이른 아침의 소식", "/1", "1", 2*time.Hour)
	d.set("/a.xml", "Hanbit", early)
	d.clock.Advance(-9 * time.Minute)
	if _, err := d.source.Fetch(t.Context(), d.request("00000000-0000-4000-8000-0000000000aa")); err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(9 * time.Minute)
	shared := d.item("그사이에 나온 속보", "/2", "2", 5*time.Minute)
	d.set("/a.xml", "Hanbit", shared, early)
	d.want(t, "day 1", "이른 아침의 소식")
	timed := d.item("예약해 둔 기사", "/3", "3", 20*time.Minute)
	draft := d.item("새벽에 쓰고 낮에 낸 글", "/4", "4", 9*time.Hour)
	ancient := d.item("오래전에 쓴 글", "/5", "5", 50*time.Hour)
	d.clock.Advance(6 * time.Hour)
	d.set("/a.xml", "Hanbit", timed, shared, early, draft, ancient)
	if _, err := d.source.Fetch(t.Context(), d.request("00000000-0000-4000-8000-0000000000aa")); err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(18 * time.Hour)
	d.want(t, "day 2", "그사이에 나온 속보", "예약해 둔 기사", "새벽에 쓰고 낮에 낸 글")
	d.clock.Advance(24 * time.Hour)
	d.want(t, "day 3")
}

// TestNewsUndatedOnce: a story without a time is news when it appears. Of those that were there before, the first few are told
// when a feed is new, and the others never, also when the process has forgotten that it read the feed.
func TestNewsUndatedOnce(t *testing.T) {
	d := newDaily(t, "/a.xml")
	archive := func(newest ...string) {
		items := []standin.FeedItem{}
		for _, title := range newest {
			items = append(items, d.item(title, "/"+title, "", 0))
		}
		for n := range 9 {
			items = append(items, d.item(fmt.Sprintf("오래된 글 %d번", n), fmt.Sprintf("/%d", n), "", 0))
		}
		d.set("/a.xml", "Hanbit", items...)
	}
	archive()
	d.want(t, "day 1", "오래된 글 0번", "오래된 글 1번", "오래된 글 2번")
	for _, day := range []string{"day 2", "day 3"} {
		d.clock.Advance(24 * time.Hour)
		d.want(t, day)
	}
	d.restart(t, "/a.xml")
	d.want(t, "after a restart")
	d.clock.Advance(24 * time.Hour)
	archive("새 글")
	d.want(t, "day 4", "새 글")
	d.clock.Advance(24 * time.Hour)
	archive("더 새 글", "새 글")
	d.restart(t, "/a.xml")
	d.want(t, "day 5, after a restart", "더 새 글")
	// Fourteen days later what was told is forgotten, and the stories are still in the feed.
	d.seen = map[string]bool{}
	d.clock.Advance(25 * time.Hour)
	d.want(t, "day 6")
}

// TestNewsUndatedOfABriefFeed: what a feed may bring in is counted before, so that the rest does not follow day by day.
func TestNewsUndatedOfABriefFeed(t *testing.T) {
	d := newDaily(t)
	d.set("/a.xml", "Hanbit", d.item("하나", "/1", "", 0), d.item("둘", "/2", "", 0), d.item("셋", "/3", "", 0))
	req := d.request(readerID)
	req.Reader.Feeds = []briefing.Feed{{URL: d.url + "/a.xml", MaxItems: 1}}
	for day, want := range []string{"[하나 · Hanbit]", "[]"} {
		section, err := d.source.Fetch(t.Context(), req)
		if got := fmt.Sprint(told(section)); err != nil || got != want {
			t.Errorf("day %d: told %s, want %s, %v", day+1, got, want, err)
		}
		req.Seen = map[string]bool{}
		for _, item := range section.Items {
			req.Seen[item.Key] = true
		}
		d.clock.Advance(24 * time.Hour)
		req.Now = d.clock.Now()
		req.Window = briefing.Window{From: req.Window.To, To: req.Now}
	}
}

// TestNewsRemembersEveryVersion: tomorrow the other publisher's version is known too, and so is a reworded one in the same place,
// also after a restart.
func TestNewsRemembersEveryVersion(t *testing.T) {
	d := newDaily(t, "/a.xml", "/b.xml")
	d.set("/a.xml", "Hanbit", d.item("한국은행, 기준금리를 연 2.50%로 동결", "/1", "1", 2*time.Hour), d.item("서울 지하철 2호선 운행 중단", "/2", "2", 2*time.Hour),
		d.item("나리호 발사 준비 끝", "/3", "3", 3*time.Hour))
	d.feeds.SetRaw("/b.xml", "text/xml", []byte(`<rss version="2.0"><channel><title>Nari</title><language>ko</language><item><title>한은 기준금리 연 2.50%로 동결</title>`+
		`<link>https://nari.example/1</link><pubDate>2026-11-23</pubDate></item></channel></rss>`))
	if got := d.brief(t); len(got) != 3 {
		t.Fatalf("told %q", got)
	}
	d.set("/a.xml", "Hanbit", d.item("지하철 2호선 출근길 멈췄다…시민 불편", "/2", "2", -3*time.Hour), d.item("발사대에 세운 나리호, 남은 것은 날씨", "/3", "3", 3*time.Hour))
	d.clock.Advance(24 * time.Hour)
	d.restart(t, "/a.xml", "/b.xml")
	d.want(t, "day 2, after a restart")
	d.set("/a.xml", "Hanbit", d.item("발사대에 세운 나리호, 남은 것은 결심", "/3", "3", time.Hour))
	d.want(t, "retitled while the process ran")
}

// TestNewsListedLateAndForgotten: what came shortly before the last reading and was not told is told also after a restart.
func TestNewsListedLateAndForgotten(t *testing.T) {
	d := newDaily(t, "/a.xml")
	d.set("/a.xml", "Hanbit", d.item("이른 아침의 소식", "/1", "1", 2*time.Hour))
	d.want(t, "day 1", "이른 아침의 소식")
	d.set("/a.xml", "Hanbit", d.item("예약해 둔 기사", "/3", "3", 20*time.Minute), d.item("이른 아침의 소식", "/1", "1", 2*time.Hour))
	d.clock.Advance(24 * time.Hour)
	d.restart(t, "/a.xml")
	d.want(t, "day 2, after a restart", "예약해 둔 기사")
}

// TestNewsOfOnePlaceInTwoFeeds: what two feeds tell of one address a day apart, in other words, are two stories.
func TestNewsOfOnePlaceInTwoFeeds(t *testing.T) {
	d := newDaily(t, "/a.xml", "/b.xml")
	d.set("/a.xml", "Hanbit", d.item("오늘 서울 맑음 낮 10도", "/weather", "", 23*time.Hour))
	d.set("/b.xml", "Hanbit", d.item("태풍 북상 전국에 호우 경보", "/weather", "", time.Hour))
	d.want(t, "at once", "오늘 서울 맑음 낮 10도", "태풍 북상 전국에 호우 경보")
	d.clock.Advance(24 * time.Hour)
	d.set("/b.xml", "Hanbit", d.item("한파 특보 전국에 내려져", "/weather", "", time.Hour))
	d.want(t, "the next day", "한파 특보 전국에 내려져")
}
