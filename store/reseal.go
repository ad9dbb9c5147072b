package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// resealBatch is how many rows are sealed in one transaction: so few that a briefing never waits for it long.
const resealBatch = 50

// Resealing is how what is stored is sealed again, or unsealed.
type Resealing struct {
	TokensOnly bool                                          // gmail_token alone, where other programs write plain rows
	Rest       func(ctx context.Context, took time.Duration) // called after each batch that wrote; nil = no rest
	Progress   func(Resealed)                                // called after each batch; may be nil
}

// Resealed counts what Reseal or Unseal did.
type Resealed struct {
	Rows     int64 // written
	Left     int64 // changed by somebody else at that moment, and therefore left to them
	Unopened int64 // cannot be opened, and stay as they are
	Lost     int64 // of these, rows of gmail_token that were sealed beside a user_id they have no more
	Staying  Staying
}

// errNoSealer is returned where sealing is asked for and there is no key.
var errNoSealer = errors.New("ACHIM_ENCRYPTION_KEY is not set: there is nothing to seal with")

// Swept reports whether everything was found sealed with the primary key, and none with another since.
func (s *Store) Swept(ctx context.Context) (bool, error) {
	known, err := s.registeredKeys(ctx)
	if err != nil {
		return false, fmt.Errorf("keys in use: %w", err)
	}
	return len(known) == 1 && known[0].id == s.keys.primary() && known[0].swept, nil
}

// Reseal seals with the primary key what is plain or sealed with another, batch by batch. Plain rows of gmail_token that
// are no reader's stay as they are: they are other programs', which read them. A row that somebody changes meanwhile keeps
// what they wrote. It may be ended and begun again at any time, by several processes at once.
func (s *Store) Reseal(ctx context.Context, r Resealing) (Resealed, error) {
	if s.keys.sealer == nil {
		return Resealed{}, errNoSealer
	}
	w := &resealer{s: s, opts: r, again: s.keys.sealAgain, column: s.keys.sealColumnAgain,
		want: "% IS NOT NULL AND substr(%, 1, ?) <> ?", mark: sealedMark + s.keys.primary() + ":"}
	if err := w.run(ctx); err != nil || r.TokensOnly {
		return w.done, err
	}
	return w.done, s.swept(ctx, w.unopened)
}

// Unseal turns everything plain again, as Reseal seals it. It is for who leaves sealing behind: what is written with a
// Sealer is sealed again.
func (s *Store) Unseal(ctx context.Context, r Resealing) (Resealed, error) {
	w := &resealer{s: s, opts: r, again: func(place, stored string) (string, error) {
		text, err := s.keys.open(place, stored)
		return plainForm(text), err
	}, column: s.keys.openColumn, want: "substr(%, 1, ?) = ?", mark: sealedMark, unseal: true}
	if err := w.run(ctx); err != nil || r.TokensOnly {
		return w.done, err
	}
	known, err := s.registeredKeys(ctx)
	for _, k := range known {
		if err == nil && !slices.Contains(w.unopened, k.id) {
			err = s.forgetKeys(ctx, k.id)
		}
	}
	return w.done, err
}

// swept notes that everything is sealed with the primary key, but for what needs the keys given.
func (s *Store) swept(ctx context.Context, needed []string) error {
	if err := s.registerKey(ctx); err != nil {
		return err
	}
	known, err := s.registeredKeys(ctx)
	if err != nil {
		return fmt.Errorf("keys in use: %w", err)
	}
	primary := s.keys.primary()
	for _, k := range known {
		if k.id != primary && !slices.Contains(needed, k.id) {
			if err := s.forgetKeys(ctx, k.id); err != nil {
				return err
			}
		}
	}
	if _, err := s.writer().exec(ctx, "UPDATE achim_seal_key SET swept_at = ? WHERE id = ?", ms(s.now()), primary); err != nil {
		return fmt.Errorf("note that everything is sealed: %w", err)
	}
	return nil
}

// sealAgain returns the form a text is to have, sealed with the primary key.
func (k keyring) sealAgain(place, stored string) (string, error) {
	text, err := k.open(place, stored)
	if err != nil {
		return "", err
	}
	return k.seal(place, text)
}

// sealColumnAgain is sealAgain for a column of gmail_token; one that is as it should be is returned as it is.
func (k keyring) sealColumnAgain(c sharedColumn, owner, stored string) (string, error) {
	id, secrets := c.keyOf(stored)
	if !secrets {
		return stored, nil
	}
	text, err := k.openColumn(c, owner, stored)
	if err != nil || (id == k.primary() && c.asSealed(stored, text)) {
		return stored, err
	}
	return k.sealColumn(c, owner, text)
}

