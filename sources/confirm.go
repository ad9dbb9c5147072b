package sources

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"achim/briefing"
)

// unconfirmedBatch is how many grants that nobody confirmed are taken back at Google at a time.
const unconfirmedBatch = 20

// ask keeps the grant apart until somebody says yes: a link may have been passed on, and whoever opened it may not
// know whose briefing it is.
func (g *Google) ask(ctx context.Context, c consented) (briefing.Connection, error) {
	switch {
	case c.grant.RefreshToken.IsZero():
		return briefing.Connection{}, c.fail(briefing.ConnectExchange, errNoRefreshToken)
	case c.grant.Email == "":
		return briefing.Connection{}, c.fail(briefing.ConnectExchange, errors.New("google did not say whose account it is"))
	}
	ticket := rand.Text() + rand.Text() // each Text holds 128 random bits
	err := g.store.SavePending(ctx, briefing.Pending{
		TicketHash: hashState(ticket), Grant: c.grant, Switch: c.switching, ExpiresAt: g.cfg.Now().Add(consentLife),
	})
	if err != nil {
		return briefing.Connection{}, fmt.Errorf("keep a grant to be confirmed: %w", err)
	}
	return briefing.Connection{
		Reader: c.reader, Email: c.grant.Email, Missing: lacking(c.grant.Scopes),
		Ticket: briefing.NewSecret(ticket), Replaces: c.prior.Email,
	}, nil
}

// Confirm implements briefing.Connector. Until the grant is stored it waits: nobody else's refusal may find its account
// unused and revoke it at Google.
func (g *Google) Confirm(ctx context.Context, ticket string) (briefing.Connection, error) {
	return g.confirm(ctx, hashState(ticket), 0)
}

// confirm says yes to the grant that waits behind the hash of a ticket, after so many tries.
func (g *Google) confirm(ctx context.Context, ticketHash string, tries int) (briefing.Connection, error) {
	c, fault, err := g.pending(ctx, ticketHash)
	c.tries = tries
	switch {
	case err != nil:
		return briefing.Connection{}, err
	case fault == "" && c.owner() == ownerOther && !c.switching:
		fault = briefing.ConnectWrongAccount // an account was connected since the question was asked
	}
	if fault != "" {
		return briefing.Connection{}, g.refuse(ctx, c, fault)
	}
	return g.connect(ctx, c)
}

// Decline implements briefing.Connector.
func (g *Google) Decline(ctx context.Context, ticket string) error {
	c, fault, err := g.pending(ctx, hashState(ticket))
	if err != nil {
		return err
	}
	if fault == "" {
		fault = briefing.ConnectDeclined
	}
	return g.refuse(ctx, c, fault)
}

// pending finds the grant that waits behind the hash of a ticket, with its reader, and for which fault it is to be refused; "" = for
// none. Its errors are those of Finish.
func (g *Google) pending(ctx context.Context, ticketHash string) (c consented, fault briefing.ConnectFault, err error) {
	p, err := g.store.FindPending(ctx, ticketHash)
	if errors.Is(err, briefing.ErrNotFound) {
		return c, "", c.fail(briefing.ConnectStateUnknown, nil)
	}
	if err == nil {
		err = p.Fault
	}
	if err != nil {
		return c, "", fmt.Errorf("a grant to be confirmed: %w", err)
	}
	c = consented{switching: p.Switch, grant: p.Grant, ticket: p.TicketHash}
	reader, err := g.store.Reader(ctx, string(p.Grant.ReaderID))
	switch {
	case errors.Is(err, briefing.ErrNotFound):
		return c, briefing.ConnectReaderGone, nil
	case err != nil:
		return c, "", fmt.Errorf("reader of a grant to be confirmed: %w", err)
	}
	c.reader = reader
	if !p.UsedAt.IsZero() {
		return c, "", c.fail(briefing.ConnectStateUsed, nil)
	}
	if c.prior, err = g.prior(ctx, c.reader.ID); err != nil {
		return c, "", fmt.Errorf("grant before the one to be confirmed: %w", err)
	}
	if !g.cfg.Now().Before(p.ExpiresAt) {
		fault = briefing.ConnectUnconfirmed
	}
	return c, fault, nil
}

// DropUnconfirmed takes back at Google, as far as that hurts nobody, what nobody confirmed in time. Of any number of
// processes one does it. What cannot be read is over as well; its error is of those, once, or the store's.
func (g *Google) DropUnconfirmed(ctx context.Context) error {
	var faults []error
	for {
		late, err := g.store.TakeUnconfirmed(ctx, g.cfg.Now(), unconfirmedBatch)
		if err != nil {
			return errors.Join(append(faults, fmt.Errorf("drop what nobody confirmed: %w", err))...)
		}
		for _, pending := range late {
			if pending.Fault != nil {
				faults = append(faults, fmt.Errorf("a grant that nobody confirmed cannot be read, and so not be revoked: %w", pending.Fault))
			}
			g.giveBack(ctx, pending.Grant)
		}
		if len(late) < unconfirmedBatch {
			return errors.Join(faults...)
		}
	}
}

// refuse ends a consent whose grant is not wanted. One that waits is taken first, so that nobody says yes to it meanwhile.
func (g *Google) refuse(ctx context.Context, c consented, fault briefing.ConnectFault) error {
	if c.ticket != "" {
		taken, err := g.store.TakePending(ctx, c.ticket, g.cfg.Now())
		if err != nil {
			return fmt.Errorf("take a grant to be confirmed: %w", err)
		}
		if !taken.UsedAt.IsZero() {
			if fault == briefing.ConnectReaderGone {
				return c.fail(fault, nil)
			}
			return c.fail(briefing.ConnectStateUsed, nil)
		}
	}
	e := c.fail(fault, nil)
	e.Chosen = c.grant.Email
	if fault == briefing.ConnectWrongAccount {
		e.Expected = c.prior.Email
		if e.First = c.prior.Email == "" && c.prior.Subject == ""; e.First {
			e.Expected = c.reader.Email
		}
	}
	e.Revoked = g.giveBack(ctx, c.grant)
	return e
}

// giveBack revokes at Google what a person has just allowed and nobody wants, and reports whether that is done.
// Revoking is project-wide: it is left alone where any row has a grant of the account, or may have. It is a
// courtesy, so what fails is not tried again. A consent to the same account that comes back from Google in the moment
// between looking and revoking is revoked along: the probe that ends it, or the next refresh, finds it dead, and the
// reader is told.
func (g *Google) giveBack(ctx context.Context, grant briefing.Credential) bool {
	token := grant.RefreshToken
	if token.IsZero() {
		token = grant.AccessToken
	}
	if token.IsZero() {
		return false
	}
	free, err := g.store.AccountFree(ctx, grant.Email, grant.Subject, g.cfg.Now())
	return err == nil && free && g.revoke(ctx, token) == nil
}
