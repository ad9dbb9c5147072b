package standin_test

import (
	"net"
	"strconv"
	"sync"
	"testing"

	"achim/internal/standin"
)

// TestFreeAddr holds that addresses can be listened on, differ, and are none an outgoing connection may take.
func TestFreeAddr(t *testing.T) {
	t.Parallel()
	var seen sync.Map
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			addr, err := standin.FreeAddr(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			_, port, _ := net.SplitHostPort(addr)
			if n, _ := strconv.Atoi(port); n < 10000 || n >= 30000 {
				t.Errorf("port %s", port)
			}
			if _, twice := seen.LoadOrStore(addr, true); twice {
				t.Errorf("%s twice", addr)
			}
			l, err := net.Listen("tcp", addr) //nolint:noctx // binds a local port
			if err != nil {
				t.Error(err)
				return
			}
			_ = l.Close()
		})
	}
	wg.Wait()
}
