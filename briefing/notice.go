package briefing

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// NoticeKind says what a notice tells.
type NoticeKind string

// The kinds. The last three go to the operator.
const (
	NoticeWelcome     NoticeKind = "welcome"      // who runs this, what comes when, how to connect
	NoticeReminder    NoticeKind = "reminder"     // Google is not connected yet; the key is the day it is of
	NoticeGrantDead   NoticeKind = "grant_dead"   // Google says that the grant is over
	NoticeGrantEnding NoticeKind = "grant_ending" // the grant has an end, and it is near
	NoticeLeft        NoticeKind = "reader_left"  // a reader is gone
	NoticeTesting     NoticeKind = "testing"      // grants end every seven days
	NoticeTrouble     NoticeKind = "trouble"      // Google refuses what the operator alone can mend
)

// ToOperator reports whether notices of the kind go to the operator.
func (k NoticeKind) ToOperator() bool {
	return k == NoticeLeft || k == NoticeTesting || k == NoticeTrouble
}

// NoticeState is where a notice stands.
type NoticeState string

// The states. Whoever posts a notice commits Sending first; one found so later is Unknown, and is not posted again.
const (
	NoticePending NoticeState = "pending"
	NoticeSending NoticeState = "sending"
	NoticeSent    NoticeState = "sent"
	NoticeDropped NoticeState = "dropped" // it was not true any more, or nobody needs to hear it
	NoticeFailed  NoticeState = "failed"  // Slack does not take it
	NoticeUnknown NoticeState = "unknown" // it may have been posted
)

// Reasons for which a notice is dropped, beside Removed, Left, Paused and PastGrace.
const (
	NoLongerTrue Reason = "no_longer_true"
	BriefingTold Reason = "told_by_briefing"
	NobodyToTell Reason = "no_operator"
)

// Announcement is a notice: a DM of ours that is no briefing. Of one reader, kind and key there is one, whatever becomes of it.
type Announcement struct {
	Reader    ReaderID // whom it is about, and to whom it goes unless it goes to the operator; "" = nobody
	Kind      NoticeKind
	Key       string // tells apart those of one kind: what happened, not when it was seen
	State     NoticeState
	Reason    Reason    // why it was dropped or has failed, or why the last attempt did not succeed
	DueAt     time.Time // when it is to be sent
	NextAt    time.Time // when it wants work; zero = never again
	ExpiresAt time.Time // after which nobody needs to hear it; zero = never
	Epoch     int64     // fences every change
	Tries     int

	ChannelID string
	MessageTS string
	SendingAt time.Time
	SettledAt time.Time
	CreatedAt time.Time
}

// lasts reports whether the notice is still of what is so now, as far as its expiry says.
func (n Announcement) lasts(now time.Time) bool {
	return n.ExpiresAt.IsZero() || now.Before(n.ExpiresAt)
}

// NoticeStep is one fenced change of a notice.
type NoticeStep struct {
	Notice  Announcement
	LogText string         // the DM as plain text, for conversation_log; "" = no row
	Date    Date           // the reader's, for that row
	Then    []Announcement // to be planned with it
}

// NoticeStore keeps notices.
type NoticeStore interface {
	// PlanNotices writes those that are not there yet and whose readers are. A NoticeGrantEnding that waits for another time
	// moves to the one given; one that was settled waits again when that lies EndMoved or more after it was.
	PlanNotices(ctx context.Context, notices ...Announcement) error
	// DueNotices returns up to limit notices whose NextAt is not after the time, the operator's first.
	DueNotices(ctx context.Context, now time.Time, limit int) ([]Announcement, error)
	// MoveNotice writes the notice as the step has it, all or nothing, and returns it with its new epoch. ErrFenced
	// when it is not at the step's epoch any more.
	MoveNotice(ctx context.Context, step NoticeStep) (Announcement, error)
	// Notices returns the reader's notices of a kind, the newest first; "" has those about nobody in particular.
	Notices(ctx context.Context, reader ReaderID, kind NoticeKind) ([]Announcement, error)
}

