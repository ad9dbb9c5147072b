package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"achim/briefing"
	"achim/delivery"
	"achim/internal/doctor"
)

// askSlack asks whose token it is and what it may do.
func (x *examination) askSlack(ctx context.Context) (delivery.Workspace, error) {
	if x.cfg.Slack.BotToken.IsZero() {
		return delivery.Workspace{}, ErrNoSlackToken
	}
	return x.slack.Examine(ctx)
}

func (x *examination) checkSlackToken(context.Context) []doctor.Finding {
	w, err := x.workspace()
	switch {
	case errors.Is(err, ErrNoSlackToken):
		return []doctor.Finding{doctor.Fail(doctor.SlackToken, "", "SLACK_BOT_TOKEN is not set: no briefing can be delivered")}
	case briefing.ReasonOf(err) == briefing.ClientMisconfigured:
		return []doctor.Finding{doctor.Fail(doctor.SlackToken, "", "Slack does not take SLACK_BOT_TOKEN: %v", cause(err))}
	case err != nil:
		return []doctor.Finding{doctor.Fail(doctor.SlackReach, "", "Slack cannot be asked (%s): %v", briefing.ReasonOf(err), cause(err))}
	}
	return []doctor.Finding{doctor.Well(doctor.SlackToken, "", "Slack takes the token: %s in %s", w.Bot, w.Team)}
}

// slackScopes are the scopes of the manifest, and what is lost without each.
func slackScopes() []struct {
	scope, lost string
	level       doctor.Level
} {
	return []struct {
		scope, lost string
		level       doctor.Level
	}{
		{"chat:write", "no briefing can be posted", doctor.Error},
		{"im:write", "no DM can be opened", doctor.Error},
		{"im:history", "what became of a doubtful post cannot be found out, and the briefing is unknown", doctor.Error},
		{"users:read", "it cannot be seen beforehand whether a reader can be written to", doctor.Info},
	}
}

func (x *examination) checkSlackScopes(context.Context) []doctor.Finding {
	w, err := x.workspace()
	if err != nil {
		return nil // told with the token
	}
	if w.Scopes == nil {
		return []doctor.Finding{doctor.Note(doctor.SlackScopes, "", "Slack does not say which scopes the token has").Do("compare them with configs/slack-manifest.yaml")}
	}
	var found []doctor.Finding
	for _, s := range slackScopes() {
		if !slices.Contains(w.Scopes, s.scope) {
			found = append(found, doctor.Fail(doctor.SlackScopes, s.scope, "the token lacks it: %s", s.lost).At(s.level))
		}
	}
	if len(found) == 0 {
		found = append(found, doctor.Well(doctor.SlackScopes, "", "the token has the scopes it needs"))
	}
	return found
}

// mayPost reports whether the token works and has the scopes without which Slack refuses a briefing.
func (x *examination) mayPost() bool {
	w, err := x.workspace()
	return err == nil && (w.Scopes == nil || (slices.Contains(w.Scopes, "chat:write") && slices.Contains(w.Scopes, "im:write")))
}

// checkMessagesTab looks for briefings that Slack refused although it takes the token: without posting it cannot be seen
// whether the tab is on.
func (x *examination) checkMessagesTab(ctx context.Context) []doctor.Finding {
	if !x.mayPost() {
		return nil
	}
	last, err := x.lastDaily(ctx)
	if err != nil {
		return unchecked("Messages tab", err)
	}
	for _, entries := range last {
		newest := entries[0]
		if newest.Reason == briefing.ClientMisconfigured && newest.State != briefing.Delivered {
			return []doctor.Finding{doctor.Fail(doctor.SlackMessages, "", "Slack takes the token and has refused the briefing of %s: the app's Messages tab is probably off", newest.Date)}
		}
	}
	return nil
}

// sees reports whether members can be looked at.
func (x *examination) sees() bool {
	w, err := x.workspace()
	return err == nil && (w.Scopes == nil || slices.Contains(w.Scopes, "users:read"))
}

// checkReaders finds out who can be written to. Where the app may not look at members, a DM that is open already is opened
// again, which does nothing.
func (x *examination) checkReaders(ctx context.Context) []doctor.Finding {
	readers, err := x.chosen()
	switch {
	case err != nil:
		return unchecked("readers", err)
	case len(readers) == 0:
		return []doctor.Finding{doctor.Note(doctor.ReadersKnown, "", "there are none yet")}
	}
	if _, err := x.workspace(); err != nil {
		return nil
	}
	var barred atomic.Int64
	found := each(ctx, atMost(readers), func(ctx context.Context, r briefing.Reader) []doctor.Finding { return x.reach(ctx, r, &barred) })
	if n := int(barred.Load()); n > 0 {
		found = append(found, notAllowed("readers", "%s: Slack does not let the app see whether they can be written to", plural(n, "reader", "readers")).Of(n))
	}
	switch {
	case len(readers) > mostAsked:
		found = append(found, doctor.Note(doctor.ReadersKnown, "", "of %d it was asked whether %d can be written to", len(readers), mostAsked).Do("achim doctor --user asks about one"))
	case len(found) == 0 && x.sees():
		found = append(found, doctor.Well(doctor.ReadersKnown, "", "%s be written to", plural(len(readers), "reader can", "readers can")))
	}
	return found
}

