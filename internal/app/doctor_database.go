package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"achim/briefing"
	"achim/internal/config"
	"achim/internal/doctor"
	"achim/internal/engine"
	"achim/store"
)

// open opens the database, and makes none.
func (x *examination) open(ctx context.Context) (*store.Store, error) {
	if path := store.File(x.cfg.DatabaseURL.Reveal()); path != "" {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no file %s yet: %w", path, fs.ErrNotExist)
		}
	}
	s, err := openStore(ctx, x.cfg, x.now)
	if err != nil {
		return nil, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.store = s
	return s, nil
}

// upToDate returns the database if nothing is pending; else errTold.
func (x *examination) upToDate(ctx context.Context) (*store.Store, error) {
	s, err := x.opened()
	if err != nil {
		return nil, errTold
	}
	if pending, err := pendingSteps(ctx, s); err != nil || len(pending) > 0 {
		return nil, errTold
	}
	return s, nil
}

// withoutDatabase is what nobody can look at without the tables.
const withoutDatabase = "not looked at before: shared tables, Google connections, readers and their DMs and feeds, engine, briefings"

func (x *examination) checkDatabase(context.Context) []doctor.Finding {
	_, err := x.opened()
	missing := doctor.Note(doctor.NotChecked, "", withoutDatabase)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []doctor.Finding{doctor.Fail(doctor.DatabaseReach, "", "%v", strings.TrimSuffix(err.Error(), ": "+fs.ErrNotExist.Error())).Do("achim migrate makes it"), missing}
	case errors.Is(err, store.ErrNewerSchema), errors.Is(err, store.ErrForeignSchema):
		what, remedy := lastPart(oneLine(err))
		return []doctor.Finding{doctor.Fail(doctor.Migrations, "", "%s", what).Do("%s", remedy), missing}
	case err != nil:
		return []doctor.Finding{doctor.Fail(doctor.DatabaseReach, "", "%s", oneLine(err)), missing}
	}
	return []doctor.Finding{doctor.Well(doctor.DatabaseReach, "", "%s answers", x.databaseName())}
}

// databaseName names the database without what opens it.
func (x *examination) databaseName() string {
	if path := store.File(x.cfg.DatabaseURL.Reveal()); path != "" {
		return "SQLite file " + path
	}
	return "PostgreSQL"
}

// oneLine is an error as one line: joined ones have several, and so have statements to be copied.
func oneLine(err error) string {
	return strings.NewReplacer(":\n\n", " ", ";\n\n", "; ", ";\n", "; ", "\n", "; ").Replace(strings.TrimRight(err.Error(), "\n"))
}

// lastPart cuts off what an error says last, which is its remedy.
func lastPart(text string) (what, remedy string) {
	if i := strings.LastIndex(text, ": "); i >= 0 {
		return text[:i], text[i+len(": "):]
	}
	return text, ""
}

func (x *examination) checkMigrations(ctx context.Context) []doctor.Finding {
	s, err := x.opened()
	if err != nil {
		return nil
	}
	pending, err := pendingSteps(ctx, s)
	missing := doctor.Note(doctor.NotChecked, "", withoutDatabase)
	switch {
	case len(pending) > 0 && err != nil:
		return []doctor.Finding{doctor.Fail(doctor.Migrations, "", "achim migrate refuses: %s", oneLine(err)).Do("mend what it names, then achim migrate"), missing}
	case err != nil:
		return unchecked("migrations", err)
	case slices.ContainsFunc(pending, isFirst):
		return []doctor.Finding{doctor.Fail(doctor.Migrations, "", "achim has no tables in it yet: %s", plural(len(pending), "step is pending", "steps are pending")), missing}
	case len(pending) > 0:
		return []doctor.Finding{doctor.Fail(doctor.Migrations, "", "its schema is behind this program: %s, from %s on",
			plural(len(pending), "step is pending", "steps are pending"), pending[0]), missing}
	}
	return []doctor.Finding{doctor.Well(doctor.Migrations, "", "its schema is up to date")}
}

// isFirst reports whether the pending step is the one before which there is nothing of ours.
func isFirst(step string) bool { return strings.HasPrefix(step, "00001_") }

