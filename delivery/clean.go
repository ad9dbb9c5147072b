package delivery

import (
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// How many characters of other people's text there is room for.
const (
	maxTitle  = 80
	maxName   = 40 // senders, publishers, places
	maxQuote  = 60
	mostNamed = 3 // events in one sentence
	maxURL    = 1000
)

// clean makes other people's text fit for one line: characters that steer the display are removed, white
// space is folded, and what is longer than most characters ends in "…".
func clean(s string, most int) string {
	if most <= 0 {
		return ""
	}
	if len(s) > 64*most { // nobody reads on; do not let a huge subject cost anything
		s = s[:64*most]
	}
	s = norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), r == '\u2028', r == '\u2029', r == '\u3164': // the last is a blank that counts as a letter
			return ' '
		case invisible(r):
			return -1
		}
		return r
	}, s)
	return clip(strings.Join(strings.Fields(thinned(s)), " "), most)
}

// mostMarks is how many marks one letter carries in any script; more of them paint over the lines around.
const mostMarks = 6

// thinned takes away the marks a letter has too many of.
func thinned(s string) string {
	if !strings.ContainsFunc(s, unicode.IsMark) {
		return s
	}
	marks := 0
	return strings.Map(func(r rune) rune {
		if !unicode.IsMark(r) {
			marks = 0
			return r
		}
		if marks++; marks > mostMarks {
			return -1
		}
		return r
	}, s)
}

// invisible reports whether r shows nothing but changes how its neighbours do: controls, and the
// direction marks that make "gpj.exe" read as "exe.jpg". The joiners that emoji and some scripts are
// written with stay.
func invisible(r rune) bool {
	if r == '\u200C' || r == '\u200D' {
		return false
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r)
}

// clip cuts s to most characters, between two words when there is a gap near enough. It does not cut between a letter and the
// marks that belong to it.
func clip(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	end := most - 1
	if gap := lastGap(runes[:most]); gap > end*2/3 {
		end = gap
	}
	for end > most/2 && (unicode.Is(unicode.M, runes[end]) || runes[end] == '\u200D' || runes[end-1] == '\u200D') {
		end--
	}
	kept := strings.TrimRight(string(runes[:end]), " ")
	if bare := strings.TrimRight(kept, " ,.:;·…-–—/|(["); bare != "" {
		kept = bare // what leads on to words that are not there
	}
	return kept + "…"
}

// lastGap is where the last space stands, 0 when there is none.
func lastGap(runes []rune) int {
	for i := len(runes) - 1; i > 0; i-- {
		if runes[i] == ' ' {
			return i
		}
	}
	return 0
}

// safeURL returns the address if it is one a message may link to: http or https, with a host, without a
// user name (which makes one site look like another), and not overlong. Else "". Whatever could end a
// link early is percent-encoded.
func safeURL(raw string) string {
	raw = strings.TrimSpace(raw)
	if raw == "" || len(raw) > maxURL || strings.ContainsFunc(raw, func(r rune) bool { return unicode.IsControl(r) || invisible(r) }) {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil {
		return ""
	}
	if strings.ContainsAny(u.Host, "|<>\"'`*\\ ") {
		return ""
	}
	raw = urlUnsafe.Replace(raw)
	if len(raw) > maxURL {
		return ""
	}
	return raw
}

// urlUnsafe encodes what ends or splits a link in Slack's markup.
var urlUnsafe = strings.NewReplacer("|", "%7C", ">", "%3E", "<", "%3C", " ", "%20", `"`, "%22", "`", "%60", `\`, "%5C")
