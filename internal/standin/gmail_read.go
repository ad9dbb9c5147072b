package standin

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// node is one part of a message that was read: either text or parts.
type node struct {
	headers    [][2]string
	kind, name string // media type and file name
	body       []byte
	parts      []*node
}

// Charset turns text into UTF-8. The name of its charset comes in lower case.
type Charset func(name string, text []byte) (string, error)

// ReadMail makes a Mail of a message as it travelled (RFC 5322), dated by its Date header. It is handed out
// as Gmail does: headers as they were sent, text as UTF-8 whatever its Content-Type still says, what is no
// text or has a file name as an attachment to be asked for. The standard library knows no charsets, so
// decode is called for text that is neither UTF-8 nor ASCII. Of what breaks off or is badly encoded what can be read
// stands, because such mail is delivered, too; only a message without a date is an error.
func ReadMail(message []byte, decode Charset) (Mail, error) {
	headers, body := splitHeaders(message)
	decodeHeaders(headers, decode)
	root := readNode(headers, body, decode)
	m := Mail{Headers: headers, tree: root, raw: message}
	m.From, m.To, m.Cc, m.Subject = root.header("From"), root.header("To"), root.header("Cc"), root.header("Subject")
	var err error
	if m.Date, err = mail.ParseDate(root.header("Date")); err != nil {
		return Mail{}, fmt.Errorf("date of %q: %w", m.Subject, err)
	}
	return m, nil
}

// decodeHeaders reads headers that were sent in a charset of their own without saying so as that of the text, as Gmail does.
func decodeHeaders(headers [][2]string, decode Charset) {
	_, params, err := mime.ParseMediaType((&node{headers: headers}).header("Content-Type"))
	if err != nil || decode == nil || params["charset"] == "" {
		return
	}
	for i, h := range headers {
		if utf8.ValidString(h[1]) {
			continue
		}
		if text, err := decode(strings.ToLower(params["charset"]), []byte(h[1])); err == nil {
			headers[i][1] = text
		}
	}
}

// splitHeaders returns the headers in their order and spelling, unfolded, and what follows them.
func splitHeaders(message []byte) (headers [][2]string, body []byte) {
	for len(message) > 0 {
		line, rest, _ := bytes.Cut(message, []byte("\n"))
		message = rest
		text := strings.TrimRight(string(line), "\r")
		if text == "" {
			break
		}
		if name, value, ok := strings.Cut(text, ":"); ok && text[0] != ' ' && text[0] != '\t' {
			headers = append(headers, [2]string{name, strings.TrimSpace(value)})
		} else if last := len(headers) - 1; last >= 0 {
			headers[last][1] += " " + strings.TrimSpace(text)
		}
	}
	return headers, message
}

func readNode(headers [][2]string, body []byte, decode Charset) *node {
	n := &node{headers: headers, kind: "text/plain"}
	kind, params, err := mime.ParseMediaType(n.header("Content-Type"))
	if err == nil {
		n.kind = kind
	}
	if _, about, err := mime.ParseMediaType(n.header("Content-Disposition")); err == nil {
		n.name = about["filename"]
	}
	if boundary := params["boundary"]; strings.HasPrefix(n.kind, "multipart/") && boundary != "" {
		n.readParts(multipart.NewReader(bytes.NewReader(body), boundary), decode)
		return n
	}
	var encoded io.Reader = bytes.NewReader(body)
	switch strings.ToLower(n.header("Content-Transfer-Encoding")) {
	case "base64":
		encoded = base64.NewDecoder(base64.StdEncoding, encoded)
	case "quoted-printable":
		encoded = quotedprintable.NewReader(encoded)
	}
	n.body, _ = io.ReadAll(encoded) // up to where its encoding breaks
	charset := strings.ToLower(params["charset"])
	if n.attached() || decode == nil || slices.Contains([]string{"", "utf-8", "us-ascii"}, charset) {
		return n
	}
	if text, err := decode(charset, n.body); err == nil { // a charset nobody knows leaves the bytes as they came
		n.body = []byte(text)
	}
	return n
}

// readParts reads the parts up to where the message breaks off.
func (n *node) readParts(parts *multipart.Reader, decode Charset) {
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return
		}
		body, _ := io.ReadAll(part)
		var headers [][2]string
		for _, name := range slices.Sorted(maps.Keys(part.Header)) {
			headers = append(headers, [2]string{name, part.Header.Get(name)})
		}
		n.parts = append(n.parts, readNode(headers, body, decode))
	}
}

func (n *node) header(name string) string {
	for _, h := range n.headers {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

// attached reports whether Gmail hands the part out only when it is asked for it.
func (n *node) attached() bool {
	return n.name != "" || len(n.parts) == 0 && !strings.HasPrefix(n.kind, "text/")
}

// find is the first text of the kind.
func (n *node) find(kind string) string {
	if n.kind == kind && !n.attached() {
		return string(n.body)
	}
	for _, part := range n.parts {
		if text := part.find(kind); text != "" {
			return text
		}
	}
	return ""
}

// payload is the part as messages.get answers it; parts are numbered as Gmail does: "", "0", "0.1".
func (n *node) payload(id string) map[string]any {
	p := map[string]any{"partId": id, "mimeType": n.kind, "filename": n.name, "headers": headerList(n.headers, nil)}
	switch {
	case len(n.parts) > 0:
		prefix := id
		if id != "" {
			prefix += "."
		}
		parts := make([]any, len(n.parts))
		for i, part := range n.parts {
			parts[i] = part.payload(prefix + strconv.Itoa(i))
		}
		p["body"], p["parts"] = map[string]any{"size": 0}, parts
	case n.attached():
		p["body"] = map[string]any{"size": len(n.body), "attachmentId": "standin-attachment-" + id}
	default:
		p["body"] = mimeBody(string(n.body))
	}
	return p
}
