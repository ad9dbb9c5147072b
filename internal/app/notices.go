package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"achim/briefing"
	"achim/internal/config"
	"achim/sources"
	"achim/store"
)

// wireHerald makes what sends DMs that are no briefings.
func (a *App) wireHerald() {
	cfg := a.Config
	a.Herald = &briefing.Herald{
		Notices: a.Store, Members: a.Store, Grants: a.Store, Runs: a.Store, Roster: a.Roster,
		Deliverer: a.Pipeline.Deliverer, Renderer: a.Renderer, Defaults: a.Defaults, Pacer: a.Pacer,
		Operator: cfg.Slack.OperatorUser, Testing: a.testing, LogGist: cfg.ConversationLogContent == config.LogGist, Now: a.now,
		Trouble: func(n briefing.Announcement, err error) {
			a.Logger.Warn("a notice has trouble", "kind", n.Kind, "reader", n.Reader, "reason", briefing.ReasonOf(err), "error", err)
		},
		Settled: func(n briefing.Announcement) {
			a.Logger.Info("notice settled", "kind", n.Kind, "reader", n.Reader, "state", n.State, "reason", n.Reason)
		},
	}
	a.Pipeline.ToldAt = a.Herald.ToldAt
}

// testing reports whether grants end every seven days, because the Google app is not published.
func (a *App) testing(ctx context.Context) bool {
	if testing(a.Config) {
		return true
	}
	suspected, err := a.Store.TestingSuspected(ctx, a.Config.Google.ClientID)
	return err == nil && suspected // without a database nothing is told anyway
}

// checkNotices plans and sends what is due beside briefings.
func (a *App) checkNotices(ctx context.Context) {
	if a.Config.Slack.BotToken.IsZero() {
		return
	}
	if err := a.Herald.Check(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, briefing.ErrFenced) {
		a.Logger.WarnContext(ctx, "notices wait; the next minute tries again", "error", err)
	}
}

// deactivated marks a reader as gone of whom Slack says so, beside whoever has asked.
func (a *App) deactivated(id briefing.ReaderID, cause error) {
	if !errors.Is(cause, briefing.ErrDeactivated) {
		return
	}
	a.marking.RLock()
	a.behind.Go(func(ctx context.Context) {
		defer a.marking.RUnlock()
		left, err := a.Roster.Leave(ctx, id, briefing.LeftSlack, cause)
		if err != nil {
			a.Logger.ErrorContext(ctx, "a reader whose Slack account is deactivated could not be marked as gone; the next answer tries again",
				"reader", id, "error", err)
		}
		if left {
			a.Logger.WarnContext(ctx, "a reader is gone: their Slack account is deactivated", "reader", id)
		}
	})
}

// noteTrouble tells the operator of what they alone can mend, as soon as a source meets it.
func (a *App) noteTrouble(s briefing.Section) {
	source := s.Source
	if s.Provider == briefing.Feeds {
		return // of a feed that is refused the morning's alarm tells, which does not speak of our client
	}
	switch s.Verdict.Reason {
	case briefing.ClientMisconfigured:
		source = "" // which takes all of Google
	case briefing.APIDisabled:
	default:
		return
	}
	a.behind.GoWhileOpen(func(ctx context.Context) {
		fresh, err := a.Herald.Note(ctx, s.Verdict.Reason, source)
		if err != nil && ctx.Err() == nil {
			a.Logger.WarnContext(ctx, "a trouble could not be noted for the operator; the next reading tries again", "error", err)
		}
		if fresh && a.serving.Load() {
			a.checkNotices(ctx)
		}
	})
}

// Departed is what the night did about readers who are gone.
type Departed struct {
	Erased int // readers of whom nothing is kept any more but their name and settings
	Grants int // of them, those whose grant was revoked or forgotten
}

// endTries is how long after everything else of a reader who is gone was erased Google is no longer asked each night to
// revoke the grant while it cannot be reached, and the grant is forgotten all the same: fourteen nights, to the hour or not.
const endTries = 14*24*time.Hour - 12*time.Hour

