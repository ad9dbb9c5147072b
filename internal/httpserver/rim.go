package httpserver

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"achim/internal/language"
)

// handler serves a request or returns why it could not; then it has written nothing.
type handler func(w http.ResponseWriter, r *http.Request) error

// shownError is a failure whose page has been written already: only the log still wants it.
type shownError struct{ error }

// Unwrap returns the failure.
func (e shownError) Unwrap() error { return e.error }

// recorder notes what was answered, and why not better.
type recorder struct {
	http.ResponseWriter
	status int
	cause  error
}

// WriteHeader notes the status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write notes that an answer without a status is a 200.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// clientGone is what the log calls an answer that nobody waited for. It is never sent.
const clientGone = 499

// ServeHTTP is the rim: headers every answer has, panics, metrics, the log.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	rec := &recorder{ResponseWriter: w}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	s.serve(rec, r)
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	took := time.Since(start)
	pattern := r.Pattern
	if pattern == "" {
		pattern = "unmatched"
	}
	s.Observe(pattern, rec.status, took)
	// The route's pattern, never the path or the query: those hold ids and tokens.
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("pattern", pattern),
		slog.Int("status", rec.status), slog.Duration("took", took),
	}
	if rec.cause != nil {
		attrs = append(attrs, slog.Any("error", loggable(rec.cause)))
	}
	if rec.status >= http.StatusInternalServerError {
		s.Logger.LogAttrs(r.Context(), slog.LevelError, "request failed", attrs...)
		return
	}
	s.Logger.LogAttrs(r.Context(), slog.LevelDebug, "request", attrs...)
}

// loggable is err without what somebody sent: a fault in a field names its value, which is for them alone.
func loggable(err error) error {
	faults := fieldErrors(err)
	if len(faults) == 0 {
		return err
	}
	return fmt.Errorf("%s, %d faults in what was sent", faults[0].Code, len(faults))
}

// serve dispatches and survives a panic.
func (s *server) serve(rec *recorder, r *http.Request) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p) // net/http's own way to cut a connection
		}
		s.fail(rec, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
	}()
	matched, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(rec, r)
		return
	}
	// Nothing fits: let the mux say what it would have, and say it as a problem.
	probe := &recorder{ResponseWriter: &discard{header: http.Header{}}}
	matched.ServeHTTP(probe, r)
	if probe.status >= 300 && probe.status < 400 {
		s.mux.ServeHTTP(rec, r)
		return
	}
	err := &apiError{code: codeNotFound, detail: "Nothing is served at this address."}
	if probe.status == http.StatusMethodNotAllowed {
		allow := probe.Header().Get("Allow")
		err = methodNotAllowed(allow)
	}
	s.fail(rec, r, err)
}

// methodNotAllowed is a 405.
func methodNotAllowed(allow string) *apiError {
	return &apiError{code: codeNotFound, status: http.StatusMethodNotAllowed,
		detail: "This address takes " + allow + " only.", header: http.Header{"Allow": {allow}}}
}

// guarded lets through who may, and turns the handler's error into a problem.
func (s *server) guarded(need access, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if need != open {
			if err := s.guard.check(r, need); err != nil {
				s.fail(w, r, err)
				return
			}
		}
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// fail answers with the problem behind err and leaves err for the log.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	rec, ok := w.(*recorder)
	if !ok {
		rec = &recorder{ResponseWriter: w}
	}
	rec.cause = err
	if _, shown := errors.AsType[shownError](err); shown || rec.status != 0 {
		return
	}
	if r.Context().Err() != nil {
		// Mostly nobody is there any more. But when the server stops somebody is, and without an answer of
		// ours net/http would send them an empty 200.
		newProblem(codeUnavailable, "The server is stopping.").write(rec.ResponseWriter)
		rec.status = clientGone
		return
	}
	problemOf(err).write(rec)
}

// page makes a handler whose failures are pages too, because a person is looking.
func (s *server) page(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := h(w, r)
		if err == nil {
			return nil
		}
		p := problemOf(err)
		if p.Status == http.StatusMethodNotAllowed || r.Context().Err() != nil {
			return err
		}
		s.pages.Render(w, p.Status, language.Pages(s.visitorLanguage(r)).Trouble(s.Operator))
		return shownError{err}
	}
}

// acceptsHTML reports whether whoever asks is a browser.
func acceptsHTML(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// discard is a ResponseWriter that keeps the header alone.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}
