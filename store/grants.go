package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"

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
	n, _, err := one(ctx, q, scalar[int64], "SELECT COUNT(*) FROM gmail_token WHERE "+q.shared.tokens.ownerless(), q.shared.tokens.none())
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
	narrowed := " FROM gmail_token WHERE " + t.key + " IN (SELECT DISTINCT " + t.key + " FROM gmail_token WHERE " + t.key + than + " ORDER BY 1 LIMIT ?)"
	few := usualRows*limit + mostRows
	rows, err := list(ctx, q, q.scanOwned, "SELECT "+t.key+", "+t.columns+narrowed+" ORDER BY "+t.key+", "+t.newest+" LIMIT ?", from, limit, few)
	if err == nil && len(rows) < few {
		for group := range alike(rows) {
			for i := range group {
				group[i].others = len(group) - 1
			}
		}
	} else if err == nil {
		// Of owners with very many the oldest are left where they are. To rank them costs more than to read a few too many.
		rows, err = list(ctx, q, q.scanRanked, "SELECT * FROM (SELECT "+t.key+" AS owner, "+t.columns+", COUNT(*) OVER (PARTITION BY "+t.key+") - 1, "+
			"ROW_NUMBER() OVER (PARTITION BY "+t.key+" ORDER BY "+t.newest+") AS nth"+narrowed+") AS ranked WHERE nth <= ? ORDER BY owner, nth", from, limit, mostRows)
	}
	if err != nil {
		return nil, err
	}
	return q.foremost(ctx, rows, "")
}

const (
	// mostRows is how many rows of one owner are looked at for the one that counts: a program that only ever adds rows
	// leaves any number of them.
	mostRows = 100
	// usualRows is how many rows an owner has at most, on average, where nobody only ever adds them.
	usualRows = 20
)

// alike goes through the rows of each owner, which stand together.
func alike(rows []ownedToken) iter.Seq[[]ownedToken] {
	return func(yield func([]ownedToken) bool) {
		for len(rows) > 0 {
			n := 1
			for n < len(rows) && rows[n].key == rows[0].key {
				n++
			}
			if !yield(rows[:n]) {
				return
			}
			rows = rows[n:]
		}
	}
}

// counting returns the row of an owner that counts.
func (q *session) counting(ctx context.Context, owner briefing.ReaderID, lock string) (r rawToken, found bool, err error) {
	rows, err := q.newest(ctx, owner, "", lock)
	switch {
	case err != nil || len(rows) == 0:
		return r, false, err
	case len(rows) == 1:
		return rows[0].raw, true, nil
	}
	rows, err = q.foremost(ctx, rows, lock)
	if err != nil {
		return r, false, err
	}
	return rows[0].raw, true, nil
}

// newest returns the newest of an owner's rows that fulfil a condition, mostRows at most.
func (q *session) newest(ctx context.Context, owner briefing.ReaderID, condition, lock string) ([]ownedToken, error) {
	t := &q.shared.tokens
	args := []any{string(owner)}
	if !t.sole {
		args = append(args, mostRows)
	}
	rows, err := list(ctx, q, q.scanToken, t.find(condition, lock), args...)
	owned := make([]ownedToken, len(rows))
	for i, raw := range rows {
		owned[i] = ownedToken{owner: owner, key: string(owner), raw: raw}
	}
	return owned, err
}

// foremost returns of each owner's rows, which stand together, the newest first, the one that counts. What counts most is
// a refresh token, then that the row can be read, by whoever has its key, then that it is the newest. But one that Google has refused gives way to
// another of the same account that it has not: which is the newest may have been told wrongly.
func (q *session) foremost(ctx context.Context, rows []ownedToken, lock string) ([]ownedToken, error) {
	var counting []ownedToken
	var contested [][]readGrant
	var at []int
	for group := range alike(rows) {
		if len(group) > 1 {
			several, err := q.rivals(ctx, group[:min(len(group), mostRows)], lock)
			if err != nil {
				return nil, err
			}
			contested, at = append(contested, several), append(at, len(counting))
		}
		counting = append(counting, group[0])
	}
	all := slices.Concat(contested...)
	states, err := readStates(ctx, q, all)
	if err != nil {
		return nil, err
	}
	for i, several := range contested {
		counting[at[i]] = theOne(all[:len(several)], states)
		all = all[len(several):]
	}
	return counting, nil
}

