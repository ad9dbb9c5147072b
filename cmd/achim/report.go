package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"achim/briefing"
	"achim/internal/app"
)

// showRun prints a run, for people or as JSON.
func (c *cli) showRun(ctx context.Context, a *app.App, run briefing.Run, asJSON bool) error {
	if asJSON {
		return c.printJSON(run)
	}
	people, err := a.People(ctx)
	if err != nil {
		return err
	}
	if err := printRun(c.out, run, people, a.Config.Timezone); err != nil {
		return err
	}
	if len(run.Readers) == 0 {
		fmt.Fprintln(c.err, "achim: there was nobody to brief: achim users list shows who is paused, achim users add adds a reader")
	}
	return nil
}

// printRun prints a line a reader, what a dry run composed, what to do about it, the counts, and when what is
// under way should be over.
func printRun(w io.Writer, run briefing.Run, people map[briefing.ReaderID]briefing.Reader, zone *time.Location) error {
	var t table
	for _, r := range run.Readers {
		t.row(nameOf(people, r.Reader), outcome(r), detail(r))
	}
	if err := t.print(w); err != nil {
		return err
	}
	for _, r := range run.Readers {
		if r.Text != "" {
			fmt.Fprintf(w, "\n── %s ──\n%s\n\n", nameOf(people, r.Reader), r.Text)
		}
	}
	for _, r := range run.Readers {
		for _, step := range advice(r, people[r.Reader]) {
			fmt.Fprintf(w, "%s: %s\n", nameOf(people, r.Reader), step)
		}
	}
	_, err := fmt.Fprintf(w, "%s%s · run %s\n", result(run), until(run, zone), run.ID)
	return err
}

// outcome says in words what the run did for a reader. The label belongs to briefings that were composed
// and went out, or would have.
func outcome(r briefing.RunReader) string {
	switch r.Outcome {
	case briefing.OutcomePending:
		return "under way"
	case briefing.OutcomeSkipped:
		return "skipped"
	case briefing.OutcomeFailed:
		return "failed"
	case briefing.OutcomeUnknown:
		return "unknown"
	case briefing.OutcomeStillDegraded:
		if r.Status == briefing.Complete {
			return "still degraded, mended since"
		}
		return "still degraded"
	case briefing.OutcomeDryRun:
		return fmt.Sprintf("not sent, %s", r.Status)
	default:
		return fmt.Sprintf("%s, %s", r.Outcome, r.Status)
	}
}

// detail gives the reasons, source by source.
func detail(r briefing.RunReader) string {
	var parts []string
	for source, v := range r.Verdicts {
		switch {
		case v.State == briefing.VerdictNotConnected:
			parts = append(parts, string(source)+" not connected")
		case !v.Whole():
			parts = append(parts, fmt.Sprintf("%s %s: %s", source, v.State, v.Reason))
		}
	}
	slices.Sort(parts)
	if r.Reason != "" {
		parts = slices.Insert(parts, 0, string(r.Reason))
	}
	return strings.Join(parts, "; ")
}

// result sums a run up, leaving out what there is none of: each reader counts once, by how their briefing stands now, and
// what this run has mended or tried to mend is told apart from what it has delivered.
func result(run briefing.Run) string {
	n := map[string]int{}
	for _, r := range run.Readers {
		n[countedAs(r)]++
	}
	var parts []string
	for _, word := range []string{"complete", "degraded", "mended", "mended since", "still degraded", "skipped", "failed", "unknown", "under way"} {
		if n[word] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[word], word))
		}
	}
	if len(parts) == 0 {
		return "nobody"
	}
	if slices.ContainsFunc(run.Readers, func(r briefing.RunReader) bool { return r.Outcome == briefing.OutcomeDryRun }) {
		parts = append(parts, "nothing sent")
	}
	return strings.Join(parts, ", ")
}

