package standin

import (
	"encoding/base64"
	"html"
	"mime"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	htmlTag    = regexp.MustCompile(`(?s)<!--.*?-->|<style.*?</style>|<script.*?</script>|<title.*?</title>|<[^>]*>`)
	htmlInline = regexp.MustCompile(`</?(?:a|b|em|font|i|o:p|span|strong|u)(?:\s[^>]*)?>`) // stands inside a word
)

// text is the message's plain text, taken from the HTML if it must. Of a message that was read the HTML
// counts, which is what Gmail shows: hidden lines at its top are there to be seen in the snippet.
func (m Mail) text() string {
	body, page := m.Body, m.HTML
	if m.tree != nil {
		body, page = m.tree.find("text/plain"), m.tree.find("text/html")
		if page != "" {
			body = ""
		}
	}
	if body != "" {
		return body
	}
	return html.UnescapeString(htmlTag.ReplaceAllString(htmlInline.ReplaceAllString(page, ""), " "))
}

// snippet is Gmail's: the first words on one line, HTML-escaped.
func (m Mail) snippet() string {
	runes := []rune(strings.Join(strings.Fields(m.text()), " "))
	if len(runes) > 200 {
		runes = runes[:200]
	}
	return strings.ReplaceAll(html.EscapeString(string(runes)), "&#34;", "&quot;")
}

// headers are the standard ones, each replaced by those of its name in m.Headers,
// and then the rest of m.Headers.
func (m Mail) headers() [][2]string {
	if m.tree != nil {
		return m.Headers
	}
	kind := "text/plain; charset=UTF-8"
	switch {
	case m.HTML != "" && m.Body != "":
		kind = `multipart/alternative; boundary="` + m.boundary() + `"`
	case m.HTML != "":
		kind = "text/html; charset=UTF-8"
	}
	usual := [][2]string{
		{"Delivered-To", m.To},
		{"MIME-Version", "1.0"},
		{"Date", m.Date.Format(time.RFC1123Z)},
		{"Message-ID", "<" + m.ID + "@mail.standin.example>"},
		{"Subject", m.Subject},
		{"From", m.From},
		{"To", m.To},
		{"Cc", m.Cc},
		{"Content-Type", kind},
	}
	var out [][2]string
	for _, h := range usual {
		own := slices.ContainsFunc(m.Headers, func(x [2]string) bool { return strings.EqualFold(x[0], h[0]) })
		if !own && (h[1] != "" || h[0] == "Subject") {
			out = append(out, h)
		}
	}
	return append(out, m.Headers...)
}

func (m Mail) header(name string) string {
	for _, h := range m.headers() {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

func (m Mail) boundary() string { return "standin-" + m.ID }

// resource is the message as messages.get answers it.
func (m Mail) resource(format string, only []string) map[string]any {
	out := map[string]any{
		"id": m.ID, "threadId": m.ThreadID, "snippet": m.snippet(),
		"internalDate": strconv.FormatInt(m.Date.UnixMilli(), 10),
		"historyId":    strconv.FormatInt(m.Date.Unix(), 10),
		"sizeEstimate": len(m.Body) + len(m.HTML) + 1200,
	}
	if len(m.Labels) > 0 {
		out["labelIds"] = m.Labels
	}
	switch format {
	case "metadata":
		out["payload"] = map[string]any{"mimeType": m.mimeType(), "headers": headerList(m.headers(), only)}
	case "full":
		out["payload"] = m.payload()
	case "raw":
		out["raw"] = base64.URLEncoding.EncodeToString([]byte(m.rfc5322()))
	}
	return out
}

func (m Mail) mimeType() string {
	kind, _, _ := strings.Cut(m.header("Content-Type"), ";")
	return strings.TrimSpace(strings.ToLower(kind))
}

// payload is the MIME tree: one part, or text and HTML side by side.
func (m Mail) payload() map[string]any {
	if m.tree != nil {
		return m.tree.payload("")
	}
	p := map[string]any{
		"partId": "", "mimeType": m.mimeType(), "filename": "", "headers": headerList(m.headers(), nil),
	}
	switch {
	case m.HTML != "" && m.Body != "":
		p["body"] = map[string]any{"size": 0}
		p["parts"] = []any{mimePart("0", "text/plain", m.Body), mimePart("1", "text/html", m.HTML)}
	case m.HTML != "":
		p["body"] = mimeBody(m.HTML)
	default:
		p["body"] = mimeBody(m.Body)
	}
	return p
}

func mimePart(id, kind, text string) map[string]any {
	return map[string]any{
		"partId": id, "mimeType": kind, "filename": "", "body": mimeBody(text),
		"headers": headerList([][2]string{
			{"Content-Type", kind + `; charset="UTF-8"`}, {"Content-Transfer-Encoding", "base64"},
		}, nil),
	}
}

func mimeBody(text string) map[string]any {
	b := map[string]any{"size": len(text)}
	if text != "" {
		b["data"] = base64.URLEncoding.EncodeToString([]byte(text))
	}
	return b
}

// headerList is the headers as JSON; only, when not empty, names those to keep.
func headerList(headers [][2]string, only []string) []any {
	out := []any{}
	for _, h := range headers {
		named := slices.ContainsFunc(only, func(n string) bool { return strings.EqualFold(n, h[0]) })
		if len(only) == 0 || named {
			out = append(out, map[string]any{"name": h[0], "value": h[1]})
		}
	}
	return out
}

// rfc5322 is the message as it travelled.
func (m Mail) rfc5322() string {
	if m.tree != nil {
		return string(m.raw)
	}
	var b strings.Builder
	for _, h := range m.headers() {
		value := h[1]
		if h[0] == "Subject" {
			value = mime.BEncoding.Encode("utf-8", value)
		}
		b.WriteString(h[0] + ": " + value + "\r\n")
	}
	b.WriteString("\r\n")
	if m.HTML == "" || m.Body == "" {
		b.WriteString(m.Body + m.HTML)
		return b.String()
	}
	for _, part := range [][2]string{{"text/plain", m.Body}, {"text/html", m.HTML}} {
		b.WriteString("--" + m.boundary() + "\r\nContent-Type: " + part[0] + "; charset=UTF-8\r\n\r\n" + part[1] + "\r\n")
	}
	b.WriteString("--" + m.boundary() + "--\r\n")
	return b.String()
}
