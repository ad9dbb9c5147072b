package sources_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
)

// twoPapers is one story of each of two publishers, and how many stories a reader gets of them.
func twoPapers(t *testing.T, one, other string, apart time.Duration) int {
	t.Helper()
	p := newPress(t, []string{"/a.xml", "/b.xml"})
	p.feeds.Set("/a.xml", feed("Hanbit", one))
	b := feed("Nari", other)
	b.Items[0].Published = b.Items[0].Published.Add(-apart)
	p.feeds.Set("/b.xml", b)
	section := p.must(t)
	if section.Count(briefing.Story) != len(section.Items) {
		t.Errorf("counts %v of %q", section.Counts, told(section))
	}
	return len(section.Items)
}

// TestNewsKnowsAStoryInOtherWords: what agencies change when they take a story over makes no other story of it; a word or
// number in the place of another does.
func TestNewsKnowsAStoryInOtherWords(t *testing.T) {
	for _, pair := range [][2]string{
		{"한국은행, 기준금리 3.25%로 동결", "한은 기준금리 3.25% 동결했다"},
		{"[속보] 한국은행, 기준금리 동결", "한국은행 기준금리 동결(종합2보)"},
		{"美 연준, 기준금리 0.25%p 인하", "미국 연준 기준금리 0.25%p 인하"},
		{"수도권에 올겨울 첫눈, 출근길 주의", "수도권 올겨울 첫눈…출근길 주의"},
		{"정부, 내년 예산안 국회에 제출", "정부가 내년 예산안 국회 제출"},
		{"가온전자 3분기 영업이익 10조원 돌파", "가온전자, 3분기 영업이익 10조원 돌파"},
		{"나리호, 달 궤도 진입 성공 첫 사진 보내와", "나리호가 달 궤도 진입 성공…첫 사진 보내와"},
		{"The Bank of Korea holds its rate at 3.25%", "Bank of Korea hold its rate at 3.25%"},
		{"UPDATE 2-Gaon buys chip maker Nari for $1.2 billion", "Gaon buys chip maker Nari for $1.2 billion"},
		{"Seoul's first snow falls on the morning rush", "Seoul’s first snow falls on morning rush"},
		{"U.S. stocks close higher on chip demand", "US stocks close higher on chip demand"},
		{"(2nd LD) Gaon to open 1,200 stores by 2027", "Gaon to open 1200 stores by 2027"},
	} {
		if n := twoPapers(t, pair[0], pair[1], 2*time.Hour); n != 1 {
			t.Errorf("told %d times: %q", n, pair)
		}
	}
	for _, pair := range [][2]string{
		{"코스피 2% 하락", "코스닥 2% 하락"},
		{"코스피 장중 2% 하락 마감", "코스닥 장중 2% 하락 마감"},
		{"코스피 장중 2% 하락 마감", "코스피 장중 3% 하락 마감"},
		{"코스피 장중 2.5% 하락", "코스피 장중 25% 하락"},
		{"코스피 ▲2% 마감", "코스피 ▼2% 마감"},
		{"코스피 장중 2% 상승 마감", "코스피 장중 2% 하락 마감"},
		{"가온전자 1분기 영업이익 10조원 돌파", "가온전자 2분기 영업이익 10조원 돌파"},
		{"가온전자 3분기 영업이익 10조원 돌파", "나리전자 3분기 영업이익 10조원 돌파"},
		{"한국은행, 기준금리 3.25% 동결", "한국은행, 기준금리 3.25% 동결 검토"},
		{"한국은행 오늘 기준금리 동결", "한국은행 오늘 기준금리 동결?"},
		{"정부, 의대 정원 내년 확대 확정", "정부, 의대 정원 내년 확대 확정…철회"},
		{"한국이 일본을 결승에서 꺾어", "한국을 일본이 결승에서 꺾어"},
		{"한국, 일본 결승에서 꺾어", "일본, 한국 결승에서 꺾어"},
		{"가온전자 노조 내일 파업 돌입", "가온전자 협력사 노조 내일 파업 돌입"},
		{"서울 지하철 2호선 한때 운행 중단", "서울 지하철 3호선 한때 운행 중단"},
		{"한빛팀 결승서 3-1로 나리팀 꺾어", "한빛팀 결승서 31로 나리팀 꺾어"},
		{"서울 아침 영하 5도 강추위", "서울 아침 영하 15도 강추위"},
		{"The Bank of Korea holds its rate", "The Bank of Japan holds its rate"},
		{"Gaon to buy chip maker Nari", "Gaon supplier to buy chip maker Nari"},
		{"Gaon wins patent case against Nari", "Nari wins patent case against Gaon"},
		{"Court rules strike is legal today", "Court rules strike is not legal today"},
		{"Senate passes the budget bill tonight", "Senate passes the budget bill tonight: denied"},
		{"First quarter sales rise at Gaon", "Second quarter sales rise at Gaon"},
		{"Gaon opens its chip plant in Seoul", "Gaon opens its chip plant in Seoul suburbs"},
		{"Shares of Gaon up 2% at noon", "Shares of Gaon up -2% at noon"},
		{"C++ 26 표준 오늘 확정", "C 26 표준 오늘 확정"},
		{"C# 14 released today", "C 14 released today"},
		{"Flood in Round 1 12 dead", "Flood in Round 11 2 dead"},
		{"EU fines Gaon $5 billion", "EU fines Gaon €5 billion"},
		{"다시 온 금리 5% 시대", "다시 온 금리 5 시대"},
		{"5·18 기념식 오늘 광주서", "518 기념식 오늘 광주서"},
		{"검찰 고위 간부 뇌물 혐의로 체포해", "검찰 고위 간부 뇌물 혐의로 체포돼"},
		{"삼성, 애플에 특허 소송 제기", "삼성에 애플 특허 소송 제기"},
		{"삼성, 애플에게 특허 소송 제기", "삼성에 애플 특허 소송 제기"},
		{"여당이 야당에 특검 제안 수용", "여당에 야당이 특검 제안 수용"},
		{"고양이 시민 축제 오늘 개막", "고양 시민 축제 오늘 개막"},
		{"서울시 건축가 단체 공모 시작", "서울시 건축 단체 공모 시작"},
		{"일본해 표기 지도 교과서 논란", "일본 표기 지도 교과서 논란"},
		{"가온전자 대표 횡령 혐의 구속 영장 신청", "가온전자 대표 횡령 혐의 구속 영장 신청…기각"},
		{"한일 정상회담 서울 개최 합의", "한일 정상회담 서울 개최 합의…양국 발표 엇갈려"},
		{"오늘의 날씨", "오늘의 날씨"},
		{"오늘의 주요 뉴스", "오늘의 주요 뉴스"},
		{"Today in tech", "Today in tech"},
	} {
		if n := twoPapers(t, pair[0], pair[1], 2*time.Hour); n != 2 {
			t.Errorf("told %d times: %q", n, pair)
		}
	}
}

