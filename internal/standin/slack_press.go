package standin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Press acts as the user pressing a button of a message: the block_actions payload
// is POSTed, signed, to the address given to Interactions. Slack allows three
// seconds; a slower answer or one that is not 2xx is an error (on a phone: the
// warning triangle). Without an address there is nobody to tell, and that is fine.
func (s *Slack) Press(ctx context.Context, userID, ts, actionID string) error {
	target, secret, payload, err := s.pressed(userID, ts, actionID)
	if err != nil || target == "" {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	body := url.Values{"payload": {string(payload)}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("press %s: %w", actionID, err)
	}
	stamp := strconv.FormatInt(s.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", "Slackbot 1.0 (standin)")
	req.Header.Set("X-Slack-Request-Timestamp", stamp)
	req.Header.Set("X-Slack-Signature", Sign(secret, stamp, body))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("press %s: %w", actionID, err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("press %s: the app answered %s", actionID, resp.Status)
	}
	return nil
}

// Sign is Slack's signature of a request body: X-Slack-Signature for the timestamp
// sent as X-Slack-Request-Timestamp.
func Sign(signingSecret, timestamp, body string) string {
	mac := hmac.New(sha256.New, []byte(signingSecret))
	_, _ = io.WriteString(mac, "v0:"+timestamp+":"+body) // a hash never fails to write
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// pressed builds the payload of a press.
func (s *Slack) pressed(userID, ts, actionID string) (target, secret string, payload []byte, err error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	u := s.user(userID)
	if u == nil {
		return "", "", nil, fmt.Errorf("press %s: no user %q", actionID, userID)
	}
	m := s.message(u.channel, ts)
	if m == nil {
		return "", "", nil, fmt.Errorf("press %s: no message %s in %s", actionID, ts, u.channel)
	}
	action := findAction(m.Blocks, actionID)
	if action == nil {
		return "", "", nil, fmt.Errorf("press %s: message %s has no such button", actionID, ts)
	}
	action["action_ts"] = s.nextTS()
	team := map[string]any{"id": slackTeam, "domain": "standin"}
	payload, err = json.Marshal(map[string]any{
		"type": "block_actions", "api_app_id": slackApp, "token": "standin-verification-token", "team": team,
		"user":         map[string]any{"id": u.id, "username": u.name, "name": u.name, "team_id": slackTeam},
		"container":    map[string]any{"type": "message", "message_ts": m.TS, "channel_id": m.Channel, "is_ephemeral": false},
		"trigger_id":   "standin." + randomHex(12),
		"channel":      map[string]any{"id": m.Channel, "name": "directmessage"},
		"message":      s.resource(m, false),
		"response_url": "",
		"actions":      []any{action},
	})
	if err != nil {
		return "", "", nil, fmt.Errorf("press %s: %w", actionID, err)
	}
	return s.hookURL, s.hookSecret, payload, nil
}

// findAction is the button with this action_id as a payload names it: the element,
// its url left out, with its block's id.
func findAction(raw json.RawMessage, actionID string) map[string]any {
	var blocks []map[string]any
	if json.Unmarshal(raw, &blocks) != nil {
		return nil
	}
	for _, b := range blocks {
		elements, _ := b["elements"].([]any)
		for _, v := range append(elements, b["accessory"]) {
			e, ok := v.(map[string]any)
			if !ok || e["action_id"] != actionID || e["type"] != "button" {
				continue
			}
			delete(e, "url")
			e["block_id"] = b["block_id"]
			return e
		}
	}
	return nil
}