func (x *examination) checkSharedTables(ctx context.Context) []doctor.Finding {
	s, err := x.migrated()
	if err != nil {
		return unchecked("shared tables", err)
	}
	if err := s.Probe(ctx); err != nil {
		return []doctor.Finding{doctor.Fail(doctor.SharedTables, "", "%s", oneLine(err))}
	}
	return []doctor.Finding{doctor.Well(doctor.SharedTables, "", "gmail_token and conversation_log take our rows")}
}

// checkDatabaseFile looks at who may read a SQLite file: it holds grants.
func (x *examination) checkDatabaseFile(context.Context) []doctor.Finding {
	path := store.File(x.cfg.DatabaseURL.Reveal())
	if path == "" {
		return nil
	}
	_, _ = x.opened() // so that the files beside it are there; that it does not open is told elsewhere
	open, err := store.OpenToOthers(path)
	switch {
	case err != nil:
		return unchecked("database file", err)
	case len(open) > 0:
		return []doctor.Finding{doctor.Fail(doctor.DatabaseFile, path, "others on this machine may read or write it, and it holds grants").
			Do("chmod 600 %s", strings.Join(open, " "))}
	}
	return nil
}

// checkDatabaseClock compares this machine's clock with the database's, by which all processes go.
func (x *examination) checkDatabaseClock(ctx context.Context) []doctor.Finding {
	s, err := x.opened()
	if err != nil || s.Exclusive() || !x.timed {
		return nil
	}
	corrected, err := s.Synchronize(ctx, &store.Clock{Local: x.local})
	if err != nil {
		return unchecked("database clock", err)
	}
	if corrected != 0 {
		return []doctor.Finding{doctor.Warn(doctor.DatabaseClock, "", "this machine's clock and the database's are %s apart; all processes go by the database's", corrected.Abs().Round(time.Second))}
	}
	return []doctor.Finding{doctor.Well(doctor.DatabaseClock, "", "its clock agrees with this machine's")}
}

// How far a clock may be off: what a briefing at the hour does not show, and what Slack's signatures take.
const (
	clockLate   = 10 * time.Second
	clockBroken = 2 * time.Minute
)

// checkClock compares this machine's clock with Google's.
func (x *examination) checkClock(context.Context) []doctor.Finding {
	exam, err := x.client()
	if err != nil || !exam.Dated {
		return nil // that Google cannot be asked is told where it is asked
	}
	word := "ahead of"
	if exam.Ahead < 0 {
		word = "behind"
	}
	off := exam.Ahead.Abs()
	switch {
	case off > clockBroken:
		return []doctor.Finding{doctor.Fail(doctor.Clock, "", "this machine's clock is %s %s Google's: briefings come at the wrong time",
			strings.TrimSuffix(off.Round(time.Minute).String(), "0s"), word)}
	case off > clockLate:
		return []doctor.Finding{doctor.Warn(doctor.Clock, "", "this machine's clock is %s %s Google's", off.Round(time.Second), word)}
	}
	return []doctor.Finding{doctor.Well(doctor.Clock, "", "this machine's clock agrees with Google's")}
}

// checkZones loads the operator's zone and every reader's.
func (x *examination) checkZones(context.Context) []doctor.Finding {
	var found []doctor.Finding
	for _, name := range []string{"Asia/Seoul", x.cfg.Timezone.String()} {
		if _, err := briefing.LoadZone(name); err != nil {
			return []doctor.Finding{doctor.Fail(doctor.ZoneData, name, "%v", err)}
		}
	}
	found = append(found, doctor.Well(doctor.ZoneData, "", "time zones are known; the default is %s", x.cfg.Timezone))
	readers, err := x.chosen()
	if err != nil {
		return append(found, unchecked("readers' time zones", err)...)
	}
	for _, r := range readers {
		if _, err := briefing.LoadZone(r.Timezone); r.Timezone != "" && err != nil {
			found = append(found, doctor.Fail(doctor.ReaderZone, r.Name, "%v: there is no briefing", err).Do("achim users set --user %s --timezone Asia/Seoul", r.ID))
		}
	}
	return found
}

