package main

import (
	"context"
	"log/slog"
	"sync"
)

// once is a log handler for a person at a terminal: what is tried again and fails again in the same words is
// told once.
type once struct {
	slog.Handler
	mu   sync.Mutex
	told map[string]bool
}

// onceOnly wraps h.
func onceOnly(h slog.Handler) *once { return &once{Handler: h, told: map[string]bool{}} }

// Handle passes the record on unless one with the same message and attributes went before. How long
// something took tells no two of them apart.
func (o *once) Handle(ctx context.Context, record slog.Record) error {
	key := record.Message
	record.Attrs(func(attr slog.Attr) bool {
		if attr.Key != "took" {
			key += "\x00" + attr.String()
		}
		return true
	})
	o.mu.Lock()
	known := o.told[key]
	o.told[key] = true
	o.mu.Unlock()
	if known {
		return nil
	}
	return o.Handler.Handle(ctx, record)
}
