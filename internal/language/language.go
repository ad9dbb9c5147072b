// Package language holds every word a reader sees, in Korean and in English.
//
// A language fills in one struct, Words, in the files named after it; a test fails for every word left
// out. Sentences come out as a Phrase: pieces of text that may be bold or linked. Nothing here knows of Slack or of a terminal, and nothing is escaped here:
// whoever prints a phrase does that for all of its pieces alike, since titles and names are other
// people's text.
package language

import (
	"slices"
	"strings"
	"time"

	"achim/briefing"
)

// Piece is a stretch of text with one look.
type Piece struct {
	Text string
	Bold bool
	URL  string // where a press leads; "" = not a link
	Only bool   // says nothing where it cannot be pressed, as "see all"
}

// Phrase is a line in pieces.
type Phrase []Piece

// Plain returns s as a phrase without looks.
func Plain(s string) Phrase { return Phrase{{Text: s}} }

// Strong returns s as a bold phrase.
func Strong(s string) Phrase { return Phrase{{Text: s, Bold: true}} }

// String returns the text alone.
func (p Phrase) String() string {
	var b strings.Builder
	for _, piece := range p {
		b.WriteString(piece.Text)
	}
	return b.String()
}

// Unlinked returns the text as it stands where nothing can be pressed.
func (p Phrase) Unlinked() string {
	kept := p
	if n := len(kept); n > 1 && kept[n-1].Only {
		kept = kept[:n-1]
		if n > 2 && strings.TrimSpace(kept[n-2].Text) == "·" {
			kept = kept[:n-2]
		}
	}
	return kept.String()
}

// Clock is what the reader's wall shows: their date, and their zone.
type Clock struct {
	Today briefing.Date
	Zone  *time.Location
}

// Past reports whether a deadline had passed at an instant of today; one without an hour has all of its day.
func (c Clock) Past(due, now time.Time) bool {
	if c.allDay(due) {
		return c.days(due) < 0
	}
	return !due.After(now)
}

// HM returns the time of day of t in the form 09:30.
func (c Clock) HM(t time.Time) string { return t.In(c.Zone).Format("15:04") }

// DateOf returns the reader's date at t.
func (c Clock) DateOf(t time.Time) briefing.Date { return briefing.DateOf(t, c.Zone) }

// days returns how many days t lies after today; negative is the past.
func (c Clock) days(t time.Time) int { return c.DateOf(t).DaysSince(c.Today) }

// allDay reports whether t stands for a whole day rather than for an hour of it: deadlines without an
// hour are kept as the first or the last minute.
func (c Clock) allDay(t time.Time) bool {
	hm := c.HM(t)
	return hm == "00:00" || hm == "23:59"
}

// For returns the words of a language. A code there are no words for gets Korean, the default.
func For(code briefing.Language) Words {
	if code == briefing.English {
		return english()
	}
	return korean()
}

