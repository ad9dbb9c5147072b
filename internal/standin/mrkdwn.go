package standin

import (
	"fmt"
	"html/template"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// mrkdwn draws Slack's markup as HTML. What it draws was written by whoever sends
// mail to a reader, so the rule is: every byte of the input goes through escape or
// through a URL check, and tags come from this file alone.
type mrkdwn struct {
	now      time.Time
	zone     *time.Location
	name     func(userID string) string
	verbatim bool // leave bare addresses alone
}

func (m mrkdwn) render(s string) template.HTML {
	var b strings.Builder
	m.write(&b, s, 0)
	return template.HTML(b.String()) // built from escaped parts, see above
}

const deepest = 8 // nested emphasis beyond this is shown as typed

func (m mrkdwn) write(b *strings.Builder, s string, depth int) {
	for i := 0; i < len(s); {
		used := 0
		switch c := s[i]; c {
		case '<':
			used = m.angle(b, s[i:])
		case '`':
			used = code(b, s[i:])
		case '*', '_', '~':
			if depth < deepest && boundaryBefore(s[:i]) {
				used = m.emphasis(b, s[i:], depth)
			}
		case '\n':
			b.WriteString("<br>")
			used = 1
		case 'h':
			if !m.verbatim && boundaryBefore(s[:i]) {
				used = bareLink(b, s[i:])
			}
		}
		if used == 0 {
			_, used = utf8.DecodeRuneInString(s[i:])
			used = entity(s[i:], used)
			b.WriteString(escape(s[i : i+used]))
		}
		i += used
	}
}

// entity widens a step to a whole "&amp;", "&lt;" or "&gt;", the three that Slack
// undoes; all others show as typed.
func entity(s string, step int) int {
	for _, e := range []string{"&amp;", "&lt;", "&gt;"} {
		if strings.HasPrefix(s, e) {
			return len(e)
		}
	}
	return step
}

var slackEntities = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">")

// escape turns Slack's text into HTML's: its three entities undone, then all escaped.
func escape(s string) string {
	return template.HTMLEscapeString(slackEntities.Replace(s))
}

// boundaryBefore is whether emphasis may open (or a bare address begin) here.
func boundaryBefore(before string) bool {
	r, _ := utf8.DecodeLastRuneInString(before)
	return before == "" || r == '>' || r == ';' || unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r)
}

// emphasis draws *bold*, _italic_ or ~struck~ if s begins with a whole one on this
// line, and says how many bytes that was. As in Slack, a mark closes only before
// something that is no letter or digit: in "*굵게*입니다" the particle keeps the stars
// on the screen, and whoever writes Korean must put a space (U+200B will do) between.
func (m mrkdwn) emphasis(b *strings.Builder, s string, depth int) int {
	mark := s[0]
	end := closingMark(s)
	if end < 2 {
		return 0
	}
	tag := map[byte]string{'*': "strong", '_': "em", '~': "s"}[mark]
	b.WriteString("<" + tag + ">")
	m.write(b, s[1:end], depth+1)
	b.WriteString("</" + tag + ">")
	return end + 1
}

// closingMark is where the mark that s begins with closes, or 0. The look-ahead is
// bounded, as a long line of opening marks would otherwise cost its square.
func closingMark(s string) int {
	if len(s) < 3 || s[1] == ' ' || s[1] == s[0] {
		return 0
	}
	inAngle := false
	for i := 1; i < len(s) && i < 4000 && s[i] != '\n'; i++ {
		switch {
		case s[i] == '<':
			inAngle = true
		case s[i] == '>':
			inAngle = false
		case s[i] != s[0] || inAngle || s[i-1] == ' ':
		default:
			next, _ := utf8.DecodeRuneInString(s[i+1:])
			if i+1 == len(s) || !unicode.IsLetter(next) && !unicode.IsDigit(next) {
				return i
			}
		}
	}
	return 0
}

func code(b *strings.Builder, s string) int {
	if strings.HasPrefix(s, "```") {
		if end := strings.Index(s[3:], "```"); end > 0 {
			b.WriteString("<pre>" + escape(s[3:3+end]) + "</pre>")
			return end + 6
		}
		return 0
	}
	end := strings.IndexAny(s[1:], "`\n")
	if end < 1 || s[1+end] != '`' {
		return 0
	}
	b.WriteString("<code>" + escape(s[1:1+end]) + "</code>")
	return end + 2
}

var bareAddress = regexp.MustCompile(`^https?://[^\s<>|"]+`)