// rivals reads an owner's rows, of which one counts. Where the newest are many and none can be refreshed, those follow that
// may be, however old they are: whoever only adds rows may have stored the refresh token with the first alone.
func (q *session) rivals(ctx context.Context, rows []ownedToken, lock string) ([]readGrant, error) {
	read := make([]readGrant, len(rows))
	for i, o := range rows {
		read[i] = o.read()
	}
	if len(rows) < mostRows || slices.ContainsFunc(read, readGrant.refreshes) {
		return read, nil
	}
	older, err := q.newest(ctx, briefing.ReaderID(rows[0].key), q.shared.tokens.refreshable(), lock)
	for _, o := range older {
		o.owner, o.alien, o.others = rows[0].owner, rows[0].alien, rows[0].others
		read = append(read, o.read())
	}
	return read, err
}

// theOne returns the one of an owner's several rows that counts.
func theOne(grants []readGrant, states map[string]grantState) ownedToken {
	dead := func(g readGrant) bool { return !states[g.print].DeadSince.IsZero() }
	worth := func(g readGrant) int64 { return 2*flag(g.refreshes()) + flag(g.legible()) }
	best := grants[0]
	for _, g := range grants[1:] {
		if worth(g) > worth(best) || worth(g) == worth(best) && dead(best) && !dead(g) && sameAccount(best.credential, g.credential) {
			best = g
		}
	}
	return best.owned
}

// scanOwned reads a row behind the key of its owner.
func (q *session) scanOwned(row scanner) (ownedToken, error) {
	return q.scanOwnedIn(&q.shared.tokens, row)
}

func (q *session) scanOwnedIn(t *tokenTable, row scanner) (ownedToken, error) {
	var o ownedToken
	err := row.Scan(append([]any{anyText{(*string)(&o.owner)}}, t.targets(&o.raw)...)...)
	o.raw.readable(t)
	o.raw.keys = q.keys
	o.call()
	return o, err
}

// scanRanked is scanOwned with how many other rows the owner has, and the how manieth this is.
func (q *session) scanRanked(row scanner) (ownedToken, error) {
	var others int
	var nth int64
	o, err := q.scanOwned(behind{row, []any{&others, &nth}})
	o.others = others
	return o, err
}

// behind is a row with more columns than whoever scans it knows.
type behind struct {
	row  scanner
	more []any
}

func (b behind) Scan(to ...any) error { return b.row.Scan(slices.Concat(to, b.more)...) }

// ownedToken is a row of gmail_token with whose it is.
type ownedToken struct {
	owner   briefing.ReaderID
	key     string // the owner as the table has it
	alien   bool   // that is no UUID
	nobodys bool   // there is none; known where all rows are walked through
	readers bool   // it is a reader's; known once findReaders has looked
	others  int    // rows of the same owner, where they are listed
	raw     rawToken
}

// lost reports whether the row was sealed as somebody's and is nobody's now. What is sealed opens beside its owner alone.
func (o ownedToken) lost() bool {
	token, _ := tokenColumn.keyOf(o.raw.token)
	config, _ := configColumn.keyOf(o.raw.config)
	return o.nobodys && (token != "" || config != "")
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

// refreshes reports whether the row has a refresh token, as far as it can be told: of tokens that lack their key here it is
// taken for granted. A process that holds the key lets this row count, and none may let another count beside it.
func (r readGrant) refreshes() bool {
	return r.print != "" || r.fault != nil && r.owned.raw.keys.lacks(tokenColumn, r.owned.raw.token)
}

// legible reports whether the row can be read, if not here, then where its key is.
func (r readGrant) legible() bool {
	return r.fault == nil || lacksKey(r.fault)
}

// readStates returns what is known of the grants' refresh tokens, by fingerprint, and has them be those that count.
func readStates(ctx context.Context, q *session, grants []readGrant) (map[string]grantState, error) {
	var prints []string
	for _, g := range grants {
		if g.print != "" {
			prints = append(prints, g.print)
		}
		if g.theirs.refresh != "" {
			prints = append(prints, briefing.Fingerprint(briefing.NewSecret(g.theirs.refresh)))
		}
	}
	type keyed struct {
		key string
		grantState
	}
	known, err := listIn(ctx, q, func(row scanner) (keyed, error) {
		var k keyed
		err := row.Scan(append([]any{&k.key}, k.targets()...)...)
		return k, err
	}, "SELECT fingerprint, "+grantStateColumns+" FROM achim_credential_state WHERE fingerprint", prints)
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
