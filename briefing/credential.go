package briefing

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"time"
)

// redacted is what a Secret shows of itself.
const redacted = "[redacted]"

// Secret is a string that cannot print itself: not by fmt, not by slog, not as JSON or text. Reveal is
// the only way out. The zero value is an empty secret. Compare with Equal, not with ==.
type Secret struct {
	// A pointer, because fmt cannot call the methods of a secret in somebody's unexported field: there it
	// prints what the field holds, which is now an address.
	value *string
}

// NewSecret wraps value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal returns the value. Call it where the value goes onto the wire or into the store, nowhere else.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether there is no value.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// Equal reports whether both hold the same value, in time that does not tell where they differ.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String returns "[redacted]", or "" for an empty secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// GoString says what String says, as do Format, LogValue, MarshalText and MarshalJSON.
func (s Secret) GoString() string { return s.String() }

// Format writes what String says whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue keeps the value out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps the value out of encodings.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON keeps the value out of JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// Credential is a reader's grant at Google as stored, together with what our own state table knows of it.
type Credential struct {
	ReaderID     ReaderID
	AccessToken  Secret
	RefreshToken Secret
	ClientID     string // of the row's own oauth_config; "" when it has none
	ClientSecret Secret
	Scopes       []string // a hint: only Google's answer decides
	Email        string   // of the Google account
	Subject      string   // Google's sub of the account; "" when unknown
	State        CredentialState

	Version string // opaque: what the store compares to see whether the row is still as read
}

// CredentialState is what we know of a grant, keyed by the fingerprint of its refresh token: a new
// refresh token, whoever wrote it, starts clean.
type CredentialState struct {
	Expiry       time.Time // exact, of the access token now in the row; zero = unknown
	DeadSince    time.Time // zero while not known to be dead
	FailingSince time.Time // zero while refreshing works
	LastError    Reason
	Detail       string    // Google's own words for LastError, such as "invalid_grant invalid_rapt": for the operator
	EndsAt       time.Time // a known end of the grant; zero = none known
	GrantedAt    time.Time // when it was consented to here, or noted to be there at the latest; zero = elsewhere, or before this was kept
	CheckedAt    time.Time // when Google last said how it stands; zero = never asked
	Gone         bool      // Google says that the account was deleted
	Granted      string    // the scopes Google last listed, separated by spaces; "" = it was not asked yet
}

// Grant is a row of gmail_token as it may be told: how it stands, and nothing that opens anything.
type Grant struct {
	Owner           ReaderID // the row's user_id; it need not be a reader's, and in quotes it is no UUID
	Email           string
	Subject         string
	ClientID        string
	Scopes          []string // as Credential.Holds tells them
	HasAccessToken  bool
	HasRefreshToken bool
	Fingerprint     string // of the refresh token; "" without one
	State           CredentialState
	FlatChanged     bool  // flat columns of an older layout hold another refresh token than the row's: changed afterwards, elsewhere
	PassedOver      int   // further rows of this owner, where user_id is not unique: this is the one that counts
	Fault           error // why the row cannot be read; the members above are then what could be
}

// Holds returns the scopes of the grant as Google last listed them, and before it did, those of the row. The two are
// kept apart: a row's list is never narrowed, so that a consent asks again for what other programs need, and what has
// been lost must still be seen to be missing.
func (c Credential) Holds() []string {
	if c.State.Granted != "" {
		return strings.Fields(c.State.Granted)
	}
	return c.Scopes
}

// Fingerprint returns the key of a refresh token in achim_credential_state.
func Fingerprint(refreshToken Secret) string {
	sum := sha256.Sum256([]byte(refreshToken.Reveal()))
	return hex.EncodeToString(sum[:])
}

