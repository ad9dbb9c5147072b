package standin

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// blockCheck gathers what is wrong with a message's blocks, as Slack words it.
type blockCheck struct {
	problems []string
	chars    int // text of all blocks together
	ids      map[string]bool
}

const (
	maxBlocks     = 50
	maxBlockChars = 13_200 // undocumented; measured by others
)

// checkBlocks validates like Slack and says how many blocks there are, or what to
// answer instead.
func checkBlocks(raw json.RawMessage) (int, slackAnswer) {
	var blocks []map[string]any
	if err := json.Unmarshal(raw, &blocks); err != nil {
		return 0, slackError("invalid_blocks_format")
	}
	c := &blockCheck{ids: map[string]bool{}}
	if len(blocks) > maxBlocks {
		c.fault("/blocks", "no more than %d items allowed", maxBlocks)
	}
	for i, b := range blocks {
		c.block(fmt.Sprintf("/blocks/%d", i), b)
	}
	if len(c.problems) > 0 {
		fail := slackError("invalid_blocks")
		fail["errors"] = c.problems
		messages := make([]string, len(c.problems))
		for i, p := range c.problems {
			messages[i] = "[ERROR] " + p
		}
		fail["response_metadata"] = map[string]any{"messages": messages}
		return 0, fail
	}
	if c.chars > maxBlockChars {
		return 0, slackError("msg_blocks_too_long")
	}
	return len(blocks), nil
}

func (c *blockCheck) fault(at, format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...)+" [json-pointer:"+at+"]")
}

func (c *blockCheck) block(at string, b map[string]any) {
	c.unique(at, "block_id", b)
	kind, _ := b["type"].(string)
	switch kind {
	case "header":
		c.text(at+"/text", b["text"], 150, "plain_text")
	case "section":
		c.section(at, b)
	case "context":
		c.each(at+"/elements", b["elements"], 10, c.contextElement)
	case "actions":
		c.each(at+"/elements", b["elements"], 25, c.element)
	case "image":
		c.image(at, b)
	case "markdown":
		c.length(at+"/text", b["text"], 12_000)
	case "divider", "rich_text", "video", "table", "file", "input", "context_actions":
	default:
		c.fault(at+"/type", "unsupported type: %s", kind)
	}
}

func (c *blockCheck) section(at string, b map[string]any) {
	_, hasText := b["text"]
	_, hasFields := b["fields"]
	if !hasText && !hasFields {
		c.fault(at, "missing required field: text or fields")
	}
	if hasText {
		c.text(at+"/text", b["text"], 3000, "plain_text", "mrkdwn")
	}
	if hasFields {
		c.each(at+"/fields", b["fields"], 10, func(at string, v map[string]any) {
			c.text(at, v, 2000, "plain_text", "mrkdwn")
		})
	}
	if accessory, ok := b["accessory"].(map[string]any); ok {
		c.element(at+"/accessory", accessory)
	}
}

// each checks a list of 1 to most objects.
func (c *blockCheck) each(at string, v any, most int, check func(string, map[string]any)) {
	list, ok := v.([]any)
	switch {
	case !ok || len(list) == 0:
		c.fault(at, "must be an array with at least 1 item")
	case len(list) > most:
		c.fault(at, "no more than %d items allowed", most)
	}
	for i, item := range list {
		inner := fmt.Sprintf("%s/%d", at, i)
		if object, ok := item.(map[string]any); ok {
			check(inner, object)
		} else {
			c.fault(inner, "must be an object")
		}
	}
}

func (c *blockCheck) contextElement(at string, v map[string]any) {
	if v["type"] == "image" {
		c.image(at, v)
		return
	}
	c.text(at, v, 3000, "plain_text", "mrkdwn")
}

func (c *blockCheck) image(at string, v map[string]any) {
	c.length(at+"/alt_text", v["alt_text"], 2000)
	if _, ok := v["slack_file"]; !ok {
		c.length(at+"/image_url", v["image_url"], 3000)
	}
}

// element is an interactive one; buttons are checked closely, others only for ids.
func (c *blockCheck) element(at string, v map[string]any) {
	c.unique(at, "action_id", v)
	if v["type"] != "button" {
		if kind, _ := v["type"].(string); kind == "" {
			c.fault(at+"/type", "missing required field: type")
		}
		return
	}
	c.text(at+"/text", v["text"], 75, "plain_text")
	if value, ok := v["value"]; ok {
		c.length(at+"/value", value, 2000)
	}
	if label, ok := v["accessibility_label"]; ok {
		c.length(at+"/accessibility_label", label, 75)
	}
	if address, ok := v["url"]; ok {
		c.length(at+"/url", address, 3000)
		u, err := url.Parse(fmt.Sprint(address))
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			c.fault(at+"/url", "invalid url")
		}
	}
	if style, ok := v["style"]; ok && style != "primary" && style != "danger" {
		c.fault(at+"/style", "must be one of: primary, danger")
	}
}

// text is a text object of one of the kinds, 1 to most characters long.
func (c *blockCheck) text(at string, v any, most int, kinds ...string) {
	object, ok := v.(map[string]any)
	if !ok {
		c.fault(at, "must be an object")
		return
	}
	kind, _ := object["type"].(string)
	if !slices.Contains(kinds, kind) {
		c.fault(at+"/type", "must be one of: %s", strings.Join(kinds, ", "))
	}
	if object["emoji"] == true && kind == "mrkdwn" {
		c.fault(at, "additional property: emoji")
	}
	c.length(at+"/text", object["text"], most)
}

func (c *blockCheck) length(at string, v any, most int) {
	s, ok := v.(string)
	n := utf8.RuneCountInString(s)
	switch {
	case !ok:
		c.fault(at, "must be a string")
	case n == 0:
		c.fault(at, "must be more than 0 characters")
	case n > most:
		c.fault(at, "must be less than %d characters", most+1)
	}
	if strings.HasSuffix(at, "/text") {
		c.chars += n
	}
}

func (c *blockCheck) unique(at, member string, v map[string]any) {
	id, ok := v[member].(string)
	if !ok {
		return // Slack makes one up
	}
	if utf8.RuneCountInString(id) > 255 {
		c.fault(at+"/"+member, "must be less than 256 characters")
	}
	if id != "" && c.ids[member+id] {
		c.fault(at, "`%s` for blocks must be unique: %s", member, id)
	}
	c.ids[member+id] = true
}
