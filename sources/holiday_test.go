package sources_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
)

const (
	koOfficial = "ko.south_korea.official#holiday@group.v.calendar.google.com"
	enOfficial = "en.south_korea.official#holiday@group.v.calendar.google.com"
)

// holidays returns all whole-day lines of the section, today's and those ahead.
func holidays(s briefing.Section, zone *time.Location) []string {
	var all []string
	for _, day := range append([]briefing.Day{{Items: s.Items}}, s.Ahead...) {
		for _, line := range lines(day.Items, zone) {
			if !strings.HasPrefix(line, "meeting") {
				all = append(all, line)
			}
		}
	}
	return all
}

func whole(group, day, title string) string {
	return group + " " + day + "~" + day + ` "` + title + `"`
}

// TestHolidaysOfKorea: Google's calendar and the table together say which days are off, each day once, in the reader's
// language, whatever calendars of holidays the reader has ticked.
func TestHolidaysOfKorea(t *testing.T) {
	decreed := standin.Event{Summary: "임시공휴일", StartDate: "2026-12-24"}
	christmas := standin.Event{Summary: "크리스마스", StartDate: "2026-12-25"}
	wide := standin.Calendar{ID: "ko.south_korea#holiday@group.v.calendar.google.com", Selected: true, AccessRole: "reader", Events: []standin.Event{
		{Summary: "크리스마스 이브", StartDate: "2026-12-24", Description: "기념일\n기념일을 숨기려면 …"}, {Summary: "크리스마스", StartDate: "2026-12-25", Description: "공휴일"},
	}}
	english := standin.Calendar{ID: enOfficial, Selected: true, AccessRole: "reader", Events: []standin.Event{{Summary: "Christmas Day", StartDate: "2026-12-25"}}}
	american := standin.Calendar{ID: "en.usa#holiday@group.v.calendar.google.com", Selected: true, AccessRole: "reader", Events: []standin.Event{
		{Summary: "Christmas Day", StartDate: "2026-12-25", Description: "Public holiday"}, {Summary: "Christmas Eve", StartDate: "2026-12-24", Description: "Observance"},
	}}
	for name, c := range map[string]struct {
		zone, date string
		ticked     []standin.Calendar
		official   []standin.Event
		want       []string
	}{
		"the table alone": {"Asia/Seoul", "2026-12-24", nil, nil, []string{whole("holiday", "2026-12-25", "성탄절")}},
		"the law of 2026": {"Asia/Seoul", "2027-07-16", nil, nil, []string{whole("holiday", "2027-07-17", "제헌절"), whole("holiday", "2027-07-19", "제헌절 대체공휴일")}},
		"decreed lately": {"Asia/Seoul", "2026-12-24", nil, []standin.Event{decreed, christmas},
			[]string{whole("holiday", "2026-12-24", "임시공휴일"), whole("holiday", "2026-12-25", "크리스마스")}},
		"a year nobody knew": {"Asia/Seoul", "2029-03-01", nil, []standin.Event{{Summary: "삼일절", StartDate: "2029-03-01"}}, []string{whole("holiday", "2029-03-01", "삼일절")}},
		"ticked too": {"Asia/Seoul", "2026-12-24", []standin.Calendar{wide, english}, []standin.Event{decreed, christmas},
			[]string{whole("holiday", "2026-12-24", "임시공휴일"), whole("all_day", "2026-12-24", "크리스마스 이브"), whole("holiday", "2026-12-25", "크리스마스")}},
		"ticked itself": {"Asia/Seoul", "2026-12-25", []standin.Calendar{{ID: koOfficial, Selected: true, Events: []standin.Event{christmas}}}, []standin.Event{christmas},
			[]string{whole("holiday", "2026-12-25", "크리스마스")}},
		"an observance by law a holiday": {"Asia/Seoul", "2026-07-17", []standin.Calendar{{ID: wide.ID, Selected: true, Events: []standin.Event{
			{Summary: "제헌절", StartDate: "2026-07-17", Description: "기념일"}}}}, nil, []string{whole("holiday", "2026-07-17", "제헌절")}},
		"another country's": {"Asia/Seoul", "2026-12-24", []standin.Calendar{american}, nil,
			[]string{whole("all_day", "2026-12-24", "Christmas Eve"), whole("holiday", "2026-12-25", "성탄절"), whole("all_day", "2026-12-25", "Christmas Day")}},
		"elsewhere": {"America/New_York", "2026-12-24", []standin.Calendar{american, wide}, []standin.Event{decreed},
			[]string{whole("all_day", "2026-12-24", "Christmas Eve"), whole("all_day", "2026-12-24", "크리스마스 이브"), whole("holiday", "2026-12-25", "Christmas Day"), whole("all_day", "2026-12-25", "크리스마스")}},
		"elsewhere, none ticked": {"America/New_York", "2026-12-25", nil, []standin.Event{christmas}, nil},
		"an hour, and no title":  {"Asia/Seoul", "2026-11-23", nil, []standin.Event{{Summary: "x", Start: at(23, 10, 0)}, {StartDate: "2026-11-24", Status: "cancelled"}}, nil},
	} {
		h := inZone(t, c.zone, c.date, append(c.ticked, standin.Calendar{Selected: true})...)
		h.google.AddHolidays(koOfficial, c.official...)
		section := h.must(t, briefing.Calendar)
		if diff := cmp.Diff(sorted(c.want), sorted(holidays(section, h.zone))); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		want := 0
		if c.zone == "Asia/Seoul" && name != "ticked itself" {
			want = 1
		}
		if got := h.google.Calls("calendar.holidays.list"); name != "ticked itself" && name != "ticked too" && got != want {
			t.Errorf("%s: %d calls", name, got)
		}
	}
}

