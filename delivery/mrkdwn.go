package delivery

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"achim/internal/language"
)

// zeroWidth is a space nobody sees. Slack takes emphasis for such only next to spaces and punctuation, so
// it both keeps other people's asterisks apart from their words and sets ours off from Hangul.
const zeroWidth = "\u200B"

// mrkdwn writes lines in Slack's markup. Every piece is escaped, ours too: markup comes from here alone.
func mrkdwn(lines []language.Phrase) string {
	var b strings.Builder
	for i, line := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		mrkdwnLine(&b, line)
	}
	return b.String()
}

func mrkdwnLine(b *strings.Builder, line language.Phrase) {
	bold := false
	for i, piece := range line {
		text := piece.Text
		if text == "" {
			continue
		}
		if piece.Bold && !bold {
			text = strings.TrimLeft(text, " ")
			if r, _ := utf8.DecodeLastRuneInString(b.String()); wordy(r) {
				b.WriteString(zeroWidth)
			}
			b.WriteByte('*')
		}
		bold = piece.Bold
		ends := bold && (i+1 == len(line) || !line[i+1].Bold)
		if ends {
			text = strings.TrimRight(text, " ")
		}
		escaped := escape(text)
		if bold {
			escaped = strings.ReplaceAll(escaped, "*", "∗") // else it would end the bold
		}
		if piece.URL != "" {
			escaped = "<" + escapeAngles(piece.URL) + "|" + escaped + ">"
		}
		b.WriteString(escaped)
		if !ends {
			continue
		}
		b.WriteByte('*')
		bold = false
		if i+1 < len(line) {
			if r, _ := utf8.DecodeRuneInString(line[i+1].Text); wordy(r) {
				b.WriteString(zeroWidth)
			}
		}
	}
}

func wordy(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// escape makes s show as it stands: the three characters that make links and pings become entities, and
// marks that would format are set apart.
func escape(s string) string {
	if !strings.ContainsAny(s, "*_~`<>&") {
		return s
	}
	runes := []rune(s)
	var b strings.Builder
	for i, r := range runes {
		switch r {
		case '*', '_', '~':
			b.WriteString(apart(runes, i))
		case '`':
			b.WriteRune('ˋ') // code begins anywhere, whatever stands around it
		case '>':
			if i == 0 {
				b.WriteString(zeroWidth) // else it would quote the line
			}
			b.WriteString("&gt;")
		case '<':
			b.WriteString("&lt;")
		case '&':
			b.WriteString("&amp;")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// apart returns the mark at i so that it cannot open or close emphasis. Inside a word, as in snake_case, it
// never does.
func apart(runes []rune, i int) string {
	inWord := i > 0 && i+1 < len(runes) && wordy(runes[i-1]) && wordy(runes[i+1])
	if inWord {
		return string(runes[i])
	}
	return zeroWidth + string(runes[i]) + zeroWidth
}

var angles = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escapeAngles escapes an address, whose other characters must stay.
func escapeAngles(s string) string { return angles.Replace(s) }
