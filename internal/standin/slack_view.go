package standin

import (
	"encoding/json"
	"html/template"
	"net/url"
	"strings"
	"time"
)

// What the page shows, ready for its templates.
type (
	listView struct {
		Users []userView
	}
	userView struct {
		ID, Name, Initial, Line, Time string
		Unread                        int
		Disabled                      bool
	}
	dmView struct {
		User    userView
		Days    []dayView
		Version string
	}
	dayView struct {
		Label    string
		Messages []messageView
	}
	messageView struct {
		TS, Time, Version string
		Push, Text        string // the notification's first line, and all of it
		Edited            bool
		Blocks            []blockView
		Replies           []messageView
	}
	blockView struct {
		Kind    string // header, section, context, divider, actions, image
		Text    template.HTML
		Fields  []template.HTML
		Items   []template.HTML
		Buttons []buttonView
		URL     string
	}
	buttonView struct{ ActionID, BlockID, Text, URL, Style, Label string }
)

// rawText and rawBlock are the parts of Block Kit the page can draw.
type rawText struct {
	Type, Text string
	Verbatim   bool
}

type rawElement struct {
	Type     string
	Text     json.RawMessage
	ActionID string `json:"action_id"`
	URL      string
	Style    string
	Value    string
	ImageURL string `json:"image_url"`
	AltText  string `json:"alt_text"`
	Verbatim bool
	Label    string `json:"accessibility_label"`
}

type rawBlock struct {
	Type      string
	BlockID   string `json:"block_id"`
	Text      json.RawMessage
	Fields    []rawText
	Elements  []rawElement
	Accessory *rawElement
	ImageURL  string `json:"image_url"`
	AltText   string `json:"alt_text"`
}

// drawing is what drawing one message needs to know.
type drawing struct {
	now  time.Time
	zone *time.Location
	name func(string) string
}

func (d drawing) text(t rawText) template.HTML {
	if t.Type == "plain_text" {
		lines := strings.Split(template.HTMLEscapeString(t.Text), "\n")
		return template.HTML(strings.Join(lines, "<br>")) // escaped on the line above
	}
	return mrkdwn{now: d.now, zone: d.zone, name: d.name, verbatim: t.Verbatim}.render(t.Text)
}

func (d drawing) rawText(raw json.RawMessage) template.HTML {
	var t rawText
	if json.Unmarshal(raw, &t) != nil {
		var plain string
		_ = json.Unmarshal(raw, &plain) // the markdown block's text is a bare string
		t = rawText{Type: "plain_text", Text: plain}
	}
	return d.text(t)
}

func (d drawing) message(m *Message) messageView {
	v := messageView{
		TS: m.TS, Time: clock(tsTime(m.TS).In(d.zone)), Version: m.TS + "/" + m.EditedTS, Edited: m.Edited,
		Text: slackEntities.Replace(m.Text),
	}
	v.Push, _, _ = strings.Cut(v.Text, "\n")
	var blocks []rawBlock
	if json.Unmarshal(m.Blocks, &blocks) != nil || len(blocks) == 0 {
		v.Blocks = []blockView{{Kind: "section", Text: d.text(rawText{Type: "mrkdwn", Text: m.Text})}}
		return v
	}
	for _, b := range blocks {
		v.Blocks = append(v.Blocks, d.block(b))
	}
	return v
}

func (d drawing) block(b rawBlock) blockView {
	v := blockView{Kind: b.Type}
	if b.Text != nil {
		v.Text = d.rawText(b.Text)
	}
	for _, f := range b.Fields {
		v.Fields = append(v.Fields, d.text(f))
	}
	for _, e := range b.Elements {
		switch e.Type {
		case "button":
			v.Buttons = append(v.Buttons, d.button(e, b.BlockID))
		case "image":
			v.Items = append(v.Items, template.HTML(template.HTMLEscapeString(e.AltText))) // escaped
		default:
			v.Items = append(v.Items, d.contextItem(e))
		}
	}
	if b.Accessory != nil && b.Accessory.Type == "button" {
		v.Buttons = append(v.Buttons, d.button(*b.Accessory, b.BlockID))
	}
	switch b.Type {
	case "header", "section", "context", "divider", "actions":
	case "image":
		// The page's policy fetches nothing from elsewhere; the words stand in.
		v.Kind, v.Text = "context", template.HTML(template.HTMLEscapeString(b.AltText)) // escaped
	default:
		v.Kind = "section"
	}
	return v
}

