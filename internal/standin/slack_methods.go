package standin

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const maxText = 40_000 // characters; Slack cuts the rest off

func (s *Slack) open(args url.Values) slackAnswer {
	ids := strings.FieldsFunc(args.Get("users"), func(r rune) bool { return r == ',' || r == ' ' })
	if len(ids) == 0 && args.Get("channel") != "" {
		u := s.dm(args.Get("channel"))
		if u == nil {
			return slackError("channel_not_found")
		}
		ids = []string{u.id}
	}
	switch len(ids) {
	case 0:
		return slackError("users_list_not_supplied")
	case 1:
	default:
		return slackError("too_many_users") // group DMs are no business of the app's
	}
	u := s.user(ids[0])
	switch {
	case u == nil:
		return slackError("user_not_found")
	case u.disabled:
		return slackError("user_disabled")
	case u.bot:
		return slackError("cannot_dm_bot")
	}
	already := u.open
	u.open = true
	channel := slackAnswer{"id": u.channel}
	if args.Get("return_im") == "true" {
		channel = slackAnswer{"id": u.channel, "created": s.now().Unix(), "is_im": true, "is_org_shared": false, "user": u.id}
	}
	out := slackAnswer{"ok": true, "channel": channel}
	if already {
		out["no_op"], out["already_open"] = true, true
	}
	return out
}

// recipient resolves the channel of a post: a D id, or a U id whose DM is opened.
func (s *Slack) recipient(channel string) (*slackUser, string) {
	u := s.dm(channel)
	if u == nil {
		u = s.user(channel)
	}
	switch {
	case u == nil:
		return nil, "channel_not_found"
	case u.disabled:
		return nil, "user_disabled"
	}
	u.open = true
	return u, ""
}

func (s *Slack) post(args url.Values) slackAnswer {
	u, code := s.recipient(args.Get("channel"))
	if code != "" {
		return slackError(code)
	}
	blocks, fail := readBlocks(args)
	if fail != nil {
		return fail
	}
	metadata, code := readMetadata(args.Get("metadata"))
	text := cutText(args.Get("text"))
	thread := args.Get("thread_ts")
	parent := s.message(u.channel, thread)
	switch {
	case code != "":
		return slackError(code)
	case text == "" && blocks == nil:
		return slackError("no_text")
	case thread != "" && parent == nil:
		return slackError("thread_not_found")
	case thread != "" && parent.ThreadTS != "":
		return slackError("cannot_reply_to_message") // a reply's ts is no thread
	}
	m := &Message{
		Channel: u.channel, User: u.id, TS: s.nextTS(), ThreadTS: thread,
		Text: text, Blocks: blocks, Metadata: metadata, Params: args,
	}
	s.channels[u.channel] = append(s.channels[u.channel], m)
	return slackAnswer{"ok": true, "channel": m.Channel, "ts": m.TS, "message": s.resource(m, true)}
}

func cutText(text string) string {
	if utf8.RuneCountInString(text) > maxText {
		return string([]rune(text)[:maxText])
	}
	return text
}

// readBlocks takes the blocks argument; absent, empty and [] are all "none".
func readBlocks(args url.Values) (json.RawMessage, slackAnswer) {
	raw := strings.TrimSpace(args.Get("blocks"))
	if raw == "" || raw == "null" {
		return nil, nil
	}
	blocks, fail := checkBlocks(json.RawMessage(raw))
	if fail != nil || blocks == 0 {
		return nil, fail
	}
	return json.RawMessage(raw), nil
}

// readMetadata checks the metadata argument; {} is "none".
func readMetadata(raw string) (json.RawMessage, string) {
	if raw == "" {
		return nil, ""
	}
	var m map[string]json.RawMessage
	if json.Unmarshal([]byte(raw), &m) != nil {
		return nil, "invalid_metadata_format"
	}
	if len(m) == 0 {
		return nil, ""
	}
	var kind string
	var payload map[string]any
	if json.Unmarshal(m["event_type"], &kind) != nil || kind == "" || json.Unmarshal(m["event_payload"], &payload) != nil {
		return nil, "invalid_metadata_schema"
	}
	return json.RawMessage(raw), ""
}