// CredentialStore keeps grants. gmail_token is shared with other programs: they may have written any row
// a moment ago.
type CredentialStore interface {
	// Credential returns the reader's grant, or ErrNotFound. With an error of reason malformed it returns what of the
	// row can be read; that error holds a LockedGrantError when an operator's key is what is missing, else an UnusableGrantError.
	Credential(ctx context.Context, reader ReaderID) (Credential, error)
	// SaveRefreshed writes what Google answered to a refresh of read: access token, expiry, scopes the row does
	// not list yet, and a new refresh token when given; a refresh token is never overwritten with nothing, and
	// a row's scopes are never narrowed. The write is conditional on the row being as read. If an outsider wrote
	// meanwhile, the same refresh token means ours goes onto their row, another means theirs wins. With the
	// answer a lease on refreshing ends. It returns the row as it now is.
	SaveRefreshed(ctx context.Context, read, fresh Credential) (Credential, error)
	// SaveConsented stores a grant just consented to, and what is known of it, replacing the reader's earlier one; members
	// of the row that are other programs' are kept. Without a refresh token the one in the row stays. ErrNotFound when the
	// reader is gone, ErrFenced unless the row is still of c's Version, or when that is "" there is still none.
	SaveConsented(ctx context.Context, c Credential) error
	// SaveCredentialState replaces the state of c's refresh token.
	SaveCredentialState(ctx context.Context, c Credential) error
}

// RefreshLeases let one process at a time ask Google to refresh a grant. They are for saving Google the question: a
// lease that was lost does no harm, because what is saved is saved on condition.
type RefreshLeases interface {
	// LeaseRefresh gives owner the lease on refreshing c's refresh token until the time, unless somebody has one that
	// has not ended by now. It reports whether owner has it. An owner is one attempt, not one process.
	LeaseRefresh(ctx context.Context, c Credential, owner string, now, until time.Time) (bool, error)
	// ReleaseRefresh ends owner's lease, if it is still owner's.
	ReleaseRefresh(ctx context.Context, c Credential, owner string) error
}

// ErrClientRefused means that Google does not take the OAuth client itself: no grant of that client can be refreshed,
// and none of them is dead for it.
var ErrClientRefused = errors.New("google does not take the OAuth client")

// UnusableGrantError means that what is stored of a grant is none: the row cannot be read, or it holds no refresh token.
// Google has said nothing about it, and connecting again puts one there. A row that is merely sealed with a key that is
// not here is not one of these.
type UnusableGrantError struct{ Fault error }

// Error says what is wrong with the row, without repeating what it holds.
func (e *UnusableGrantError) Error() string { return e.Fault.Error() }

// Unwrap returns the fault.
func (e *UnusableGrantError) Unwrap() error { return e.Fault }

// LockedGrantError means that what is stored of a grant is sealed with a key that is not here: neither Google nor the
// person has anything to do with it, and it opens again once the operator has set the key.
type LockedGrantError struct{ Fault error }

// Error says which key is missing.
func (e *LockedGrantError) Error() string { return e.Fault.Error() }

// Unwrap returns the fault.
func (e *LockedGrantError) Unwrap() error { return e.Fault }

// GrantLister goes through all grants.
type GrantLister interface {
	// Grants returns up to limit grants whose owner's id comes after the given one, in the order of these ids; ""
	// begins with the first. A row that cannot be read is among them, with its Fault.
	Grants(ctx context.Context, after ReaderID, limit int) ([]Grant, error)
}

// grantPage is how many grants are read in one go.
const grantPage = 500

// GrantPages goes through all grants, some hundreds at a time, in the order of their owners' ids; no page is empty. An
// error is the last thing it yields.
func GrantPages(ctx context.Context, l GrantLister) iter.Seq2[[]Grant, error] {
	return func(yield func([]Grant, error) bool) {
		for after := ReaderID(""); ; {
			page, err := l.Grants(ctx, after, grantPage)
			if err != nil {
				yield(nil, err)
				return
			}
			if len(page) > 0 && !yield(page, nil) || len(page) < grantPage {
				return
			}
			after = page[len(page)-1].Owner
		}
	}
}