// TestNewsOfOnePublisherAreItsOwn: who tells two things alike means two things, and what is days old is another story.
func TestNewsOfOnePublisherAreItsOwn(t *testing.T) {
	p := newPress(t, []string{"/a.xml"})
	p.feeds.Set("/a.xml", feed("Hanbit", "한국은행, 기준금리 3.25%로 동결", "한은 기준금리 3.25% 동결했다"))
	if section := p.must(t); len(section.Items) != 2 {
		t.Errorf("told %q", told(section))
	}
	p = newPress(t, []string{"/a.xml", "/b.xml"})
	p.feeds.Set("/a.xml", feed("Hanbit", "서울 아침 기온 영하로, 강추위"))
	b := feed("Nari", "서울 아침 기온 영하로 강추위에")
	b.Items[0].Published = monday().Add(-40 * time.Hour)
	p.feeds.Set("/b.xml", b)
	req := p.request(readerID)
	req.Window.From = req.Window.To.Add(-72 * time.Hour)
	if section, err := p.source.Fetch(t.Context(), req); err != nil || len(section.Items) != 2 {
		t.Errorf("told %q, %v", told(section), err)
	}
}

// TestNewsTellsTheFirstFeedsNewestVersion: title, link and time are those of the feed that is named first, and each publisher
// counts once, whatever it calls itself and wherever it is collected.
func TestNewsTellsTheFirstFeedsNewestVersion(t *testing.T) {
	p := newPress(t, []string{"/a.xml", "/b.xml", "/c.xml", "/d.xml", "/e.xml"})
	p.feeds.Set("/a.xml", standin.Feed{Title: "한빛통신", Items: []standin.FeedItem{
		{Title: "[속보] 한국은행 기준금리 동결", URL: "https://www.hanbit.example/1", Published: monday().Add(-9 * time.Hour)},
		{Title: "한국은행 기준금리 동결(종합)", URL: "https://www.hanbit.example/2", Published: monday().Add(-7 * time.Hour)},
	}})
	for path, f := range map[string]standin.Feed{
		"/b.xml": {Title: "한빛통신 경제", Items: []standin.FeedItem{{Title: "한국은행 기준금리 동결(종합)", URL: "https://hanbit.example/2?utm_source=rss"}}},
		"/c.xml": {Title: "나리일보", Items: []standin.FeedItem{{Title: "한국은행, 기준금리 '동결'", URL: "https://nari.example/7"}}},
		"/d.xml": {Title: "모음", Items: []standin.FeedItem{{Title: "한국은행 기준금리 동결 - 나리일보", URL: "https://all.example/x", Source: "나리일보"}}},
		"/e.xml": {Title: "다온", Items: []standin.FeedItem{{Title: "한국은행 기준금리 동결", URL: "https://daon.example/y"}}},
	} {
		for i := range f.Items {
			f.Items[i].Published = monday().Add(-time.Hour)
		}
		p.feeds.Set(path, f)
	}
	section := p.must(t)
	if diff := cmp.Diff([]string{"한국은행 기준금리 동결(종합) · 한빛통신 +2"}, told(section)); diff != "" {
		t.Fatal(diff)
	}
	if got := section.Items[0]; got.URL != "https://www.hanbit.example/2" || !got.At.Equal(monday().Add(-7*time.Hour)) {
		t.Errorf("not of one piece: %+v", got)
	}
}