func bareLink(b *strings.Builder, s string) int {
	found := strings.TrimRight(bareAddress.FindString(s), ".,;:!?)'")
	if found == "" {
		return 0
	}
	anchor(b, found, escape(found))
	return len(found)
}

// anchor writes a link; label is HTML already. An address with any other scheme
// than web, mail and telephone is shown and cannot be pressed.
func anchor(b *strings.Builder, address, label string) {
	address = slackEntities.Replace(address)
	u, err := url.Parse(address)
	if err != nil || !strings.Contains(" http https mailto tel ", " "+u.Scheme+" ") || u.Scheme == "" {
		b.WriteString(label)
		return
	}
	fmt.Fprintf(b, `<a href="%s" target="_blank" rel="noopener noreferrer">%s</a>`, template.HTMLEscapeString(u.String()), label)
}

// angle draws a <…> construct: a link, a mention, a date. An unclosed one is text.
func (m mrkdwn) angle(b *strings.Builder, s string) int {
	end := strings.IndexAny(s[1:], ">\n<")
	if end < 1 || s[1+end] != '>' {
		return 0
	}
	body, label, labelled := strings.Cut(s[1:1+end], "|")
	switch {
	case strings.HasPrefix(body, "!date^"):
		m.date(b, body, label)
	case strings.HasPrefix(body, "!"), strings.HasPrefix(body, "@"), strings.HasPrefix(body, "#"):
		m.mention(b, body, label)
	default:
		if !labelled || label == "" {
			label = strings.TrimPrefix(strings.TrimPrefix(body, "mailto:"), "tel:")
		}
		anchor(b, body, escape(label))
	}
	return end + 2
}

func (m mrkdwn) mention(b *strings.Builder, body, label string) {
	shown, class := label, "mention"
	switch {
	case body[0] == '@':
		if shown == "" {
			shown = m.name(body[1:])
		}
		shown = "@" + strings.TrimPrefix(shown, "@")
	case body[0] == '#':
		shown = "#" + strings.TrimPrefix(shown, "#")
	case label == "":
		shown = "@" + body[1:]
	}
	if body == "!channel" || body == "!here" || body == "!everyone" {
		class = "mention ping" // drawn loud: no briefing should ever have one
	}
	b.WriteString(`<span class="` + class + `">` + escape(shown) + `</span>`)
}

// date draws <!date^unix^format^link|fallback> in the reader's zone.
func (m mrkdwn) date(b *strings.Builder, body, fallback string) {
	parts := strings.SplitN(body, "^", 4)
	unix, err := strconv.ParseInt(parts[1], 10, 64) // there is a second part: see the caller
	if err != nil || len(parts) < 3 {
		b.WriteString(escape(fallback))
		return
	}
	t := time.Unix(unix, 0).In(m.zone)
	shown := escape(m.dateWords(t).Replace(parts[2]))
	if len(parts) == 4 {
		anchor(b, parts[3], shown)
		return
	}
	b.WriteString(`<time datetime="` + t.Format(time.RFC3339) + `">` + shown + `</time>`)
}

func (m mrkdwn) dateWords(t time.Time) *strings.Replacer {
	long := fmt.Sprintf("%d년 %d월 %d일", t.Year(), t.Month(), t.Day())
	day := long + " " + weekday(t)
	pretty := func(otherwise string) string {
		switch daysBetween(m.now.In(m.zone), t) {
		case -1:
			return "어제"
		case 0:
			return "오늘"
		case 1:
			return "내일"
		}
		return otherwise
	}
	return strings.NewReplacer(
		"{date_num}", t.Format(time.DateOnly), "{date_short_pretty}", pretty(long), "{date_long_pretty}", pretty(day),
		"{date_pretty}", pretty(long), "{date_short}", long, "{date_long}", day, "{date}", long,
		"{time_secs}", clock(t)+t.Format(":05"), "{time}", clock(t), "{ago}", ago(m.now.Sub(t)),
	)
}

func weekday(t time.Time) string {
	return []string{"일", "월", "화", "수", "목", "금", "토"}[t.Weekday()] + "요일"
}

// clock is the time of day as a Korean phone writes it.
func clock(t time.Time) string {
	half := "오전"
	if t.Hour() >= 12 {
		half = "오후"
	}
	return half + " " + t.Format("3:04")
}

func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "방금"
	case d < time.Hour:
		return fmt.Sprintf("%d분 전", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d시간 전", int(d.Hours()))
	}
	return fmt.Sprintf("%d일 전", int(d.Hours()/24))
}

// daysBetween counts local dates, not hours.
func daysBetween(from, to time.Time) int {
	date := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(date(to).Sub(date(from)).Hours() / 24)
}