// eraseLeft erases what is kept of readers who have been gone for thirty days, and ends their grants.
func (a *App) eraseLeft(ctx context.Context) (Departed, error) {
	var done Departed
	left, err := a.Store.LeftReaders(ctx)
	if err != nil {
		return done, err
	}
	errs := []error{}
	for _, r := range left {
		if a.now().Sub(r.LeftAt) < briefing.KeepLeft {
			continue
		}
		now, err := a.Store.Reader(ctx, string(r.ID))
		if errors.Is(err, briefing.ErrNotFound) || err == nil && !now.LeftAt.Equal(r.LeftAt) {
			continue // back since the list was read: ending grants takes its time
		}
		if err == nil {
			err = a.depart(ctx, now, &done)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return done, errors.Join(errs...)
}

// depart ends the grant of a reader who is long gone, and erases what is kept of them where that was not done in an
// earlier night. While Google cannot be reached, or a key is missing to read the grant, it stays, alone: forgotten, it
// could never be revoked.
func (a *App) depart(ctx context.Context, r briefing.Reader, done *Departed) error {
	erased := !r.ErasedAt.IsZero()
	grants, err := a.Store.CredentialsOf(ctx, r.ID)
	locked := errors.Is(err, briefing.Malformed)
	if err != nil && !locked && !errors.Is(err, briefing.ErrNotFound) {
		return err
	}
	if erased && (len(grants) == 0 || slices.ContainsFunc(grants, func(c briefing.Credential) bool { return connectedSince(c, r.ErasedAt) })) {
		return nil
	}
	end := a.Google.DisconnectRevoked
	if erased && !locked && a.now().Sub(r.ErasedAt) >= endTries {
		end = a.Google.Disconnect
	}
	ending, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	what, err := a.endGrant(ending, r, end, done)
	if err != nil || erased {
		return err
	}
	if what == store.EraseContents {
		if err := a.Store.DateGrants(ctx, grants); err != nil {
			return err
		}
	}
	if _, err := a.Store.Erase(ctx, r.ID, what); err != nil {
		return err
	}
	// What waits to be confirmed is nobody's now: it is taken back at once, or in the next minute.
	_ = a.Google.DropUnconfirmed(ending)
	done.Erased++
	return nil
}

// endGrant ends the grant of a reader who is gone, and returns what else of them may be erased.
func (a *App) endGrant(ctx context.Context, r briefing.Reader, end func(context.Context, briefing.ReaderID) (briefing.Revocation, error),
	done *Departed) (store.Erasing, error) {
	switch became, err := end(ctx, r.ID); {
	case errors.Is(err, sources.ErrNotRevoked):
		a.Logger.WarnContext(ctx, "Google cannot be asked to revoke the grant of a reader who is gone; tomorrow night tries again", "reader", r.ID, "error", err)
		return store.EraseContents, nil
	case errors.Is(err, briefing.ErrNotFound):
	case err != nil:
		return store.EraseContents, err
	default:
		done.Grants++
		if became == briefing.RevocationFailed {
			a.Logger.ErrorContext(ctx, "the grant of a reader who is gone was forgotten and could not be revoked at Google: they can end the access at https://myaccount.google.com/connections",
				"reader", r.ID)
		}
	}
	return store.EraseGathered, nil
}

// connectedSince reports whether a grant of a reader who was erased came after that: another program has put it there, or
// a person has connected. One that was there is dated (see store.DateGrants), and stays so when it is refreshed.
func connectedSince(c briefing.Credential, erased time.Time) bool {
	switch {
	case c.RefreshToken.IsZero():
		return false // no connection at all
	case !c.State.GrantedAt.IsZero():
		return c.State.GrantedAt.After(erased)
	}
	return c.State.CheckedAt.IsZero() || c.State.CheckedAt.After(erased)
}

// Erase forgets the reader with everything that is kept of them here, and ends their grant: revoked at Google unless
// somebody else uses the account, and forgotten. Rows of other programs stay.
//
// Who asked to be forgotten is, also when they do not wait for it, and when Google cannot be reached.
func (a *App) Erase(ctx context.Context, r briefing.Reader) (briefing.Erasure, error) {
	ctx = context.WithoutCancel(ctx)
	ending, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	rows, err := a.Store.GrantRows(ctx, r.ID)
	if err != nil {
		return briefing.Erasure{}, err
	}
	became, err := a.Google.Disconnect(ending, r.ID)
	if err != nil && !errors.Is(err, briefing.ErrNotFound) {
		return briefing.Erasure{}, err
	}
	grant := err == nil
	if became == briefing.RevocationFailed {
		a.Logger.WarnContext(ctx, "a grant was forgotten and could not be revoked at Google", "reader", r.ID)
	}
	erased, err := a.Store.Erase(ctx, r.ID, store.EraseAll)
	if err != nil {
		return briefing.Erasure{}, err
	}
	_ = a.Google.DropUnconfirmed(ending) // as above
	if erased.Grant, erased.Became = grant, became; grant {
		erased.Tables = append(erased.Tables, briefing.ErasedTable{Name: "gmail_token", Rows: max(1, rows)}) // which ending it has forgotten
	}
	return erased, nil
}