// concerns says which finding a concern of the configuration is, and how grave. What is not here is looked at elsewhere.
func concerns(topic config.Topic) (doctor.Code, doctor.Level) {
	switch topic {
	case config.TopicPublicURL:
		return doctor.PublicURL, doctor.Warning
	case config.TopicRedirect:
		return doctor.RedirectURL, doctor.Error // Google accepts no other than the registered one, and nobody would answer there
	case config.TopicRedirectHost:
		return doctor.RedirectHost, doctor.Warning
	case config.TopicSigningSecret:
		return doctor.SigningSecret, doctor.Warning
	case config.TopicIdle:
		return doctor.IdleSetting, doctor.Info
	case config.TopicMending:
		return doctor.MendUntil, doctor.Warning
	case config.TopicPrivateFeeds:
		return doctor.PrivateFeeds, doctor.Info // somebody has chosen it
	case config.TopicOperator:
		return doctor.OperatorName, doctor.Warning
	case config.TopicPlainHTTP:
		return doctor.PlainHTTP, doctor.Warning
	case config.TopicOneSecret:
		return doctor.OneSecret, doctor.Warning
	case config.TopicShortSecret:
		return doctor.ShortSecret, doctor.Error
	case config.TopicSealing:
		return doctor.Sealing, doctor.Warning
	case config.TopicExposed:
		return doctor.ExposedTokens, doctor.Info
	}
	return "", ""
}

// concerned returns the findings for what the configuration itself warns of, of the given codes, and a good one for each
// that it does not warn of.
func (x *examination) concerned(good []doctor.Finding) []doctor.Finding {
	warned := map[doctor.Code][]doctor.Finding{}
	for _, c := range x.cfg.Concerns() {
		code, level := concerns(c.Topic)
		f := doctor.Warn(code, "", "%s", c.Text).At(level)
		if what, usual := strings.CutSuffix(c.Text, ": "+f.Remedy); usual {
			f.Summary = what
		} else if i := max(strings.LastIndex(c.Text, "; "), strings.LastIndex(c.Text, ": set ")); i >= 0 {
			f.Summary, f.Remedy = c.Text[:i], c.Text[i+len("; "):]
		}
		warned[code] = append(warned[code], f)
	}
	var found []doctor.Finding
	for _, f := range good {
		switch {
		case len(warned[f.Code]) > 0:
			found = append(found, warned[f.Code]...)
		case f.Summary != "":
			found = append(found, f)
		}
	}
	return found
}

// quiet is a good finding that nobody needs to be told.
func quiet(code doctor.Code) doctor.Finding { return doctor.Finding{Code: code} }

func (x *examination) checkSettings(context.Context) []doctor.Finding {
	return x.concerned([]doctor.Finding{
		doctor.Well(doctor.PublicURL, "", "%s can be used on a phone", x.cfg.PublicURL),
		doctor.Well(doctor.RedirectURL, "", "Google is to send people back to %s: it must be registered exactly so", x.cfg.Google.RedirectURL),
		quiet(doctor.RedirectHost), quiet(doctor.PlainHTTP), quiet(doctor.IdleSetting), quiet(doctor.MendUntil),
		quiet(doctor.SigningSecret), quiet(doctor.PrivateFeeds),
	})
}

func (x *examination) checkSecrets(context.Context) []doctor.Finding {
	if len(x.cfg.CronSecrets) == 0 {
		return []doctor.Finding{doctor.Fail(doctor.CronSecret, "", "CRON_SECRET is not set: achim serve refuses to start")}
	}
	return x.concerned([]doctor.Finding{
		doctor.Well(doctor.OneSecret, "", "triggering and reading have secrets of their own"), quiet(doctor.ShortSecret), quiet(doctor.ExposedTokens),
	})
}

// sealing says whether what is stored is sealed.
func (x *examination) sealing() []doctor.Finding {
	found := x.concerned([]doctor.Finding{doctor.Well(doctor.Sealing, "", "a key is set: tokens and content are sealed")})
	for i, f := range found {
		if f.Level == doctor.Warning && !x.cfg.EncryptionKey.IsZero() {
			found[i] = f.At(doctor.Info) // what stays plain is other programs', and somebody has chosen it
		}
	}
	return found
}

