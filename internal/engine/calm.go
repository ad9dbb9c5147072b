package engine

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// quietFor is how long a line of River's that was logged is not logged again: without a database it complains
// ten times a second.
const quietFor = 30 * time.Second

// calm passes on River's warnings and errors, each of them now and then.
type calm struct {
	slog.Handler
	seen *lines
}

// lines is when each line was last logged.
type lines struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// Enabled implements slog.Handler.
func (c *calm) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && c.Handler.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (c *calm) Handle(ctx context.Context, r slog.Record) error {
	if !c.seen.first(r.Message, r.Time) {
		return nil
	}
	return c.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (c *calm) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &calm{c.Handler.WithAttrs(attrs), c.seen}
}

// WithGroup implements slog.Handler.
func (c *calm) WithGroup(name string) slog.Handler { return &calm{c.Handler.WithGroup(name), c.seen} }

// first reports whether the line was not logged lately.
func (l *lines) first(line string, at time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, ok := l.last[line]; ok && at.Sub(last) < quietFor && at.After(last.Add(-quietFor)) {
		return false
	}
	if l.last == nil {
		l.last = map[string]time.Time{}
	}
	l.last[line] = at // River has a few dozen lines
	return true
}
