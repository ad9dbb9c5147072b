package store

import (
	"context"
	"slices"
	"strings"
	"time"
)

// shared are the tables that other programs use too, as they are here. It is read once, not with every statement.
type shared struct {
	tokens tokenTable
	log    logTable
}

// contract are the shared tables as our first migration makes them.
func contract() *shared {
	return &shared{tokens: plainTokens(), log: logTable{insert: logColumns, values: logValues}}
}

// readShared returns the shared tables as they are now.
func readShared(ctx context.Context, q *session) (*shared, error) {
	is := contract()
	if !q.dialect.postgres {
		is.tokens.worded, is.tokens.nameless = true, true
		return is, nil // else the file is as we make it
	}
	r, found, err := lookUp(ctx, q, tokenName)
	if err != nil {
		return nil, err
	}
	if found {
		is.tokens = tokensOf(r)
	}
	if r, found, err = lookUp(ctx, q, logName); err == nil && found {
		is.log = logOf(r)
	}
	return is, err
}

// look reads the shared tables again.
func (s *Store) look(ctx context.Context) error {
	is, err := readShared(ctx, s.reader())
	if err == nil {
		s.shapes.Store(is)
	}
	return err
}

const (
	logColumns = "user_id, channel, channel_id, message_ts, role, content, metadata, created_at"
	logValues  = "(?, 'slack', ?, ?, 'assistant', ?, ?, ?)"
)

// logTable is conversation_log as it is here.
type logTable struct {
	insert  string // the columns of an insert
	values  string // one row of it
	created string // the type of created_at when it is none of ours
}

func logOf(r relation) logTable {
	t := logTable{insert: logColumns, values: logValues}
	if r.thinksUpID() {
		t.insert += ", id"
		t.values = strings.TrimSuffix(t.values, ")") + ", gen_random_uuid()" + textCast(r) + ")"
	}
	if a, ok := r.column("created_at"); ok {
		t.created = a.kind
	}
	return t
}

// textCast turns a made-up id into what the table takes.
func textCast(r relation) string {
	if a, _ := r.column("id"); a.kind != "uuid" {
		return "::text"
	}
	return ""
}

// madeAt is an instant as the log takes it.
func (t logTable) madeAt(at time.Time) any {
	if slices.Contains(numberKinds, t.created) {
		return at.Unix()
	}
	return at.UTC().Format(zonedForm) // a column without a zone drops the Z
}

// instantFor is how an instant is written into a column of gmail_token of the given type: without a zone in UTC, as
// everything here, and as seconds where there are numbers.
func instantFor(kind string, at time.Time) any {
	switch {
	case slices.Contains(numberKinds, kind):
		return at.Unix()
	case kind == "timestamptz":
		return at.UTC().Format(zonedForm)
	default:
		return at.UTC().Format(naiveForm)
	}
}
