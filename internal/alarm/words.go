package alarm

import (
	"context"
	"strings"
	"time"
	"unicode"

	"achim/briefing"
	"achim/internal/language"
)

const (
	namesTold  = 3 // of the readers a cause concerns
	nameLength = 40
	namesFor   = 5 * time.Second // of looking names up
)

// words says in plain words what is wrong and what to do; with names to the operator alone.
func (a *Alarm) words(ctx context.Context, account Account, names bool) string {
	ctx, cancel := context.WithTimeout(ctx, namesFor)
	defer cancel()
	m := language.Morning{
		Due: account.Due.In(a.Zone), Expected: account.Expected, Affected: account.Affected(), Runs: account.Runs,
		Tally: []language.MorningCount{
			{Outcome: briefing.OutcomeDelivered, Status: briefing.Complete, Count: account.Delivered},
			{Outcome: briefing.OutcomeDelivered, Status: briefing.Degraded, Count: account.Degraded},
			{Outcome: briefing.OutcomeFailed, Count: account.Failed}, {Outcome: briefing.OutcomeUnknown, Count: account.Unknown},
			{Outcome: briefing.OutcomePending, Count: account.UnderWay}, {Outcome: briefing.OutcomeSkipped, Count: account.Missed + account.Spared},
		},
	}
	for _, c := range account.Causes {
		told := language.MorningCause{Outcome: c.Outcome, Reason: c.Reason, Sources: c.Sources, Count: len(c.Readers)}
		if names {
			told.Names = a.names(ctx, c.Readers)
		}
		m.Causes = append(m.Causes, told)
	}
	return strings.Join(language.OperatorLines(a.Language, m), "\n")
}

// names returns the names of the first of the readers that are known.
func (a *Alarm) names(ctx context.Context, readers []briefing.ReaderID) []string {
	var names []string
	for _, id := range readers[:min(namesTold, len(readers))] {
		if name := a.name(ctx, id); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// slackText keeps a text from pinging and linking, in Slack and whatever reads webhooks as Slack does.
func slackText() *strings.Replacer {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "＠")
}

// name returns the reader's name fit for one line of a message, "" when it is not known. Somebody typed it: it
// pings nobody, and hides nothing.
func (a *Alarm) name(ctx context.Context, id briefing.ReaderID) string {
	r, err := a.Readers.Reader(ctx, string(id))
	if err != nil {
		return "" // the number of readers is told all the same
	}
	letters := []rune(strings.Join(strings.Fields(strings.Map(func(l rune) rune {
		switch {
		case unicode.IsSpace(l):
			return ' '
		case unicode.IsControl(l), unicode.Is(unicode.Cf, l), unicode.Is(unicode.Co, l):
			return -1
		}
		return l
	}, r.Name)), " "))
	if len(letters) > nameLength {
		letters = append(letters[:nameLength-1], '…')
	}
	return slackText().Replace(string(letters))
}