// notAllowed tells, once for all it is about, what the app may not see: nothing is wrong with any reader, and the scopes have
// a finding of their own.
func notAllowed(subject, format string, args ...any) doctor.Finding {
	return doctor.Note(doctor.NotChecked, subject, format, args...).Do("give the app the scope users:read, if you want doctor to know")
}

// reach finds out whether one reader can be written to, or counts them as barred where the app may not ask.
func (x *examination) reach(ctx context.Context, r briefing.Reader, barred *atomic.Int64) []doctor.Finding {
	level := doctor.Error
	if x.pausedToday(r) {
		level = doctor.Info
	}
	remedy := func(f doctor.Finding) []doctor.Finding {
		return []doctor.Finding{f.At(level).Do("achim users set --user %s --slack with the right member id, or --pause, or achim users remove", r.ID)}
	}
	what, err := x.look(ctx, r)
	switch {
	case briefing.ReasonOf(err) == briefing.ClientMisconfigured:
		barred.Add(1)
	case err != nil:
		return []doctor.Finding{doctor.Warn(doctor.NotChecked, r.Name, "Slack did not say whether they can be written to (%s)", briefing.ReasonOf(err))}
	case what != "":
		return remedy(doctor.Fail(doctor.ReaderReach, r.Name, "%s", what))
	}
	return nil
}

// pausedToday reports whether the reader wants no briefing on what is today where they are.
func (x *examination) pausedToday(r briefing.Reader) bool {
	zone := x.cfg.Timezone
	if own, err := briefing.LoadZone(r.Timezone); r.Timezone != "" && err == nil {
		zone = own
	}
	return r.PausedOn(briefing.DateOf(x.now(), zone))
}

// look says why a reader cannot be written to, "" when they can or nobody knows.
func (x *examination) look(ctx context.Context, r briefing.Reader) (string, error) {
	if x.sees() {
		member, err := x.slack.Look(ctx, r.SlackUserID)
		return unreachable(member, r.SlackUserID), err
	}
	if r.SlackChannelID == "" {
		return "", nil
	}
	_, err := x.slack.Open(ctx, r)
	if briefing.ReasonOf(err) == briefing.RecipientUnreachable {
		return unreachable(delivery.MemberUnknown, r.SlackUserID), nil
	}
	return "", err
}

// unreachable says why the member cannot be written to, "" when they can.
func unreachable(m delivery.Member, id string) string {
	switch m {
	case delivery.MemberUnknown:
		return "Slack knows no member " + id + " whom the app may write to"
	case delivery.MemberDeactivated:
		return "the Slack account " + id + " is deactivated"
	case delivery.MemberBot:
		return id + " is a bot"
	default:
		return ""
	}
}

func (x *examination) checkOperator(ctx context.Context) []doctor.Finding {
	id := x.cfg.Slack.OperatorUser
	if id == "" || !x.sees() {
		return nil
	}
	member, err := x.slack.Look(ctx, id)
	if briefing.ReasonOf(err) == briefing.ClientMisconfigured {
		return []doctor.Finding{notAllowed("operator", "Slack does not let the app see whether they can be written to")}
	}
	if err != nil {
		return unchecked("operator", err)
	}
	if what := unreachable(member, id); what != "" {
		return []doctor.Finding{doctor.Fail(doctor.OperatorReach, "", "%s: nobody is told by DM what readers cannot mend", what)}
	}
	return []doctor.Finding{doctor.Well(doctor.OperatorReach, "", "the operator can be written to")}
}