// Words is one language. Every field is set; a test holds that. Counts are never negative.
type Words struct {
	Code briefing.Language

	// Header and labels.
	Title      func(d briefing.Date) string // of the briefing, without its emoji
	Incomplete string                       // what a degraded header adds
	Untitled   string                       // stands for a title that is empty
	SeeAll     string
	Whole      string // heads the lists that see all leads to
	OpenGmail  string
	OpenDay    string // opens the day in Google Calendar
	More       func(source briefing.SourceName, n int) string
	CutLines   func(n int) string // stands where lines of plain text had to be left out

	// Gist: the one line a phone shows. It holds no name, subject or title.
	GistMeetings func(n int, first string) string      // first is "09:30", or "" when not known
	GistLeft     func(n, left int, next string) string // some of n are over; next is when the next begins, or ""
	GistStale    func(n int, asOf time.Time, c Clock) string
	GistReply    func(n int, atLeast bool) string
	GistStories  func(n int) string
	GistNext     func(next NextMeeting, c Clock) string
	GistTrouble  func(causes []string) string
	GistMissing  func(sources []briefing.SourceName) string // GistTrouble where there is no room for the causes
	GistFilled   func(hm string) string
	GistNothing  string // when there is no number to tell

	// Summary: the day in two sentences.
	Meetings  func(m FirstMeeting) Phrase
	Overlap   func(n int, hm string) string
	Reply     func(r Replies, c Clock) Phrase
	NoMeeting string
	NoneOn    string // the same after a sentence that says what day it is
	NoReply   string
	NoReplyOf func(n int) string // the same of the mails that were looked at, when there are more
	Quiet     string             // neither meetings nor mail to answer
	QuietOn   string             // the same after a sentence that names the holiday
	Wish      func(day time.Weekday) string
	Holiday   func(name string) string
	Next      func(next NextMeeting, c Clock) Phrase
	NewEvents func(n int, events []Piece) Phrase
	Gone      func(n int, events []Piece) Phrase      // meetings of an earlier copy that are no more
	Lost      func(l briefing.Before, c Clock) string // the briefing before was not sent, or may not have arrived

	// Calendar.
	MeetingsHead func(n int) string // 0 heads a copy without meetings, which is never told as a day without them
	StaleNote    func(asOf time.Time, c Clock) string
	EmptyCopy    func(asOf time.Time, c Clock) string // in place of StaleNote, of a copy that holds nothing
	ReadOf       func(ok, of int) string              // how many of the calendars the list is from
	AllDay       string
	UntilDay     func(d, today briefing.Date) string
	UntilHour    func(hm string) string
	Span         func(start, end time.Time, c Clock) string
	Video        string
	Phone        string
	Overlaps     string
	New          string
	Busy         string // the title of an event of which nothing else may be known
	Tentative    string

	// Mail.
	ReplyHead func(n int, atLeast bool) string
	ReplyOf   func(m MailCount, c Clock) string
	Due       func(due time.Time, c Clock) string
	Overdue   func(due time.Time, c Clock) string // the same once it has passed
	Quote     func(s string) string
	Rest      func(n int, atLeast bool) string // the mail that needs no answer
	NewMail   func(n int, atLeast bool) string // the same when none needs one
	Mails     func(n int, atLeast bool) string // how many a thread holds
	Group     func(g briefing.Group, n int, atLeast bool) string

	// News, and any source there are no words of its own for.
	StoriesHead func(n int) string
	ItemsHead   func(s briefing.SourceName, n int) string
	Also        func(publisher string, others int) string
	Age         func(t, now time.Time, c Clock) string
	NoStories   string

	// What is wrong, and the invitation.
	Trouble func(t Trouble) TroubleWords
	Invite  func(i Invitation) TroubleWords

	// Footer.
	ReadAll      func(parts []Part, at string) string // everything read in full
	ReadMended   func(parts []Part) string            // the same after a mend has told when
	Mended       func(m MendWords) string
	ReadSome     func(parts []Part, c Clock) string
	CopyOf       func(part Part, c Clock) string
	ReadPartly   func(parts []Part) string
	NotRead      func(sources []briefing.SourceName) string
	FeedsRead    func(ok, of int) string
	NotConnected string

	// The thread reply of a mend.
	Filled func(f FilledWords) string
}

// FirstMeeting is the day's first meeting and how many there are. Once some of them are over it is the next to begin.
type FirstMeeting struct {
	Count   int
	Left    int    // of which are not over
	HM      string // "" when none begins today, or none any more
	Title   string
	Holiday bool // a sentence before says what day it is
}

// Replies counts the mails to answer.
type Replies struct {
	Count   int
	AtLeast bool // there is mail that nobody has looked at
	Due     int  // of which name a deadline later today
	DueAt   time.Time
}

// NextMeeting is the first meeting of the next date that has one.
type NextMeeting struct {
	Day     briefing.Date
	HM      string // "" for one without an hour
	Title   string
	URL     string
	Holiday bool // today is one
	Works   bool // Day is the next working day
}

// MailCount is how much mail came in since when.
type MailCount struct {
	Since   time.Time
	Total   int
	AtLeast bool
	Partial bool // only some of it was read
	// Threads is how many threads wait for an answer, and InThreads how many mails they hold.
	Threads, InThreads int
}

// Part is one source in the footer.
type Part struct {
	Source  briefing.SourceName
	N       int // mails, calendars or feeds; negative = not counted
	Of      int // calendars or feeds there are, where not all were read
	AtLeast bool
	Groups  []string // "알림 1", told in brackets on a quiet day
	At      time.Time
}

