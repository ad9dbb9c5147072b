package sources

import "google.golang.org/api/gmail/v1"

// Body is what a message says itself.
type Body struct {
	Text                string
	Invite, Bounce, Cut bool
}

// BodyRunes is the most of it that is kept.
const BodyRunes = bodyRunes

// ReadBody is readBody.
func ReadBody(payload *gmail.MessagePart) Body {
	b := readBody(payload)
	return Body{b.text, b.invite, b.bounce, b.cut}
}

// OneLine is oneLine.
func OneLine(s string) string { return oneLine(s) }

// FeedTransport is the transport under news that refuses private addresses.
var FeedTransport = feedTransport

// Deadline is deadline, and SubjectDeadline subjectDeadline.
var (
	Deadline        = deadline
	SubjectDeadline = subjectDeadline
)
