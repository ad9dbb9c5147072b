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
	if t.sole {
		return list(ctx, q, q.scanOwned, "SELECT "+t.key+", "+t.columns+" FROM gmail_token WHERE "+t.key+than+" ORDER BY "+t.key+" LIMIT ?", from, limit)
	}
	rows, err := list(ctx, q, q.scanOwned, "SELECT "+t.key+", "+t.columns+" FROM gmail_token WHERE "+t.key+" IN (SELECT DISTINCT "+t.key+
		" FROM gmail_token WHERE "+t.key+than+" ORDER BY 1 LIMIT ?) ORDER BY "+t.key+", "+t.newest, from, limit)
	if err != nil {
		return nil, err
	}
	return q.foremost(ctx, rows)
}

// counting returns the row of an owner that counts.
func (q *session) counting(ctx context.Context, owner briefing.ReaderID, lock string) (r rawToken, found bool, err error) {
	t := &q.shared.tokens
	rows, err := list(ctx, q, q.scanToken, t.find(lock), string(owner))
	switch {
	case err != nil || len(rows) == 0:
		return r, false, err
	case len(rows) == 1:
		return rows[0], true, nil
	}
	owned := make([]ownedToken, len(rows))
	for i, raw := range rows {
		owned[i] = ownedToken{owner: owner, key: string(owner), raw: raw}
	}
	owned, err = q.foremost(ctx, owned)
	if err != nil {
		return r, false, err
	}
	return owned[0].raw, true, nil
}

// foremost returns of each owner's rows, which stand together, the newest first, the one that counts, with how many
// others there are. What counts most is a refresh token, then that the row can be read, then that it is the newest. But
// one that Google has refused gives way to another of the same account that it has not: which is the newest may have been
// told wrongly.
func (q *session) foremost(ctx context.Context, rows []ownedToken) ([]ownedToken, error) {
	var contested []readGrant
	for i, o := range rows {
		if i > 0 && rows[i-1].key == o.key || i+1 < len(rows) && rows[i+1].key == o.key {
			contested = append(contested, o.read())
		}
	}
	states, err := readStates(ctx, q, contested)
	if err != nil {
		return nil, err
	}
	var counting []ownedToken
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].key == rows[0].key {
			n++
		}
		if n == 1 {
			counting = append(counting, rows[0])
		} else {
			counting = append(counting, theOne(contested[:n], states))
			contested = contested[n:]
		}
		rows = rows[n:]
	}
	return counting, nil
}

// theOne returns the one of an owner's several rows that counts.
func theOne(grants []readGrant, states map[string]grantState) ownedToken {
	dead := func(g readGrant) bool { return !states[g.print].DeadSince.IsZero() }
	worth := func(g readGrant) int64 { return 2*flag(g.print != "") + flag(g.fault == nil) }
	best := grants[0]
	for _, g := range grants[1:] {
		if worth(g) > worth(best) || worth(g) == worth(best) && dead(best) && !dead(g) && sameAccount(best.credential, g.credential) {
			best = g
		}
	}
	counts := best.owned
	counts.others = len(grants) - 1
	return counts
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
	theirs      flatTokens
	flatChanged bool
	fault       error
}

// read makes sense of the row.
func (o ownedToken) read() readGrant {
	row, c, fault := o.parse()
	g := readGrant{owned: o, credential: c, theirs: row.theirs, flatChanged: row.flatChanged, fault: fault}
	if !c.RefreshToken.IsZero() {
		g.print = briefing.Fingerprint(c.RefreshToken)
	}
	return g
}

// outlived makes theirs count, which somebody else has put into the flat columns, if it does.
func (r *readGrant) outlived(states map[string]grantState) {
	refresh := briefing.NewSecret(r.theirs.refresh)
	theirs := briefing.Fingerprint(refresh)
	if r.theirs.outlives(states[r.print].CredentialState, states[theirs].CredentialState) {
		r.credential.AccessToken, r.credential.RefreshToken = briefing.NewSecret(r.theirs.access), refresh
		r.print, r.theirs, r.flatChanged = theirs, flatTokens{}, false
	}
}

// readStates returns what is known of the grants' refresh tokens, by fingerprint, and has them be those that count.
func readStates(ctx context.Context, q *session, grants []readGrant) (map[string]grantState, error) {
	var prints []any
	for _, g := range grants {
		if g.print != "" {
			prints = append(prints, g.print)
		}
		if g.theirs.refresh != "" {
			prints = append(prints, briefing.Fingerprint(briefing.NewSecret(g.theirs.refresh)))
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
	for i := range grants {
		grants[i].outlived(states)
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
