package briefing_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"achim/briefing"
)

func TestSendersByAddressAndByDomain(t *testing.T) {
	p := briefing.Preferences{
		VIPs:        []string{"junho@gaon.example", "@hanbit.example", "Boss@Loud.example"},
		MuteSenders: []string{"@gaon.example", "robot@hanbit.example", "@loud.example", "noreply@shop.example"},
	}
	for mailbox, want := range map[string]string{
		"junho@gaon.example":         "vip", // by address, in a domain that is muted
		"JUNHO@GAON.EXAMPLE":         "vip",
		" junho@gaon.example ":       "vip",
		"sujin@gaon.example":         "muted",
		"minji@hanbit.example":       "vip",
		"robot@hanbit.example":       "muted", // by address, in a domain that goes first
		"boss@loud.example":          "vip",
		"noreply@shop.example":       "muted",
		"help@shop.example":          "",
		"junho@mail.gaon.example":    "", // another domain
		"evilgaon.example":           "",
		"a@evil-gaon.example":        "",
		"junho@gaon.example.evil":    "",
		"\u212aim@gaon.example":      "muted",
		"j\u0443nho@gaon.example":    "muted", // a Cyrillic у is not the VIP
		"minji@hanb\u0456t.example":  "",      // nor is a Cyrillic і the domain
		"noreply@\u017fhop.example":  "",      // nor a long s
		"":                           "",
		"@":                          "",
		"no mailbox":                 "",
		strings.Repeat("@", 100_000): "",
	} {
		got := ""
		switch vip, muted := p.IsVIP(mailbox), p.MutesSender(mailbox); {
		case vip && muted:
			got = "both"
		case vip:
			got = "vip"
		case muted:
			got = "muted"
		}
		if got != want {
			t.Errorf("%.60q is %q, want %q", mailbox, got, want)
		}
	}
}

func TestWordsAreFoundAsPeopleMeanThem(t *testing.T) {
	for _, c := range []struct {
		word, text string
		want       bool
	}{
		{"AI", "AI가 쓴 기사", true},
		{"ai", "The AI act", true},
		{"AI", "she said so", false},
		{"AI", "saiai", false},
		{"AI", "AI", true},
		{"AI", "한국AI학회", true},
		{"AI", "GenAI and AI2", false},
		{"AI", "said: AI.", true},
		{"5G", "15G", false},
		{"5G", "5G망", true},
		{"Go 1.27", "go 1.27 released", true},
		{"Go 1.2", "Go 1.27", false},
		{"ai ai", "sai ai ai", true}, // the match begins inside the one that does not count
		{"반도체", "반도체를 둘러싼", true},
		{"광고", "(광고) 세일", true},
		{"광고", "관고", false},
		{"C++", "C++ 26", true},
		{"cafe", "cafe\u0301 in Seoul", false}, // whose accent follows as a mark
		{"café", "CAFÉ 개점", true},
		{"속보", "[속보] 첫눈", true},
		{"  속보 ", "[속보] 첫눈", true},
		{"", "anything", false},
		{"   ", "anything", false},
		{"İ", "i̇stanbul", false},
	} {
		p := briefing.Preferences{MuteWords: []string{"never there", c.word}, More: []string{c.word}}
		if got := p.MutesText(c.text); got != c.want {
			t.Errorf("%q in %q: %v, want %v", c.word, c.text, got, c.want)
		}
		if got := p.Leaning(c.text); (got == 1) != c.want {
			t.Errorf("%q leans %d for %q", c.text, got, c.word)
		}
	}
	p := briefing.Preferences{More: []string{"반도체"}, Less: []string{"연예", "AI"}}
	for text, want := range map[string]int{"반도체 수출": 1, "연예 뉴스": -1, "AI 반도체": 0, "첫눈": 0} {
		if got := p.Leaning(text); got != want {
			t.Errorf("%q leans %d, want %d", text, got, want)
		}
	}
}

func TestFeedsByAddress(t *testing.T) {
	p := briefing.Preferences{MuteFeeds: []string{"https://News.example/RSS/"}}
	for url, want := range map[string]bool{
		"https://news.example/RSS": true, "HTTPS://NEWS.EXAMPLE/RSS/": true, "https://news.example/rss": false,
		"http://news.example/RSS": false, "https://news.example": false, "": false,
	} {
		if got := p.MutesFeed(url); got != want {
			t.Errorf("%q is muted: %v", url, got)
		}
	}
}