// asSealed reports whether nothing but what is shown stands beside what is sealed.
func (c sharedColumn) asSealed(stored, text string) bool {
	outer, _ := parseObject(stored)
	members, _ := parseObject(text)
	delete(outer, sealedMember)
	return outer.within(c.shown(members))
}

// resealer is one pass over everything.
type resealer struct {
	s      *Store
	opts   Resealing
	again  func(place, stored string) (string, error)
	column func(c sharedColumn, owner, stored string) (string, error)
	want   string // which texts of ours are to be changed, in SQL: the length of mark and mark are its arguments
	mark   string // how they begin when they are unsealed, or do not begin when they are sealed
	unseal bool

	done     Resealed
	unopened []string // the keys of what could not be opened
}

// write is one row to be written, if it still stands as it was read.
type write struct {
	query string
	args  []any
}

// run passes over everything: what opens a mailbox first.
func (w *resealer) run(ctx context.Context) error {
	defer func() {
		if w.done.Rows > 0 {
			w.s.scrub(ctx)
		}
	}()
	err := w.s.eachToken(ctx, tokenPage, func(page []ownedToken) error {
		if err := w.s.findReaders(ctx, page); err != nil {
			return err
		}
		var writes []write
		for _, o := range page {
			one, err := w.token(o)
			if err != nil {
				return err
			}
			writes = append(writes, one...)
		}
		return w.writeAll(ctx, writes)
	})
	if err != nil || w.opts.TokensOnly {
		return err
	}
	for _, table := range sealedTables {
		if err := w.table(ctx, table); err != nil {
			return fmt.Errorf("%s: %w", table.name, err)
		}
	}
	return nil
}

