package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"achim/briefing"
	"achim/internal/config"
	"achim/internal/doctor"
	"achim/sources"
	"achim/store"
)

// google returns what asks Google, with the grants of the store, which may be nil where none are needed.
func (x *examination) google(grants sources.GoogleStore) *sources.Google {
	return sources.NewGoogle(googleConfig(x.cfg, x.now), grants)
}

// askGoogle asks what Google says of the client.
func (x *examination) askGoogle(ctx context.Context) (sources.ClientExam, error) {
	google := x.google(nil)
	defer func() { _ = google.Close() }()
	return google.ExamineClient(ctx), nil
}

// hasClient reports whether a Google client is configured.
func (x *examination) hasClient() bool {
	return x.cfg.Google.ClientID != "" && !x.cfg.Google.ClientSecret.IsZero()
}

func (x *examination) checkGoogleClient(context.Context) []doctor.Finding {
	if !x.hasClient() {
		return []doctor.Finding{doctor.Fail(doctor.GoogleClient, "", "no client is configured: nobody can connect, and achim serve refuses to start").
			Do("set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET, or GOOGLE_CREDENTIALS_FILE")}
	}
	exam, _ := x.client()
	switch reason := briefing.ReasonOf(exam.Err); reason {
	case "":
		return []doctor.Finding{doctor.Well(doctor.GoogleClient, "", "Google takes the client")}
	case briefing.ClientMisconfigured:
		return []doctor.Finding{doctor.Fail(doctor.GoogleClient, "", "Google does not take the client: %v", cause(exam.Err))}
	case briefing.PolicyBlocked, briefing.Internal:
		return []doctor.Finding{doctor.Fail(doctor.GoogleClient, "", "Google refuses to say whether it takes the client (%s): %v", reason, cause(exam.Err))}
	default:
		return []doctor.Finding{doctor.Fail(doctor.GoogleReach, "", "Google's token endpoint cannot be asked (%s): %v", reason, cause(exam.Err))}
	}
}

// cause is an error without what the finding says already: the operation and the reason.
func cause(err error) error {
	if e, ok := errors.AsType[*briefing.Error](err); ok && e.Err != nil {
		return cause(e.Err)
	}
	return err
}

// allGrants reads every row of gmail_token.
func (x *examination) allGrants(ctx context.Context) ([]briefing.Grant, error) {
	s, err := x.migrated()
	if err != nil {
		return nil, err
	}
	var all []briefing.Grant
	for page, err := range briefing.GrantPages(ctx, s) {
		if err != nil {
			return all, err
		}
		all = append(all, page...)
	}
	return all, nil
}

// foreign reports whether the row names another Google client than the configured one.
func (x *examination) foreign(g briefing.Grant) bool {
	return g.ClientID != "" && g.ClientID != x.cfg.Google.ClientID
}