// TestHolidaysAreSharedAndNeverInTheWay: one call a day and language serves all readers; when it fails or takes long, the
// table does, the section is whole, and nobody asks again at once.
func TestHolidaysAreSharedAndNeverInTheWay(t *testing.T) {
	rig := func(t *testing.T) (*house, briefing.Source) {
		h := inZone(t, "Asia/Seoul", "2026-12-25", standin.Calendar{Selected: true, Events: []standin.Event{
			{Summary: "회의", Start: time.Date(2026, 12, 25, 1, 0, 0, 0, time.UTC)}}})
		h.google.AddHolidays(koOfficial, standin.Event{Summary: "크리스마스", StartDate: "2026-12-25"}, standin.Event{Summary: "임시공휴일", StartDate: "2026-12-28"})
		h.google.AddHolidays(enOfficial, standin.Event{Summary: "Christmas Day", StartDate: "2026-12-25"})
		return h, h.source(t, briefing.Calendar)
	}
	read := func(t *testing.T, h *house, source briefing.Source, in briefing.Language) []string {
		t.Helper()
		req := h.request()
		req.Language = in
		section, err := source.Fetch(t.Context(), req)
		if err != nil || section.PartsOK != 1 || section.Count(briefing.Meeting) != 1 {
			t.Fatalf("%+v, %v", section, err)
		}
		return holidays(section, h.zone)
	}
	google := []string{whole("holiday", "2026-12-25", "크리스마스"), whole("holiday", "2026-12-28", "임시공휴일")}
	table := []string{whole("holiday", "2026-12-25", "성탄절")}
	t.Run("shared", func(t *testing.T) {
		h, source := rig(t)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if got := read(t, h, source, briefing.Korean); !slices.Equal(got, google) {
					t.Errorf("%q", got)
				}
			})
		}
		wg.Wait()
		read(t, h, source, briefing.Korean)
		if got := read(t, h, source, briefing.English); !slices.Equal(got, []string{whole("holiday", "2026-12-25", "Christmas Day")}) {
			t.Errorf("%q", got)
		}
		h.calls(t, map[string]int{"calendar.holidays.list": 2})
		h.clock.Advance(24 * time.Hour)
		h.connect()
		req := h.request()
		req.Date = req.Date.AddDays(-1)
		if _, err := source.Fetch(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		h.calls(t, map[string]int{"calendar.holidays.list": 3})
	})
	t.Run("down", func(t *testing.T) {
		h, source := rig(t)
		h.google.Inject(standin.Fault{Op: "calendar.holidays.list", Status: http.StatusServiceUnavailable, Times: 1})
		for range 3 {
			if got := read(t, h, source, briefing.Korean); !slices.Equal(got, table) {
				t.Errorf("%q", got)
			}
		}
		other := h.request()
		other.Reader.ID = otherID
		row := h.store.row(readerID)
		row.ReaderID = otherID
		h.store.put(row)
		if section, err := source.Fetch(t.Context(), other); err != nil || !slices.Equal(holidays(section, h.zone), table) {
			t.Errorf("%q, %v", holidays(section, h.zone), err)
		}
		h.calls(t, map[string]int{"calendar.holidays.list": 1})
		h.clock.Advance(6 * time.Minute)
		if got := read(t, h, source, briefing.Korean); !slices.Equal(got, table) {
			t.Errorf("asked twice in a day with one reader's grant: %q", got)
		}
		if section, err := source.Fetch(t.Context(), other); err != nil || !slices.Equal(holidays(section, h.zone), google) {
			t.Errorf("%q, %v", holidays(section, h.zone), err)
		}
		if got := read(t, h, source, briefing.Korean); !slices.Equal(got, google) {
			t.Errorf("%q", got)
		}
	})
	t.Run("down, and asked again the next day", func(t *testing.T) {
		h, source := rig(t)
		h.google.Inject(standin.Fault{Op: "calendar.holidays.list", Status: http.StatusServiceUnavailable, Times: 1})
		req := h.request()
		for day, want := range [][]string{table, google} {
			section, err := source.Fetch(t.Context(), req)
			if err != nil || !slices.Equal(holidays(section, h.zone), want) {
				t.Errorf("day %d: %q, %v", day, holidays(section, h.zone), err)
			}
			h.clock.Advance(24 * time.Hour)
			h.connect()
		}
	})
	t.Run("refused", func(t *testing.T) {
		h, source := rig(t)
		h.google.Inject(standin.Fault{Op: "calendar.holidays.list", Status: http.StatusForbidden})
		if got := read(t, h, source, briefing.Korean); !slices.Equal(got, table) {
			t.Errorf("%q", got)
		}
	})
	t.Run("nonsense", func(t *testing.T) {
		for _, body := range []string{`{"kind":"calendar#events","items":[null,{"start":{"date":"x"}},{"summary":"y"}]}`, `[`, `{}`, `{"items":[],"nextPageToken":"x","kind":"k"}`} {
			h, source := rig(t)
			h.google.Inject(standin.Fault{Op: "calendar.holidays.list", Body: body})
			if got := read(t, h, source, briefing.Korean); !slices.Equal(got, table) {
				t.Errorf("%s: %q", body, got)
			}
		}
	})
	t.Run("slow", func(t *testing.T) {
		h, source := rig(t)
		h.google.Inject(standin.Fault{Op: "calendar.holidays.list", Delay: time.Minute})
		started := time.Now()
		if got := read(t, h, source, briefing.Korean); !slices.Equal(got, table) || time.Since(started) > 5*time.Second {
			t.Errorf("%q after %s", got, time.Since(started))
		}
		h.google.Inject(standin.Fault{Op: "calendar.calendarList.list", Status: 500})
		started = time.Now()
		if _, err := source.Fetch(t.Context(), h.request()); err == nil || time.Since(started) > time.Second {
			t.Errorf("%v after %s", err, time.Since(started))
		}
	})
	t.Run("the operator's table", func(t *testing.T) {
		h, _ := rig(t)
		h.google.Inject(standin.Fault{Op: "calendar.holidays.list", Status: 500})
		for _, source := range sources.Catalog(sources.Config{Google: h.client, Holidays: func(d briefing.Date, in briefing.Language) string {
			return map[string]string{"2026-12-28": "쉬는 날 " + string(in)}[d.String()]
		}}) {
			if source.Name() != briefing.Calendar {
				continue
			}
			if got := read(t, h, source, briefing.Korean); !slices.Equal(got, []string{whole("holiday", "2026-12-28", "쉬는 날 ko")}) {
				t.Errorf("%q", got)
			}
		}
	})
}
