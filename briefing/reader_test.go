package briefing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
)

func reader() briefing.Reader {
	return briefing.Reader{ID: "3f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f", Name: "haneul", SlackUserID: "U0HANEUL"}
}

func defaults(t *testing.T) *briefing.Defaults {
	return &briefing.Defaults{At: clock(t, "09:00"), Zone: zone(t, "Asia/Seoul"), Weekdays: briefing.EveryDay, Language: briefing.Korean}
}

func TestReaderFaultsNameTheField(t *testing.T) {
	r := reader()
	r.Name, r.SlackUserID, r.Timezone, r.Language, r.Email = " ", "haneul", "Asia/Soul", "fr", "not an address"
	r.Notification, r.Feeds = "loud", []briefing.Feed{{URL: "ftp://gaon.example/feed"}, {URL: "https://gaon.example/feed", MaxItems: -1}}
	var fields []string
	for _, fault := range r.Validate() {
		fields = append(fields, fault.Field)
		if fault.Code != "invalid_field" || fault.Problem == "" {
			t.Errorf("fault %+v has no code or no problem", fault)
		}
	}
	want := []string{"name", "slack_user_id", "timezone", "language", "notification", "email", "feeds[0]", "feeds[1]"}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Error(diff)
	}
	if faults := reader().Validate(); faults != nil {
		t.Errorf("a good reader has faults: %v", faults)
	}
}

// TestAddressesAreBounded: one that no database takes, or no mail server has, is a fault of whoever sends it.
func TestAddressesAreBounded(t *testing.T) {
	for _, email := range []string{"a\x00@gaon.example", "a\u0085@gaon.example", strings.Repeat("a", 400) + "@gaon.example"} {
		r := reader()
		if r.Email = email; len(r.Validate()) != 1 {
			t.Errorf("%.20q is taken for an address", email)
		}
	}
}

func TestZoneOfTheServerIsNoZone(t *testing.T) {
	for _, name := range []string{"", "Local", "KST", "Asia/Soul", "../etc/passwd"} {
		if name == "KST" {
			continue // some zone databases know it
		}
		if _, err := briefing.LoadZone(name); err == nil {
			t.Errorf("LoadZone(%q) succeeded", name)
		}
	}
}

func TestPausedUntilEndsByItself(t *testing.T) {
	r := reader()
	r.PausedUntil = date(t, "2026-12-01")
	if !r.PausedOn(date(t, "2026-11-30")) || r.PausedOn(date(t, "2026-12-01")) {
		t.Error("paused_until is the first date briefed again")
	}
	r = reader()
	r.Paused = true
	if !r.PausedOn(date(t, "2030-01-01")) {
		t.Error("a pause without an end ends")
	}
}

func TestNextDueSkipsPausesAndDaysOff(t *testing.T) {
	d, r := defaults(t), reader()
	r.Weekdays = 1<<time.Monday | 1<<time.Friday
	friday := instant(t, "2026-11-20T00:00:00Z")
	if got := d.NextDue(r, friday); !got.Equal(instant(t, "2026-11-23T00:00:00Z")) {
		t.Errorf("next due %s, want Monday 09:00 KST", got)
	}
	r.PausedUntil = date(t, "2026-11-25")
	if got := d.NextDue(r, friday); !got.Equal(instant(t, "2026-11-27T00:00:00Z")) {
		t.Errorf("next due %s, want Friday 09:00 KST", got)
	}
	r.Paused, r.PausedUntil = true, briefing.Date{}
	if got := d.NextDue(r, friday); !got.IsZero() {
		t.Errorf("a paused reader is due at %s", got)
	}
}

func TestWeekdaysRoundTrip(t *testing.T) {
	days, err := briefing.ParseWeekdays([]string{"sun", "MON", " fri"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"mon", "fri", "sun"}, days.Names()); diff != "" {
		t.Error(diff)
	}
	for _, bad := range [][]string{nil, {"monday"}, {"mon", ""}} {
		if _, err := briefing.ParseWeekdays(bad); err == nil {
			t.Errorf("ParseWeekdays(%q) succeeded", bad)
		}
	}
}

func TestReaderIDIsAUUID(t *testing.T) {
	id, err := briefing.ParseReaderID(" 3F0C6A52-1D2E-4B7A-9C55-0A1B2C3D4E5F ")
	if err != nil || id != reader().ID {
		t.Errorf("ParseReaderID = %q, %v", id, err)
	}
	if _, err := briefing.ParseReaderID("haneul"); err == nil || !strings.Contains(err.Error(), "UUID") {
		t.Errorf("error %v does not say what a UUID looks like", err)
	}
}

func TestReaderIsBounded(t *testing.T) {
	r := reader()
	r.Name, r.Feeds = "a\nb<!channel>", make([]briefing.Feed, 51)
	if faults := r.Validate(); len(faults) != 2 {
		t.Errorf("faults %v", faults)
	}
	r = reader()
	r.Name, r.Feeds = strings.Repeat("가", 100), []briefing.Feed{{URL: "https://gaon.example/" + strings.Repeat("x", 2000)}}
	if faults := r.Validate(); len(faults) != 2 {
		t.Errorf("faults %v", faults)
	}
}
