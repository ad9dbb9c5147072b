package httpserver

import (
	"crypto/sha256"
	"crypto/subtle"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"achim/briefing"
)

// access is what a route asks of its caller.
type access int

const (
	open       access = iota
	statuses          // trigger, and see how things went: a cron secret is enough
	everything        // content, tokens, readers: an API secret, or a cron secret when there is none
)

const (
	// guesses is how many wrong bearers one address may send at once, guessPause how long it then waits
	// for each further one. A right bearer is never held up: behind a proxy everybody has one address, and
	// somebody who guesses there must not be able to stop the morning's trigger. What a guesser gains by
	// that is nothing against a secret of the length the start-up warnings ask for.
	guesses    = 20
	guessPause = 3 * time.Second
	// addressesKept bounds the memory of who has guessed.
	addressesKept = 4096
)

// guard compares bearers, in constant time over all secrets, and slows down who guesses.
type guard struct {
	cron, api [][sha256.Size]byte
	now       func() time.Time

	mu    sync.Mutex
	wrong map[netip.Addr]bucket
}

// bucket is what an address has left at a time.
type bucket struct {
	left float64
	at   time.Time
}

func newGuard(cron, api []briefing.Secret, now func() time.Time) *guard {
	return &guard{cron: digests(cron), api: digests(api), now: now, wrong: map[netip.Addr]bucket{}}
}

// digests hashes secrets, so that comparing takes the same time whatever their length.
func digests(secrets []briefing.Secret) [][sha256.Size]byte {
	var sums [][sha256.Size]byte
	for _, secret := range secrets {
		if !secret.IsZero() {
			sums = append(sums, sha256.Sum256([]byte(secret.Reveal())))
		}
	}
	return sums
}

// check returns nil when the request's bearer may do what is needed, else a 401 or 429.
func (g *guard) check(r *http.Request, need access) error {
	bearer, ok := bearerOf(r)
	if !ok {
		return unauthorized("Send Authorization: Bearer with the secret this server was given.", "")
	}
	held := g.holds(bearer)
	if held == open {
		return g.refuse(addressOf(r))
	}
	if held < need {
		return unauthorized("CRON_SECRET does not reach this far: it needs ACHIM_API_SECRET.", "insufficient_scope")
	}
	return nil
}

// refuse answers a wrong bearer: 401, or 429 to an address that keeps guessing.
func (g *guard) refuse(from netip.Addr) error {
	if wait := g.wait(from); wait > 0 {
		seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
		return &apiError{code: codeUnauthorized, status: http.StatusTooManyRequests,
			detail: "Too many wrong bearers came from this address. Try again in " + seconds + " s.",
			header: http.Header{"Retry-After": {seconds}}}
	}
	g.spend(from)
	return unauthorized("The bearer is none of this server's secrets.", "invalid_token")
}

// allows reports whether the request's bearer may do what is needed, without counting as a guess.
func (g *guard) allows(r *http.Request, need access) bool {
	bearer, ok := bearerOf(r)
	return ok && g.holds(bearer) >= need
}

// holds returns how far the bearer reaches; open means that it is no secret of ours.
func (g *guard) holds(bearer string) access {
	sum := sha256.Sum256([]byte(bearer))
	isCron, isAPI := 0, 0
	for i := range g.cron {
		isCron |= subtle.ConstantTimeCompare(sum[:], g.cron[i][:])
	}
	for i := range g.api {
		isAPI |= subtle.ConstantTimeCompare(sum[:], g.api[i][:])
	}
	switch {
	case isAPI == 1, isCron == 1 && len(g.api) == 0:
		return everything
	case isCron == 1:
		return statuses
	default:
		return open
	}
}

// wait returns how long the address has to wait before its next bearer is looked at.
func (g *guard) wait(from netip.Addr) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	b, known := g.wrong[from]
	if !known {
		return 0
	}
	if left := b.refilled(g.now()); left < 1 {
		return time.Duration((1 - left) * float64(guessPause))
	}
	return 0
}

// spend counts a wrong bearer.
func (g *guard) spend(from netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	left := float64(guesses)
	if b, known := g.wrong[from]; known {
		left = b.refilled(now)
	} else if len(g.wrong) >= addressesKept {
		g.forget(now)
	}
	g.wrong[from] = bucket{left - 1, now}
}

// forget drops every address that has all its guesses back, and when there is none, the one that has
// been quiet for longest.
func (g *guard) forget(now time.Time) {
	var quietest netip.Addr
	var since time.Time
	for address, b := range g.wrong {
		if b.refilled(now) >= guesses {
			delete(g.wrong, address)
			continue
		}
		if since.IsZero() || b.at.Before(since) {
			quietest, since = address, b.at
		}
	}
	if len(g.wrong) >= addressesKept {
		delete(g.wrong, quietest)
	}
}

// refilled returns what is left by now.
func (b bucket) refilled(now time.Time) float64 {
	return min(guesses, b.left+max(0, now.Sub(b.at).Seconds())/guessPause.Seconds())
}

// addressOf returns the address of the other end of the connection; of IPv6 the network, which is what one
// customer has. What X-Forwarded-For says is anybody's invention.
func addressOf(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	address = address.Unmap().WithZone("")
	if address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.Addr()
		}
	}
	return address
}

// bearerOf returns the request's bearer, and whether it brings one.
func bearerOf(r *http.Request) (string, bool) {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	value = strings.TrimSpace(value)
	return value, strings.EqualFold(scheme, "Bearer") && value != ""
}

// unauthorized is a 401 that says how to do better.
func unauthorized(detail, code string) error {
	challenge := `Bearer realm="achim"`
	if code != "" {
		challenge += `, error="` + code + `"`
	}
	return &apiError{code: codeUnauthorized, detail: detail, header: http.Header{"Www-Authenticate": {challenge}}}
}
