package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"achim/briefing"
)

// wishes are the flags that describe a reader.
type wishes struct {
	name, slack, email, timezone, at, language, notification, pausedUntil string
	weekdays, feeds                                                       []string
	pause, resume, back, skipHolidays                                     bool
	prefers                                                               preferring
}

// flags adds what can be said of a new reader and of a known one.
func (w *wishes) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&w.name, "name", "", "`name` of the reader, such as haneul")
	f.StringVar(&w.slack, "slack", "", "Slack `member id`, such as U012AB3CD (profile → ⋮ → Copy member ID)")
	f.StringVar(&w.email, "email", "", "Google `address` expected; without it people confirm their choice")
	f.StringVar(&w.timezone, "timezone", "", "IANA `zone`, such as Asia/Seoul; empty = the default")
	f.StringVar(&w.at, "at", "", "local `hour`, such as 09:00; empty = the default")
	f.StringVar(&w.language, "language", "", "`language` of the briefing, ko or en; empty = the default")
	f.StringSliceVar(&w.weekdays, "weekdays", nil, "`days` with a briefing, such as mon,tue,wed,thu,fri; empty = the default")
	f.StringArrayVar(&w.feeds, "feed", nil, "`URL` of a news feed beside the team's; repeat for several, empty = none")
	f.StringVar(&w.notification, "notification", "", "`how much` a locked phone shows: full, or private for counts alone")
	f.BoolVar(&w.skipHolidays, "skip-holidays", false, "no briefings on Korean public holidays; =false for briefings again")
}

// knownFlags adds what can be said of a known reader only.
func (w *wishes) knownFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&w.pause, "pause", false, "no briefings until resumed")
	f.BoolVar(&w.resume, "resume", false, "briefings again")
	f.BoolVar(&w.back, "back", false, "a reader who had left is here again")
	w.prefers.flags(cmd)
	f.StringVar(&w.pausedUntil, "paused-until", "", "no briefings before this `date`, such as 2026-12-01")
}

// any reports whether any of the flags was given.
func (w *wishes) any(given func(string) bool) bool {
	return slices.ContainsFunc(w.prefers.names(), given) || slices.ContainsFunc([]string{"name", "slack", "email", "timezone", "at", "language", "weekdays", "feed",
		"notification", "skip-holidays", "pause", "resume", "back", "paused-until"}, given)
}

// wished is a reader as wished, with what is wrong in the wishes.
type wished struct {
	reader briefing.Reader
	faults []error
}

// fault returns everything that is wrong with the reader, or nil.
func (w wished) fault() error {
	faults := w.faults
	for _, f := range w.reader.Validate() {
		faults = append(faults, f)
	}
	return errors.Join(faults...)
}

// become makes r the reader as wished, unless something is wrong with that.
func (w wished) become(r *briefing.Reader) error {
	if err := w.fault(); err != nil {
		return err
	}
	*r = w.reader
	return nil
}

// note keeps a fault of a field, if there is one.
func (w *wished) note(field string, err error) {
	if err != nil {
		w.faults = append(w.faults, &briefing.FieldError{Field: field, Code: "invalid_field", Problem: err.Error()})
	}
}

// apply puts the flags that were given onto r.
func (w *wishes) apply(given func(string) bool, r briefing.Reader) wished {
	for _, wish := range []struct {
		flag string
		to   *string
		is   string
	}{
		{"name", &r.Name, w.name}, {"email", &r.Email, w.email}, {"timezone", &r.Timezone, w.timezone},
		{"language", (*string)(&r.Language), w.language}, {"notification", (*string)(&r.Notification), w.notification},
	} {
		if given(wish.flag) {
			*wish.to = wish.is
		}
	}
	if given("slack") && r.SlackUserID != w.slack {
		r.SlackUserID, r.SlackChannelID = w.slack, "" // the DM was with somebody else
		if r.LeftReason == briefing.LeftSlack {
			r = r.Back() // it was that account that is gone
		}
	}
	if given("back") && w.back {
		r = r.Back()
	}
	if given("feed") {
		r.Feeds = nil
		for _, url := range w.feeds {
			if url != "" {
				r.Feeds = append(r.Feeds, briefing.Feed{URL: url})
			}
		}
	}
	out := wished{reader: r}
	w.applyTimes(given, &out)
	w.prefers.apply(given, &out)
	return out
}

// applyTimes puts hour, weekdays and pauses onto the reader. Each kind of pause replaces the other: an end
// that has passed would otherwise void a pause without one.
func (w *wishes) applyTimes(given func(string) bool, to *wished) {
	r := &to.reader
	if given("at") {
		r.At = nil
		if w.at != "" {
			at, err := briefing.ParseTimeOfDay(w.at)
			to.note("deliver_at", err)
			r.At = &at
		}
	}
	if given("weekdays") {
		r.Weekdays = 0
		if len(w.weekdays) > 0 {
			days, err := briefing.ParseWeekdays(w.weekdays)
			to.note("weekdays", err)
			r.Weekdays = days
		}
	}
	if given("skip-holidays") {
		r.SkipHolidays = w.skipHolidays
	}
	if n := slices.DeleteFunc([]string{"pause", "resume", "paused-until"}, func(flag string) bool { return !given(flag) }); len(n) > 1 {
		to.note("paused", fmt.Errorf("--%s contradict each other: name one", strings.Join(n, " and --")))
	}
	if given("pause") || given("resume") {
		r.Paused, r.PausedUntil = w.pause && !w.resume, briefing.Date{}
	}
	if given("paused-until") {
		var until briefing.Date
		to.note("paused_until", until.UnmarshalText([]byte(w.pausedUntil)))
		r.Paused, r.PausedUntil = false, until // which pauses by itself
	}
}