// Trouble is one cause of missing content.
type Trouble struct {
	Reason   briefing.Reason
	Provider briefing.Provider
	Sources  []briefing.SourceName // all that suffer, whose permission or connection is to be mended
	Missing  []briefing.SourceName // nothing of them can be shown
	Partial  []briefing.SourceName // some of them can
	Parts    int                   // calendars there are, when Partial holds the calendar; 0 = not known
	PartsOK  int
	Since    time.Time
	LastOK   time.Time
	ToldAt   time.Time // zero = the operator was not told
	At       time.Time // the briefing's hour
	Unusable bool      // what is stored of the connection is no good: nothing was cut off, and the cause is known
	Locked   bool      // it is sealed with a key that the server lacks: neither Google's fault nor the reader's
	Operator string    // "@jiwon", or "" when the operator has no name here
	NoLink   bool      // there is no link a phone could use: say whom to ask
	Clock    Clock
}

// lasting reports whether the trouble began long enough before the briefing that "since when" is news.
func (t Trouble) lasting() bool { return !t.Since.IsZero() && t.At.Sub(t.Since) >= time.Hour }

// refusedFeed reports whether a feed was not asked for because of where it is: nobody but the operator changes that, and
// nothing says that they will.
func (t Trouble) refusedFeed() bool {
	return t.Provider == briefing.Feeds && t.Reason == briefing.ClientMisconfigured
}

// partly reports whether some of everything affected could be read.
func (t Trouble) partly() bool { return len(t.Missing) == 0 && len(t.Partial) > 0 }

// anew reports whether something of all that suffers is there, only not as it is now.
func (t Trouble) anew() bool { return len(t.Missing) == 0 && len(t.Partial) == 0 }

// affected returns what the reader misses: what is missing or partial, or else all that suffer.
func (t Trouble) affected() []briefing.SourceName {
	var out []briefing.SourceName
	for _, s := range t.Sources {
		if has(t.Missing, s) || has(t.Partial, s) {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return t.Sources
	}
	return out
}

// Invitation is for a reader who has never connected.
type Invitation struct {
	Alone    briefing.SourceName // the one that connecting brings to this reader; "" = mail and calendar
	News     bool                // there is news to show meanwhile
	NoLink   bool
	Operator string
}

// TroubleWords is what is said of a cause, and of the control that mends it.
type TroubleWords struct {
	Title  string   // one sentence: what is missing and why, as far as that is known
	Lines  []string // since when, what follows, what to do
	Button string   // "" = nothing for the reader to press
	Spoken string   // what a screen reader says of the button
	Note   string   // small print; may be ""
	Short  string   // for the gist
}

// MendWords tells of a mend in the footer.
type MendWords struct {
	Sources []briefing.SourceName // what it filled in
	Lacked  []briefing.SourceName // of which nothing was there before: not even an earlier copy
	At      string                // when the briefing was sent, "09:00"
	HM      string                // when it was mended
	Whole   bool                  // nothing is missing any more
}

// FilledWords is what a mend has filled in. A nil count is not told.
type FilledWords struct {
	Sources   []briefing.SourceName
	HM        string
	Replies   *int
	AtLeast   bool // of the replies
	NewEvents int
}

// has reports whether list holds s.
func has(list []briefing.SourceName, s briefing.SourceName) bool {
	for _, member := range list {
		if member == s {
			return true
		}
	}
	return false
}

// join strings the members of list together in words.
func join[T any](list []T, sep string, word func(T) string) string {
	words := make([]string, len(list))
	for i, member := range list {
		words[i] = word(member)
	}
	return strings.Join(words, sep)
}

// timed is a part with when it was read in brackets: those of its groups, when they are told.
func timed(p Part, words func(Part) string, gap string, c Clock) string {
	if len(p.Groups) > 0 {
		p.Groups = append(slices.Clone(p.Groups), c.HM(p.At))
		return words(p)
	}
	return words(p) + gap + "(" + c.HM(p.At) + ")"
}

// listed is a sentence that ends with a list, or without one.
func listed(sentence string, events []Piece) Phrase {
	if len(events) == 0 {
		return Plain(sentence + ".")
	}
	p := Phrase{{Text: sentence + ": "}}
	for i, e := range events {
		if i > 0 {
			p = append(p, Piece{Text: ", "})
		}
		p = append(p, e)
	}
	return p
}