// CredentialReport is what may be told of a grant.
type CredentialReport struct {
	ReaderID        ReaderID
	Email           string
	HasAccessToken  bool
	HasRefreshToken bool
	HasOAuthConfig  bool
	Expiry          time.Time // zero = unknown
	Scopes          []string
	MissingScopes   []string
	LastError       Reason
	DeadSince       time.Time
	State           CredentialState // all that is known of it
	ClientID        string          // of the row's own oauth_config; "" when it has none
	Fault           error           // why the row cannot be read; nil when it can
	Refreshed       bool            // by this call
	AccessToken     Secret
}

// Revocation says what became at Google of a grant that was forgotten here.
type Revocation string

// What becomes of it.
const (
	RevocationDone    Revocation = "revoked"
	RevocationNothing Revocation = "nothing" // there was no token, or none that Google knows (any more)
	RevocationShared  Revocation = "shared"  // kept: another row is of the account, or does not say that it is not
	RevocationFailed  Revocation = "failed"  // Google could not be reached or refused; the person can end it there
)

// AccountUser is somebody because of whom a Google account cannot be revoked.
type AccountUser struct {
	Owner   ReaderID // of a row, as Grant has it, or who waits to confirm a consent
	Certain bool     // it is of the account; else nothing says that it is not
	Waits   bool     // there is no row of theirs: they are asked whether to connect, and have not answered
}

// Credentials looks after grants on request.
type Credentials interface {
	// Check reports on the stored grant without asking Google; of a row that cannot be read it says so as LastError and
	// Fault, tells whose account it is, and counts no token of it. ErrNotFound when there is none.
	Check(ctx context.Context, reader ReaderID) (CredentialReport, error)
	// Refresh makes sure of a usable access token, asking Google when less than five minutes are left.
	// Its error carries a Reason; ErrNotFound when there is no grant.
	Refresh(ctx context.Context, reader ReaderID) (CredentialReport, error)
	// Disconnect revokes the grant at Google unless another row uses the same account, then forgets it.
	// It forgets also when Google cannot be reached. ErrNotFound when there is none; also, for all but one,
	// when several disconnect at once.
	Disconnect(ctx context.Context, reader ReaderID) (Revocation, error)
}

// GrantVerifier finds out how grants stand.
type GrantVerifier interface {
	// Verify makes sure that Google has said after the time how the reader's grant stands, asking it if it has not.
	// A grant known to be dead is not asked about. Its error carries the Reason for which a refresh failed, then or
	// now, and is ErrClientRefused when the client is to blame; ErrNotFound when there is no grant.
	Verify(ctx context.Context, reader ReaderID, after time.Time) (CredentialReport, error)
}

// Connector leads a reader through Google's consent.
type Connector interface {
	// Begin returns the address of Google's consent page for the reader. ErrNotFound for no such reader.
	Begin(ctx context.Context, req ConnectRequest) (authURL string, err error)
	// Finish takes what Google's redirect brought. On success the grant is stored and probed; but where it is
	// not known whose account the consent should bring, the Connection has a Ticket and is stored by Confirm
	// alone. A *ConnectError has a page of its own, and then nothing was stored; any other error is our fault.
	Finish(ctx context.Context, answer ConnectAnswer) (Connection, error)
	// Confirm stores and probes the connection behind a ticket, once. Its errors are those of Finish.
	Confirm(ctx context.Context, ticket string) (Connection, error)
	// Decline drops the connection behind a ticket. It always ends in an error like those of Finish:
	// ConnectDeclined when it went well.
	Decline(ctx context.Context, ticket string) error
}

// ConnectRequest asks for a consent page.
type ConnectRequest struct {
	Reader        ReaderID
	SwitchAccount bool // another Google account than before is wanted
	Browser       bool // begun in a browser that will be known again: the state then begins with BrowserState
	// Vouched is a consent that a program with a bearer began: it answers for whom it gives the address to, and
	// what comes back is stored without asking.
	Vouched bool
}

