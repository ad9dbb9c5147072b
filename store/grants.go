package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"achim/briefing"
)

// Grants returns up to limit grants whose owner's id comes after the given one, in the order of these ids; ""
// begins with the first. A row that cannot be read is among them, with its Fault.
func (s *Store) Grants(ctx context.Context, after briefing.ReaderID, limit int) ([]briefing.Grant, error) {
	if after == "" {
		after = nobody
	}
	q := s.reader()
	rows, err := listTokens(ctx, q, string(after), limit)
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	states, err := readStates(ctx, q, rows)
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	grants := make([]briefing.Grant, len(rows))
	for i, o := range rows {
		grants[i] = o.grant(states)
	}
	return grants, nil
}

// listTokens reads up to limit rows of gmail_token of owners after the given one.
func listTokens(ctx context.Context, q *session, after string, limit int) ([]ownedToken, error) {
	return list(ctx, q, func(row scanner) (ownedToken, error) {
		o := ownedToken{raw: rawToken{keys: q.keys}}
		err := row.Scan(append([]any{anyText{(*string)(&o.owner)}}, o.raw.targets()...)...)
		return o, err
	}, "SELECT user_id, "+tokenColumns+" FROM gmail_token WHERE user_id > ? ORDER BY user_id LIMIT ?", after, limit)
}

// ownedToken is a row of gmail_token with whose it is.
type ownedToken struct {
	owner briefing.ReaderID
	raw   rawToken
}

// parse returns the grant in the row; what could be read of it also with an error.
func (o ownedToken) parse() (briefing.Credential, error) {
	row, broken := o.raw.parse(o.owner)
	c, unclear := row.credential()
	return c, errors.Join(broken, unclear)
}

// readStates returns what is known of the rows' refresh tokens, by fingerprint.
func readStates(ctx context.Context, q *session, rows []ownedToken) (map[string]grantState, error) {
	var prints []any
	for _, o := range rows {
		if c, _ := o.parse(); !c.RefreshToken.IsZero() {
			prints = append(prints, briefing.Fingerprint(c.RefreshToken))
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
func (o ownedToken) grant(states map[string]grantState) briefing.Grant {
	c, fault := o.parse()
	g := briefing.Grant{
		Owner: o.owner, Email: c.Email, Subject: c.Subject, ClientID: c.ClientID, Scopes: c.Scopes,
		HasAccessToken: !c.AccessToken.IsZero(), HasRefreshToken: !c.RefreshToken.IsZero(), Fault: fault,
	}
	if g.HasRefreshToken {
		g.Fingerprint = briefing.Fingerprint(c.RefreshToken)
		g.State = states[g.Fingerprint].of(c.AccessToken)
	}
	return g
}
