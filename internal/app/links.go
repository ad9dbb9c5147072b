package app

import (
	"fmt"
	"slices"
	"time"

	"achim/briefing"
	"achim/internal/secret"
)

const (
	connectPurpose = "connect"
	connectFor     = 7 * 24 * time.Hour
	switchFlag     = "switch"

	briefingPurpose = "briefing"

	ownPurpose = "own page " // and which
	ownFor     = time.Hour
)

// ConnectURL returns the reader's signed link to the page that starts a connection. It works for seven days,
// any number of times. switchAccount allows another Google account than before.
func (a *App) ConnectURL(reader briefing.ReaderID, switchAccount bool) string {
	claim := secret.Claim{Purpose: connectPurpose, Subject: string(reader), Expires: a.now().Add(connectFor)}
	if switchAccount {
		claim.Flags = []string{switchFlag}
	}
	return a.Config.PublicURL + "/connect/" + a.links.Sign(claim)
}

// linkForDM is ConnectURL where a phone could use the link, else "".
func (a *App) linkForDM(reader briefing.ReaderID) string {
	if !a.anyLinks && !a.Config.LinksUsable() {
		return ""
	}
	return a.ConnectURL(reader, false)
}

// BriefingURL returns the signed link to the page of one briefing, which opens no other. It works for as long as what
// the page shows is kept.
func (a *App) BriefingURL(id briefing.EntryID) string {
	return a.Config.PublicURL + "/briefings/" + string(id) + "?t=" + a.links.Sign(secret.Claim{
		Purpose: briefingPurpose, Subject: string(id), Expires: a.now().Add(a.Config.Retention.Content)})
}

// briefingForDM is BriefingURL where a phone could use the link, else "".
func (a *App) briefingForDM(id briefing.EntryID) string {
	if !a.anyLinks && !a.Config.LinksUsable() {
		return ""
	}
	return a.BriefingURL(id)
}

// pageLinks are the links as the pages need them.
type pageLinks struct{ app *App }

// ConnectURL returns a fresh link to the reader's connect page.
func (l pageLinks) ConnectURL(reader briefing.ReaderID) string {
	return l.app.ConnectURL(reader, false)
}

// VerifyConnect returns what a connect link allows.
func (l pageLinks) VerifyConnect(token string) (reader briefing.ReaderID, switchAccount bool, err error) {
	claim, err := l.app.links.Verify(connectPurpose, token)
	if err != nil {
		return "", false, fmt.Errorf("connect link: %w", err)
	}
	return briefing.ReaderID(claim.Subject), slices.Contains(claim.Flags, switchFlag), nil
}

// OwnURL returns a link, good for an hour, to a page about the reader for whoever has just connected the account.
func (l pageLinks) OwnURL(page string, reader briefing.ReaderID, account string) string {
	return l.app.Config.PublicURL + "/" + page + "/" + l.app.links.Sign(secret.Claim{
		Purpose: ownPurpose + page, Subject: string(reader), Expires: l.app.now().Add(ownFor), Flags: []string{account}})
}

// VerifyOwn returns whom and which account such a link was made for.
func (l pageLinks) VerifyOwn(page, token string) (reader briefing.ReaderID, account string, err error) {
	claim, err := l.app.links.Verify(ownPurpose+page, token)
	if err != nil {
		return "", "", fmt.Errorf("link to %s: %w", page, err)
	}
	if len(claim.Flags) != 1 {
		return "", "", fmt.Errorf("link to %s: %w", page, secret.ErrForged)
	}
	return briefing.ReaderID(claim.Subject), claim.Flags[0], nil
}

// VerifyBriefing returns the briefing whose page a link opens.
func (l pageLinks) VerifyBriefing(token string) (briefing.EntryID, error) {
	claim, err := l.app.links.Verify(briefingPurpose, token)
	if err != nil {
		return "", fmt.Errorf("link to a briefing: %w", err)
	}
	return briefing.EntryID(claim.Subject), nil
}
