package briefing

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"
)

// ReaderID is a reader's UUID in lower case.
type ReaderID string

var (
	uuidForm  = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	slackForm = regexp.MustCompile(`^[UW][A-Z0-9]{2,20}$`)
)

// ParseReaderID reads a UUID in any letter case.
func ParseReaderID(s string) (ReaderID, error) {
	id := strings.ToLower(strings.TrimSpace(s))
	if !uuidForm.MatchString(id) {
		return "", &FieldError{Field: "user_id", Code: "invalid_uuid",
			Problem: fmt.Sprintf("%q is not a UUID like 3f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f", s)}
	}
	return ReaderID(id), nil
}

// Language is the code of a language a briefing can be written in.
type Language string

// The languages there are words for.
const (
	Korean  Language = "ko"
	English Language = "en"
)

// Notification says how much of a briefing a phone may show while locked.
type Notification string

// The notification modes. NotifyPrivate keeps everything but the gist out of the notification.
const (
	NotifyFull    Notification = "full"
	NotifyPrivate Notification = "private"
)

// Bounds of what a reader may be said to be.
const (
	longestName = 200  // bytes
	longestURL  = 2000 // bytes
	longestMail = 320  // bytes; RFC 5321 allows 254
)

// MostFeeds is how many feeds of their own a reader may have.
const MostFeeds = 50

// Feed is a news feed a reader or the team follows.
type Feed struct {
	URL      string `json:"url" yaml:"url"`
	Title    string `json:"title,omitempty" yaml:"title"`
	MaxItems int    `json:"max_items,omitempty" yaml:"max_items"` // 0 = no limit of its own
}

// Reader is a person who gets a briefing. Fields left zero follow the operator's Defaults.
type Reader struct {
	ID             ReaderID
	Name           string
	SlackUserID    string
	SlackChannelID string // of the DM; empty until it was opened
	Email          string
	Timezone       string     // IANA name; "" follows the defaults
	At             *TimeOfDay // nil follows the defaults
	Weekdays       Weekdays   // 0 follows the defaults
	Language       Language   // "" follows the defaults
	Feeds          []Feed     // beside the team's
	Paused         bool
	PausedUntil    Date // the first date briefed again; zero when open-ended
	SkipHolidays   bool // no briefing on the public holidays of Defaults.Holiday
	Notification   Notification
	Preferences    Preferences
	LeftAt         time.Time  // since when the reader is known to be gone; zero while here
	LeftReason     LeftReason // why; "" while here
	ErasedAt       time.Time  // when all that was kept of a reader who is gone was erased
	Greet          bool       // of a new reader: to be welcomed. Asked of SaveReader, and not kept
	AsOf           time.Time  // save only what was read with this UpdatedAt. Asked of SaveReader, and not kept; zero = whatever stands there
	PlanAt         time.Time  // when the planner must look at this reader next
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// LeftReason says why a reader counts as gone.
type LeftReason string

// The reasons. Either is a plain answer of the other side, and no guess.
const (
	LeftSlack  LeftReason = "slack_deactivated" // Slack says that the member's account is deactivated
	LeftGoogle LeftReason = "google_deleted"    // Google says that the account was deleted
)

// Left reports whether the reader is gone: nobody is called for them, and nothing is planned.
func (r Reader) Left() bool { return !r.LeftAt.IsZero() }

// Back returns r as one who is here.
func (r Reader) Back() Reader {
	r.LeftAt, r.LeftReason, r.ErasedAt = time.Time{}, "", time.Time{}
	return r
}

// PausedOn reports whether the reader wants no briefing on d. A PausedUntil pauses by itself, up to that date.
func (r Reader) PausedOn(d Date) bool {
	if !r.PausedUntil.IsZero() {
		return d.Before(r.PausedUntil)
	}
	return r.Paused
}

// Validate returns every fault of r as FieldErrors, nil when there is none. It does not know of other
// readers: that a Slack id is taken is the store's to say.
func (r Reader) Validate() []*FieldError {
	var faults []*FieldError
	fault := func(field, format string, args ...any) {
		faults = append(faults, &FieldError{Field: field, Code: "invalid_field", Problem: fmt.Sprintf(format, args...)})
	}
	switch {
	case strings.TrimSpace(r.Name) == "":
		fault("name", "a reader needs a name, such as haneul")
	case len(r.Name) > longestName || strings.ContainsFunc(r.Name, unicode.IsControl):
		fault("name", "a name has at most %d bytes and no line breaks or other control characters", longestName)
	}
	if !slackForm.MatchString(r.SlackUserID) {
		fault("slack_user_id", "%q is not a Slack member id like U012AB3CD (profile → ⋮ → Copy member ID)", r.SlackUserID)
	}
	if _, err := LoadZone(r.Timezone); r.Timezone != "" && err != nil {
		fault("timezone", "%q is not an IANA time zone like Asia/Seoul", r.Timezone)
	}
	if r.Language != "" && r.Language != Korean && r.Language != English {
		fault("language", "%q is not a language there are words for: use ko or en", r.Language)
	}
	if r.Notification != "" && r.Notification != NotifyFull && r.Notification != NotifyPrivate {
		fault("notification", "%q is neither full nor private", r.Notification)
	}
	strange := strings.ContainsAny(r.Email, " <>") || strings.ContainsFunc(r.Email, unicode.IsControl)
	if r.Email != "" && (!strings.Contains(r.Email, "@") || strange || len(r.Email) > longestMail) {
		fault("email", "%.80q is not a mail address", r.Email)
	}
	faults = append(faults, r.Preferences.Validate()...)
	if len(r.Feeds) > MostFeeds {
		fault("feeds", "%d feeds are more than a morning has room for: name at most %d", len(r.Feeds), MostFeeds)
		return faults
	}
	for i, feed := range r.Feeds {
		if err := feed.Validate(); err != nil {
			fault(fmt.Sprintf("feeds[%d]", i), "%v", err)
		}
	}
	return faults
}

// Validate reports a URL that cannot be fetched or a negative limit.
func (f Feed) Validate() error {
	u, err := url.Parse(f.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("url %q is not an http(s) address", f.URL)
	}
	if len(f.Title) > longestName || len(f.URL) > longestURL {
		return fmt.Errorf("a feed's title has at most %d bytes and its url %d", longestName, longestURL)
	}
	if f.MaxItems < 0 {
		return fmt.Errorf("max_items %d is negative", f.MaxItems)
	}
	return nil
}

// LoadZone loads an IANA zone. Unlike time.LoadLocation it refuses "" and "Local", which would make a
// reader's day depend on where the server happens to stand.
func LoadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not an IANA time zone like Asia/Seoul", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("unknown time zone %q: use an IANA name like Asia/Seoul", name)
	}
	return zone, nil
}