// TestSectionsTold: the sections that are wanted, in their order; a source nobody can choose is always told.
func TestSectionsTold(t *testing.T) {
	all := []briefing.SourceName{briefing.Calendar, briefing.Gmail, briefing.News, "weather"}
	for _, c := range []struct{ sections, want []briefing.SourceName }{
		{nil, all},
		{[]briefing.SourceName{briefing.News, briefing.Calendar}, []briefing.SourceName{briefing.News, briefing.Calendar, "weather"}},
		{[]briefing.SourceName{briefing.Gmail}, []briefing.SourceName{briefing.Gmail, "weather"}},
	} {
		p := briefing.Preferences{Sections: c.sections}
		var sections []briefing.Section
		for _, name := range all {
			if p.Wants(name) {
				sections = append(sections, section(name, briefing.VerdictEmpty))
			}
		}
		r := reader()
		r.Preferences = p
		b := briefing.Compose(briefing.Composition{
			Entry: briefing.Entry{ID: "entry", Date: date(t, "2026-11-20"), Sections: sections}, Reader: r, Zone: time.UTC,
		})
		var told []briefing.SourceName
		for _, s := range b.Sections {
			told = append(told, s.Source)
		}
		if diff := cmp.Diff(c.want, told); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.sections, diff)
		}
		if calendar, mail := p.Wants(briefing.Calendar), p.Wants(briefing.Gmail); (b.Gist.Meetings != nil) != calendar || (b.Gist.NeedsReply != nil) != mail {
			t.Errorf("%v: the gist speaks of a section that is off: %+v", c.sections, b.Gist)
		}
	}
}

