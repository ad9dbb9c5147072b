package crashlab_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// wire carries one process's connections to PostgreSQL. It understands just enough of the protocol to see
// an entry move from one state to another, and can lose the database.
type wire struct {
	listener net.Listener
	server   string // host:port of the database
	traps    *traps
	owner    *process

	mu    sync.Mutex
	conns map[net.Conn]bool
	away  bool
	done  sync.WaitGroup
}

func newWire(server string, t *traps, owner *process) (*wire, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // binds a local port
	if err != nil {
		return nil, err
	}
	w := &wire{listener: l, server: server, traps: t, owner: owner, conns: map[net.Conn]bool{}}
	w.done.Go(w.accept)
	return w, nil
}

func (w *wire) addr() string { return w.listener.Addr().String() }

func (w *wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return // closed
		}
		w.done.Go(func() { w.carry(client) })
	}
}

// lose drops every connection and refuses new ones until find.
func (w *wire) lose() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.away = true
	for c := range w.conns {
		_ = c.Close()
	}
}

// find makes the database reachable again.
func (w *wire) find() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.away = false
}

func (w *wire) close() {
	_ = w.listener.Close()
	w.lose()
	w.done.Wait()
}

// keep remembers a connection, or closes it when the database is away.
func (w *wire) keep(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away {
		_ = c.Close()
		return false
	}
	w.conns[c] = true
	return true
}

func (w *wire) drop(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, c)
	_ = c.Close()
}

func (w *wire) carry(client net.Conn) {
	if !w.keep(client) {
		return
	}
	defer w.drop(client)
	server, err := net.DialTimeout("tcp", w.server, 10*time.Second)
	if err != nil || !w.keep(server) {
		return
	}
	defer w.drop(server)
	l := &line{wire: w, client: client, server: server, texts: map[string]string{}}
	var down sync.WaitGroup
	down.Go(func() {
		_ = l.answers() // its end is the connection's
		_ = client.Close()
	})
	_ = l.asks()
	_ = server.Close()
	down.Wait()
	l.end()
}

// line is one connection.
type line struct {
	wire           *wire
	client, server net.Conn

	texts map[string]string // of prepared statements, by name

	mu     sync.Mutex
	inside *trap // strikes when the commit is asked for
	sprung *trap // strikes when the database has committed
	after  *trap // strikes once the answer is out
	fetch  bool  // what was asked last is which jobs there are
}

var errStruck = errors.New("struck")

// asks carries what the process sends.
func (l *line) asks() error {
	if err := l.first(); err != nil {
		return err
	}
	for {
		kind, message, err := readMessage(l.client)
		if err != nil {
			return err
		}
		if err := l.look(kind, message); err != nil {
			return err
		}
		if isCommit(kind, message) {
			if err := l.hold(); err != nil {
				return err
			}
		}
		if _, err := l.server.Write(message); err != nil {
			return err
		}
	}
}

// look springs the trap that waits for what the message does.
func (l *line) look(kind byte, message []byte) error {
	l.remember(kind, message)
	moves := movesIn(kind, message)
	switch text := l.textOf(kind, message); {
	case strings.Contains(text, "job_input"):
		moves = []string{opFinish}
	case kind == 'B':
		l.mu.Lock()
		l.fetch = strings.Contains(text, "locked_jobs")
		l.mu.Unlock()
	}
	for _, move := range moves {
		if one := l.wire.traps.spring(move, message, unsent); one != nil {
			one.goOff(l.wire.owner)
			return errStruck
		}
		if one := l.wire.traps.spring(move, message, written); one != nil {
			l.mu.Lock()
			l.sprung = one
			l.mu.Unlock()
		}
		if one := l.wire.traps.spring(move, message, locked); one != nil {
			l.mu.Lock()
			l.inside = one
			l.mu.Unlock()
		}
	}
	return nil
}

// end lets go of the traps that wait for something on this connection.
func (l *line) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside.fizzle()
	l.sprung.fizzle()
	l.after.fizzle()
}

// remember keeps the text of a statement that is prepared.
func (l *line) remember(kind byte, message []byte) {
	if kind != 'P' {
		return
	}
	name, rest, _ := bytes.Cut(message[5:], []byte{0})
	text, _, _ := bytes.Cut(rest, []byte{0})
	l.texts[string(name)] = string(text)
}

// textOf returns the text of the statement that a Bind message runs.
func (l *line) textOf(kind byte, message []byte) string {
	if kind != 'B' {
		return ""
	}
	_, rest, _ := bytes.Cut(message[5:], []byte{0}) // the portal
	name, _, _ := bytes.Cut(rest, []byte{0})
	return l.texts[string(name)]
}

