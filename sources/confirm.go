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

// Confirm implements briefing.Connector.
func (g *Google) Confirm(ctx context.Context, ticket string) (briefing.Connection, error) {
	c, err := g.takePending(ctx, ticket)
	if err != nil {
		return briefing.Connection{}, err
	}
	if c.owner() == ownerOther && !c.switching {
		// An account was connected since the question was asked.
		return briefing.Connection{}, g.refuse(ctx, c, briefing.ConnectWrongAccount)
	}
	return g.connect(ctx, c)
}

// Decline implements briefing.Connector.
func (g *Google) Decline(ctx context.Context, ticket string) error {
	c, err := g.takePending(ctx, ticket)
	if err != nil {
		return err
	}
	return g.refuse(ctx, c, briefing.ConnectDeclined)
}

// takePending uses up the grant behind a ticket and finds its reader. Its errors are those of Finish.
func (g *Google) takePending(ctx context.Context, ticket string) (consented, error) {
	pending, err := g.store.TakePending(ctx, hashState(ticket), g.cfg.Now())
	if errors.Is(err, briefing.ErrNotFound) {
		return consented{}, consented{}.fail(briefing.ConnectStateUnknown, nil)
	}
	if err != nil {
		return consented{}, fmt.Errorf("take a grant to be confirmed: %w", err)
	}
	c := consented{switching: pending.Switch, grant: pending.Grant}
	c.reader, err = g.store.Reader(ctx, string(pending.Grant.ReaderID))
	switch {
	case errors.Is(err, briefing.ErrNotFound):
		c.reader = briefing.Reader{}
		return consented{}, g.refuse(ctx, c, briefing.ConnectReaderGone)
	case err != nil:
		return consented{}, fmt.Errorf("reader of a grant to be confirmed: %w", err)
	case !pending.UsedAt.IsZero():
		return consented{}, c.fail(briefing.ConnectStateUsed, nil)
	}
	if c.prior, err = g.prior(ctx, c.reader.ID); err != nil {
		return consented{}, fmt.Errorf("grant before the one to be confirmed: %w", err)
	}
	if !g.cfg.Now().Before(pending.ExpiresAt) {
		return consented{}, g.refuse(ctx, c, briefing.ConnectUnconfirmed)
	}
	return c, nil
}

// DropUnconfirmed takes back at Google, as far as that hurts nobody, what nobody confirmed in time. Of any number of
// processes one does it.
func (g *Google) DropUnconfirmed(ctx context.Context) error {
	for {
		late, err := g.store.TakeUnconfirmed(ctx, g.cfg.Now(), unconfirmedBatch)
		if err != nil {
			return fmt.Errorf("drop what nobody confirmed: %w", err)
		}
		for _, pending := range late {
			g.giveBack(ctx, pending.Grant)
		}
		if len(late) < unconfirmedBatch {
			return nil
		}
	}
}

// refuse ends a consent whose grant is not wanted.
func (g *Google) refuse(ctx context.Context, c consented, fault briefing.ConnectFault) *briefing.ConnectError {
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
// courtesy, so what fails is not tried again.
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