// contextItem is a text object among a context's elements: its text is a string
// there, where a button's is an object.
func (d drawing) contextItem(e rawElement) template.HTML {
	var s string
	if json.Unmarshal(e.Text, &s) != nil {
		return ""
	}
	return d.text(rawText{Type: e.Type, Text: s, Verbatim: e.Verbatim})
}

func (d drawing) button(e rawElement, blockID string) buttonView {
	v := buttonView{ActionID: e.ActionID, BlockID: blockID, Style: e.Style, Label: e.Label}
	var t rawText
	if json.Unmarshal(e.Text, &t) == nil {
		v.Text = t.Text
	}
	if u, err := url.Parse(e.URL); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		v.URL = u.String()
	}
	return v
}

func tsTime(ts string) time.Time { return time.UnixMicro(micros(ts)) }

// drawing gathers what messages need, while the caller holds the lock.
func (s *Slack) drawing() drawing {
	names := map[string]string{slackBotID: "아침"}
	for _, u := range s.users {
		names[u.id] = u.realName
	}
	return drawing{now: s.now(), zone: s.zone(), name: func(id string) string {
		if n := names[id]; n != "" {
			return n
		}
		return id
	}}
}

// listOfUsers is the page's front: everyone, with the last line and what is unread.
func (s *Slack) listOfUsers() listView {
	s.lock.Lock()
	defer s.lock.Unlock()
	d := s.drawing()
	v := listView{}
	for _, u := range s.users {
		row := userRow(u)
		for _, m := range s.channels[u.channel] {
			if m.Deleted {
				continue
			}
			line, _, _ := strings.Cut(slackEntities.Replace(m.Text), "\n")
			row.Line, row.Time = line, d.when(tsTime(m.TS))
			if micros(m.TS) > micros(s.seen[u.id]) {
				row.Unread++
			}
		}
		v.Users = append(v.Users, row)
	}
	return v
}

func userRow(u *slackUser) userView {
	return userView{ID: u.id, Name: u.realName, Initial: initial(u.realName), Disabled: u.disabled}
}

// when is a time in a list: the clock today, the date before.
func (d drawing) when(t time.Time) string {
	if t = t.In(d.zone); daysBetween(d.now.In(d.zone), t) == 0 {
		return clock(t)
	}
	return t.Format("1월 2일")
}

// conversation is one DM, and reading it marks it read.
func (s *Slack) conversation(userID string) (dmView, bool) {
	s.lock.Lock()
	defer s.lock.Unlock()
	u, d := s.user(userID), s.drawing()
	if u == nil {
		return dmView{}, false
	}
	v := dmView{User: userRow(u)}
	replies := map[string][]messageView{}
	for _, m := range s.channels[u.channel] {
		if !m.Deleted {
			s.seen[u.id] = m.TS
			v.Version += m.TS + m.EditedTS + ";"
			replies[m.ThreadTS] = append(replies[m.ThreadTS], d.message(m))
		}
	}
	for _, top := range replies[""] {
		top.Replies = replies[top.TS]
		label := d.dayLabel(tsTime(top.TS))
		if n := len(v.Days); n == 0 || v.Days[n-1].Label != label {
			v.Days = append(v.Days, dayView{Label: label})
		}
		day := &v.Days[len(v.Days)-1]
		day.Messages = append(day.Messages, top)
	}
	return v, true
}

func (d drawing) dayLabel(t time.Time) string {
	t = t.In(d.zone)
	switch daysBetween(d.now.In(d.zone), t) {
	case 0:
		return "오늘"
	case -1:
		return "어제"
	}
	return t.Format("1월 2일 ") + weekday(t)
}
