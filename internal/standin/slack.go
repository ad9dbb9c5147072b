package standin

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	slackTeam  = "T0STANDIN"
	slackApp   = "A0ACHIM"
	slackBot   = "B0ACHIM"
	slackBotID = "U0ACHIM"
)

// Slack is a stand-in for one workspace with one app installed. It is an
// http.Handler; give it to Serve and use Server.URL as SLACK_API_URL (a path in
// front of the method, such as /api/, is ignored).
type Slack struct {
	Faults

	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Zone is where the users are; Korea when nil.
	Zone *time.Location

	token string

	lock       sync.Mutex // guards what follows; Faults has its own
	users      []*slackUser
	byID       map[string]*slackUser
	byDM       map[string]*slackUser
	channels   map[string][]*Message // by D id, oldest first, thread replies among them
	lastTS     int64                 // microseconds; a ts is never given twice
	seen       map[string]string     // user → newest ts the page has shown
	hookURL    string
	hookSecret string
	scopes     []string // of the token
}

type slackUser struct {
	id, name, realName string
	channel            string // the DM's D id
	open               bool   // whether the DM exists yet
	disabled, bot      bool
	home               json.RawMessage
}

// Message is what the app posted into a DM, as it stands now.
type Message struct {
	Channel  string
	User     string // whose DM it is (the U id)
	TS       string
	ThreadTS string // the parent's ts when this is a reply
	Text     string
	Blocks   json.RawMessage // as posted; nil without
	Metadata json.RawMessage // as posted; nil without
	Edited   bool
	EditedTS string
	Deleted  bool
	Params   url.Values // of the post, the token left out
}

// NewSlack is a workspace without users, whose app has this bot token.
func NewSlack(botToken string) *Slack {
	s := &Slack{
		token: botToken, channels: map[string][]*Message{}, seen: map[string]string{},
		byID: map[string]*slackUser{}, byDM: map[string]*slackUser{},
		scopes: []string{"chat:write", "im:write", "im:history", "im:read", "users:read", "users:read.email", "commands"},
	}
	s.Faults.fill = slackFill
	return s
}

// AddUser adds a person; an id already there is renamed.
func (s *Slack) AddUser(id, name, realName string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if u := s.user(id); u != nil {
		u.name, u.realName = name, realName
		return
	}
	channel := "D" + id[min(1, len(id)):]
	u := &slackUser{id: id, name: name, realName: realName, channel: channel}
	s.users = append(s.users, u)
	s.byID[id], s.byDM[channel] = u, u
}

// DisableUser deactivates a person: opening or posting gives user_disabled.
func (s *Slack) DisableUser(id string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if u := s.user(id); u != nil {
		u.disabled = true
	}
}

// AddBot adds another app's bot, which cannot be written to.
func (s *Slack) AddBot(id, name string) {
	s.AddUser(id, name, name)
	s.lock.Lock()
	defer s.lock.Unlock()
	s.user(id).bot = true
}

// SetScopes gives the token these scopes and no others: answers name them, and methods that need another give
// missing_scope.
func (s *Slack) SetScopes(scopes ...string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.scopes = slices.Clone(scopes)
}

// scopeOf is the scope a method needs; "" for methods that any token may call.
func scopeOf(method string) string {
	return map[string]string{
		"conversations.open": "im:write", "chat.postMessage": "chat:write", "chat.update": "chat:write", "chat.delete": "chat:write",
		"conversations.history": "im:history", "conversations.replies": "im:history", "users.info": "users:read",
	}[method]
}

// provided is the token's scopes as Slack lists them.
func (s *Slack) provided() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return strings.Join(s.scopes, ",")
}

// Interactions sets where button presses are POSTed, signed as Slack signs.
func (s *Slack) Interactions(url, signingSecret string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.hookURL, s.hookSecret = url, signingSecret
}

// Messages is the app's DM with the user, oldest first, thread replies and deleted
// messages included.
func (s *Slack) Messages(userID string) []Message {
	s.lock.Lock()
	defer s.lock.Unlock()
	u := s.user(userID)
	if u == nil {
		return nil
	}
	out := make([]Message, 0, len(s.channels[u.channel]))
	for _, m := range s.channels[u.channel] {
		out = append(out, *m)
	}
	return out
}

// Delete removes a message, as a person or a retention rule would.
func (s *Slack) Delete(channel, ts string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if m := s.message(channel, ts); m != nil {
		m.Deleted = true
	}
}