func (s *Slack) update(args url.Values) slackAnswer {
	u := s.dm(args.Get("channel"))
	if u == nil {
		return slackError("channel_not_found") // a U id, too: Slack resolves it only when posting
	}
	m := s.message(u.channel, args.Get("ts"))
	if m == nil {
		return slackError("message_not_found")
	}
	if u.disabled {
		return slackError("user_disabled")
	}
	blocks, fail := readBlocks(args)
	if fail != nil {
		return fail
	}
	metadata, code := readMetadata(args.Get("metadata"))
	text := args.Get("text")
	switch {
	case code != "":
		return slackError(code)
	case text == "" && blocks == nil:
		return slackError("no_text")
	case len(text) > 4000: // bytes: a Hangul syllable is three
		return slackError("msg_too_long")
	}
	if text != "" {
		m.Text = text
	}
	m.Blocks = blocks // text alone takes the old blocks away
	if args.Has("metadata") {
		m.Metadata = metadata
	}
	m.Edited, m.EditedTS = true, s.nextTS()
	return slackAnswer{"ok": true, "channel": m.Channel, "ts": m.TS, "text": m.Text, "message": s.resource(m, true)}
}

func (s *Slack) remove(args url.Values) slackAnswer {
	if s.dm(args.Get("channel")) == nil {
		return slackError("channel_not_found")
	}
	m := s.message(args.Get("channel"), args.Get("ts"))
	if m == nil {
		return slackError("message_not_found")
	}
	m.Deleted = true
	return slackAnswer{"ok": true, "channel": m.Channel, "ts": m.TS}
}

// span is the part of a conversation a caller asks for.
type span struct {
	oldest, latest int64
	inclusive      bool
	limit          int
}

func readSpan(args url.Values) (span, string) {
	p := span{oldest: micros(args.Get("oldest")), limit: 100}
	p.inclusive = args.Get("inclusive") == "true" || args.Get("inclusive") == "1"
	if latest := args.Get("latest"); latest != "" && latest != "now" {
		p.latest = micros(latest)
	}
	if s := args.Get("limit"); s != "" && s != "0" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 999 {
			return p, "invalid_limit"
		}
		p.limit = n
	}
	return p, ""
}

func (p span) has(m *Message) bool {
	at := micros(m.TS)
	if p.inclusive {
		return at >= p.oldest && (p.latest == 0 || at <= p.latest)
	}
	return at > p.oldest && (p.latest == 0 || at < p.latest)
}

const cursorMark = "next_ts:"

func (s *Slack) history(args url.Values) slackAnswer {
	u := s.dm(args.Get("channel"))
	if u == nil {
		return slackError("channel_not_found")
	}
	p, code := readSpan(args)
	if code != "" {
		return slackError(code)
	}
	var found []*Message
	for _, m := range s.channels[u.channel] {
		if !m.Deleted && m.ThreadTS == "" && p.has(m) {
			found = append(found, m)
		}
	}
	slices.SortStableFunc(found, func(a, b *Message) int { return byTS(b, a) })
	return s.page(found, p.limit, args, func(m *Message, from int64) bool { return micros(m.TS) <= from })
}

func (s *Slack) replies(args url.Values) slackAnswer {
	u := s.dm(args.Get("channel"))
	if u == nil {
		return slackError("channel_not_found")
	}
	parent := s.message(u.channel, args.Get("ts"))
	p, code := readSpan(args)
	switch {
	case parent == nil:
		return slackError("thread_not_found")
	case code != "":
		return slackError(code)
	}
	found := []*Message{parent}
	for _, m := range s.channels[u.channel] {
		if !m.Deleted && m.ThreadTS == parent.TS && p.has(m) {
			found = append(found, m)
		}
	}
	return s.page(found, p.limit, args, func(m *Message, from int64) bool { return micros(m.TS) >= from })
}

