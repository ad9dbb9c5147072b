// Package slackapp answers what Slack sends us. Every request is verified against the signing secret
// before it is looked at; what is verified gets its 200 at once, because Slack shows people a warning
// sign beside a button, also one that merely opens a link, whose press nobody acknowledged.
package slackapp

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
)

// maxBody is the longest body that is read, in bytes. Slack's own are far below.
const maxBody = 1 << 20

// Config is what New needs.
type Config struct {
	// Verify checks the signature in the headers over the raw body. nil means that there is no signing
	// secret, and then there is nothing here: every request is answered 404.
	Verify func(header http.Header, body []byte) error
	Logger *slog.Logger // nil discards
}

// New returns the handler of /slack/interactions, /slack/events and /slack/commands. Its answers to
// requests that it refuses are problem+json.
func New(cfg Config) http.Handler {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	mux.Handle("/slack/interactions", cfg.signed(acknowledge))
	mux.Handle("/slack/commands", cfg.signed(acknowledge))
	mux.Handle("/slack/events", cfg.signed(answerEvent))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "not_found", "Slack sends nothing here.")
	})
	return mux
}

// signed lets through to next what Slack has signed, together with its body.
func (cfg Config) signed(next func(w http.ResponseWriter, body []byte)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cfg.Verify == nil {
			refuse(w, http.StatusNotFound, "not_found", "Slack's requests are off: SLACK_SIGNING_SECRET is not set.")
			return
		}
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			refuse(w, http.StatusMethodNotAllowed, "not_found", "Slack sends POST.")
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			refuse(w, http.StatusRequestEntityTooLarge, "invalid_json", "The body is larger than 1 MiB.")
			return
		}
		if err != nil {
			refuse(w, http.StatusBadRequest, "invalid_json", "The body ended too early.")
			return
		}
		if err := cfg.Verify(r.Header, body); err != nil {
			cfg.Logger.WarnContext(r.Context(), "a request to Slack's endpoint was not signed by Slack", "error", err)
			refuse(w, http.StatusUnauthorized, "unauthorized", "The signature does not fit the request, or it is too old.")
			return
		}
		next(w, body)
	})
}

// acknowledge answers 200 with nothing.
func acknowledge(w http.ResponseWriter, _ []byte) { w.WriteHeader(http.StatusOK) }

// answerEvent answers Slack's question whether the address is ours, and acknowledges everything else.
func answerEvent(w http.ResponseWriter, body []byte) {
	var event struct {
		Type      string `json:"type"`
		Challenge string `json:"challenge"`
	}
	if err := json.Unmarshal(body, &event); err != nil || event.Type != "url_verification" {
		acknowledge(w, body)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, event.Challenge)
}

// refuse writes an RFC 9457 problem.
func refuse(w http.ResponseWriter, status int, code, detail string) {
	body, err := json.Marshal(map[string]any{
		"type": "urn:problem-type:achim:" + code, "title": http.StatusText(status),
		"status": status, "code": code, "detail": detail,
	})
	if err != nil {
		panic("slackapp: " + err.Error()) // strings and a number always marshal
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