// Home is the view last published to the user's App Home, nil without one.
func (s *Slack) Home(userID string) json.RawMessage {
	s.lock.Lock()
	defer s.lock.Unlock()
	if u := s.user(userID); u != nil {
		return u.home
	}
	return nil
}

// Handler is s itself, for symmetry with code that mounts handlers.
func (s *Slack) Handler() http.Handler { return s }

// ServeHTTP answers a Web API call: the method is the path's last element, the
// arguments come as a form or as JSON.
func (s *Slack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := path.Base(r.URL.Path)
	s.through(method, w, r, func(w http.ResponseWriter, r *http.Request) {
		out := s.call(method, r)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("X-OAuth-Scopes", s.provided())
		_ = json.NewEncoder(w).Encode(out) // a failed write means the client left
	})
}

type slackAnswer = map[string]any

func slackError(code string) slackAnswer { return slackAnswer{"ok": false, "error": code} }

// slackFill is what Slack sends with a bare status.
func slackFill(_ string, status int) (contentType, body string) {
	switch {
	case status == http.StatusTooManyRequests:
		return "application/json; charset=utf-8", `{"ok":false,"error":"ratelimited"}`
	case status >= 500:
		return "text/html; charset=utf-8", "<html><body><h1>Server Error</h1></body></html>"
	}
	return "application/json; charset=utf-8", `{"ok":true}`
}

func (s *Slack) call(method string, r *http.Request) slackAnswer {
	args, err := slackArgs(r)
	if err != nil {
		return slackError("invalid_json")
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if token == "" {
		token = args.Get("token")
	}
	args.Del("token") // nothing past here needs it, and Message.Params is printed
	switch token {
	case s.token:
	case "":
		return slackError("not_authed")
	default:
		return slackError("invalid_auth")
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if needed := scopeOf(method); needed != "" && !slices.Contains(s.scopes, needed) {
		return slackAnswer{"ok": false, "error": "missing_scope", "needed": needed, "provided": strings.Join(s.scopes, ",")}
	}
	switch method {
	case "auth.test":
		return slackAnswer{
			"ok": true, "url": "https://standin.slack.example/", "team": "아침 연습장", "user": "achim", "team_id": slackTeam,
			"user_id": slackBotID, "bot_id": slackBot, "is_enterprise_install": false,
		}
	case "conversations.open":
		return s.open(args)
	case "chat.postMessage":
		return s.post(args)
	case "chat.update":
		return s.update(args)
	case "chat.delete":
		return s.remove(args)
	case "conversations.history":
		return s.history(args)
	case "conversations.replies":
		return s.replies(args)
	case "users.info":
		return s.userInfo(args)
	case "views.publish":
		return s.publish(args)
	}
	return slackError("unknown_method")
}

// slackArgs are the arguments of a call: the form and query, or the members of a
// JSON object, those that are no strings in JSON.
func slackArgs(r *http.Request) (url.Values, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		if err := r.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
			return nil, fmt.Errorf("parse form: %w", err)
		}
		out := url.Values{}
		for k, v := range r.Form {
			out[k] = slices.Clone(v)
		}
		return out, nil
	}
	var body map[string]json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, fmt.Errorf("parse JSON: %w", err)
	}
	out := url.Values{}
	for k, raw := range body {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		out.Set(k, text)
	}
	return out, nil
}

func (s *Slack) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Slack) zone() *time.Location {
	if s.Zone != nil {
		return s.Zone
	}
	return time.FixedZone("KST", 9*60*60)
}

func (s *Slack) user(id string) *slackUser { return s.byID[id] }

// dm is the user whose opened DM has this D id.
func (s *Slack) dm(channel string) *slackUser {
	if u := s.byDM[channel]; u != nil && u.open {
		return u
	}
	return nil
}

// message finds one that still exists.
func (s *Slack) message(channel, ts string) *Message {
	for _, m := range s.channels[channel] {
		if m.TS == ts && !m.Deleted {
			return m
		}
	}
	return nil
}

// nextTS is the clock in Slack's spelling, pushed on where two posts share a
// microsecond.
func (s *Slack) nextTS() string {
	s.lastTS = max(s.now().UnixMicro(), s.lastTS+1)
	return fmt.Sprintf("%d.%06d", s.lastTS/1e6, s.lastTS%1e6)
}

// micros reads a ts exactly, as digits: a float would lose the last ones.
func micros(ts string) int64 {
	sec, frac, _ := strings.Cut(ts, ".")
	n, err := strconv.ParseInt(sec+(frac + "000000")[:6], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func byTS(a, b *Message) int { return cmp.Compare(micros(a.TS), micros(b.TS)) }
