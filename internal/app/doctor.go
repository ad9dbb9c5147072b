package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"achim/briefing"
	"achim/delivery"
	"achim/internal/config"
	"achim/internal/doctor"
	"achim/sources"
	"achim/store"
)

// Report is what an examination found.
type Report = doctor.Report

// ExamineOptions say what is examined.
type ExamineOptions struct {
	Config  config.Config
	Readers []string         // UUIDs, Slack ids or names: whose connections, DMs, feeds and briefings; none = everybody's
	Now     func() time.Time // nil = time.Now
	// Local is what this machine's clock shows where that is not Now; nil = Now.
	Local    func() time.Time
	Progress doctor.Progress // may be nil
}

// Examine looks at everything there is to look at, and says what is wrong and what mends it. It changes nothing, makes
// no database and writes to nobody. What it finds is no error of its: that is only a reader it is asked about and who is
// not there, and ctx done early.
func Examine(ctx context.Context, o ExamineOptions) (Report, error) {
	x := newExamination(ctx, o)
	defer x.close()
	if len(o.Readers) > 0 {
		if _, err := x.chosen(); FieldFault(err) != nil {
			return Report{}, err
		}
	}
	return doctor.Run(ctx, x.checks(), o.Progress)
}

// PrintReport writes a report for a person.
func PrintReport(w io.Writer, r Report) error { return doctor.Print(w, r) }

// checks is the only list of them, in the order in which they are told.
func (x *examination) checks() []doctor.Check {
	return []doctor.Check{
		{Name: "database", Look: x.checkDatabase},
		{Name: "migrations", Look: x.checkMigrations},
		{Name: "shared tables", Look: x.checkSharedTables},
		{Name: "database file", Look: x.checkDatabaseFile},
		{Name: "database clock", Look: x.checkDatabaseClock},
		{Name: "clock", Look: x.checkClock},
		{Name: "time zones", Look: x.checkZones},
		{Name: "settings", Look: x.checkSettings},
		{Name: "secrets", Look: x.checkSecrets},
		{Name: "what is sealed", Look: x.checkSeals, Within: long},
		{Name: "Google client", Look: x.checkGoogleClient},
		{Name: "Google's Testing", Look: x.checkTesting},
		{Name: "Google connections", Look: x.checkGrants, Within: long},
		{Name: "readers not connected", Look: x.checkNotConnected},
		{Name: "Slack token", Look: x.checkSlackToken},
		{Name: "Slack scopes", Look: x.checkSlackScopes},
		{Name: "Messages tab", Look: x.checkMessagesTab},
		{Name: "readers in Slack", Look: x.checkReaders, Within: long},
		{Name: "feeds", Look: x.checkFeeds, Within: long},
		{Name: "alarms", Look: x.checkAlarms},
		{Name: "operator in Slack", Look: x.checkOperator},
		{Name: "engine", Look: x.checkEngine},
		{Name: "unknown briefings", Look: x.checkUnknown},
		{Name: "last briefings", Look: x.checkMornings},
	}
}

const (
	long      = 90 * time.Second // for checks that ask about every reader
	factTime  = 15 * time.Second // for what several checks build on
	atOnce    = 8                // calls of one check
	mostAsked = 200              // readers or feeds a check asks others about: more is a load, and tells no more
)

// examination is one look at everything. What several checks need is found out once, by whoever needs it first.
type examination struct {
	cfg   config.Config
	now   func() time.Time
	local func() time.Time // of this machine
	timed bool             // the time is the machine's own, so that it may be compared with the database's

	opened    func() (*store.Store, error)       // a database that answers
	migrated  func() (*store.Store, error)       // and is up to date
	everybody func() ([]briefing.Reader, error)  // who has a briefing
	chosen    func() ([]briefing.Reader, error)  // of them, whom it is about
	grants    func() ([]briefing.Grant, error)   // every row of gmail_token
	client    func() (sources.ClientExam, error) // what Google says of the client
	workspace func() (delivery.Workspace, error) // what Slack says of the token
	slack     *delivery.Slack
	asked     []string

	connections *http.Transport // to Slack

	mu    sync.Mutex
	store *store.Store // to be closed
}

// errTold means that what a check needs is missing, and that the check which found that out says so.
var errTold = errors.New("told elsewhere")

func newExamination(ctx context.Context, o ExamineOptions) *examination {
	x := &examination{cfg: o.Config, now: o.Now, local: o.Local, timed: o.Now == nil || o.Local != nil, asked: o.Readers}
	if x.now == nil {
		x.now = time.Now
	}
	if x.local == nil {
		x.local = x.now
	}
	x.connections = http.DefaultTransport.(*http.Transport).Clone()
	x.slack = delivery.NewSlack(delivery.SlackConfig{Token: x.cfg.Slack.BotToken, URL: x.cfg.Slack.URL, Now: x.now,
		Client: &http.Client{Transport: x.connections}})
	x.opened = fact(ctx, x.open)
	x.migrated = fact(ctx, x.upToDate)
	x.everybody = fact(ctx, x.allReaders)
	x.chosen = fact(ctx, x.whom)
	x.grants = fact(ctx, x.allGrants)
	x.client = fact(ctx, x.askGoogle)
	x.workspace = fact(ctx, x.askSlack)
	return x
}

// fact returns a function that finds something out when it is first called, and then knows it.
func fact[T any](ctx context.Context, find func(context.Context) (T, error)) func() (T, error) {
	return sync.OnceValues(func() (T, error) {
		ctx, cancel := context.WithTimeout(ctx, factTime)
		defer cancel()
		return find(ctx)
	})
}

// close closes the database and drops idle connections.
func (x *examination) close() {
	x.connections.CloseIdleConnections()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.store != nil {
		_ = x.store.Close() // everything was only read
	}
}

// unchecked says that something could not be looked at, unless that is told already.
func unchecked(subject string, err error) []doctor.Finding {
	if errors.Is(err, errTold) {
		return nil
	}
	return []doctor.Finding{doctor.Warn(doctor.NotChecked, subject, "%v", err)}
}

// atMost returns the first of a list that is too long to ask others about all of it.
func atMost[T any](all []T) []T { return all[:min(len(all), mostAsked)] }

// each calls do for all of the list, a few at a time, and returns what it found in the order of the list.
func each[T any](ctx context.Context, list []T, do func(context.Context, T) []doctor.Finding) []doctor.Finding {
	found := make([][]doctor.Finding, len(list))
	turns := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, one := range list {
		select {
		case turns <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		all.Go(func() {
			defer func() { <-turns }()
			found[i] = do(ctx, one)
		})
	}
	all.Wait()
	var findings []doctor.Finding
	for _, f := range found {
		findings = append(findings, f...)
	}
	return findings
}