// checkTesting tells what whoever refreshes has noted of the client: it sees the grants die.
func (x *examination) checkTesting(ctx context.Context) []doctor.Finding {
	publishing := x.cfg.Google.Publishing
	if publishing == config.PublishingTesting {
		return []doctor.Finding{doctor.Warn(doctor.GoogleTesting, "", "google.publishing is testing: Google ends every connection after seven days")}
	}
	s, err := x.migrated()
	if err != nil {
		return unchecked("Google's Testing", err)
	}
	suspected, err := s.TestingSuspected(ctx, x.cfg.Google.ClientID)
	switch {
	case err != nil:
		return unchecked("Google's Testing", err)
	case suspected:
		return []doctor.Finding{doctor.Fail(doctor.GoogleTesting, "", "google.publishing is %s, but a connection has ended after seven days, as those of an app in Testing do", publishing)}
	case publishing == config.PublishingUnknown:
		return []doctor.Finding{doctor.Well(doctor.GoogleTesting, "", "no connection has ended after seven days")}
	}
	return []doctor.Finding{doctor.Well(doctor.GoogleTesting, "", "google.publishing is %s, and no connection has ended after seven days", publishing)}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// checkGrants looks at every row of gmail_token as it is stored, and tries those of the readers as a briefing would.
func (x *examination) checkGrants(ctx context.Context) []doctor.Finding {
	grants, err := x.grants()
	if err != nil {
		return unchecked("Google connections", err)
	}
	readers, err := x.chosen()
	if err != nil {
		return unchecked("Google connections", err)
	}
	owners, err := x.everybody()
	if err != nil {
		return unchecked("Google connections", err)
	}
	known, owned := byID(owners), byOwner(grants)
	var found []doctor.Finding
	if len(x.asked) == 0 {
		found = nobodys(slices.DeleteFunc(slices.Clone(grants), func(g briefing.Grant) bool { _, is := known[g.Owner]; return is }))
	}
	var try []connection
	for _, r := range readers {
		g, connected := owned[r.ID]
		if !connected {
			continue
		}
		c := connection{r, g}
		flaws := x.flaws(c)
		found = append(found, flaws...)
		if x.worthTrying(c) {
			try = append(try, c)
		}
	}
	return append(found, x.tryGrants(ctx, try)...)
}

// byOwner returns the grants by whose they are.
func byOwner(grants []briefing.Grant) map[briefing.ReaderID]briefing.Grant {
	owned := make(map[briefing.ReaderID]briefing.Grant, len(grants))
	for _, g := range grants {
		owned[g.Owner] = g
	}
	return owned
}

// connection is a reader and their grant.
type connection struct {
	reader briefing.Reader
	grant  briefing.Grant
}

// connect is the command that mends a reader's grant.
func (c connection) connect() string { return fmt.Sprintf("achim connect --user %s", c.reader.ID) }

// nobodys tells of the rows without a reader, in one finding of each kind: they are other programs', never briefed, and may
// be very many.
func nobodys(grants []briefing.Grant) []doctor.Finding {
	var plain, broken []string
	plainRows, brokenRows := 0, 0
	for _, g := range grants {
		if unreadable(g) {
			brokenRows += 1 + g.PassedOver
			broken = append(broken, string(g.Owner)+" ("+fault(g)+")")
		} else {
			plainRows += 1 + g.PassedOver
			plain = append(plain, string(g.Owner))
		}
	}
	var found []doctor.Finding
	if n := plainRows; n > 0 {
		found = append(found, doctor.Note(doctor.GrantWithoutReader, "", "%s: %s",
			plural(n, "row of gmail_token has no reader here and is never briefed", "rows of gmail_token have no reader here and are never briefed"), someOf(plain)).Of(n))
	}
	if n := brokenRows; n > 0 {
		found = append(found, doctor.Warn(doctor.GrantMalformed, "", "%s no reader here and cannot be read: %s",
			plural(n, "row of gmail_token has", "rows of gmail_token have"), someOf(broken)).Of(n).Do("correct or delete what is nobody's"))
	}
	return found
}

// unreadable reports whether the row cannot be read. One that lacks a key is told with what is sealed.
func unreadable(g briefing.Grant) bool { return g.Fault != nil && !errors.Is(g.Fault, store.ErrSealed) }

// mostNamed is how many of many a finding names.
const mostNamed = 3

// someOf names the first of the list and counts the others.
func someOf(list []string) string {
	if more := len(list) - mostNamed; more > 0 {
		return strings.Join(list[:mostNamed], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(list, ", ")
}

// fault says why a row cannot be read.
func fault(g briefing.Grant) string { return strings.ReplaceAll(cause(g.Fault).Error(), "\n", "; ") }

// flaws are what can be seen of a connection without asking Google. What is to be looked for is one line here.
func (x *examination) flaws(c connection) []doctor.Finding {
	g, who := c.grant, c.reader.Name
	ends := g.State.EndsAt
	left := ends.Sub(x.now())
	ending := doctor.Warn(doctor.GrantEnding, who, "ends on %s", x.day(ends))
	if left > endingSoon {
		ending = ending.At(doctor.Info)
	}
	var found []doctor.Finding
	for _, flaw := range []struct {
		is      bool
		finding doctor.Finding
	}{
		{unreadable(g), doctor.Fail(doctor.GrantMalformed, who, "the row of gmail_token cannot be read: %s", grantFault(g)).Do("%s", c.connect())},
		{g.Fault == nil && !g.HasRefreshToken, doctor.Fail(doctor.GrantNoRefreshToken, who, "there is no refresh token: what can be read ends within the hour").Do("%s", c.connect())},
		{g.FlatChanged, doctor.Warn(doctor.GrantFlatChanged, who, "another program has put another refresh token into the flat columns of the row since: ours is used as long as Google takes it, and theirs left alone")},
		{g.PassedOver > 0, doctor.Note(doctor.GrantPassedOver, who, "has %s in gmail_token, of which one counts", plural(g.PassedOver+1, "row", "rows"))},
		{x.foreign(g), doctor.Note(doctor.GrantForeignClient, who, "belongs to another Google client than the configured one, and is refreshed as that one")},
		{g.State.Gone, doctor.Fail(doctor.GrantDead, who, "Google says that the account was deleted").Do("achim users remove --user %s, or %s with another account", c.reader.ID, c.connect()+" --switch-account")},
		{!g.State.Gone && !g.State.DeadSince.IsZero(), doctor.Fail(doctor.GrantDead, who, "Google does not take it any more, known since %s", x.day(g.State.DeadSince)).Do("%s", c.connect())},
		{!ends.IsZero() && left > 0 && g.State.DeadSince.IsZero(), ending.Do("%s before then", c.connect())},
	} {
		if flaw.is {
			found = append(found, flaw.finding)
		}
	}
	return found
}

// endingSoon is how near a known end must be to be a warning.
const endingSoon = 3 * 24 * time.Hour

// grantFault is fault, "" for a row that can be read.
func grantFault(g briefing.Grant) string {
	if g.Fault == nil {
		return ""
	}
	return fault(g)
}

// day tells an instant to the operator.
func (x *examination) day(t time.Time) string {
	return t.In(x.cfg.Timezone).Format("2006-01-02 15:04")
}

// worthTrying reports whether asking Google about the grant could tell anything new.
func (x *examination) worthTrying(c connection) bool {
	g := c.grant
	if g.Fault != nil || !g.HasRefreshToken || !g.State.DeadSince.IsZero() || g.State.Gone {
		return false
	}
	exam, _ := x.client()
	return x.foreign(g) || (x.hasClient() && exam.Err == nil) // else the client is what is wrong, or Google
}

// tryGrants tries the grants as a briefing would.
func (x *examination) tryGrants(ctx context.Context, all []connection) []doctor.Finding {
	s, err := x.migrated()
	if err != nil || len(all) == 0 {
		return nil
	}
	google := x.google(s)
	defer func() { _ = google.Close() }()
	some := atMost(all)
	found := each(ctx, some, func(ctx context.Context, c connection) []doctor.Finding {
		exam := google.ExamineGrant(ctx, c.reader.ID)
		if ctx.Err() != nil {
			return []doctor.Finding{doctor.Warn(doctor.NotChecked, c.reader.Name, "Google did not answer in time")}
		}
		return x.judge(c, exam)
	})
	found = joined(found)
	bad := slices.ContainsFunc(found, func(f doctor.Finding) bool { return f.Level != doctor.Info })
	switch {
	case len(some) < len(all):
		found = append(found, doctor.Note(doctor.GrantsChecked, "", "%d of %d were tried now; of the others it was looked at what is stored", len(some), len(all)).Do("achim doctor --user tries one"))
	case !bad:
		found = append(found, doctor.Well(doctor.GrantsChecked, "", "%s mail and calendar just now", plural(len(all), "connection reads", "connections read")))
	}
	return found
}

// judge says what the trial of one grant means.
func (x *examination) judge(c connection, exam sources.GrantExam) []doctor.Finding {
	who := c.reader.Name
	if exam.Access != nil {
		return []doctor.Finding{x.refused(c, exam.Access)}
	}
	missing := ShortScopes(exam.Missing)
	var found []doctor.Finding
	for _, part := range []struct {
		api, what string
		err       error
	}{{"Gmail API", "mail", exam.Mail}, {"Google Calendar API", "calendar", exam.Calendar}} {
		switch reason := briefing.ReasonOf(part.err); reason {
		case "":
		case briefing.ScopeMissing:
			if len(missing) == 0 {
				missing = []string{part.what}
			}
		case briefing.APIDisabled:
			found = append(found, doctor.Fail(doctor.APIDisabled, part.api, "is not enabled in the Google Cloud project"))
		case briefing.PolicyBlocked:
			found = append(found, doctor.Fail(doctor.GrantBlocked, who, "%s may not be read: the administrator or the state of the account forbids it", part.what))
		default:
			found = append(found, doctor.Warn(doctor.GrantFailing, who, "%s cannot be read now (%s)", part.what, reason))
		}
	}
	switch {
	case len(missing) == 0:
	case !slices.ContainsFunc(missing, opens):
		found = append(found, doctor.Note(doctor.GrantScopes, who, "lacks %s, which opens nothing: only whose account it is cannot be told until they connect again", strings.Join(missing, ", ")).
			Do("nothing while it works; %s asks for it again", c.connect()))
	default:
		found = append(found, doctor.Fail(doctor.GrantScopes, who, "lacks %s", strings.Join(missing, ", ")).Do("%s, and every box is to be ticked", c.connect()))
	}
	return found
}

// opens reports whether the scope, by its short name, opens anything of the account, rather than telling whose it is.
func opens(scope string) bool { return scope != "openid" && !strings.HasPrefix(scope, "userinfo.") }

// refused says why a grant gives no access.
func (x *examination) refused(c connection, err error) doctor.Finding {
	who := c.reader.Name
	switch reason := briefing.ReasonOf(err); reason {
	case briefing.ReauthRequired:
		return doctor.Fail(doctor.GrantDead, who, "Google does not take it any more").Do("%s", c.connect())
	case briefing.PolicyBlocked:
		return doctor.Fail(doctor.GrantBlocked, who, "the administrator or the state of the account forbids it")
	case briefing.ClientMisconfigured:
		return doctor.Fail(doctor.GrantClient, who, "it was given to a Google client that does not get access with it: %v", cause(err)).Do("%s", c.connect())
	default:
		since := ""
		if at := c.grant.State.FailingSince; !at.IsZero() {
			since = ", failing since " + x.day(at)
		}
		return doctor.Warn(doctor.GrantFailing, who, "Google gives no access now (%s)%s", reason, since)
	}
}

// joined leaves one of the findings that are the same for several readers.
func joined(found []doctor.Finding) []doctor.Finding {
	slices.SortStableFunc(found, func(a, b doctor.Finding) int {
		return cmp.Compare(levelOrder(b.Level), levelOrder(a.Level))
	})
	var out []doctor.Finding
	for _, f := range found {
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

func levelOrder(l doctor.Level) int {
	return slices.Index([]doctor.Level{doctor.OK, doctor.Info, doctor.Warning, doctor.Error}, l)
}

// checkNotConnected names the readers who have not connected Google: nobody has to, and they are asked in the briefing.
func (x *examination) checkNotConnected(context.Context) []doctor.Finding {
	grants, err := x.grants()
	if err != nil {
		return nil // told with the connections
	}
	readers, err := x.chosen()
	if err != nil {
		return nil
	}
	var found []doctor.Finding
	owned := byOwner(grants)
	for _, r := range readers {
		if _, connected := owned[r.ID]; !connected {
			found = append(found, doctor.Note(doctor.NotConnected, r.Name, "has not connected Google").Do("achim connect --user %s", r.ID))
		}
	}
	return found
}