// page answers one page of found, which begins at the cursor.
func (s *Slack) page(found []*Message, limit int, args url.Values, from func(*Message, int64) bool) slackAnswer {
	if cursor := args.Get("cursor"); cursor != "" {
		b, err := base64.StdEncoding.DecodeString(cursor)
		at, ok := strings.CutPrefix(string(b), cursorMark)
		if err != nil || !ok {
			return slackError("invalid_cursor")
		}
		found = slices.DeleteFunc(found, func(m *Message) bool { return !from(m, micros(at)) })
	}
	next := ""
	if len(found) > limit {
		next = base64.StdEncoding.EncodeToString([]byte(cursorMark + found[limit].TS))
		found = found[:limit]
	}
	withMetadata := args.Get("include_all_metadata") == "true" || args.Get("include_all_metadata") == "1"
	list := []any{}
	for _, m := range found {
		list = append(list, s.resource(m, withMetadata))
	}
	return slackAnswer{
		"ok": true, "messages": list, "has_more": next != "", "pin_count": 0,
		"response_metadata": map[string]any{"next_cursor": next},
	}
}

// resource is a message in Slack's JSON.
func (s *Slack) resource(m *Message, withMetadata bool) map[string]any {
	out := map[string]any{
		"type": "message", "user": slackBotID, "bot_id": slackBot, "app_id": slackApp, "team": slackTeam,
		"ts": m.TS, "text": m.Text,
	}
	if m.Blocks != nil {
		out["blocks"] = m.Blocks
	}
	if m.Metadata != nil && withMetadata {
		out["metadata"] = m.Metadata
	}
	if m.Edited {
		out["edited"] = map[string]any{"user": slackBot, "ts": m.EditedTS}
	}
	if m.ThreadTS != "" {
		out["thread_ts"], out["parent_user_id"] = m.ThreadTS, slackBotID
		return out
	}
	count, latest := 0, ""
	for _, r := range s.channels[m.Channel] {
		if r.ThreadTS == m.TS && !r.Deleted {
			count, latest = count+1, r.TS
		}
	}
	if count > 0 {
		out["thread_ts"], out["reply_count"], out["latest_reply"] = m.TS, count, latest
		out["reply_users"], out["reply_users_count"] = []string{slackBotID}, 1
	}
	return out
}

func (s *Slack) userInfo(args url.Values) slackAnswer {
	u := s.user(args.Get("user"))
	if u == nil {
		return slackError("user_not_found")
	}
	_, offset := s.now().In(s.zone()).Zone()
	info := map[string]any{
		"id": u.id, "team_id": slackTeam, "name": u.name, "real_name": u.realName, "deleted": u.disabled,
		"tz": "Asia/Seoul", "tz_label": "Korea Standard Time", "tz_offset": offset, "is_bot": u.bot,
		"is_app_user": false, "is_restricted": false, "is_ultra_restricted": false,
		"profile": map[string]any{"real_name": u.realName, "display_name": u.name},
	}
	if s.Zone != nil {
		info["tz"] = s.Zone.String()
	}
	if args.Get("include_locale") == "true" {
		info["locale"] = "ko-KR"
	}
	return slackAnswer{"ok": true, "user": info}
}

func (s *Slack) publish(args url.Values) slackAnswer {
	u := s.user(args.Get("user_id"))
	var view struct {
		Type   string
		Blocks []json.RawMessage
	}
	switch {
	case u == nil:
		return slackError("user_not_found")
	case json.Unmarshal([]byte(args.Get("view")), &view) != nil, view.Type != "home", len(view.Blocks) > 100:
		return slackError("invalid_arguments")
	}
	u.home = json.RawMessage(args.Get("view"))
	return slackAnswer{"ok": true, "view": u.home}
}