// checkSeals says whether there is a key, and looks for rows that need one which is not configured, and for plain ones
// beside a key.
func (x *examination) checkSeals(ctx context.Context) []doctor.Finding {
	s, err := x.migrated()
	if err != nil {
		return append(x.sealing(), unchecked("what is sealed", err)...)
	}
	counts, staying, err := s.Seals(ctx)
	if err != nil {
		return append(x.sealing(), unchecked("what is sealed", err)...)
	}
	var found []doctor.Finding
	plain, keyless, missing := int64(0), x.cfg.EncryptionKey.IsZero(), false
	for _, c := range counts {
		switch {
		case c.Key == "":
			plain += c.Rows
		case c.Key == store.NoKey:
			found = append(found, doctor.Fail(doctor.Seals, c.Table, "%s cannot be opened with any key", plural(int(c.Rows), "row", "rows")).
				Do("let the reader connect again if it is a grant; a row that has lost its user_id opens again beside it; nothing else brings back what the row held"))
		case !c.Held:
			missing = true
			f := doctor.Fail(doctor.Seals, c.Table, "%s sealed with key %s, which is not configured", plural(int(c.Rows), "row was", "rows were"), c.Key)
			if keyless {
				f = f.Do("set ACHIM_ENCRYPTION_KEY to the key that sealed what is there; a new one would open none of it")
			}
			found = append(found, f)
		}
	}
	switch {
	case keyless && missing:
		return found // to make a key is not the thing to do
	case keyless:
		return append(x.sealing(), found...)
	}
	beside, sealing := x.plainBeside(ctx, s, plain)
	found = append(found, beside...)
	found = append(found, stayingPlain(staying.Whole(), "plain", "nothing for rows that other programs read; achim users add --id makes one a reader's, and it is sealed")...)
	found = append(found, stayingPlain(staying.InPart(), "plain in part", "let their readers connect again: that sets flat columns right")...)
	if !sealing {
		return found // a key that is set here alone is no good news
	}
	return append(x.sealing(), found...)
}

// Where the documentation tells of what is plain beside a key.
const (
	settingAKey  = "docs/security.md#setting-a-key"
	whatIsSealed = "docs/security.md#what-is-sealed"
)

// plainBeside tells of so many plain rows beside a key, or that achim serve lacks the key and goes on writing them.
func (x *examination) plainBeside(ctx context.Context, s *store.Store, plain int64) (found []doctor.Finding, sealing bool) {
	lacks, err := serveLacksKey(ctx, s)
	switch {
	case err != nil:
		return unchecked("whether achim serve has this key", err), true
	case lacks:
		return []doctor.Finding{doctor.Fail(doctor.Seals, "", "achim serve runs without this key: what it writes is not sealed with it, and it could not read what is").
			Do("restart every achim serve on this database with ACHIM_ENCRYPTION_KEY set as it is here").See(settingAKey)}, false
	case plain > 0:
		return []doctor.Finding{doctor.Note(doctor.Seals, "", "%s still plain", plural(int(plain), "row is", "rows are")).
			Do("nothing: achim serve seals them in the background; achim keys rotate --reseal does it now").See(settingAKey)}, true
	}
	return nil, true
}

// stayingPlain tells of rows of gmail_token that are not sealed, how far, and why.
func stayingPlain(rows store.Staying, how, remedy string) []doctor.Finding {
	n := rows.Total()
	if n == 0 {
		return nil
	}
	return []doctor.Finding{doctor.Note(doctor.Seals, "gmail_token", "%s %s: %s", plural(int(n), "row stays", "rows stay"), how, rows).Do("%s", remedy).See(whatIsSealed)}
}

// checkEngine finds out whether anybody works on the ledger.
func (x *examination) checkEngine(ctx context.Context) []doctor.Finding {
	s, err := x.migrated()
	if err != nil {
		return unchecked("engine", err)
	}
	running, err := engineRuns(ctx, s)
	if err != nil {
		return unchecked("engine", err)
	}
	behind, err := s.Behind(ctx, x.now().Add(-plannedAfter))
	if err != nil {
		return unchecked("engine", err)
	}
	switch {
	case behind && running:
		return []doctor.Finding{doctor.Fail(doctor.Engine, "", "achim serve runs, and somebody's hour has passed without anybody planning for it").Do("look into the log of achim serve, and start it again")}
	case behind:
		return []doctor.Finding{doctor.Fail(doctor.Engine, "", "no achim serve runs on this database, and somebody's hour has passed")}
	case !running:
		return []doctor.Finding{doctor.Warn(doctor.Engine, "", "no achim serve runs on this database now")}
	}
	return []doctor.Finding{doctor.Well(doctor.Engine, "", "achim serve runs")}
}

// plannedAfter is how long after an hour somebody must have planned for it: the planner looks every minute.
const plannedAfter = 5 * time.Minute

func engineRuns(ctx context.Context, s *store.Store) (bool, error) {
	if s.Exclusive() {
		return s.EngineRuns()
	}
	return engine.Led(ctx, s.Pool())
}
