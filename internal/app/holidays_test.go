package app_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"achim/internal/standin"
	"achim/store/storetest"
)

// TestHolidaysFileDecides: a day decreed in the operator's file is told in the briefing and spares whoever wishes it,
// and a change of the file counts without a restart.
func TestHolidaysFileDecides(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	path := filepath.Join(t.TempDir(), "achim-holidays.tsv")
	write := func(text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write("2026-11-20\t임시공휴일\tTemporary holiday\n", friday)
	h.file = fmt.Sprintf("holidays:\n  file: %q\n", path)
	h.start()
	h.addHaneul()
	h.connect()
	user := func(body string) map[string]any {
		t.Helper()
		return h.json("PUT", "/api/users/"+haneul, apiSecret, body, http.StatusOK)
	}
	wants(t, user(`{"skip_holidays":true}`), map[string]any{"next_due_at": "2026-11-21T00:00:00Z"})
	write("2026-11-21\t임시공휴일\tTemporary holiday\n", friday.Add(time.Minute))
	h.clock.advance(2 * time.Minute)
	wants(t, user(`{"skip_holidays":true}`), map[string]any{"next_due_at": "2026-11-20T00:00:00Z"})
	write("2026-11-20\t임시공휴일\tTemporary holiday\n2026-11-21\tno line of a table\n", friday.Add(2*time.Minute))
	h.clock.advance(2 * time.Minute)
	wants(t, user(`{"skip_holidays":true}`), map[string]any{"next_due_at": "2026-11-20T00:00:00Z"})
	holds(t, h.log.String(), "achim-holidays.tsv:2: has 2 fields between tabs")

	write("2026-11-20\t임시공휴일\tTemporary holiday\n", friday.Add(3*time.Minute))
	h.clock.advance(2 * time.Minute)
	h.trigger("")
	holds(t, h.oneDM().Text, "11월 20일 금요일 아침 브리핑 · 임시공휴일", "오늘은 임시공휴일입니다.", "제품 주간회의")
}

// TestHolidaysOfGoogleInTheBriefing: a day that only Google's calendar names is told, in the reader's language, and when
// that calendar cannot be read the briefing is whole without.
func TestHolidaysOfGoogleInTheBriefing(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]bool{"read": false, "down": true} {
		t.Run(name, func(t *testing.T) {
			h := build(t, storetest.SQLite)
			h.google.AddHolidays("ko.south_korea.official#holiday@group.v.calendar.google.com", standin.Event{Summary: "임시공휴일", StartDate: "2026-11-20"})
			if down {
				h.google.Inject(standin.Fault{Op: "calendar.holidays.list", Status: 500})
			}
			h.start()
			h.addHaneul()
			h.connect()
			wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "complete"})
			if down {
				lacks(t, h.oneDM().Text, "임시공휴일")
			} else {
				holds(t, h.oneDM().Text, "아침 브리핑 · 임시공휴일")
			}
		})
	}
}
