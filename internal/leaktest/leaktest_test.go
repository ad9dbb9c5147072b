package leaktest_test

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"net/url"
	"strings"
	"testing"

	"achim/internal/leaktest"
)

// TestGardenFinds: whatever a leak wraps a value in, it is found; where it may stand, it is none.
func TestGardenFinds(t *testing.T) {
	word := leaktest.Word("bot token")
	for name, text := range map[string]string{
		"plain": "level=INFO token=" + word, "upper case": strings.ToUpper(word), "in a URL": url.QueryEscape("x=" + word + "&y"),
		"in HTML": html.EscapeString("<" + word + ">"), "hex": hex.EncodeToString([]byte("ab" + word)),
		"base64": base64.StdEncoding.EncodeToString([]byte(word)), "base64 of more": base64.StdEncoding.EncodeToString([]byte("a" + word + "b")),
		"and more": base64.URLEncoding.EncodeToString([]byte("user:" + word + ":")),
	} {
		var g leaktest.Garden
		g.PlantWord("bot token", "db/gmail_token", "http GET /x")
		g.Look("log", text)
		if leaks := g.Leaks(); len(leaks) != 1 || !strings.HasPrefix(leaks[0], "bot token stands in log: ") {
			t.Errorf("%s: %q", name, leaks)
		}
	}
	var g leaktest.Garden
	g.PlantWord("bot token", "db/gmail_token", "http GET /x")
	g.Look("db/gmail_token", word)
	g.Look("http GET /x", word)
	g.Look("log", leaktest.Word("another"))
	if leaks := g.Leaks(); len(leaks) > 0 || !g.Found("bot token", "db/") || g.Found("bot token", "log") {
		t.Errorf("%q", leaks)
	}
	g.Look("db/gmail_tokens", word)
	if len(g.Leaks()) != 1 || !strings.Contains(g.Echo(), word) {
		t.Error("a place is not what it begins with")
	}
}
