package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"achim/briefing"
)

// Grants returns up to limit grants whose owner's id comes after the given one, in the order of these ids; ""
// begins with the first. A row that cannot be read is among them, with its Fault. So is a row whose owner is no UUID: its
// Owner is then what stands there, in quotes; all rows without an owner are one Grant, the first, whose Owner is a pair
// of quotes. Of several rows of one owner only the one that counts is listed, with the number of the others.
func (s *Store) Grants(ctx context.Context, after briefing.ReaderID, limit int) ([]briefing.Grant, error) {
	q := s.reader()
	grants, err := q.nameless(ctx, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	rows, err := q.owned(ctx, after, limit-len(grants))
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	read := make([]readGrant, len(rows))
	for i, o := range rows {
		read[i] = o.read()
	}
	states, err := readStates(ctx, q, read)
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	for _, g := range read {
		grants = append(grants, g.grant(states))
	}
	return grants, nil
}

// nobodys is the Owner of a Grant that stands for the rows without an owner.
const nobodys = briefing.ReaderID(`""`)

// nameless returns the Grant of the rows without an owner, when there are any and the listing begins.
func (q *session) nameless(ctx context.Context, after briefing.ReaderID, limit int) ([]briefing.Grant, error) {
	if after != "" || limit < 1 {
		return nil, nil
	}
	n, err := q.ownerless(ctx)
	if err != nil || n == 0 {
		return nil, err
	}
	return []briefing.Grant{{Owner: nobodys, PassedOver: int(n) - 1, Fault: malformed(nobodys, errors.New("user_id is empty"))}}, nil
}

// ownerless returns how many rows have no owner.
func (q *session) ownerless(ctx context.Context) (int64, error) {
	if !q.shared.tokens.nameless {
		return 0, nil
	}
	n, _, err := one(ctx, q, scalar[int64], "SELECT COUNT(*) FROM gmail_token WHERE user_id IS NULL OR "+q.shared.tokens.key+" = ?", q.shared.tokens.none())
	return n, err
}

// owned returns the rows that count of the owners after the given one, with how many others there are of each.
func (q *session) owned(ctx context.Context, after briefing.ReaderID, limit int) ([]ownedToken, error) {
	t := &q.shared.tokens
	from, than := any(string(after)), " > ?"
	if raw, err := strconv.Unquote(string(after)); err == nil {
		from = raw
	}
	if from == "" {
		from = t.none()
		if !t.nameless {
			than = " >= ?"
		}
	}
	pick, order := "", t.key
	if !t.sole {
		pick, order = "DISTINCT ON ("+t.key+") ", t.key+", "+t.newest
	}
	rows, err := list(ctx, q, q.scanOwned, "SELECT "+pick+t.key+", "+t.columns+" FROM gmail_token WHERE "+t.key+than+" ORDER BY "+order+" LIMIT ?", from, limit)
	if err != nil || t.sole || len(rows) == 0 {
		return rows, err
	}
	return rows, q.count(ctx, rows)
}

// scanOwned reads a row behind the key of its owner.
func (q *session) scanOwned(row scanner) (ownedToken, error) {
	var o ownedToken
	t := &q.shared.tokens
	err := row.Scan(append([]any{anyText{(*string)(&o.owner)}}, t.targets(&o.raw)...)...)
	o.raw.readable(t)
	o.raw.keys = q.keys
	o.call()
	return o, err
}

// passedOver returns the other rows of the owners of these.
func (q *session) passedOver(ctx context.Context, rows []ownedToken) ([]ownedToken, error) {
	t := &q.shared.tokens
	counts, owners := map[string]bool{}, []any{}
	for _, o := range rows {
		if o.others > 0 {
			counts[o.key+o.raw.place] = true
			owners = append(owners, o.key)
		}
	}
	if len(owners) == 0 {
		return nil, nil
	}
	all, err := list(ctx, q, q.scanOwned, "SELECT "+t.key+", "+t.columns+" FROM gmail_token WHERE "+t.key+" IN (?"+strings.Repeat(", ?", len(owners)-1)+")", owners...)
	return slices.DeleteFunc(all, func(o ownedToken) bool { return counts[o.key+o.raw.place] }), err
}

// count sets how many other rows each owner has.
func (q *session) count(ctx context.Context, rows []ownedToken) error {
	key := q.shared.tokens.key
	index := make(map[string]int, len(rows))
	args := make([]any, len(rows))
	for i, o := range rows {
		index[o.key], args[i] = i, o.key
	}
	type owner struct {
		key  string
		rows int
	}
	owners, err := list(ctx, q, func(row scanner) (owner, error) {
		var o owner
		return o, row.Scan(anyText{&o.key}, &o.rows)
	}, "SELECT "+key+", COUNT(*) FROM gmail_token WHERE "+key+" IN (?"+strings.Repeat(", ?", len(args)-1)+") GROUP BY 1 HAVING COUNT(*) > 1", args...)
	for _, o := range owners {
		rows[index[o.key]].others = o.rows - 1
	}
	return err
}

// ownedToken is a row of gmail_token with whose it is.
type ownedToken struct {
	owner   briefing.ReaderID
	key     string // the owner as the table has it
	alien   bool   // that is no UUID
	readers bool   // it is a reader's; known once findReaders has looked
	others  int    // rows of the same owner
	raw     rawToken
}

// call gives the row the name of its owner: what is no UUID, in quotes.
func (o *ownedToken) call() {
	o.key = string(o.owner)
	if id, err := briefing.ParseReaderID(o.key); err != nil || string(id) != o.key {
		o.owner, o.alien = briefing.ReaderID(strconv.Quote(o.key)), true
	}
}

// parse returns the grant in the row; what could be read of it also with an error.
func (o ownedToken) parse() (tokenRow, briefing.Credential, error) {
	row, broken := o.raw.parse(o.owner)
	c, unclear := row.credential()
	var stranger error
	if o.alien {
		stranger = malformed(o.owner, errors.New("user_id is no UUID as readers have it"))
	}
	return row, c, errors.Join(stranger, broken, unclear)
}

// readGrant is a row of gmail_token and what could be read of it. To open and parse one is most of what listing it costs.
type readGrant struct {
	owned       ownedToken
	credential  briefing.Credential
	print       string // of the refresh token, "" without one
	flatChanged bool
	fault       error
}

// read makes sense of the row.
func (o ownedToken) read() readGrant {
	row, c, fault := o.parse()
	g := readGrant{owned: o, credential: c, flatChanged: row.flatChanged, fault: fault}
	if !c.RefreshToken.IsZero() {
		g.print = briefing.Fingerprint(c.RefreshToken)
	}
	return g
}

// readStates returns what is known of the grants' refresh tokens, by fingerprint.
func readStates(ctx context.Context, q *session, grants []readGrant) (map[string]grantState, error) {
	var prints []any
	for _, g := range grants {
		if g.print != "" {
			prints = append(prints, g.print)
		}
	}
	if len(prints) == 0 {
		return nil, nil
	}
	type keyed struct {
		key string
		grantState
	}
	known, err := list(ctx, q, func(row scanner) (keyed, error) {
		var k keyed
		err := row.Scan(append([]any{&k.key}, k.targets()...)...)
		return k, err
	}, "SELECT fingerprint, "+grantStateColumns+" FROM achim_credential_state WHERE fingerprint IN (?"+strings.Repeat(", ?", len(prints)-1)+")", prints...)
	states := make(map[string]grantState, len(known))
	for _, k := range known {
		states[k.key] = k.grantState
	}
	return states, err
}

// grant returns what may be told of the row.
func (r readGrant) grant(states map[string]grantState) briefing.Grant {
	c := r.credential
	g := briefing.Grant{
		Owner: r.owned.owner, Email: c.Email, Subject: c.Subject, ClientID: c.ClientID, Scopes: c.Scopes,
		HasAccessToken: !c.AccessToken.IsZero(), HasRefreshToken: r.print != "",
		FlatChanged: r.flatChanged, PassedOver: r.owned.others, Fault: r.fault,
	}
	if g.HasRefreshToken {
		g.Fingerprint = r.print
		g.State = states[g.Fingerprint].of(c.AccessToken)
		c.State = g.State
		g.Scopes = c.Holds()
	}
	return g
}