// writeAll writes rows, a batch a transaction, counts them, and rests in between.
func (w *resealer) writeAll(ctx context.Context, writes []write) error {
	for batch := range slices.Chunk(writes, resealBatch) {
		began, written := time.Now(), int64(0)
		err := w.s.inTx(ctx, func(q *session) error {
			written = 0
			for _, one := range batch {
				n, err := q.exec(ctx, one.query, one.args...)
				if err != nil {
					return err
				}
				written += n
			}
			return nil
		})
		if err != nil {
			return err
		}
		w.done.Rows += written
		w.done.Left += int64(len(batch)) - written
		if w.opts.Progress != nil {
			w.opts.Progress(w.done)
		}
		if w.opts.Rest != nil {
			w.opts.Rest(ctx, time.Since(began))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// missed notes a text that does not open, and reports whether err was that.
func (w *resealer) missed(err error, key string) bool {
	if !errors.Is(err, ErrSealed) {
		return false
	}
	w.done.Unopened++
	w.unopened = append(w.unopened, key)
	return true
}

// token returns how a row of gmail_token is to be written, if it is: its token_data as it stands, or, where no token
// stands in it and it is to be sealed, what its flat columns make it; unsealed, as it stood before. When it was changed
// last stays: nothing of it was.
func (w *resealer) token(o ownedToken) ([]write, error) {
	if o.lost() {
		w.done.Unopened++
		w.done.Lost++
		return nil, nil
	}
	if o.nobodys && w.unseal || !w.unseal && w.done.Staying.foreign(o) {
		return nil, nil // plain, and other programs'
	}
	table := &w.s.shapes.Load().tokens
	tokenData, asItStood := o.raw.token, false
	var set []string
	var args []any
	if len(table.flat) > 0 {
		// Nothing but token_data matters: a row whose address cannot be read holds tokens, too.
		row, _ := o.raw.parse(o.owner)
		asItStood = !row.leaveFlat
		if !w.unseal {
			tokenData = row.toSeal()
		}
		set, args = w.flat(table, o, row)
		if !w.unseal {
			w.done.Staying.flat(o, row)
		}
	}
	for _, c := range []struct {
		sharedColumn
		name, stored string
	}{{tokenColumn, "token_data", tokenData}, {configColumn, "oauth_config", o.raw.config}} {
		text, err := w.column(c.sharedColumn, string(o.owner), c.stored)
		if id, _ := c.keyOf(c.stored); err != nil && w.missed(err, id) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if text == c.stored {
			continue
		}
		value := any(text)
		if w.unseal && c.name == "token_data" {
			value = table.given["token_data"].orNothing(recalled(text, asItStood && tokenColumn.asSealed(c.stored, text)))
		}
		set, args = append(set, c.name+" = ?"), append(args, value)
	}
	if len(set) == 0 {
		return nil, nil
	}
	where, still := table.asItWas(o)
	return []write{{"UPDATE gmail_token SET " + strings.Join(set, ", ") + where, append(args, still...)}}, nil
}

// flat returns how the flat columns of a row are emptied that is about to be sealed: tokens that stand in them alone go
// into token_data first, and expires_at says that there is none any more that could be used. All of it is filled in again
// when it is unsealed. What somebody has changed since is theirs, and stays.
func (w *resealer) flat(t *tokenTable, o ownedToken, row tokenRow) (set []string, args []any) {
	if id, _ := tokenColumn.keyOf(o.raw.token); row.unread || row.leaveFlat || (w.unseal && id == "") {
		return nil, nil
	}
	again := func(a attribute) (value any, left bool) { return row.flatValue(a, false, w.s.now()) }
	if w.unseal {
		again = func(a attribute) (value any, left bool) { return row.flatAgain(a, w.s.now()) }
	}
	for _, a := range t.flat {
		if stood, secret := o.raw.flat.in(a); secret && (stood == "") == w.unseal {
			if value, left := again(a); !left {
				set, args = append(set, a.name+" = ?"), append(args, value)
			}
		}
	}
	for _, a := range t.flat {
		if a.name != "expires_at" || len(set) == 0 || t.ranks(a) {
			continue
		}
		if kept, ok := row.token.keptFlat(); w.unseal && ok && o.raw.flat.access == "" {
			set, args = append(set, "expires_at = CAST(CAST(? AS text) AS "+a.kind+")"), append(args, a.orNothing(kept.Ends))
		} else if !w.unseal {
			value, _ := again(a)
			set, args = append(set, "expires_at = ?"), append(args, value)
		}
	}
	return set, args
}

// storedRow is a row of a table of ours: its key, and its texts.
type storedRow struct {
	key   []string
	texts []sql.NullString
}

// table passes over a table.
func (w *resealer) table(ctx context.Context, t sealedTable) error {
	key := strings.Join(t.key, ", ")
	query := fmt.Sprintf("SELECT %s, %s FROM %s WHERE (%s) > (?%s) AND %s ORDER BY %s LIMIT %d", key, strings.Join(t.columns, ", "), t.name,
		key, strings.Repeat(", ?", len(t.key)-1), t.some(w.want), key, resealBatch)
	for last := slices.Repeat([]any{""}, len(t.key)); ; {
		rows, err := list(ctx, w.s.reader(), t.scan, query, slices.Concat(last, slices.Repeat([]any{len(w.mark), w.mark}, len(t.columns)))...)
		if err != nil || len(rows) == 0 {
			return err
		}
		var writes []write
		for _, row := range rows {
			one, err := w.row(t, row)
			if err != nil {
				return err
			}
			writes = append(writes, one...)
		}
		if err := w.writeAll(ctx, writes); err != nil || len(rows) < resealBatch {
			return err
		}
		for i, part := range rows[len(rows)-1].key {
			last[i] = part
		}
	}
}

func (t sealedTable) scan(row scanner) (storedRow, error) {
	r := storedRow{make([]string, len(t.key)), make([]sql.NullString, len(t.columns))}
	var targets []any
	for i := range r.key {
		targets = append(targets, &r.key[i])
	}
	for i := range r.texts {
		targets = append(targets, &r.texts[i])
	}
	return r, row.Scan(targets...)
}

// row returns how a row of ours is to be written, if it is.
func (w *resealer) row(t sealedTable, r storedRow) ([]write, error) {
	var set, where []string
	var to, from []any
	for i, column := range t.columns {
		stored := r.texts[i]
		if !stored.Valid || strings.HasPrefix(stored.String, w.mark) != w.unseal {
			continue
		}
		text, err := w.again(placeOf(t.name+"."+column, r.key...), stored.String)
		if err != nil && w.missed(err, keyIDOf(stored.String)) {
			continue
		}
		if err != nil {
			return nil, err
		}
		set, to = append(set, column+" = ?"), append(to, text)
		where, from = append(where, column+" = ?"), append(from, stored.String)
	}
	if len(set) == 0 {
		return nil, nil
	}
	for i, part := range t.key {
		where, from = append(where, part+" = ?"), append(from, r.key[i])
	}
	return []write{{"UPDATE " + t.name + " SET " + strings.Join(set, ", ") + " WHERE " + strings.Join(where, " AND "), slices.Concat(to, from)}}, nil
}
