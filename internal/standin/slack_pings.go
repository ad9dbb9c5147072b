package standin

import (
	"encoding/json"
	"regexp"
)

var pingForms = regexp.MustCompile(`<(?:!(?:channel|here|everyone)|!subteam\^[^>|]+|@[UW][A-Z0-9]+)(?:\|[^>]*)?>`)

// Pings lists what in a message would notify people: <!channel>, <!here>,
// <!everyone>, <!subteam^…> and <@U…>, unescaped, in the text or in a mrkdwn text
// of the blocks. A message made of other people's words should have none.
func Pings(msg Message) []string {
	found := pingForms.FindAllString(msg.Text, -1)
	var blocks any
	if json.Unmarshal(msg.Blocks, &blocks) == nil {
		walkMrkdwn(blocks, func(s string) { found = append(found, pingForms.FindAllString(s, -1)...) })
	}
	return found
}

// walkMrkdwn visits every text Slack would parse; plain_text shows as it stands.
func walkMrkdwn(v any, visit func(string)) {
	switch v := v.(type) {
	case map[string]any:
		if s, ok := v["text"].(string); ok && (v["type"] == "mrkdwn" || v["type"] == "markdown") {
			visit(s)
		}
		for _, inner := range v {
			walkMrkdwn(inner, visit)
		}
	case []any:
		for _, inner := range v {
			walkMrkdwn(inner, visit)
		}
	}
}