// BrowserState begins the state of a consent that was begun in a browser. Its answer counts only from that
// same browser: else whoever begins a consent could send somebody else the address and get their account.
const BrowserState = "b."

// ConnectAnswer is the query of Google's redirect.
type ConnectAnswer struct {
	State, Code, Error string
}

// Connection is a grant just stored, and what a probe of it found. With a Ticket it is one that waits to be
// confirmed: nothing of it is among the grants, and nothing was probed.
type Connection struct {
	Reader    Reader
	Email     string
	MailOK    bool // the inbox was read just now
	Calendars int  // how many calendars were read just now
	Missing   []SourceName

	Ticket   Secret // for Confirm or Decline; good once, and for ten minutes
	Replaces string // the account that is connected now, when confirming would replace it
}

// ConnectFault says why a consent did not end in a connection.
type ConnectFault string

// The ways a consent fails; each has a page of its own.
const (
	ConnectStateUnknown ConnectFault = "state_unknown" // forged, or from another installation
	ConnectStateUsed    ConnectFault = "state_used"
	ConnectStateExpired ConnectFault = "state_expired"
	ConnectDenied       ConnectFault = "denied"        // the person pressed cancel at Google
	ConnectDeclined     ConnectFault = "declined"      // the person pressed cancel here
	ConnectUnconfirmed  ConnectFault = "unconfirmed"   // asked for a yes, nobody answered for ten minutes
	ConnectNothing      ConnectFault = "nothing"       // every box was left unticked
	ConnectWrongAccount ConnectFault = "wrong_account" // another account than before, or than the reader's address
	ConnectDomain       ConnectFault = "domain"        // an account outside google.allowed_domains
	ConnectPolicy       ConnectFault = "policy"        // the account's administrator at Google forbids it
	ConnectOutsider     ConnectFault = "outsider"      // the Google app is for its own organisation only
	ConnectReaderGone   ConnectFault = "reader_gone"
	ConnectCode         ConnectFault = "code"        // Google does not know the code: used before, or not its own
	ConnectRefused      ConnectFault = "refused"     // Google's redirect named a reason that has no page of its own
	ConnectClient       ConnectFault = "client"      // the operator's Google client is set up wrongly
	ConnectUnreachable  ConnectFault = "unreachable" // Google could not be reached, or is not well
	ConnectExchange     ConnectFault = "exchange"    // Google's answer to the code made no sense
)

// ConnectError is a consent that failed. Chosen is set for ConnectWrongAccount, ConnectDomain and
// ConnectDeclined, Expected for ConnectWrongAccount.
type ConnectError struct {
	Fault    ConnectFault
	Reader   Reader // zero when not known
	Switch   bool   // the link was for changing the account
	Expected string
	First    bool // Expected is the reader's own address: no account was connected before
	Chosen   string
	Revoked  bool // what was just allowed has been taken back at Google
	Err      error
}

// Error returns the fault and its cause.
func (e *ConnectError) Error() string {
	if e.Err == nil {
		return "connect: " + string(e.Fault)
	}
	return fmt.Sprintf("connect: %s: %v", e.Fault, e.Err)
}

// Unwrap returns the cause.
func (e *ConnectError) Unwrap() error { return e.Err }

// Consent is a consent under way: made when a person is sent to Google, taken once when they come back.
type Consent struct {
	StateHash string // SHA-256 of the state parameter, in hex: the database cannot be used to forge one
	Reader    ReaderID
	Verifier  Secret // PKCE
	Switch    bool
	Vouched   bool
	ExpiresAt time.Time
	UsedAt    time.Time // zero until taken
}

// ConsentStore keeps consents under way.
type ConsentStore interface {
	SaveConsent(ctx context.Context, c Consent) error
	// TakeConsent marks the consent used and returns it as it was before, so that a second call returns
	// one with UsedAt set. ErrNotFound for an unknown state.
	TakeConsent(ctx context.Context, stateHash string, now time.Time) (Consent, error)
}
