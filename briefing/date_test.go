package briefing_test

import (
	"testing"
	"time"

	"achim/briefing"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := briefing.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func date(t *testing.T, s string) briefing.Date {
	t.Helper()
	d, err := briefing.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func clock(t *testing.T, s string) briefing.TimeOfDay {
	t.Helper()
	tod, err := briefing.ParseTimeOfDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return tod
}

func TestDueAtHandlesGapsAndFolds(t *testing.T) {
	for _, c := range []struct{ name, zone, date, at, want string }{
		{"Korea has no daylight saving", "Asia/Seoul", "2026-11-20", "09:00", "2026-11-20T00:00:00Z"},
		{"spring gap: first instant after it", "America/New_York", "2026-03-08", "02:30", "2026-03-08T07:00:00Z"},
		{"spring day after the gap", "America/New_York", "2026-03-08", "09:00", "2026-03-08T13:00:00Z"},
		{"autumn fold: the first of the two", "America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30:00Z"},
		{"autumn fold in Berlin", "Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30:00Z"},
		{"just after the fold", "Europe/Berlin", "2026-10-25", "03:00", "2026-10-25T02:00:00Z"},
		{"spring gap in Berlin", "Europe/Berlin", "2026-03-29", "02:00", "2026-03-29T01:00:00Z"},
		{"midnight in a gap", "America/Santiago", "2026-09-06", "00:00", "2026-09-06T04:00:00Z"},
		{"half-hour zone", "Asia/Kolkata", "2026-11-20", "09:00", "2026-11-20T03:30:00Z"},
		{"half-hour daylight saving", "Australia/Lord_Howe", "2026-04-05", "01:45", "2026-04-04T14:45:00Z"},
		{"a day that was skipped whole", "Pacific/Apia", "2011-12-30", "09:00", "2011-12-30T10:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := briefing.Schedule{At: clock(t, c.at), Zone: zone(t, c.zone), Weekdays: briefing.EveryDay}
			if got := s.DueAt(date(t, c.date)); !got.Equal(instant(t, c.want)) {
				t.Errorf("due at %s, want %s", got.UTC().Format(time.RFC3339), c.want)
			}
		})
	}
}

func TestDateComesFromTheZone(t *testing.T) {
	at := instant(t, "2026-11-20T16:30:00Z")
	if got := briefing.DateOf(at, zone(t, "Asia/Seoul")).String(); got != "2026-11-21" {
		t.Errorf("in Seoul it is %s, want 2026-11-21", got)
	}
	if got := briefing.DateOf(at, zone(t, "America/New_York")).String(); got != "2026-11-20" {
		t.Errorf("in New York it is %s, want 2026-11-20", got)
	}
}

func TestDatesAreChecked(t *testing.T) {
	for _, bad := range []string{"", "2026-13-01", "2026-02-30", "20261120", "2026-11-20T00:00:00Z", "오늘"} {
		if d, err := briefing.ParseDate(bad); err == nil {
			t.Errorf("ParseDate(%q) = %s, want an error", bad, d)
		}
	}
	for _, bad := range []string{"", "9:00", "24:00", "09:60", "09:00:00"} {
		if at, err := briefing.ParseTimeOfDay(bad); err == nil {
			t.Errorf("ParseTimeOfDay(%q) = %s, want an error", bad, at)
		}
	}
}

func TestDateArithmetic(t *testing.T) {
	d := date(t, "2026-12-31")
	if got := d.AddDays(1).String(); got != "2027-01-01" {
		t.Errorf("the day after is %s", got)
	}
	if got := d.AddDays(1).DaysSince(date(t, "2026-12-25")); got != 7 {
		t.Errorf("days since = %d, want 7", got)
	}
	if !d.Before(d.AddDays(1)) || d.Before(d) {
		t.Error("Before is not a strict order")
	}
	if d.Weekday() != time.Thursday {
		t.Errorf("weekday = %s", d.Weekday())
	}
	var zero briefing.Date
	if text, _ := zero.MarshalText(); len(text) != 0 || zero.UnmarshalText(nil) != nil || !zero.IsZero() {
		t.Error("the zero date does not survive text")
	}
}

func TestNextIncludesDaysOff(t *testing.T) {
	s := briefing.Schedule{At: clock(t, "09:00"), Zone: zone(t, "Asia/Seoul"), Weekdays: 1 << time.Monday}
	if got := s.Next(instant(t, "2026-11-20T00:00:00Z")).String(); got != "2026-11-21" {
		t.Errorf("after the hour itself the next date is %s, want 2026-11-21", got)
	}
	if got := s.Next(instant(t, "2026-11-19T23:59:59Z")).String(); got != "2026-11-20" {
		t.Errorf("just before the hour the next date is %s, want 2026-11-20", got)
	}
}
