package briefing

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Reason says why something failed or was not done. The set is closed: it is what systems decide on,
// what metrics are labelled by and what delivery has words for. A Reason is itself an error, so
// errors.Is(err, briefing.RateLimited) works through any number of wraps.
type Reason string

// Reasons a source could not be read. Who mends them, and whether a retry helps, is told by Mender and
// Retriable.
const (
	ReauthRequired      Reason = "reauth_required"      // Google says invalid_grant, or there is no refresh token
	ScopeMissing        Reason = "scope_missing"        // the grant lacks a scope
	ClientMisconfigured Reason = "client_misconfigured" // our own credentials towards the other side are wrong
	APIDisabled         Reason = "api_disabled"         // the Google API is not enabled in the project
	PolicyBlocked       Reason = "policy_blocked"       // an administrator or the account's state forbids it
	RateLimited         Reason = "rate_limited"         // 429, or 403 with a limit reason
	Timeout             Reason = "timeout"              // the budget ran out
	Unavailable         Reason = "unavailable"          // 5xx, connection refused, DNS
	Malformed           Reason = "malformed"            // an answer that cannot be read
	Internal            Reason = "internal"             // a bug here; a panic in a source is one
)

// Reasons a delivery did not happen, beside the above.
const (
	Ambiguous            Reason = "ambiguous"             // the message may have been posted
	RecipientUnreachable Reason = "recipient_unreachable" // Slack does not let us write to this person
	PayloadRefused       Reason = "payload_refused"       // Slack refuses the message as it is
	MessageGone          Reason = "message_gone"          // the message to edit was deleted or may not be edited
)

// Reasons an entry was not delivered although nothing failed.
const (
	AlreadyDelivered Reason = "already_delivered"
	Paused           Reason = "paused"
	Left             Reason = "left" // the reader is gone
	DayOff           Reason = "day_off"
	PublicHoliday    Reason = "holiday" // and the reader wishes to be spared
	PastGrace        Reason = "past_grace"
	Removed          Reason = "removed" // there is no such reader any more
)

// Error returns the code itself.
func (r Reason) Error() string { return string(r) }

// Spares reports whether a reader without a briefing for this reason is one who wanted none that day.
func (r Reason) Spares() bool {
	return r == Paused || r == Left || r == DayOff || r == PublicHoliday
}

// Mender is the one who can mend a Reason.
type Mender string

// The menders. MenderNobody means time does it.
const (
	MenderReader   Mender = "reader"
	MenderOperator Mender = "operator"
	MenderAdmin    Mender = "admin" // of the reader's Google Workspace
	MenderNobody   Mender = "nobody"
)

// Mender returns who can mend r.
func (r Reason) Mender() Mender {
	switch r {
	case ReauthRequired, ScopeMissing:
		return MenderReader
	case ClientMisconfigured, APIDisabled, Malformed, Internal:
		return MenderOperator
	case PolicyBlocked:
		return MenderAdmin
	default:
		return MenderNobody
	}
}

// Retriable reports whether reading again later may help without the reader doing anything.
func (r Reason) Retriable() bool {
	return r != ReauthRequired && r != ScopeMissing
}

// Error is a failure with a Reason. It reads as "op: reason: cause".
type Error struct {
	Op         string        // what was tried, such as "list messages"
	Reason     Reason        // why it failed
	RetryAfter time.Duration // how long the other side asks to be left alone; 0 when it did not say
	Since      time.Time     // when this was first confirmed, where the edge knows it
	Err        error         // the cause; may be nil. Must not hold a secret
}

// Error returns operation, reason and cause in one line.
func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s: %s", e.Op, e.Reason)
	}
	return fmt.Sprintf("%s: %s: %v", e.Op, e.Reason, e.Err)
}

// Unwrap makes both the reason and the cause visible to errors.Is and errors.As.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.Err}
}

// ReasonOf returns the reason inside err: that of the outermost Error, Timeout for a context deadline,
// and Internal for an error that no edge has classified. It returns "" for nil.
func ReasonOf(err error) Reason {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	if r, ok := errors.AsType[Reason](err); ok {
		return r
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Timeout
	}
	return Internal
}

// RetryAfter returns how long the other side asked to be left alone, or 0.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// Errors that stores and services return as they are, wrapped with the thing concerned.
var (
	// ErrNotFound: there is no such thing.
	ErrNotFound = errors.New("not found")
	// ErrFenced: somebody else has moved the entry on; whatever was about to be done must not be.
	ErrFenced = errors.New("moved on by another worker")
	// ErrNotConnected: the reader has never linked the account this needs.
	ErrNotConnected = errors.New("not connected")
	// ErrDeactivated: Slack says that this member's account is deactivated, not merely that it cannot be found.
	ErrDeactivated = errors.New("the Slack account is deactivated")
	// ErrNotConfigured: there is nothing to read, so the briefing has no such section.
	ErrNotConfigured = errors.New("nothing configured")
)

// DeactivatedError is ErrDeactivated together with whom Slack said it of: the member it was asked about, or the DM that was
// written to. Both are empty where that is not known.
type DeactivatedError struct{ SlackUserID, ChannelID string }

// Error says what ErrDeactivated says.
func (e *DeactivatedError) Error() string { return ErrDeactivated.Error() }

// Unwrap returns ErrDeactivated.
func (e *DeactivatedError) Unwrap() error { return ErrDeactivated }

// of reports whether it can have been said of the reader as they are now: another Slack id may have been given since.
func (e *DeactivatedError) of(r Reader) bool {
	return (e.SlackUserID == "" || e.SlackUserID == r.SlackUserID) && (e.ChannelID == "" || e.ChannelID == r.SlackChannelID)
}

// FieldError is a fault in something a person entered: which field, and what to do about it.
type FieldError struct {
	Field   string // as the person wrote it, such as "timezone"
	Code    string // stable, for machines: "invalid_field", "invalid_uuid", "slack_id_taken" …
	Problem string // names the value and the remedy
}

// Error returns the field and the problem.
func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }
