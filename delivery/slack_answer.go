package delivery

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
)

// longestAnswer bounds what is read of an answer to a post, which repeats the message.
const longestAnswer = 4 << 20

// posted is what an answer to a post says beside repeating the message.
type posted struct {
	OK      bool   `json:"ok"`
	Channel string `json:"channel"`
	TS      string `json:"ts"`
}

// unrepeated is the body of an answer without the message it repeats: Slack's client would take that apart block by
// block, which is a fifth of what a delivery costs. An answer that does not say ok is left as it is, and so is one that
// cannot be read to its end.
func unrepeated(resp *http.Response) io.ReadCloser {
	if resp.StatusCode != http.StatusOK {
		return resp.Body
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
	if err != nil {
		return answer{io.MultiReader(bytes.NewReader(body), broken{err}), resp.Body}
	}
	p, ok := beginning(body)
	if !ok {
		ok = json.Unmarshal(body, &p) == nil && p.OK && p.TS != ""
	}
	if short, err := json.Marshal(p); ok && err == nil {
		body = short
	}
	return answer{bytes.NewReader(body), resp.Body}
}

// beginning reads an answer that tells all there is to know before it repeats the message, as Slack's do.
func beginning(body []byte) (p posted, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if begin, err := decoder.Token(); err != nil || begin != json.Delim('{') {
		return p, false
	}
	for !p.OK || p.Channel == "" || p.TS == "" {
		key, err := decoder.Token()
		if err != nil {
			return posted{}, false
		}
		switch key {
		case "ok":
			err = decoder.Decode(&p.OK)
		case "channel":
			err = decoder.Decode(&p.Channel)
		case "ts":
			err = decoder.Decode(&p.TS)
		default:
			return posted{}, false
		}
		if err != nil || (key == "ok" && !p.OK) {
			return posted{}, false
		}
	}
	return p, true
}

// answer is a body that was read already.
type answer struct {
	io.Reader
	io.Closer
}

// broken is the end of a body that could not be read.
type broken struct{ err error }

// Read implements io.Reader.
func (b broken) Read([]byte) (int, error) { return 0, b.err }