// Weekdays is a set of days of the week; bit n stands for time.Weekday(n). The zero value is no day,
// which in a Reader means "as the defaults have it".
type Weekdays uint8

// EveryDay holds all seven days.
const EveryDay Weekdays = 1<<7 - 1

var weekdayNames = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ParseWeekdays reads names such as mon, tue; at least one is needed.
func ParseWeekdays(names []string) (Weekdays, error) {
	var days Weekdays
	for _, name := range names {
		found := false
		for i, known := range weekdayNames {
			if strings.EqualFold(strings.TrimSpace(name), known) {
				days |= 1 << i
				found = true
			}
		}
		if !found {
			return 0, fmt.Errorf("%q is not one of mon tue wed thu fri sat sun", name)
		}
	}
	if days == 0 {
		return 0, fmt.Errorf("no weekday given: name some of mon tue wed thu fri sat sun, or pause the reader")
	}
	return days, nil
}

// Has reports whether the set holds day.
func (w Weekdays) Has(day time.Weekday) bool { return w&(1<<day) != 0 }

// Names returns the days from Monday to Sunday as mon, tue ….
func (w Weekdays) Names() []string {
	names := []string{}
	for i := range 7 {
		if day := time.Weekday((i + 1) % 7); w.Has(day) {
			names = append(names, weekdayNames[day])
		}
	}
	return names
}

// MarshalJSON writes ["mon", …].
func (w Weekdays) MarshalJSON() ([]byte, error) { return json.Marshal(w.Names()) }

// Schedule is when a reader's briefing is due, with every default filled in.
type Schedule struct {
	At       TimeOfDay
	Zone     *time.Location
	Weekdays Weekdays
	Holiday  func(Date) bool // the days off the reader wishes to be spared; nil = none
}

// DueAt returns the instant at which the briefing of d is due, whether or not d is a day off.
func (s Schedule) DueAt(d Date) time.Time { return At(d, s.At, s.Zone) }