// TestNewsLimitLeavesAStoryToOthers: what is more than a feed may bring in is told where another feed tells it too.
func TestNewsLimitLeavesAStoryToOthers(t *testing.T) {
	p := newPress(t, nil, func(cfg *sources.NewsConfig) { cfg.Team = nil })
	p.feeds.Set("/a.xml", feed("Hanbit", "하나", "둘", "서울에 올겨울 첫눈 내려"))
	p.feeds.Set("/b.xml", feed("Nari", "넷", "서울에 올겨울 첫눈 내려"))
	req := p.request(readerID)
	req.Reader.Feeds = []briefing.Feed{{URL: p.url + "/a.xml", MaxItems: 1}, {URL: p.url + "/b.xml"}}
	section, err := p.source.Fetch(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"넷 · Nari", "서울에 올겨울 첫눈 내려 · Hanbit +1"}, sorted(told(section))); diff != "" {
		t.Error(diff)
	}
	if section.Count(briefing.Story) != 2 {
		t.Errorf("counts %v", section.Counts)
	}
}

// TestNewsSeenUnderAnotherTitle: what was told on an earlier date is not told again under another tag, in other words of another
// publisher, by its link, or after its publisher has changed the title.
func TestNewsSeenUnderAnotherTitle(t *testing.T) {
	p := newPress(t, []string{"/a.xml", "/b.xml"})
	first := feed("Hanbit", "한국은행, 기준금리 3.25%로 동결", "나리호 발사 준비 끝")
	p.feeds.Set("/a.xml", first)
	p.feeds.Set("/b.xml", feed("Nari", "나머지"))
	seen := map[string]bool{}
	for _, item := range p.must(t).Items {
		seen[item.Key] = true
	}
	p.clock.Advance(23 * time.Hour)
	now := p.clock.Now()
	changed := first
	changed.Items = append([]standin.FeedItem{}, first.Items...)
	changed.Items[1].Title, changed.Items[1].Published = "나리호 발사 성공", now.Add(-2*time.Hour)
	changed.Items = append(changed.Items, standin.FeedItem{Title: "[속보] 한국은행 기준금리 3.25%로 동결 (종합2보)", URL: "https://hanbit.example/9", Published: now.Add(-3 * time.Hour)})
	p.feeds.Set("/a.xml", changed)
	p.feeds.Set("/b.xml", standin.Feed{Title: "Nari", Items: []standin.FeedItem{
		{Title: "한은 기준금리 3.25% 동결했다", URL: "https://nari.example/9", Published: monday().Add(5 * time.Hour)},
		{Title: "새 소식", URL: "https://nari.example/10", Published: now.Add(-time.Hour)},
		{Title: "다른 말로 전한 나리호", URL: first.Items[1].URL + "?utm_medium=rss", Published: now.Add(-time.Hour)},
	}})
	req := p.request(readerID)
	req.Seen = seen
	section, err := p.source.Fetch(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"새 소식 · Nari"}, told(section)); diff != "" {
		t.Error(diff)
	}
}

