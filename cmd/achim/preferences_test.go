package main_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestPreferences: every wish can be said, seen and taken back, and the last one leaves nothing behind.
func TestPreferences(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.expect(0, nil, "users", "add", "--name", "haneul", "--slack", haneulSlack)
	set := func(code int, parts []string, flags ...string) result {
		t.Helper()
		return d.expect(code, parts, append([]string{"users", "set", "--user", "haneul"}, flags...)...)
	}
	prefers := func(want string) {
		t.Helper()
		got := d.json(0, "users", "show", "--user", "haneul")["preferences"].(map[string]any)
		var said []string
		for _, member := range []string{"sections", "vips", "mute_senders", "mute_feeds", "mute_words", "more", "less"} {
			if list := got[member].([]any); len(list) > 0 {
				said = append(said, fmt.Sprint(member, list))
			}
		}
		if text := strings.Join(said, " "); text != want {
			t.Errorf("preferences are %s\nwant %s", text, want)
		}
	}
	const usual = "sections[calendar gmail news]"
	prefers(usual)

	set(0, []string{"sections  news, calendar\n"}, "--sections", "News, calendar")
	set(0, []string{"vip       junho@gaon.example, @hanbit.example"}, "--vip", "Junho@Gaon.example", "--vip", " @hanbit.example ")
	set(0, []string{"muted     @ads.example, https://news.example/rss, 광고\n"}, "--mute-sender", "@ads.example", "--mute-feed", "https://news.example/rss", "--mute-word", "광고")
	set(0, []string{"more of   반도체, Go 언어", "less of   연예"}, "--more", "반도체", "--more", "Go  언어", "--less", "연예")
	set(0, nil, "--vip", "JUNHO@gaon.example") // is one already
	prefers("sections[news calendar] vips[@hanbit.example junho@gaon.example] mute_senders[@ads.example] mute_feeds[https://news.example/rss] " +
		"mute_words[광고] more[반도체 Go 언어] less[연예]")

	// The last wish of an address or a topic counts.
	set(0, nil, "--mute-sender", "@hanbit.example", "--less", "반도체")
	prefers("sections[news calendar] vips[junho@gaon.example] mute_senders[@ads.example @hanbit.example] mute_feeds[https://news.example/rss] " +
		"mute_words[광고] more[Go 언어] less[연예 반도체]")

	before := d.json(0, "users", "show", "--user", "haneul")
	set(0, nil, "--sections", "all", "--no-vip", "junho@gaon.example", "--unmute-sender", "@ADS.example", "--unmute-sender", "@hanbit.example",
		"--unmute-feed", "https://news.example/rss", "--unmute-word", "광고", "--no-topic", "go 언어", "--no-topic", "연예", "--no-topic", "반도체")
	prefers(usual)
	if r := d.expect(0, []string{"sections  calendar, gmail, news\n"}, "users", "show", "--user", "haneul"); strings.Contains(r.out, "muted") || strings.Contains(r.out, " of ") {
		t.Errorf("wishes that were taken back are told:\n%s", r.out)
	}
	if list := fmt.Sprint(d.json(0, "users", "list")["users"]); !strings.Contains(list, "mute_words") || fmt.Sprint(before) == list {
		t.Errorf("the list is without preferences: %s", list)
	}

	d.expect(0, nil, "users", "set", "--user", "haneul", "--vip", "junho@gaon.example")
	d.expect(0, []string{`  preferences: {"vips":["junho@gaon.example"]}`}, "users", "show", "--user", "haneul", "--stored")
	set(0, nil, "--no-vip", "junho@gaon.example")

	set(0, nil, "--sections", "gmail", "--more", "AI", "--mute-word", "속보", "--mute-word", "광고")
	set(0, nil, "--mute-word", "", "--mute-word", "단독")
	prefers("sections[gmail] mute_words[단독] more[AI]")
	set(0, nil, "--no-preferences", "--less", "AI")
	prefers(usual + " less[AI]")
	set(0, nil, "--no-preferences")
	prefers(usual)
}

// TestWishesAreTheSameInEverySpelling: a wish is taken back as it is compared when it is applied, so that two feeds that differ
// in the letters of their paths are two.
func TestWishesAreTheSameInEverySpelling(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.expect(0, nil, "users", "add", "--name", "haneul", "--slack", haneulSlack)
	for _, step := range []struct {
		flags []string
		want  string // mute_feeds, mute_words, more and less, as they then stand
	}{
		{[]string{"--mute-feed", "https://a.example/feed", "--mute-feed", "https://a.example/Feed"}, "[https://a.example/feed https://a.example/Feed] [] [] []"},
		{[]string{"--unmute-feed", "https://A.example/feed/"}, "[https://a.example/Feed] [] [] []"},
		{[]string{"--mute-feed", "https://b.example/", "--unmute-feed", "https://a.example/Feed"}, "[https://b.example/] [] [] []"},
		{[]string{"--mute-feed", "https://b.example"}, "[https://b.example] [] [] []"},
		{[]string{"--unmute-feed", "https://B.example/", "--mute-word", "인공 지능"}, "[] [인공 지능] [] []"},
		{[]string{"--unmute-word", " 인공  지능", "--less", "Go 언어"}, "[] [] [] [Go 언어]"},
		{[]string{"--more", "go  언어"}, "[] [] [go 언어] []"},
		{[]string{"--no-topic", "GO 언어 "}, "[] [] [] []"},
		{[]string{"--mute-word", "\u1100\u116a\u11bc\u1100\u1169", "--more", "ＡＩ　강연"}, "[] [광고] [AI 강연] []"},
		{[]string{"--unmute-word", "\u1100\u116a\u11bc\u1100\u1169", "--no-topic", "ai 강연"}, "[] [] [] []"},
	} {
		d.expect(0, nil, append([]string{"users", "set", "--user", "haneul"}, step.flags...)...)
		p := d.json(0, "users", "show", "--user", "haneul")["preferences"].(map[string]any)
		if got := fmt.Sprint(p["mute_feeds"], p["mute_words"], p["more"], p["less"]); got != step.want {
			t.Errorf("after %q: %s, want %s", step.flags, got, step.want)
		}
	}
}

