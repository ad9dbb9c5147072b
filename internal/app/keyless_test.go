package app_test

import (
	"errors"
	"strings"
	"testing"

	"achim/internal/app"
	"achim/internal/doctor"
	"achim/internal/secret"
	"achim/store"
	"achim/store/storetest"
)

// TestACommandBringsNoKey: beside a serve without the key a command with one does not start, and doctor says what to do. Where
// something was sealed all the same, serve blames neither Google nor the reader, and says what it lacks.
func TestACommandBringsNoKey(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.connect()
		h.elected()
		command := func() (*app.App, error) {
			return app.New(t.Context(), app.Options{Config: h.config(), Now: h.clock.now, Beside: true})
		}
		h.env["ACHIM_ENCRYPTION_KEY"] = secret.GenerateKey().Reveal()
		if _, err := command(); !errors.Is(err, app.ErrServeLacksKey) || !app.ConfigurationFault(err) ||
			!strings.Contains(err.Error(), "achim serve runs without this key") || !strings.Contains(err.Error(), "restart it with the key first") {
			t.Errorf("a command with a key: %v", err)
		}
		if rows := storetest.Rows(t, h.app.Store, "SELECT id FROM achim_seal_key"); len(rows) > 0 {
			t.Errorf("it has noted its key: %v", rows)
		}
		f := finding(h.examine(), doctor.Seals)
		if f.Level != doctor.Error || !strings.Contains(f.Summary, "achim serve runs without this key") || !strings.Contains(f.Remedy, "restart every achim serve") {
			t.Errorf("doctor says %+v", f)
		}
		if r := h.call("GET", "/readyz", "", ""); r.status != 200 {
			t.Errorf("it is not ready: %d %s", r.status, r.body)
		}

		// Another serve is let in, since serves are restarted one after the other; or the check was lost to a race.
		other := storetest.OpenURL(t, h.env["DATABASE_URL"], store.Options{Sealer: h.sealer()})
		if err := other.UseKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Reseal(t.Context(), store.Resealing{TokensOnly: true}); err != nil {
			t.Fatal(err)
		}
		if r := h.call("GET", "/readyz", "", ""); r.status != 503 || !strings.Contains(string(r.body), "started without") || !strings.Contains(string(r.body), "ACHIM_ENCRYPTION_KEY") {
			t.Errorf("blind, it is ready: %d %s", r.status, r.body)
		}
		wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "degraded"})
		dm := seen(h.oneDM())
		holds(t, dm, "서버에 Google 연결 정보를 여는 키가 없어")
		lacks(t, dm, "Google에서 받은 내용")
		if r := h.call("POST", "/api/gmail/refresh/"+string(haneul), apiSecret, ""); r.status != 503 || !strings.Contains(string(r.body), `"reason":"malformed"`) ||
			!strings.Contains(string(r.body), "a key that this server was started without") {
			t.Errorf("refreshing: %d %s", r.status, r.body)
		}

		h.stop()
		h.start()
		h.elected()
		a, err := command()
		if err != nil {
			t.Fatalf("a command beside a serve with its key: %v", err)
		}
		if err := a.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		wants(t, h.trigger(""), map[string]any{"outcome": "mended", "status": "complete"})
	})
}

// sealer seals with the house's key.
func (h *house) sealer() *secret.Sealer {
	h.t.Helper()
	s, err := secret.NewSealer(h.env["ACHIM_ENCRYPTION_KEY"])
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}