func (x *examination) checkAlarms(context.Context) []doctor.Finding {
	operator, webhook := x.cfg.Slack.OperatorUser != "", x.cfg.AlertWebhookURL
	var found []doctor.Finding
	switch {
	case !operator && webhook.IsZero():
		found = append(found, doctor.Fail(doctor.Alarms, "", "neither SLACK_OPERATOR_USER nor ALERT_WEBHOOK_URL is set: nobody is told of a morning that goes wrong"))
	case !operator:
		found = append(found, doctor.Note(doctor.Alarms, "", "a webhook is told; no DM goes to anybody").Do("set SLACK_OPERATOR_USER to your member id"))
	case webhook.IsZero():
		found = append(found, doctor.Note(doctor.Alarms, "", "the operator gets a DM; when Slack is what broke, nobody is told").Do("set ALERT_WEBHOOK_URL to something that is not Slack"))
	default:
		found = append(found, doctor.Well(doctor.Alarms, "", "the operator gets a DM, and a webhook is told"))
	}
	found = append(found, x.concerned([]doctor.Finding{quiet(doctor.OperatorName)})...)
	if shape := webhookFault(webhook.Reveal()); shape != "" {
		found = append(found, doctor.Warn(doctor.AlertWebhook, "", "ALERT_WEBHOOK_URL %s", shape))
	}
	if x.cfg.HeartbeatURL.IsZero() {
		return append(found, doctor.Warn(doctor.Heartbeat, "", "HEARTBEAT_URL is not set: when achim serve itself is dead, nothing rings"))
	}
	return append(found, doctor.Well(doctor.Heartbeat, "", "HEARTBEAT_URL is set"))
}

// webhookFault says why an address cannot be that of an incoming webhook, "" when it can. It does not repeat the address,
// which is a password.
func webhookFault(address string) string {
	const slackHooks = "://hooks.slack.com"
	_, path, isSlack := strings.Cut(address, slackHooks)
	if isSlack && !strings.HasPrefix(path, "/services/") && !strings.HasPrefix(path, "/workflows/") && !strings.HasPrefix(path, "/triggers/") {
		return "is at hooks.slack.com and is no webhook there: it lacks what follows /services/"
	}
	return ""
}

// lastDaily returns the last daily briefings of those the examination is about, by reader, the newest first.
func (x *examination) lastDaily(ctx context.Context) (map[briefing.ReaderID][]briefing.Entry, error) {
	s, err := x.migrated()
	if err != nil {
		return nil, err
	}
	readers, err := x.chosen()
	if err != nil {
		return nil, err
	}
	entries, err := s.LastDaily(ctx, briefing.DateOf(x.now(), time.UTC).AddDays(-lookBackDays))
	known, last := byID(readers), map[briefing.ReaderID][]briefing.Entry{}
	for _, e := range entries {
		if _, is := known[e.Reader]; is {
			last[e.Reader] = append(last[e.Reader], e)
		}
	}
	return last, err
}

// How far is looked back for how mornings went, and how many bad ones in a row are no accident.
const (
	lookBackDays = 14
	inARow       = 3
)

func (x *examination) checkMornings(ctx context.Context) []doctor.Finding {
	last, err := x.lastDaily(ctx)
	if err != nil {
		return unchecked("last briefings", err)
	}
	readers, err := x.chosen()
	if err != nil {
		return unchecked("last briefings", err)
	}
	var found []doctor.Finding
	for _, r := range readers {
		entries := last[r.ID]
		if len(entries) < inARow || slices.ContainsFunc(entries[:inARow], notFailed) {
			continue
		}
		found = append(found, doctor.Fail(doctor.ReaderFailing, r.Name, "none of the last %d briefings arrived; the last, of %s: %s", inARow, entries[0].Date, why(entries[0])))
	}
	if len(found) == 0 && len(last) > 0 {
		found = append(found, doctor.Well(doctor.ReaderFailing, "", "nobody was without a briefing %d times in a row", inARow))
	}
	return found
}

// notFailed reports whether the reader got the briefing, or wanted none.
func notFailed(e briefing.Entry) bool {
	switch e.State {
	case briefing.Failed, briefing.Unknown:
		return false
	case briefing.Missed:
		return e.Reason != briefing.PastGrace
	default:
		return true
	}
}

func why(e briefing.Entry) string {
	if e.Reason == "" {
		return string(e.State)
	}
	return string(e.State) + ", " + string(e.Reason)
}

// checkUnknown names the briefings that wait for somebody to look.
func (x *examination) checkUnknown(ctx context.Context) []doctor.Finding {
	s, err := x.migrated()
	if err != nil {
		return unchecked("unknown briefings", err)
	}
	entries, err := s.Unsettled(ctx, briefing.DateOf(x.now(), time.UTC).AddDays(-lookBackDays), mostAsked)
	if err != nil {
		return unchecked("unknown briefings", err)
	}
	readers, err := x.chosen()
	if err != nil {
		return unchecked("unknown briefings", err)
	}
	known := byID(readers)
	var found []doctor.Finding
	for _, e := range entries {
		reader, is := known[e.Reader]
		if !is {
			continue // of somebody else, or removed
		}
		found = append(found, doctor.Fail(doctor.UnknownEntries, reader.Name, "Slack did not say whether the briefing of %s was posted", e.Date).
			Do("look into the DM, then achim runs resolve %s --delivered or --resend", e.ID))
	}
	return found
}
