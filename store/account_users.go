package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"achim/briefing"
)

// AccountInUse reports whether a row of anybody but except ("" = nobody) is of the Google account with this address
// and subject, or might be, or somebody else waits to confirm it: revoking at Google would end that grant as well.
// Subjects decide where both are known, else addresses. Where neither can be compared, as with a row that does not say
// whose account it is, it might be.
func (s *Store) AccountInUse(ctx context.Context, email, subject string, except briefing.ReaderID) (bool, error) {
	users, err := s.AccountUsers(ctx, email, subject, except)
	return len(users) > 0, err
}

// AccountUsers returns those because of whom AccountInUse says yes, each once, the certain ones first.
func (s *Store) AccountUsers(ctx context.Context, email, subject string, except briefing.ReaderID) ([]briefing.AccountUser, error) {
	// In this order: who says yes in between is found among those who have it.
	awaited, err := s.accountAwaited(ctx, email, subject, except, s.now())
	if err != nil {
		return nil, err
	}
	held, err := s.accountHeld(ctx, email, subject, except)
	if err != nil {
		return nil, err
	}
	for i := range awaited {
		awaited[i].Waits = true
	}
	var users []briefing.AccountUser
	at := map[briefing.ReaderID]int{}
	for _, u := range slices.Concat(held, awaited) {
		i, known := at[u.Owner]
		if !known {
			at[u.Owner], users = len(users), append(users, u)
			continue
		}
		users[i].Certain = users[i].Certain || u.Certain
	}
	slices.SortStableFunc(users, func(a, b briefing.AccountUser) int { return cmp.Compare(flag(b.Certain), flag(a.Certain)) })
	return users, nil
}

// accountHeld returns whose rows, of anybody but except, are of the account, or might be. Rows that open nothing are not
// among them: those without a token, and those whose grant Google has said to be over.
func (s *Store) accountHeld(ctx context.Context, email, subject string, except briefing.ReaderID) ([]briefing.AccountUser, error) {
	if except == "" {
		except = nobody
	}
	q := s.reader()
	t := &q.shared.tokens
	wanted := briefing.Credential{Email: email, Subject: subject}
	var rows []readGrant
	_, err := list(ctx, q, func(row scanner) (none struct{}, err error) {
		o, err := q.scanOwned(row)
		if err == nil && sameAccount(wanted, o.raw.account()) {
			if g := o.read(); g.opens() {
				rows = append(rows, g)
			}
		}
		return none, err
	}, "SELECT COALESCE(CAST("+t.key+" AS TEXT), ''), "+t.columns+" FROM gmail_token WHERE "+t.others()+" ORDER BY 1", string(except))
	if err != nil {
		return nil, fmt.Errorf("who else uses the Google account: %w", err)
	}
	var users []briefing.AccountUser
	for some := range slices.Chunk(rows, 500) {
		states, err := readStates(ctx, q, some)
		if err != nil {
			return nil, fmt.Errorf("who else uses the Google account: %w", err)
		}
		for _, g := range some {
			if states[g.print].DeadSince.IsZero() {
				users = accountUser(users, g.owned.owner, wanted, g.owned.raw.account())
			}
		}
	}
	return users, nil
}

// account returns whose a row says to be; nothing needs to be opened for it.
func (r rawToken) account() briefing.Credential {
	metadata, _ := parseObject(r.metadata)
	email, _ := metadata.text("email")
	subject, _ := metadata.text("sub")
	return briefing.Credential{Email: email, Subject: subject}
}

// opens reports whether the row holds a token, or may, being sealed with a key that is not here.
func (r readGrant) opens() bool {
	return r.print != "" || !r.credential.AccessToken.IsZero() || errors.Is(r.fault, ErrSealed)
}

// accountUser adds the owner of what is found to those who use the wanted account, if that is so or may be.
func accountUser(users []briefing.AccountUser, owner briefing.ReaderID, wanted, found briefing.Credential) []briefing.AccountUser {
	if !sameAccount(wanted, found) {
		return users
	}
	compared := wanted.Subject != "" && found.Subject != "" || wanted.Email != "" && found.Email != ""
	return append(users, briefing.AccountUser{Owner: owner, Certain: compared})
}

// sameAccount reports whether nothing speaks against the two being of one Google account.
func sameAccount(a, b briefing.Credential) bool {
	if a.Subject != "" && b.Subject != "" {
		return a.Subject == b.Subject
	}
	return a.Email == "" || b.Email == "" || briefing.SameAddress(a.Email, b.Email)
}