// countedAs is the word under which a reader counts.
func countedAs(r briefing.RunReader) string {
	switch r.Outcome {
	case briefing.OutcomePending:
		return "under way"
	case briefing.OutcomeSkipped, briefing.OutcomeFailed, briefing.OutcomeUnknown:
		return string(r.Outcome)
	}
	again := r.Outcome == briefing.OutcomeMended || r.Outcome == briefing.OutcomeStillDegraded
	switch {
	case again && r.Status == briefing.Degraded:
		return "still degraded"
	case r.Outcome == briefing.OutcomeStillDegraded:
		return "mended since"
	case again:
		return "mended"
	case r.Status == briefing.Degraded:
		return "degraded"
	default:
		return "complete"
	}
}

// advice says what a person can do about how it went for a reader, each cause once.
func advice(r briefing.RunReader, who briefing.Reader) []string {
	var steps []string
	add := func(step string) {
		if step != "" && !slices.Contains(steps, step) {
			steps = append(steps, step)
		}
	}
	switch r.Outcome {
	case briefing.OutcomeFailed:
		if r.Entry != "" {
			add(slackAdvice(r.Reason, who))
		}
	case briefing.OutcomeDelivered, briefing.OutcomeMended, briefing.OutcomeStillDegraded:
		add(messageAdvice(r.Reason))
	case briefing.OutcomeUnknown:
		add(fmt.Sprintf("Slack did not say whether it was posted: look into the DM, then achim runs resolve %s --delivered or --resend", r.Entry))
	default:
	}
	for source, v := range r.Verdicts {
		switch {
		case v.Whole():
		case source == briefing.News && v.Reason == briefing.ClientMisconfigured:
			add("a feed on a private address is not read: take it out, or set news.allow_private_networks (achim doctor names it)")
		default:
			add(googleAdvice(v.Reason, r.Reader))
		}
	}
	slices.Sort(steps)
	return steps
}

// slackAdvice says what to do about a DM that could not be delivered. Who tries again by itself is told, for a person
// who reads "failed" would do it in its stead.
func slackAdvice(reason briefing.Reason, who briefing.Reader) string {
	const again = "serve goes on trying by itself until the grace is over (grace in achim.yaml), and nothing is sent twice; without serve: achim run"
	switch reason {
	case briefing.ClientMisconfigured:
		return "Slack refuses the bot token: check SLACK_BOT_TOKEN, and that the app is installed with the scopes of configs/slack-manifest.yaml; " + again
	case briefing.RecipientUnreachable:
		if who.LeftReason == briefing.LeftSlack {
			return fmt.Sprintf("their Slack account is deactivated, and they are marked as gone: once they are here again, achim users set --user %s --back, or --slack with a new member id", who.ID)
		}
		return "Slack does not let the bot write to this person: check the member id (achim users set --slack), and whether their account is still active"
	case briefing.Unavailable, briefing.Timeout, briefing.RateLimited:
		return "Slack could not be reached or was too busy: " + again
	default:
		return ""
	}
}

// messageAdvice says what to do about a DM that stands and could not be brought up to date.
func messageAdvice(reason briefing.Reason) string {
	switch reason {
	case briefing.MessageGone:
		return "the DM was deleted, or Slack does not let it be edited any more: achim run --force sends a new one"
	case briefing.PayloadRefused:
		return "Slack refuses the briefing as it would be now: achim run --force sends a new one"
	default:
		return ""
	}
}

// googleAdvice says what to do about a source that could not be read and does not mend by itself.
func googleAdvice(reason briefing.Reason, reader briefing.ReaderID) string {
	switch reason {
	case briefing.ReauthRequired, briefing.ScopeMissing:
		return fmt.Sprintf("only they can mend it: give them the link of achim connect --user %s", reader)
	case briefing.ClientMisconfigured:
		return "Google refuses our client: check GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET and the redirect URL"
	case briefing.APIDisabled:
		return "a Google API is not enabled: enable Gmail and Calendar in the project of the Google client"
	case briefing.PolicyBlocked:
		return "their Google Workspace forbids it: their admin has to allow the app"
	default:
		return ""
	}
}

func nameOf(people map[briefing.ReaderID]briefing.Reader, id briefing.ReaderID) string {
	if name := people[id].Name; name != "" {
		return name
	}
	return string(id)
}
