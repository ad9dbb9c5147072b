package language_test

import (
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/language"
)

// TestKoreanHolidays holds the table together: every year has its days, a substitute is a working day otherwise,
// and ordinary days are none.
func TestKoreanHolidays(t *testing.T) {
	h := language.KoreanHolidays()
	for year, want := range map[int]int{2025: 0, 2026: 22, 2027: 24, 2028: 0} {
		n := 0
		for d := (briefing.Date{Year: year, Month: time.January, Day: 1}); d.Year == year; d = d.AddDays(1) {
			if !h.On(d) {
				continue
			}
			n++
			if h.Name(d, briefing.Korean) == "" || h.Name(d, briefing.English) == "" {
				t.Errorf("%s has no name", d)
			}
		}
		if n != want {
			t.Errorf("%d has %d holidays, want %d", year, n, want)
		}
	}
	for text, want := range map[string]string{
		"2026-05-01": "노동절", "2026-05-25": "부처님 오신 날 대체공휴일", "2026-07-17": "제헌절", "2026-11-20": "",
		"2027-02-09": "설날 대체공휴일", "2027-12-27": "성탄절 대체공휴일", "2027-12-24": "",
	} {
		d, err := briefing.ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.Name(d, briefing.Korean); got != want || h.On(d) != (want != "") {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}

// TestHolidaysBySubstitution holds the table to the law: who falls on a Sunday, or for most on a Saturday, has a
// substitute, which is the next day that is no holiday otherwise.
func TestHolidaysBySubstitution(t *testing.T) {
	h := language.KoreanHolidays()
	never := map[string]bool{"신정": true, "현충일": true, "전국동시지방선거": true}
	sundaysAlone := map[string]bool{"설날": true, "추석": true}
	for d := (briefing.Date{Year: 2026, Month: time.January, Day: 1}); d.Year < 2028; d = d.AddDays(1) {
		name := h.Name(d, briefing.Korean)
		if name == "" || strings.HasSuffix(name, " 대체공휴일") {
			continue
		}
		lost := d.Weekday() == time.Sunday || (d.Weekday() == time.Saturday && !sundaysAlone[name])
		found := false
		for n := 1; n < 7; n++ {
			found = found || h.Name(d.AddDays(n), briefing.Korean) == name+" 대체공휴일"
		}
		if found != (lost && !never[name]) && !sundaysAlone[name] {
			t.Errorf("%s %s on a %s: substitute %v", d, name, d.Weekday(), found)
		}
	}
}