// Telling is a notice as it is true at the moment of sending: what there is to tell, as codes and numbers.
type Telling struct {
	Kind      NoticeKind
	Reader    Reader // zero when it is about nobody
	Language  Language
	Zone      *time.Location
	Now       time.Time
	At        TimeOfDay // the reader's hour
	Weekdays  Weekdays
	Next      time.Time  // the next briefing; of NoticeGrantEnding the first that the end would spoil. Zero = none
	Connected bool       // Google is connected
	Last      bool       // no reminder follows
	Since     time.Time  // when a dead grant, a trouble or a leave was first confirmed
	Ends      time.Time  // when the grant ends
	Testing   bool       // because the Google app is in "Testing"
	Told      bool       // and the operator has been told
	Reason    Reason     // of NoticeTrouble
	Source    SourceName // of NoticeTrouble; "" = all of Google
	EraseOn   Date       // of NoticeLeft: when what is kept goes
}

// NoticeRenderer turns a notice into words. It is pure, but for the freshness of links to our own server.
type NoticeRenderer interface {
	Notice(t Telling) Message
}

// Ailment is a grant of which something is to be told, by the fingerprint of its refresh token.
type Ailment struct {
	Fingerprint string
	State       CredentialState
}

// GrantWatch is what is known of grants, for whoever foresees trouble.
type GrantWatch interface {
	GrantLister
	// Credential returns the reader's grant, or ErrNotFound.
	Credential(ctx context.Context, reader ReaderID) (Credential, error)
	// Ailing returns the grants found dead at or after the one time, those alive that end after it and not after the other,
	// and those whose account is gone.
	Ailing(ctx context.Context, since, until time.Time) ([]Ailment, error)
	// ClientRefused reports whether Google refuses our client at some grant, as far as is known.
	ClientRefused(ctx context.Context) (bool, error)
}

// Members is the readers, for whoever sends notices.
type Members interface {
	// Reader returns the reader with the id, or ErrNotFound.
	Reader(ctx context.Context, ref string) (Reader, error)
	// Readers returns all readers.
	Readers(ctx context.Context) ([]Reader, error)
	// LeftReaders returns the readers who are gone, the first to leave first.
	LeftReaders(ctx context.Context) ([]Reader, error)
	ChannelStore
}

// EndMoved is how much later than a notice of the end of a grant the evening before its end must be for that to be another
// end: Google tells it anew with each refresh, some seconds off.
const EndMoved = 36 * time.Hour

// testingKey is of one time the Google app was in "Testing". Two processes that find out at the same moment plan the same.
func testingKey(since time.Time) string { return "testing/" + millis(since.Truncate(time.Minute)) }

// Keys of notices. A dead grant is told once a death, a grant that ends once an end.
func deadKey(fingerprint string, since time.Time) string { return fingerprint + "/" + millis(since) }

// leftKey is of one leave. Google's word is taken once a grant: who comes back all the same stays.
func leftKey(r Reader, fingerprint string) string {
	if r.LeftReason == LeftGoogle && fingerprint != "" {
		return string(LeftGoogle) + "/" + fingerprint
	}
	return string(r.LeftReason) + "/" + millis(r.LeftAt)
}

// troubleKey is of one trouble that began at a time; troubleOf reads it.
func troubleKey(reason Reason, source SourceName, since time.Time) string {
	return string(reason) + "/" + string(source) + "/" + millis(since)
}

