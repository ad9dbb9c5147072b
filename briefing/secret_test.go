package briefing_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"achim/briefing"
)

// TestSecretsDoNotPrint tries every road a value takes into text.
func TestSecretsDoNotPrint(t *testing.T) {
	const value = "not-a-real-token"
	type holder struct {
		Token briefing.Secret `json:"token"`
		inner briefing.Secret
	}
	secret := briefing.NewSecret(value)
	h := holder{secret, secret}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", secret, &secret, h)
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("log", "secret", secret, "holder", h, "credential", briefing.Credential{AccessToken: secret})
	}
	if err := json.NewEncoder(&out).Encode(map[string]any{"a": secret, "b": h, "c": map[string]briefing.Secret{"d": secret}}); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(&out, fmt.Errorf("refresh: %w", &briefing.Error{Op: "x", Reason: briefing.Internal, Err: fmt.Errorf("%v", secret)}))
	if strings.Contains(out.String(), value) {
		t.Errorf("the value got out:\n%s", out.String())
	}
	if hexed := fmt.Sprintf("%x", value); strings.Contains(out.String(), hexed) {
		t.Errorf("the value got out as hex:\n%s", out.String())
	}
	if secret.Reveal() != value {
		t.Error("Reveal does not reveal")
	}
	if got := (briefing.Secret{}).String(); got != "" {
		t.Errorf("an empty secret prints %q", got)
	}
}

func TestFingerprintTellsTokensApart(t *testing.T) {
	a, b := briefing.Fingerprint(briefing.NewSecret("a")), briefing.Fingerprint(briefing.NewSecret("b"))
	if a == b || len(a) != 64 || a != briefing.Fingerprint(briefing.NewSecret("a")) {
		t.Errorf("fingerprints %q, %q", a, b)
	}
}