// TestPreferenceFaults: each is told by its flag, and nothing is stored.
func TestPreferenceFaults(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.expect(0, nil, "users", "add", "--name", "haneul", "--slack", haneulSlack)
	d.expect(0, nil, "users", "set", "--user", "haneul", "--vip", "junho@gaon.example", "--more", "반도체")
	before := fmt.Sprint(d.json(0, "users", "show", "--user", "haneul"))
	for _, tc := range []struct {
		flags []string
		parts []string
	}{
		{[]string{"--sections", ""}, []string{"--sections: names none: all tells"}},
		{[]string{"--sections", " , "}, []string{"--sections", "is not a section"}},
		{[]string{"--sections", "none"}, []string{`--sections: "none" is not a section: there are calendar, gmail, news`}},
		{[]string{"--sections", "mail,calendar"}, []string{"--sections", `"mail"`}},
		{[]string{"--sections", "news,news"}, []string{"--sections: news is there twice"}},
		{[]string{"--sections", "all,news"}, []string{"--sections", `"all"`}},
		{[]string{"--sections", "calendar,gmail,news,calendar"}, []string{"--sections: 4 are too many"}},
		{[]string{"--vip", "gaon.example"}, []string{"--vip", "@gaon.example"}},
		{[]string{"--vip", "a@gaon.example,b@gaon.example"}, []string{"--vip"}},
		{[]string{"--vip", "Junho <junho@gaon.example>"}, []string{"--vip"}},
		{[]string{"--vip", "ju\u202enho@gaon.example"}, []string{"--vip", `\u202e`}},
		{[]string{"--mute-sender", "ads"}, []string{"--mute-sender"}},
		{[]string{"--mute-feed", "news.example/rss"}, []string{"--mute-feed", "http(s)"}},
		{[]string{"--mute-word", "광"}, []string{"--mute-word", "2 to 60"}},
		{[]string{"--mute-word", "광\x1b[2J고"}, []string{"--mute-word", `\x1b`}},
		{[]string{"--mute-word", "broken \xff"}, []string{"--mute-word"}},
		{[]string{"--more", strings.Repeat("가", 61)}, []string{"--more", "61 characters"}},
		{[]string{"--vip", "dana@gaon.example", "--mute-sender", "Dana@gaon.example"}, []string{"--vip", "mute_senders as well"}},
		{[]string{"--more", "AI", "--less", "ai"}, []string{"--more", "less as well"}},
		{[]string{"--no-vip", "dana@gaon.example"}, []string{"--no-vip", "never wished", "junho@gaon.example"}},
		{[]string{"--unmute-word", "광고"}, []string{"--unmute-word", "nothing to take back"}},
		{[]string{"--no-topic", "연예"}, []string{"--no-topic", "반도체"}},
	} {
		if r := d.expect(2, tc.parts, append([]string{"users", "set", "--user", "haneul"}, tc.flags...)...); r.out != "" || strings.Contains(r.err, "\x1b") {
			t.Errorf("%q prints %s%s", tc.flags, r.out, r.err)
		}
	}
	many := []string{"users", "set", "--user", "haneul"}
	for i := range 101 {
		many = append(many, "--mute-word", fmt.Sprint("word", i))
	}
	d.expect(2, []string{"--mute-word: 101 are too many: name at most 100"}, many...)
	if after := fmt.Sprint(d.json(0, "users", "show", "--user", "haneul")); after != before {
		t.Errorf("faults have changed something: %s\nbefore: %s", after, before)
	}
}

// TestImportKeepsPreferences: they are no column, and an import leaves them as they are.
func TestImportKeepsPreferences(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.expect(0, nil, "users", "add", "--name", "haneul", "--slack", haneulSlack)
	d.expect(0, nil, "users", "set", "--user", "haneul", "--vip", "junho@gaon.example", "--sections", "news")
	d.write("team.csv", "slack_user_id,deliver_at\n"+haneulSlack+",07:10\n")
	d.expect(0, []string{"1 to change"}, "users", "import", "team.csv", "--yes")
	d.expect(0, []string{"07:10", "sections  news\n", "vip       junho@gaon.example"}, "users", "show", "--user", "haneul")
	d.write("odd.csv", "slack_user_id,preferences\n"+haneulSlack+",x\n")
	d.expect(2, []string{`"preferences" is no column`}, "users", "import", "odd.csv", "--yes")
}