func troubleOf(key string) (reason Reason, source SourceName, since time.Time) {
	part := strings.SplitN(key, "/", 3)
	if len(part) != 3 {
		return "", "", time.Time{}
	}
	at, err := strconv.ParseInt(part[2], 10, 64)
	if err != nil {
		return "", "", time.Time{}
	}
	return Reason(part[0]), SourceName(part[1]), time.UnixMilli(at)
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// Hours in which nobody is written to but by the briefing they asked for, and those in which to speak of tomorrow.
const (
	quietFrom  = 22
	quietUntil = 7
	eveningAt  = 18
)

// quiet returns when the quiet hours end that t lies in, by clocks in zone; zero when it lies in none.
func quiet(t time.Time, zone *time.Location) time.Time {
	date, hour := DateOf(t, zone), t.In(zone).Hour()
	switch {
	case hour >= quietFrom:
		date = date.AddDays(1)
	case hour >= quietUntil:
		return time.Time{}
	}
	return At(date, TimeOfDay{Hour: quietUntil}, zone)
}

// Greeting is the welcome of a reader added at the time.
func Greeting(reader ReaderID, added time.Time) Announcement {
	due := added.Add(openSettled) // whoever adds somebody may mistype the id
	return Announcement{Reader: reader, Kind: NoticeWelcome, Key: "welcome", State: NoticePending,
		DueAt: due, NextAt: due, ExpiresAt: added.Add(greetWithin)}
}

// KeepLeft is how long what is kept of somebody who is gone stays: they may come back.
const KeepLeft = 30 * 24 * time.Hour

// Erasure is what was erased of a reader.
type Erasure struct {
	Tables []ErasedTable // those in which there was something, in a fixed order
	Grant  bool          // there was a grant, and it was forgotten
	Became Revocation    // of that grant at Google; "" without one
}

// ErasedTable is how many rows of a table went.
type ErasedTable struct {
	Name string `json:"table"`
	Rows int    `json:"rows"`
}

// greetWithin is how long after it was due a welcome still makes sense.
const greetWithin = 14 * 24 * time.Hour

// reminderDays are how many days after the welcome the unconnected are asked again.
var reminderDays = [...]int{1, 3, 7}

// reminders plans when an unconnected reader is asked again: an hour after their briefing, by daylight, on days on
// which they want one.
func reminders(r Reader, s Schedule, welcomed time.Time) []Announcement {
	var planned []Announcement
	at := TimeOfDay{Hour: min(max(s.At.Hour+1, 9), eveningAt), Minute: s.At.Minute}
	last, first := Date{}, DateOf(welcomed, s.Zone)
	for _, days := range reminderDays {
		date := first.AddDays(days)
		if !last.IsZero() && !last.Before(date) {
			date = last.AddDays(1)
		}
		for tries := 0; s.Spares(r, date) != "" && tries < 14; tries++ {
			date = date.AddDays(1)
		}
		last = date
		due := At(date, at, s.Zone)
		planned = append(planned, Announcement{Reader: r.ID, Kind: NoticeReminder, Key: strconv.Itoa(days), State: NoticePending,
			DueAt: due, NextAt: due, ExpiresAt: due.Add(24 * time.Hour)})
	}
	return planned
}

// farOff is how long after the end of a grant a briefing comes of which nobody wants to hear yet.
const farOff = 7 * 24 * time.Hour

// spoils returns the first briefing that comes after the end of a grant, and when to speak of it: in the evening
// before that briefing, or before the end when that is earlier. Both are zero when no briefing suffers, or none for long.
func spoils(d *Defaults, r Reader, ends time.Time) (next, evening time.Time) {
	schedule, err := d.Schedule(r)
	if err != nil {
		return time.Time{}, time.Time{}
	}
	if next = d.NextDue(r, ends.Add(-time.Nanosecond)); next.IsZero() || next.Sub(ends) > farOff {
		return time.Time{}, time.Time{}
	}
	for date := DateOf(next, schedule.Zone).AddDays(-1); ; date = date.AddDays(-1) {
		if evening = At(date, TimeOfDay{Hour: eveningAt}, schedule.Zone); evening.Before(ends.Add(-time.Hour)) {
			return next, evening
		}
	}
}
