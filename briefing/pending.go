package briefing

import (
	"context"
	"strings"
	"time"
)

// Pending is a grant that waits for a yes: whose account was to be connected was not known, so the person is
// asked whether this one's mail shall go to the reader. Nothing of it is among the grants.
type Pending struct {
	TicketHash string     // SHA-256 of the ticket, in hex: the database cannot be used to say yes
	Grant      Credential // as it will be stored
	Switch     bool
	ExpiresAt  time.Time
	UsedAt     time.Time // zero until taken or confirmed; then the Grant has no tokens any more
	Fault      error     // why the Grant cannot be read; it then has what could be
}

// PendingStore keeps grants that wait for a yes. They are never read for a briefing.
type PendingStore interface {
	SavePending(ctx context.Context, p Pending) error
	// TakePending marks the grant used, wipes its tokens and whose account it is, and returns it as it was before, so that a second
	// call returns one with UsedAt set and no tokens. ErrNotFound for an unknown ticket.
	TakePending(ctx context.Context, ticketHash string, now time.Time) (Pending, error)
	// TakeUnconfirmed takes up to limit of those that nobody took before they expired. One that cannot be read is among
	// them, with its Fault.
	TakeUnconfirmed(ctx context.Context, now time.Time, limit int) ([]Pending, error)
}

// ConfirmStore stores grants that somebody says yes to.
type ConfirmStore interface {
	// FindPending returns the grant as it waits, or waited. ErrNotFound for an unknown ticket.
	FindPending(ctx context.Context, ticketHash string) (Pending, error)
	// ConfirmPending stores c as SaveConsented does and marks the grant behind the ticket used, both or neither: at every
	// moment it either waits or is stored, so that nobody who looks whether its account is used finds it unused.
	// ErrFenced also when it does not wait any more, because it was taken, confirmed or has expired.
	ConfirmPending(ctx context.Context, ticketHash string, c Credential, now time.Time) error
}

// SameAddress reports whether two mail addresses are one mailbox as far as that can be known from outside:
// case does not count, and at gmail.com, alias googlemail.com, neither do dots. No address is the same as none.
func SameAddress(a, b string) bool {
	a, b = plainAddress(a), plainAddress(b)
	return a != "" && a == b
}

// plainAddress writes an address in the one form by which it is compared; "" for what is no address.
func plainAddress(address string) string {
	address = strings.ToLower(strings.TrimSpace(address))
	at := strings.LastIndexByte(address, '@')
	if at < 1 || at == len(address)-1 {
		return ""
	}
	local, domain := address[:at], address[at+1:]
	if domain == "googlemail.com" {
		domain = "gmail.com"
	}
	if domain == "gmail.com" {
		local = strings.ReplaceAll(local, ".", "")
	}
	return local + "@" + domain
}