// Next returns the first date whose briefing is due after t, days off included: the planner records those.
func (s Schedule) Next(t time.Time) Date {
	// Yesterday is where to begin: a zone change can put an earlier date's hour still ahead.
	for d := DateOf(t, s.Zone).AddDays(-1); ; d = d.AddDays(1) {
		if s.DueAt(d).After(t) {
			return d
		}
	}
}

// planned returns the date that a planner is to look at first when it was to look at t: t is the due time of
// one, and by a schedule that has changed since, that may be later on that date or earlier.
func (s Schedule) planned(t time.Time) Date {
	next, day := s.Next(t.Add(-time.Nanosecond)), DateOf(t, s.Zone)
	if day.Before(next) {
		return day
	}
	return next
}

// Works reports whether the reader wants a briefing on d's weekday.
func (s Schedule) Works(d Date) bool { return s.Weekdays.Has(d.Weekday()) }

// Spares returns why r, whose schedule s is, wants no briefing on d: Left, Paused, DayOff or PublicHoliday, and ""
// when one is wanted.
func (s Schedule) Spares(r Reader, d Date) Reason {
	switch {
	case r.Left():
		return Left
	case r.PausedOn(d):
		return Paused
	case !s.Works(d):
		return DayOff
	case s.Holiday != nil && s.Holiday(d):
		return PublicHoliday
	}
	return ""
}

// Defaults are the operator's settings for readers without their own. Safe for concurrent use; must not
// be copied after first use.
type Defaults struct {
	At       TimeOfDay
	Zone     *time.Location
	Weekdays Weekdays
	Language Language
	Holiday  func(Date) bool // the public holidays a reader may wish to be spared; nil = none

	zones sync.Map // name → *time.Location; parsing a zone costs more than planning a reader
}

// Schedule returns when r's briefing is due. It fails only for a zone that cannot be loaded.
func (d *Defaults) Schedule(r Reader) (Schedule, error) {
	s := Schedule{At: d.At, Zone: d.Zone, Weekdays: d.Weekdays}
	if r.At != nil {
		s.At = *r.At
	}
	if r.Weekdays != 0 {
		s.Weekdays = r.Weekdays
	}
	if r.SkipHolidays {
		s.Holiday = d.Holiday
	}
	if r.Timezone == "" {
		return s, nil
	}
	if zone, ok := d.zones.Load(r.Timezone); ok {
		s.Zone = zone.(*time.Location)
		return s, nil
	}
	zone, err := LoadZone(r.Timezone)
	if err != nil {
		return Schedule{}, fmt.Errorf("schedule of reader %s: %w", r.ID, err)
	}
	d.zones.Store(r.Timezone, zone)
	s.Zone = zone
	return s, nil
}

// LanguageOf returns the language r reads.
func (d *Defaults) LanguageOf(r Reader) Language {
	if r.Language != "" {
		return r.Language
	}
	return d.Language
}

// NextDue returns when r gets the next briefing after t: the first due time on which a briefing is wanted. It returns the zero time when there is none within a year or the zone is unknown.
func (d *Defaults) NextDue(r Reader, t time.Time) time.Time {
	s, err := d.Schedule(r)
	if err != nil {
		return time.Time{}
	}
	date := s.Next(t)
	for range 366 {
		if s.Spares(r, date) == "" {
			return s.DueAt(date)
		}
		date = date.AddDays(1)
	}
	return time.Time{}
}

// ReaderStore keeps readers.
type ReaderStore interface {
	// Reader finds one reader by UUID, Slack id or name. ErrNotFound when there is none; a FieldError
	// when several have the name.
	Reader(ctx context.Context, ref string) (Reader, error)
	// Readers returns all readers, by name.
	Readers(ctx context.Context) ([]Reader, error)
	// SaveReader inserts or replaces the reader and sets UpdatedAt (and CreatedAt of a new one). A Slack id
	// another reader has is a FieldError with code slack_id_taken. A new reader with Greet set has a welcome planned
	// in the same transaction. With AsOf set it is ErrFenced when the reader was changed or removed since.
	SaveReader(ctx context.Context, r Reader) (Reader, error)
	// DeleteReader forgets the reader, the entries and what is remembered. gmail_token and
	// conversation_log rows stay: they are shared. ErrNotFound when there is none.
	DeleteReader(ctx context.Context, id ReaderID) error
}