// TestPreferenceFaultsAreNamed: each by its member and place, without repeating at length what somebody has sent.
func TestPreferenceFaultsAreNamed(t *testing.T) {
	many := make([]string, 10_000)
	for i := range many {
		many[i] = fmt.Sprintf("w%d@gaon.example", i)
	}
	huge := strings.Repeat("가", 1<<20)
	for _, c := range []struct {
		name string
		p    briefing.Preferences
		want []string
	}{
		{"none", briefing.Preferences{}, nil},
		{"all of them", briefing.Preferences{Sections: []briefing.SourceName{briefing.News}, VIPs: []string{"a@b", "@c.example"}, MuteSenders: many[:100],
			MuteFeeds: []string{"https://news.example/rss"}, MuteWords: []string{"속보", "👩‍👩‍👧가족"}, More: []string{"AI"}, Less: []string{"연예"}}, nil},
		{"ten thousand", briefing.Preferences{VIPs: many, MuteSenders: many, MuteFeeds: many, MuteWords: many, More: many, Less: many,
			Sections: make([]briefing.SourceName, 10_000)},
			[]string{"sections", "vips", "mute_senders", "mute_feeds", "mute_words", "more", "less"}},
		{"huge", briefing.Preferences{VIPs: []string{"ok@gaon.example", huge}, MuteFeeds: []string{"https://x.example/" + huge}, More: []string{huge},
			Sections: []briefing.SourceName{briefing.SourceName(huge)}}, []string{"sections[0]", "vips[1]", "mute_feeds[0]", "more[0]"}},
		{"control characters", briefing.Preferences{VIPs: []string{"a\x00b@c.example", "a\nb@c.example"}, MuteWords: []string{"a\x1b[31m", "\u202eabc", "ab\u200bcd"},
			MuteFeeds: []string{"https://x.example/\u2066"}, Less: []string{"broken \xff\xfe"}},
			[]string{"vips[0]", "vips[1]", "mute_feeds[0]", "mute_words[0]", "mute_words[1]", "mute_words[2]", "less[0]"}},
		{"no address", briefing.Preferences{VIPs: []string{"", "gaon.example", "@", "a@", "a@b@c", "a b@c", "<a@b>", "a@b,c@d", "a@b;"}},
			[]string{"vips[0]", "vips[1]", "vips[2]", "vips[3]", "vips[4]", "vips[5]", "vips[6]", "vips[7]", "vips[8]"}},
		{"no feed", briefing.Preferences{MuteFeeds: []string{"news.example", "ftp://news.example/rss", "https://"}}, []string{"mute_feeds[0]", "mute_feeds[1]", "mute_feeds[2]"}},
		{"words too short", briefing.Preferences{MuteWords: []string{"", " ", "가", " a "}}, []string{"mute_words[0]", "mute_words[1]", "mute_words[2]", "mute_words[3]"}},
		{"sections", briefing.Preferences{Sections: []briefing.SourceName{"Calendar", briefing.News, briefing.News}}, []string{"sections[0]", "sections[2]"}},
		{"contradictions", briefing.Preferences{VIPs: []string{"x@gaon.example", "@gaon.example"}, MuteSenders: []string{"@GAON.example"},
			More: []string{"Go  언어"}, Less: []string{"연예", "go 언어"}}, []string{"vips[1]", "more[0]"}},
	} {
		r := reader()
		r.Preferences = c.p
		var got []string
		for _, f := range r.Validate() {
			if f.Code != "invalid_field" || len(f.Problem) > 600 {
				t.Errorf("%s: %s says %d bytes: %.100s", c.name, f.Code, len(f.Problem), f.Problem)
			}
			got = append(got, strings.TrimPrefix(f.Field, "preferences."))
			if strings.ContainsAny(f.Problem, "\x00\x1b\n") || !strings.HasPrefix(f.Field, "preferences.") {
				t.Errorf("%s: %q: %q", c.name, f.Field, f.Problem)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// anyPreferences draws wishes as people, and others, send them.
func anyPreferences(t *rapid.T) briefing.Preferences {
	mailbox := rapid.OneOf(rapid.SampledFrom([]string{"junho@gaon.example", "JUNHO@Gaon.example", "@gaon.example", " @hanbit.example", "b@hanbit.example"}), rapid.String())
	word := rapid.OneOf(rapid.SampledFrom([]string{"AI", "ai", "반도체", "Go 언어", " go  언어 ", "속보"}), rapid.String())
	feed := rapid.OneOf(rapid.SampledFrom([]string{"https://news.example/rss", "https://NEWS.example/rss/"}), rapid.String())
	source := rapid.SampledFrom([]briefing.SourceName{briefing.Calendar, briefing.Gmail, briefing.News})
	return briefing.Preferences{
		Sections: rapid.SliceOfNDistinct(source, 0, 3, rapid.ID).Draw(t, "sections"),
		VIPs:     rapid.SliceOfN(mailbox, 0, 4).Draw(t, "vips"), MuteSenders: rapid.SliceOfN(mailbox, 0, 4).Draw(t, "mute_senders"),
		MuteFeeds: rapid.SliceOfN(feed, 0, 3).Draw(t, "mute_feeds"), MuteWords: rapid.SliceOfN(word, 0, 4).Draw(t, "mute_words"),
		More: rapid.SliceOfN(word, 0, 4).Draw(t, "more"), Less: rapid.SliceOfN(word, 0, 4).Draw(t, "less"),
	}
}

// TestKeptPreferencesDecideTheSame: what is kept decides as what was wished, keeping it again changes nothing, it survives
// JSON, and nobody is both muted and a VIP.
func TestKeptPreferencesDecideTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPreferences(t)
		asSent := fmt.Sprintf("%q", p)
		kept := p.Tidy()
		if fmt.Sprintf("%q", p) != asSent {
			t.Fatal("tidying has changed what was sent")
		}
		if diff := cmp.Diff(kept, kept.Tidy()); diff != "" {
			t.Fatalf("tidied twice:\n%s", diff)
		}
		mailbox := rapid.OneOf(rapid.SampledFrom(append([]string{"junho@gaon.example", "x@hanbit.example"}, p.VIPs...)), rapid.String()).Draw(t, "mailbox")
		text := rapid.OneOf(rapid.SampledFrom(append([]string{"Go 언어와 AI 반도체", "said"}, p.More...)), rapid.String()).Draw(t, "text")
		url := rapid.SampledFrom(append([]string{"https://news.example/rss"}, p.MuteFeeds...)).Draw(t, "url")
		for _, source := range []briefing.SourceName{briefing.Calendar, briefing.Gmail, briefing.News, "weather"} {
			if p.Wants(source) != kept.Wants(source) {
				t.Errorf("%s is wanted differently", source)
			}
		}
		if p.IsVIP(mailbox) != kept.IsVIP(mailbox) || p.MutesSender(mailbox) != kept.MutesSender(mailbox) || p.MutesFeed(url) != kept.MutesFeed(url) ||
			p.MutesText(text) != kept.MutesText(text) || p.Leaning(text) != kept.Leaning(text) {
			t.Errorf("%q decides otherwise than %q of %q, %q, %q", kept, p, mailbox, text, url)
		}
		if kept.IsVIP(mailbox) && kept.MutesSender(mailbox) {
			t.Errorf("%q is both muted and a VIP", mailbox)
		}
		if len(p.Validate()) == 0 {
			if faults := kept.Validate(); len(faults) > 0 {
				t.Errorf("what is kept is at fault: %v", faults)
			}
			var back briefing.Preferences
			text, err := json.Marshal(kept)
			if err == nil {
				err = json.Unmarshal(text, &back)
			}
			if diff := cmp.Diff(kept, back); err != nil || diff != "" || kept.IsZero() != (string(text) == "{}") {
				t.Errorf("%s (%v):\n%s", text, err, diff)
			}
		}
	})
}

// TestManyWishesCostLittle: the longest lists against the longest text, made to be searched in vain.
func TestManyWishesCostLittle(t *testing.T) {
	var p briefing.Preferences
	for i := range 100 {
		p.MuteWords = append(p.MuteWords, strings.Repeat("a", 50)+fmt.Sprint(100+i))
		p.VIPs = append(p.VIPs, fmt.Sprintf("a%d@gaon.example", i))
	}
	if faults := p.Validate(); len(faults) > 0 {
		t.Fatal(faults)
	}
	text, began := strings.Repeat("a", 100_000), time.Now()
	if p.MutesText(text) || p.IsVIP(text+"@gaon.example") || slices.Contains(p.MuteWords, text) {
		t.Error("found what is not there")
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("a text of 100 kB took %v", took)
	}
}
