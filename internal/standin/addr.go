package standin

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
)

// Ports below those that systems give to outgoing connections: a port of theirs could be taken by one between the
// moment it is found free and the moment a process listens on it, or while that process is being restarted.
const (
	lowestPort = 10000
	ports      = 20000
)

var (
	firstPort = rand.Uint32N(ports) // each process begins to look elsewhere
	portsHad  atomic.Uint32
)

// FreeAddr returns an address of 127.0.0.1 nobody listens on, for a process yet to be started. No two calls in a
// process return the same, until all have been had. It is safe for concurrent use.
func FreeAddr(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	var err error
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(lowestPort+int((firstPort+portsHad.Add(1))%ports)))
		var l net.Listener
		if l, err = lc.Listen(ctx, "tcp", addr); err == nil {
			return addr, l.Close()
		}
		if ctx.Err() != nil {
			break
		}
	}
	return "", fmt.Errorf("no port of 127.0.0.1 is free: %w", errors.Join(err, ctx.Err()))
}
