package sources

import (
	"encoding/base64"
	"strings"

	"google.golang.org/api/gmail/v1"
)

const (
	longestBody  = 4000 // runes kept of a mail's own words
	deepestParts = 20
)

// body is what a mail says.
type body struct {
	text                string // the sender's own words, paragraphs joined by "\n"
	invite, bounce, cut bool
}

// readBody reads the first plain text of the message.
func readBody(payload *gmail.MessagePart) body {
	text, invite := "", false
	var walk func(part *gmail.MessagePart, depth int)
	walk = func(part *gmail.MessagePart, depth int) {
		if part == nil || depth > deepestParts {
			return
		}
		invite = invite || part.MimeType == "text/calendar"
		if text == "" && part.MimeType == "text/plain" && part.Filename == "" && part.Body != nil {
			text = decodedPart(part.Body.Data)
		}
		for _, child := range part.Parts {
			walk(child, depth+1)
		}
	}
	walk(payload, 0)
	b := body{invite: invite}
	var lines []string
	for line := range strings.Lines(text) {
		if line = oneLine(line); line != "" && !strings.HasPrefix(line, ">") {
			lines = append(lines, line)
		}
	}
	runes := []rune(strings.Join(lines, "\n"))
	b.cut = len(runes) > longestBody
	b.text = string(runes[:min(len(runes), longestBody)])
	return b
}

func decodedPart(data string) string {
	text, err := base64.URLEncoding.DecodeString(data)
	if err != nil {
		text, _ = base64.RawURLEncoding.DecodeString(data)
	}
	return string(text[:min(len(text), longestBody*16)])
}