// TestNewsPreferences: what is muted is left out before anything is chosen or counted, what is wanted more goes first.
func TestNewsPreferences(t *testing.T) {
	p := newPress(t, []string{"/a.xml", "/b.xml", "/c.xml"})
	p.feeds.Set("/a.xml", feed("Hanbit", "야구 결승 오늘", "연예인 결혼", "\u110b\u1167\u11ab\u110b\u1168\u110b\u1175\u11ab 이혼", "ＡＩ 열풍", "반도체 수출 늘어", "셋째", "넷째"))
	p.feeds.Set("/b.xml", feed("Nari", "주식 시황", "반도체 새 공장"))
	p.feeds.Set("/c.xml", feed("Daon", "다온 소식"))
	req := p.request(readerID)
	req.Reader.Preferences = briefing.Preferences{
		MuteFeeds: []string{p.url + "/c.xml"}, MuteWords: []string{"연예인", "AI"}, More: []string{"반도체"}, Less: []string{"야구", "주식"},
	}
	section, err := p.source.Fetch(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"반도체 새 공장 · Nari", "반도체 수출 늘어 · Hanbit", "셋째 · Hanbit", "넷째 · Hanbit", "야구 결승 오늘 · Hanbit", "주식 시황 · Nari"}
	if diff := cmp.Diff(sorted(want), sorted(told(section))); diff != "" {
		t.Error(diff)
	}
	got := told(section)
	if !strings.Contains(got[0], "반도체") || !strings.Contains(got[1], "반도체") || !strings.Contains(got[4]+got[5], "야구") || !strings.Contains(got[4]+got[5], "주식") {
		t.Errorf("in the order %q", got)
	}
	if section.Count(briefing.Story) != 6 || section.Parts != 2 || section.PartsOK != 2 || p.feeds.Calls("/c.xml") != 0 {
		t.Errorf("counts %v, parts %d/%d, %d requests to the muted feed", section.Counts, section.PartsOK, section.Parts, p.feeds.Calls("/c.xml"))
	}
	// More of a topic is more of it also where a feed may bring in few.
	req.Reader.Feeds = []briefing.Feed{{URL: p.url + "/a.xml?one", MaxItems: 1}}
	req.Reader.Preferences.MuteFeeds = []string{p.url + "/a.xml", p.url + "/b.xml", p.url + "/c.xml"}
	section, err = p.source.Fetch(t.Context(), req)
	if diff := cmp.Diff([]string{"반도체 수출 늘어 · Hanbit"}, told(section)); diff != "" || err != nil {
		t.Error(diff, err)
	}
	// Taking the wish back undoes it.
	req.Reader = briefing.Reader{ID: readerID, Name: "r"}
	if section, err = p.source.Fetch(t.Context(), req); err != nil || len(section.Items) != 10 {
		t.Errorf("told %q, %v", told(section), err)
	}
}

// TestNewsPublishers: the name of a publisher is what stands before its feed's own words about itself; what the operator calls it
// stands as it is.
func TestNewsPublishers(t *testing.T) {
	for title, want := range map[string]string{
		"한빛뉴스 - 개발/기술/스타트업 뉴스 서비스": "한빛뉴스", "나리신문 | 전체기사": "나리신문", "다온일보 : 최신기사": "다온일보", "전체기사 | 나리신문": "나리신문",
		"Home | Gaon Online": "Gaon Online", "gaon: the front page of it all": "gaon", "GAON &gt; Home Page": "GAON", "연합-뉴스": "연합-뉴스", "RSS": "RSS", "A - B": "A - B",
	} {
		p := newPress(t, []string{"/a.xml"})
		p.feeds.SetRaw("/a.xml", "text/xml", []byte(`<rss version="2.0"><channel><title>`+title+`</title><item><title>첫눈</title><link>https://x.example/1</link>`+
			`<pubDate>Mon, 23 Nov 2026 08:00:00 +0900</pubDate></item></channel></rss>`))
		if got := p.must(t).Items[0].From; got != want {
			t.Errorf("%q is called %q, want %q", title, got, want)
		}
	}
	p := newPress(t, nil)
	p.feeds.Set("/a.xml", feed("Hanbit", "첫눈"))
	req := p.request(readerID)
	req.Reader.Feeds = []briefing.Feed{{URL: p.url + "/a.xml", Title: "한빛 - 경제"}}
	if section, err := p.source.Fetch(t.Context(), req); err != nil || section.Items[0].From != "한빛 - 경제" {
		t.Errorf("%q, %v", told(section), err)
	}
}
