package sources

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	xhtml "golang.org/x/net/html"
	"golang.org/x/text/unicode/norm"
)

// oneLine makes other people's text safe to put on a line of ours: control characters and the marks that
// turn the direction of writing are dropped, white space is folded, and syllables are composed (names of
// files from macOS come in loose jamo). What it means is left alone.
func oneLine(s string) string {
	if tidy(s) && norm.NFC.IsNormalString(s) {
		return s // most text: spare it the work
	}
	s = norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Map(func(r rune) rune {
		switch {
		case blank(r):
			return ' '
		case unseen(r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// folded is a text as the words of a reader's wishes are looked for in it: in one line, and in the form they are kept in, where wide
// letters are the usual ones and loose jamo are syllables.
func folded(s string) string { return oneLine(norm.NFKC.String(s)) }

// tidy reports whether s has nothing for oneLine to drop or to fold.
func tidy(s string) bool {
	before := ' '
	for i, r := range s {
		if (blank(r) && (r != ' ' || before == ' ')) || unseen(r) {
			return false
		}
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return false
			}
		}
		before = r
	}
	return s == "" || before != ' '
}

// blank reports white space, and the Hangul fillers that look like it.
func blank(r rune) bool {
	return unicode.IsSpace(r) || r == '\u3164' || r == '\u115F' || r == '\u1160'
}

// unseen reports characters that show nothing and can only mislead. The zero-width joiner stays: emoji need it.
func unseen(r rune) bool {
	return unicode.IsControl(r) || bidiMark(r) || r == '\u200B' || r == '\uFEFF' || r == '\u00AD' || r == '\u2060' || r == '\u034F'
}

// bidiMark reports the characters that can make text read in another order than it is written.
func bidiMark(r rune) bool {
	return (r >= '\u202A' && r <= '\u202E') || (r >= '\u2066' && r <= '\u2069') || r == '\u200E' || r == '\u200F' || r == '\u061C'
}

// cut shortens s to at most limit runes, at a space if one is near, never inside what a reader sees as
// one character, and marks that it did.
func cut(s string, limit int) string {
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	end := limit - 1
	for end > 0 && (joins(runes[end]) || runes[end-1] == '\u200D' || (regional(runes[end]) && regional(runes[end-1]))) {
		end--
	}
	for near := end; near > end-12 && near > 0; near-- {
		if runes[near] == ' ' {
			end = near
			break
		}
	}
	return strings.TrimRight(string(runes[:end]), " ,.·-–—…") + "…"
}

// joins reports whether r belongs to the character before it.
func joins(r rune) bool {
	return unicode.Is(unicode.M, r) || r == '\u200D' || (r >= 0xFE00 && r <= 0xFE0F) ||
		(r >= 0x1F3FB && r <= 0x1F3FF) || (r >= 0x1160 && r <= 0x11FF)
}

func regional(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

// unescapeTwice resolves entities, also those that were escaped a second time on the way.
func unescapeTwice(s string) string {
	for range 2 {
		if !strings.Contains(s, "&") {
			return s
		}
		s = html.UnescapeString(s)
	}
	return s
}

// plainText takes the words out of HTML. Text without any markup passes unchanged.
func plainText(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return s
	}
	var b strings.Builder
	hidden := 0 // depth of elements whose text is not for reading
	z := xhtml.NewTokenizer(strings.NewReader(s))
	for {
		kind := z.Next()
		if kind == xhtml.ErrorToken {
			return b.String()
		}
		name, _ := z.TagName()
		unread := string(name) == "script" || string(name) == "style"
		switch {
		case kind == xhtml.StartTagToken && unread:
			hidden++
		case kind == xhtml.EndTagToken && unread && hidden > 0:
			hidden--
		case kind == xhtml.TextToken && hidden == 0:
			b.Write(z.Text())
		case breaksLine(string(name)):
			b.WriteByte('\n')
		}
	}
}

// breaksLine reports the elements that set what follows apart; the others stand inside a line.
func breaksLine(element string) bool {
	switch element {
	case "br", "p", "div", "li", "ul", "ol", "tr", "td", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote":
		return true
	}
	return false
}
