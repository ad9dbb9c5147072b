package app_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"achim/internal/app"
	"achim/internal/secret"
	"achim/internal/standin"
	"achim/store"
	"achim/store/storetest"
)

// contentOfDay is what stands in haneul's sources: none of it may be found where it is sealed.
var contentOfDay = []string{"계약서 3조 수정안", "박준호", "제품 주간회의", "abc-defg-hij", "한국은행, 기준금리 동결", "수도권 첫눈"}

// sealed gives the house a fresh key, and keeps other programs from being told content.
func (h *house) sealed() {
	h.env["ACHIM_ENCRYPTION_KEY"] = secret.GenerateKey().Reveal()
	h.file += "conversation_log:\n  content: gist\n"
}

// tokens are haneul's tokens as they stand in the store.
func (h *house) tokens() []string {
	h.t.Helper()
	c, err := h.app.Store.Credential(h.t.Context(), haneul)
	if err != nil {
		h.t.Fatal(err)
	}
	return []string{c.AccessToken.Reveal(), c.RefreshToken.Reveal()}
}

// inDump returns the columns in which one of the texts stands.
func (h *house) inDump(texts ...string) []string {
	h.t.Helper()
	var found []string
	dump := storetest.Dump(h.t, h.app.Store)
	for _, text := range texts {
		found = append(found, storetest.Marked(dump, text)...)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// TestSealedMorning: with a key the briefing goes out, degrades, mends and is logged as without one, and a dump of the
// database holds no token and no content. The log holds neither, nor the key.
func TestSealedMorning(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.sealed()
		h.start()
		h.addHaneul()
		h.connect()
		h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: http.StatusServiceUnavailable})
		wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "degraded"})
		holds(t, seen(h.oneDM()), "제품 주간회의", "한국은행, 기준금리 동결", "degraded")
		if found := h.inDump(append(contentOfDay, h.tokens()...)...); len(found) > 0 {
			t.Errorf("degraded, the dump holds secrets in %v", found)
		}
		h.google.Clear()
		wants(t, h.trigger(""), map[string]any{"outcome": "mended", "status": "complete"})
		holds(t, seen(h.oneDM()), "계약서 3조 수정안", "제품 주간회의")
		lacks(t, seen(h.oneDM()), "degraded")
		h.trigger(`{"dry_run":true}`)
		friday := h.entry().ID
		h.clock.advance(24 * time.Hour)
		wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "complete"})
		holds(t, string(h.call("GET", "/api/briefings/"+string(friday), apiSecret, "").body), "제품 주간회의", "계약서 3조 수정안")
		secrets := append(slices.Clone(contentOfDay), h.tokens()...)
		if found := h.inDump(secrets...); len(found) > 0 {
			t.Errorf("the dump holds secrets in %v", found)
		}
		lacks(t, h.log.String(), append(secrets, h.env["ACHIM_ENCRYPTION_KEY"])...)
	})
}

// TestAKeyComesLater: what was stored plain is sealed in the background once there is a key; the other way round the
// start is refused, and so is another key.
func TestAKeyComesLater(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.file += "conversation_log:\n  content: gist\n"
		h.start()
		h.addHaneul()
		h.connect()
		h.trigger("")
		secrets := append(slices.Clone(contentOfDay), h.tokens()...)
		if found := h.inDump(secrets...); !slices.Contains(found, "gmail_token.token_data") || !slices.Contains(found, "achim_entry_body.sections") {
			t.Fatalf("plain, secrets stand in %v only", found)
		}
		h.stop()

		key := secret.GenerateKey().Reveal()
		h.env["ACHIM_ENCRYPTION_KEY"] = key
		h.start()
		h.eventually("everything to be sealed", func() bool { return strings.Contains(h.log.String(), "what is stored is sealed") })
		if found := h.inDump(secrets...); len(found) > 0 {
			t.Errorf("sealed, secrets stand in %v", found)
		}
		h.clock.advance(24 * time.Hour)
		wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "complete"})
		h.stop()

		for _, other := range []string{"", secret.GenerateKey().Reveal()} {
			h.env["ACHIM_ENCRYPTION_KEY"] = other
			_, err := app.New(t.Context(), app.Options{Config: h.config(), Now: h.clock.now})
			if !errors.Is(err, store.ErrKeys) || !app.ConfigurationFault(err) || !strings.Contains(err.Error(), "gmail_token: 1 row") ||
				!strings.Contains(err.Error(), "achim_entry_body: 2 rows") || strings.Contains(err.Error(), key) {
				t.Errorf("with another key or none: %v", err)
			}
		}
		h.env["ACHIM_ENCRYPTION_KEY"] = key
		h.start()
		h.elected()
		if _, err := h.app.Unseal(context.WithoutCancel(t.Context()), nil); !errors.Is(err, app.ErrSealing) {
			t.Errorf("unsealing beside a serve: %v", err)
		}
		if found := h.inDump(secrets...); len(found) > 0 {
			t.Errorf("unsealing that was refused left secrets in %v", found)
		}
		h.stop()
		h.unsealsAlone()
	})
}

// unsealsAlone unseals, and while that is under way tries to start a serve, and to unseal once more.
func (h *house) unsealsAlone() {
	h.t.Helper()
	open := func() *app.App {
		a, err := app.New(h.t.Context(), app.Options{Config: h.config(), Now: h.clock.now})
		if err != nil {
			h.t.Fatal(err)
		}
		h.t.Cleanup(func() { _ = a.Stop(context.Background()) })
		return a
	}
	unsealing, serving, want := open(), open(), store.ErrUnsealing
	if unsealing.Store.Exclusive() {
		want = store.ErrEngineBusy
	}
	tried := false
	_, err := unsealing.Unseal(h.t.Context(), func(app.Resealed) {
		if tried {
			return
		}
		tried = true
		if err := serving.StartEngine(h.t.Context()); !errors.Is(err, want) {
			h.t.Errorf("a serve starts beside the unsealing: %v", err)
		}
		if _, err := serving.Unseal(h.t.Context(), nil); err == nil {
			h.t.Error("two unseal at once")
		}
	})
	if err != nil || !tried {
		h.t.Errorf("unsealing: %v, tried to start beside it: %v", err, tried)
	}
	if err := serving.StartEngine(h.t.Context()); err != nil {
		h.t.Errorf("afterwards: %v", err)
	}
}
