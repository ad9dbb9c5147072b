package language_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/language"
)

// TestAlmanacFollowsItsFile: the years of the file replace the embedded ones wholesale, a change is seen without a
// restart, and a file that cannot be read changes nothing and is told of once.
func TestAlmanacFollowsItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "achim-holidays.tsv")
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	var told []string
	a := language.NewAlmanac(path, func() time.Time { return now }, func(err error) { told = append(told, err.Error()) })
	write := func(text string) {
		t.Helper()
		now = now.Add(time.Minute)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now, now); err != nil {
			t.Fatal(err)
		}
	}
	names := func(want map[string]string) {
		t.Helper()
		for text, name := range want {
			d, err := briefing.ParseDate(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := a.Name(d, briefing.Korean); got != name || a.On(d) != (name != "") {
				t.Errorf("%s is %q, want %q", text, got, name)
			}
		}
	}
	embedded := map[string]string{"2026-12-25": "성탄절", "2027-01-01": "신정", "2026-12-28": "", "2028-01-01": ""}
	names(embedded)
	if len(told) != 1 || !strings.Contains(told[0], "achim-holidays.tsv") {
		t.Errorf("of a file that is not there: %q", told)
	}
	write("# decreed\n\n2026-12-28\t임시공휴일\tTemporary holiday\n")
	names(map[string]string{"2026-12-28": "임시공휴일", "2026-12-25": "", "2027-01-01": "신정"})
	write("2026-12-28\t임시공휴일\tTemporary holiday\n2026-12-28\t또\tagain\n2026-13-01\tx\ty\nnothing\n")
	names(map[string]string{"2026-12-28": "임시공휴일", "2026-12-25": ""})
	names(map[string]string{"2026-12-28": "임시공휴일"})
	if len(told) != 3 || !strings.Contains(told[1], "lacks 22 days of its years that are built in, such as 2026-01-01") ||
		!strings.Contains(told[2], "tsv:2: 2026-12-28 is there already, on line 1") ||
		!strings.Contains(told[2], `tsv:3: "2026-13-01" is not a date`) || !strings.Contains(told[2], "tsv:4: has 1 fields") {
		t.Errorf("told %q", told)
	}
	write("\ufeff2026-12-24\t이브\tEve\r\n2028-01-01\t신정\tNew Year’s Day\r\n")
	names(map[string]string{"2026-12-24": "이브", "2026-12-28": "", "2028-01-01": "신정", "2027-01-01": "신정"})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	names(map[string]string{"2026-12-24": "이브"})
	if now = now.Add(time.Hour); len(told) != 5 {
		t.Errorf("told %q", told)
	}
	names(map[string]string{"2026-12-24": "이브"})
	if len(told) != 5 {
		t.Errorf("told again: %q", told[5:])
	}
}

// TestAlmanacOfWhatIsNoFile: what can be no table is not opened, and told once; many may ask at the same time.
func TestAlmanacOfWhatIsNoFile(t *testing.T) {
	var told atomic.Int32
	a := language.NewAlmanac(t.TempDir(), nil, func(err error) {
		told.Add(1)
		if !strings.HasSuffix(err.Error(), "is no regular file") {
			t.Error(err)
		}
	})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if !a.On(briefing.Date{Year: 2026, Month: time.December, Day: 25}) {
				t.Error("Christmas is gone")
			}
		})
	}
	all.Wait()
	if n := told.Load(); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// TestAlmanacWhole: a table that has every embedded day of its years is nothing to tell of, whatever it adds.
func TestAlmanacWhole(t *testing.T) {
	embedded, err := os.ReadFile("holidays.tsv")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "achim-holidays.tsv")
	if err := os.WriteFile(path, append(embedded, "2026-12-28\t임시공휴일\tTemporary holiday\n2028-01-01\t신정\tNew Year’s Day\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	a := language.NewAlmanac(path, nil, func(err error) { t.Error(err) })
	if !a.On(briefing.Date{Year: 2026, Month: time.December, Day: 28}) {
		t.Error("the file is not read")
	}
}

// TestAlmanacWithoutAFile is the embedded table.
func TestAlmanacWithoutAFile(t *testing.T) {
	a := language.NewAlmanac("", nil, nil)
	if d := (briefing.Date{Year: 2026, Month: time.December, Day: 25}); !a.On(d) || a.Name(d, briefing.English) != "Christmas" {
		t.Errorf("%s is %q", d, a.Name(d, briefing.English))
	}
}

// FuzzHolidays: any text is a table or has faults, each on a line that is there.
func FuzzHolidays(f *testing.F) {
	f.Add("2026-12-25\t성탄절\tChristmas\n")
	f.Add("2026-12-25\t성탄절\n\x00\t\t\n#\n\ufeff")
	f.Fuzz(func(t *testing.T, text string) {
		_, faults := language.ParseHolidays(text)
		for _, fault := range faults {
			if fault.Line < 1 || fault.Line > strings.Count(text, "\n")+1 || fault.Problem == "" {
				t.Errorf("%+v", fault)
			}
		}
	})
}
