package standin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is a stand-in listening on a loopback port. Close it.
type Server struct {
	// URL is the base address without a trailing slash, "http://127.0.0.1:41234".
	URL string

	srv    *http.Server
	served chan struct{}

	mu      sync.Mutex
	closed  bool
	ends    map[*http.Request]context.CancelFunc // requests under way
	running sync.WaitGroup
}

// Serve starts h on addr, which is "127.0.0.1:0" (any free port) when empty. It
// returns once the port accepts connections.
func Serve(h http.Handler, addr string) (*Server, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	l, err := net.ListenTCP("tcp", at)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	s := &Server{
		URL: "http://" + l.Addr().String(), served: make(chan struct{}), ends: map[*http.Request]context.CancelFunc{},
	}
	s.srv = &http.Server{Handler: s.track(h), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.served)
		_ = s.srv.Serve(l) // always ErrServerClosed: nothing but Close ends it
	}()
	return s, nil
}

// track knows the requests under way, so that Close can end them and returns to a
// quiet house: a test that looks for leaked goroutines right afterwards finds none.
func (s *Server) track(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		r = r.WithContext(ctx)
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			cancel()
			panic(http.ErrAbortHandler)
		}
		s.running.Add(1)
		s.ends[r] = cancel
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			delete(s.ends, r)
			s.mu.Unlock()
			cancel()
			s.running.Done()
		}()
		h.ServeHTTP(w, r)
	})
}

// Close drops every connection, ends delayed and endless answers, and waits for
// the handlers to return. It may be called more than once.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	for _, end := range s.ends {
		end()
	}
	s.mu.Unlock()
	err := s.srv.Close()
	<-s.served
	s.running.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close %s: %w", s.URL, err)
	}
	return nil
}
