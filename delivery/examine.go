package delivery

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"achim/briefing"
)

// Workspace is what Slack says of the app and its token.
type Workspace struct {
	Bot, Team string
	Scopes    []string // granted to the token; nil when Slack did not say
}

// Examine asks Slack whose token this is and what it may do. Its error is a *briefing.Error.
func (s *Slack) Examine(ctx context.Context) (Workspace, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	c := s.call("auth.test", time.Time{})
	var w Workspace
	c.api = slack.New(s.token.Reveal(), slack.OptionAPIURL(s.url), slack.OptionHTTPClient(c),
		slack.OptionOnResponseHeaders(func(_ string, header http.Header) { w.Scopes = scopesIn(header) }))
	answer, err := c.api.AuthTestContext(ctx)
	if err == nil && (answer == nil || answer.UserID == "") {
		err = errNoAnswer
	}
	if err != nil {
		return Workspace{}, c.fail(err)
	}
	w.Bot, w.Team = answer.User, answer.Team
	return w, nil
}

// scopesIn reads the scopes that Slack names with an answer; nil where it names none.
func scopesIn(header http.Header) []string {
	if header.Get("X-OAuth-Scopes") == "" {
		return nil
	}
	return strings.FieldsFunc(header.Get("X-OAuth-Scopes"), func(r rune) bool { return r == ',' || r == ' ' })
}

// Member says whether somebody can be written to.
type Member string

// What may be known of a member without writing to them.
const (
	MemberFine        Member = "fine"
	MemberUnknown     Member = "unknown"     // Slack knows no such member, or does not show them to the app
	MemberDeactivated Member = "deactivated" // the account is switched off
	MemberBot         Member = "bot"         // which cannot be written to by another
)

// Look finds out whether the member can be written to, and neither writes nor opens a DM. It needs the
// scope users:read. Its error is a *briefing.Error: then nothing is known.
func (s *Slack) Look(ctx context.Context, id string) (Member, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	c := s.call("users.info", time.Time{})
	user, err := c.api.GetUserInfoContext(ctx, id)
	if answer, ok := errors.AsType[slack.SlackErrorResponse](err); ok && reasonOfCode(answer.Err) == briefing.RecipientUnreachable {
		return MemberUnknown, nil
	}
	switch {
	case err == nil && (user == nil || user.ID == ""):
		return "", c.fail(errNoAnswer)
	case err != nil:
		return "", c.fail(err)
	case user.Deleted:
		return MemberDeactivated, nil
	case user.IsBot || user.ID == slackbot:
		return MemberBot, nil
	}
	return MemberFine, nil
}

// slackbot is Slack's own, which says of itself that it is none.
const slackbot = "USLACKBOT"