// hold strikes inside the transaction. A process that was frozen commits once it runs again.
func (l *line) hold() error {
	l.mu.Lock()
	one := l.inside
	l.inside = nil
	l.mu.Unlock()
	if one == nil {
		return nil
	}
	one.goOff(l.wire.owner)
	if !l.wire.owner.isFrozen() {
		return errStruck
	}
	for l.wire.owner.isFrozen() {
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

func isCommit(kind byte, message []byte) bool {
	return kind == 'Q' && bytes.HasPrefix(bytes.ToLower(message[5:]), []byte("commit"))
}

// first carries the message that has no kind.
func (l *line) first() error {
	var size [4]byte
	if _, err := io.ReadFull(l.client, size[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n < 4 || n > 1<<16 {
		return errors.New("not PostgreSQL's protocol")
	}
	rest := make([]byte, n-4)
	if _, err := io.ReadFull(l.client, rest); err != nil {
		return err
	}
	_, err := l.server.Write(append(size[:], rest...))
	return err
}

// answers carries what the database sends. ReadyForQuery outside a transaction is the end of a commit.
func (l *line) answers() error {
	var held []byte // of the answer to the statement that was waited for
	for {
		kind, message, err := readMessage(l.server)
		if err != nil {
			return err
		}
		idle := kind == 'Z' && len(message) == 6 && message[5] == 'I'
		l.mu.Lock()
		if kind == 'D' && l.fetch { // jobs, that is: an answer without rows is none
			l.fetch = false
			if one := l.wire.traps.spring(opFetch, nil, written); one != nil {
				l.sprung = one
			}
			if one := l.wire.traps.spring(opFetch, nil, answered); one != nil {
				l.after = one
			}
		}
		one, after := l.sprung, l.after
		if idle {
			l.inside.fizzle() // rolled back
			l.sprung, l.after, l.inside = nil, nil, nil
		}
		l.mu.Unlock()
		if one != nil && idle {
			one.goOff(l.wire.owner)
		}
		if one != nil && kind != 'Z' {
			held = append(held, message...)
			continue
		}
		message, held = append(held, message...), nil
		if _, err := l.client.Write(message); err != nil {
			return err
		}
		if idle && after != nil {
			spin(rand.N(max(after.jitter, 1)))
			after.goOff(l.wire.owner)
		}
	}
}

func readMessage(from io.Reader) (kind byte, message []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n < 4 || n > 64<<20 {
		return 0, nil, errors.New("not PostgreSQL's protocol")
	}
	message = make([]byte, 1+n)
	copy(message, head[:])
	_, err = io.ReadFull(from, message[5:])
	return head[0], message, err
}

// The moves of an entry that are waited for, by the states as they are bound: from, to.
const (
	movePrepared  = "planned to prepared"
	moveSending   = "prepared to sending"
	moveDelivered = "sending to delivered"
	moveMended    = "delivered to delivered"
)

// Steps of the engine that works with jobs.
const (
	opFetch  = "jobs fetched"
	opFinish = "jobs finished"
)

// movesIn returns the moves that a Bind message makes. One entry's step binds the new state first and the old one last;
// steps that are made together bind all old states and then all new ones.
func movesIn(kind byte, message []byte) (moves []string) {
	if kind != 'B' {
		return nil
	}
	var one []string
	var many [][]string
	for _, value := range parameters(message) {
		if isState(string(value)) {
			one = append(one, string(value))
		}
		if states := statesOf(value); len(states) > 0 {
			many = append(many, states)
		}
	}
	switch {
	case len(one) >= 2:
		return []string{one[len(one)-1] + " to " + one[0]}
	case len(many) == 2 && len(many[0]) == len(many[1]):
		for i, from := range many[0] {
			if move := from + " to " + many[1][i]; !slices.Contains(moves, move) {
				moves = append(moves, move)
			}
		}
	}
	return moves
}

func isState(s string) bool {
	switch s {
	case "planned", "prepared", "sending", "delivered", "missed", "failed", "unknown":
		return true
	default:
		return false
	}
}

// parameters returns the values of a Bind message, NULL as nil.
func parameters(message []byte) (values [][]byte) {
	_, rest, _ := bytes.Cut(message[5:], []byte{0}) // the portal
	_, rest, _ = bytes.Cut(rest, []byte{0})         // the statement
	r := reader{rest}
	r.skip(2 * int(r.int16())) // formats
	for range r.int16() {
		values = append(values, r.value())
	}
	return values
}

// statesOf returns the elements of an array of states; nil when it is something else.
func statesOf(value []byte) (states []string) {
	r := reader{value}
	if dimensions, _, _ := r.int32(), r.int32(), r.int32(); dimensions != 1 {
		return nil
	}
	n, _ := r.int32(), r.int32()
	if n < 0 || n > 1000 {
		return nil
	}
	for range n {
		state := string(r.value())
		if !isState(state) {
			return nil
		}
		states = append(states, state)
	}
	return states
}

// reader takes a message apart; past its end there are zeros.
type reader struct{ rest []byte }

func (r *reader) skip(n int) []byte {
	n = max(0, min(n, len(r.rest)))
	head := r.rest[:n]
	r.rest = r.rest[n:]
	return head
}

func (r *reader) int16() int16 {
	if b := r.skip(2); len(b) == 2 {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (r *reader) int32() int32 {
	if b := r.skip(4); len(b) == 4 {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (r *reader) value() []byte {
	n := r.int32()
	if n < 0 {
		return nil
	}
	return r.skip(int(n))
}
