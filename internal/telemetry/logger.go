// Package telemetry is what Achim says about itself: a structured log and Prometheus metrics. Neither holds
// a secret, and no metric is labelled by reader.
package telemetry

import (
	"io"
	"log/slog"
	"strings"
)

// NewLogger returns a logger that writes from level on: JSON for machines, or text for a terminal. Values
// whose key, or group, sounds like a secret are replaced; that is a second net under briefing.Secret, which
// does not print by itself.
func NewLogger(w io.Writer, level slog.Level, json bool) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
	if json {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// redact replaces the value of an attribute that should not be read by people who read logs.
func redact(groups []string, a slog.Attr) slog.Attr {
	secret := soundsSecret(a.Key)
	for _, group := range groups {
		secret = secret || soundsSecret(group)
	}
	if secret && a.Value.String() != "" {
		a.Value = slog.StringValue("[redacted]")
	}
	return a
}

var separators = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")

func soundsSecret(key string) bool {
	key = separators.Replace(strings.ToLower(key))
	for _, word := range []string{"token", "secret", "authorization", "password", "cookie", "apikey", "encryptionkey"} {
		if strings.Contains(key, word) {
			return true
		}
	}
	return false
}
