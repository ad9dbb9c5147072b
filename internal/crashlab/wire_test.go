//go:build crash

package crashlab_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
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
	l := &line{wire: w, client: client, server: server}
	var down sync.WaitGroup
	down.Go(func() {
		_ = l.answers() // its end is the connection's
		_ = client.Close()
	})
	_ = l.asks()
	_ = server.Close()
	down.Wait()
}

// line is one connection.
type line struct {
	wire           *wire
	client, server net.Conn

	mu     sync.Mutex
	sprung *trap // strikes when the database has committed
	inside *trap // strikes when the commit is asked for
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
		if move := moveIn(kind, message); move != "" {
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
				l.inside = one
			}
		}
		if l.inside != nil && isCommit(kind, message) {
			if err := l.hold(); err != nil {
				return err
			}
		}
		if _, err := l.server.Write(message); err != nil {
			return err
		}
	}
}

// hold strikes inside the transaction. A process that was frozen commits once it runs again.
func (l *line) hold() error {
	one := l.inside
	l.inside = nil
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
		l.mu.Lock()
		one := l.sprung
		idle := kind == 'Z' && len(message) == 6 && message[5] == 'I'
		if idle {
			l.sprung = nil
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

// moveIn tells which move a Bind message makes: a step binds the new state first and the old one last.
func moveIn(kind byte, message []byte) string {
	if kind != 'B' {
		return ""
	}
	first, last := "", ""
	for rest := message; ; {
		at, state := nextState(rest)
		if state == "" {
			break
		}
		if first == "" {
			first = state
		} else {
			last = state
		}
		rest = rest[at+4+len(state):]
	}
	if last == "" {
		return ""
	}
	return last + " to " + first
}

// nextState finds the first parameter that is a state.
func nextState(message []byte) (at int, state string) {
	at = -1
	for _, s := range []string{"planned", "prepared", "sending", "delivered"} {
		parameter := append(binary.BigEndian.AppendUint32(nil, uint32(len(s))), s...)
		if i := bytes.Index(message, parameter); i >= 0 && (at < 0 || i < at) {
			at, state = i, s
		}
	}
	return at, state
}
