package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"achim/briefing"
)

// ImportRow is what a file or another program's table says of one reader: values by the names the API has for them. What
// is not said, or empty, stays as it is.
type ImportRow struct {
	Line   int    // of the file; 0 from tables
	Whose  string // from tables: who it is there
	Values map[string]string
}

// where says which row it is.
func (r ImportRow) where() string {
	if r.Line > 0 {
		return fmt.Sprintf("line %d", r.Line)
	}
	return r.Whose
}

// ImportFault is a row that cannot be imported, and why.
type ImportFault struct {
	Row     ImportRow
	Problem string
}

// Error returns the row and what is wrong with it.
func (f ImportFault) Error() string { return f.Row.where() + ": " + f.Problem }

// SortFaults puts faults in the order of the lines of the file they are about; those about none come first.
func SortFaults(faults []error) {
	line := func(err error) int {
		f, _ := errors.AsType[ImportFault](err)
		return f.Row.Line
	}
	slices.SortStableFunc(faults, func(a, b error) int { return cmp.Compare(line(a), line(b)) })
}

// ImportAction is what an import does to a reader.
type ImportAction string

// The actions of an import.
const (
	ImportAdd    ImportAction = "add"
	ImportChange ImportAction = "change"
	ImportSame   ImportAction = "unchanged"
)

// ImportLine is what an import does with one row.
type ImportLine struct {
	Line    int               `json:"line,omitempty"`
	Action  ImportAction      `json:"action"`
	Reader  briefing.ReaderID `json:"user_id,omitempty"` // "" = a new one, until it is imported
	Name    string            `json:"name"`
	Slack   string            `json:"slack_user_id"`
	Changes []string          `json:"changes"` // such as "deliver_at: 09:00 → 08:30"

	row ImportRow
}

// ImportPlan is an import, thought through. Nothing of it has been done.
type ImportPlan struct {
	Lines  []ImportLine
	Faults []error // ImportFaults, in the order of the rows
}

// Count returns how many readers the import adds, changes and leaves.
func (p ImportPlan) Count() (add, change, same int) {
	for _, l := range p.Lines {
		switch l.Action {
		case ImportAdd:
			add++
		case ImportChange:
			change++
		default:
			same++
		}
	}
	return add, change, same
}

// importer matches rows with readers.
type importer struct {
	ids    map[briefing.ReaderID]briefing.Reader
	slacks map[string]briefing.Reader
	taken  map[string]string // what an earlier row has claimed, and which one
	check  faultsOf
}

// faultsOf returns what is wrong with a reader, beside as whom they were known.
type faultsOf func(old, r briefing.Reader) []*briefing.FieldError

// PlanImport compares rows with the readers there are, by user_id and else by slack_user_id. It changes nothing.
func (a *App) PlanImport(ctx context.Context, rows []ImportRow) (ImportPlan, error) {
	readers, err := a.Store.Readers(ctx)
	if err != nil {
		return ImportPlan{}, err
	}
	im := importer{ids: map[briefing.ReaderID]briefing.Reader{}, slacks: map[string]briefing.Reader{}, taken: map[string]string{}, check: a.Roster.Faults}
	for _, r := range readers {
		im.ids[r.ID] = r
		if r.SlackUserID != "" {
			im.slacks[r.SlackUserID] = r
		}
	}
	var plan ImportPlan
	for _, row := range rows {
		line, faults := im.plan(row)
		for _, fault := range faults {
			plan.Faults = append(plan.Faults, ImportFault{row, fault.Error()})
		}
		if len(faults) == 0 {
			plan.Lines = append(plan.Lines, line)
		}
	}
	return plan, nil
}

// plan thinks one row through.
func (im importer) plan(row ImportRow) (ImportLine, []error) {
	old, known, err := im.match(row)
	if err != nil {
		return ImportLine{}, []error{err}
	}
	r, faults := row.apply(old, im.check)
	if !row.has("slack_user_id") && !row.has("user_id") {
		faults = slices.DeleteFunc(faults, lacksSlackID) // told of the header
	}
	if other, ok := im.slacks[r.SlackUserID]; ok && other.ID != r.ID {
		faults = append(faults, fmt.Errorf("slack_user_id: %s is %s's already, whose user_id is %s", r.SlackUserID, other.Name, other.ID))
	}
	for _, claim := range []string{string(r.ID), r.SlackUserID} {
		if earlier, ok := im.taken[claim]; ok && claim != "" {
			faults = append(faults, fmt.Errorf("%s is in %s as well", claim, earlier))
		}
		im.taken[claim] = row.where()
	}
	line := ImportLine{Line: row.Line, Action: ImportAdd, Reader: r.ID, Name: r.Name, Slack: r.SlackUserID, Changes: []string{}, row: row}
	if known {
		line.Action, line.Changes = ImportSame, differences(old, r)
		if len(line.Changes) > 0 {
			line.Action = ImportChange
		}
	}
	return line, faults
}

// has reports whether the row has the column, empty or not.
func (r ImportRow) has(column string) bool {
	_, ok := r.Values[column]
	return ok
}

func lacksSlackID(err error) bool {
	f, ok := errors.AsType[*briefing.FieldError](err)
	return ok && f.Field == "slack_user_id"
}

// match finds the reader a row is about, or begins a new one, who has no id yet unless the row says which.
func (im importer) match(row ImportRow) (r briefing.Reader, known bool, err error) {
	if text := row.Values["user_id"]; text != "" {
		id, err := briefing.ParseReaderID(text)
		if err != nil {
			return r, false, err
		}
		if r, known = im.ids[id]; !known {
			r.ID = id
		}
		return r, known, nil
	}
	r, known = im.slacks[row.Values["slack_user_id"]]
	return r, known, nil
}

// apply puts what the row says onto r and returns everything that is wrong with it then.
func (r ImportRow) apply(to briefing.Reader, check faultsOf) (briefing.Reader, []error) {
	var faults []error
	before := to
	for _, c := range importColumns {
		value := r.Values[c.name]
		if value == "" {
			continue
		}
		if err := c.set(&to, value); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", c.name, err))
		}
	}
	for _, f := range check(before, to) {
		faults = append(faults, f)
	}
	return to, faults
}

// importColumn is something that can be said of a reader.
type importColumn struct {
	name string
	set  func(*briefing.Reader, string) error
	text func(briefing.Reader) string
}

// importColumns are named as in the API.
var importColumns = []importColumn{
	{"user_id", func(*briefing.Reader, string) error { return nil }, func(r briefing.Reader) string { return string(r.ID) }},
	textColumn("name", func(r *briefing.Reader) *string { return &r.Name }),
	{"slack_user_id", func(r *briefing.Reader, v string) error {
		if r.SlackUserID != v {
			r.SlackUserID, r.SlackChannelID = v, "" // the DM was with somebody else
		}
		return nil
	}, func(r briefing.Reader) string { return r.SlackUserID }},
	textColumn("email", func(r *briefing.Reader) *string { return &r.Email }),
	textColumn("timezone", func(r *briefing.Reader) *string { return &r.Timezone }),
	{"deliver_at", setHour, func(r briefing.Reader) string {
		if r.At == nil {
			return ""
		}
		return r.At.String()
	}},
	{"weekdays", func(r *briefing.Reader, v string) (err error) {
		r.Weekdays, err = briefing.ParseWeekdays(strings.FieldsFunc(v, func(c rune) bool { return strings.ContainsRune(" ,;+/|[]\"'", c) }))
		return err
	}, func(r briefing.Reader) string { return strings.Join(r.Weekdays.Names(), ",") }},
	textColumn("language", func(r *briefing.Reader) *string { return (*string)(&r.Language) }),
	{"feeds", func(r *briefing.Reader, v string) error {
		var feeds []briefing.Feed
		for _, url := range strings.Fields(v) {
			i := slices.IndexFunc(r.Feeds, func(f briefing.Feed) bool { return f.URL == url })
			if i < 0 {
				feeds = append(feeds, briefing.Feed{URL: url})
				continue
			}
			feeds = append(feeds, r.Feeds[i])
		}
		r.Feeds = feeds
		return nil
	}, feedsText},
	{"paused", func(r *briefing.Reader, v string) error {
		r.PausedUntil = briefing.Date{} // an end from before would void a pause without one, or a resume
		return flagSetter(func(r *briefing.Reader) *bool { return &r.Paused })(r, v)
	}, func(r briefing.Reader) string { return strconv.FormatBool(r.Paused) }},
	{"paused_until", func(r *briefing.Reader, v string) error { return r.PausedUntil.UnmarshalText([]byte(v)) },
		func(r briefing.Reader) string { return r.PausedUntil.String() }},
	{"skip_holidays", flagSetter(func(r *briefing.Reader) *bool { return &r.SkipHolidays }),
		func(r briefing.Reader) string { return strconv.FormatBool(r.SkipHolidays) }},
	textColumn("notification", func(r *briefing.Reader) *string { return (*string)(&r.Notification) }),
}

func textColumn(name string, of func(*briefing.Reader) *string) importColumn {
	return importColumn{name, func(r *briefing.Reader, v string) error { *of(r) = v; return nil }, func(r briefing.Reader) string { return *of(&r) }}
}

func flagSetter(of func(*briefing.Reader) *bool) func(*briefing.Reader, string) error {
	return func(r *briefing.Reader, v string) error {
		is, err := strconv.ParseBool(strings.ToLower(v))
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", v)
		}
		*of(r) = is
		return nil
	}
}

// setHour also takes what spreadsheets make of an hour: 9:00, 09:00:00.
func setHour(r *briefing.Reader, v string) error {
	text := v
	if strings.Count(text, ":") == 2 {
		text = strings.TrimSuffix(text, ":00")
	}
	if len(text) == len("9:00") {
		text = "0" + text
	}
	at, err := briefing.ParseTimeOfDay(text)
	if err != nil {
		return fmt.Errorf("%q is not a time of day like 09:00", v)
	}
	r.At = &at
	return nil
}

func feedsText(r briefing.Reader) string {
	urls := make([]string, len(r.Feeds))
	for i, f := range r.Feeds {
		urls[i] = f.URL
	}
	return strings.Join(urls, " ")
}

// differences tells what of a reader changes.
func differences(old, now briefing.Reader) []string {
	all := []string{}
	for _, c := range importColumns {
		if was, is := c.text(old), c.text(now); was != is {
			all = append(all, c.name+": "+cmp.Or(was, "(default)")+" → "+cmp.Or(is, "(default)"))
		}
	}
	return all
}

// Welcomes returns how many people the import would welcome with a DM, and how many of them have a Google connection
// already, so that none of it asks them for one.
func (a *App) Welcomes(ctx context.Context, plan ImportPlan) (people, connected int, err error) {
	added := map[briefing.ReaderID]bool{}
	for _, line := range plan.Lines {
		if line.Action == ImportAdd {
			people++
			added[line.Reader] = line.Reader != ""
		}
	}
	for grants, err := range briefing.GrantPages(ctx, a.Store) {
		if err != nil {
			return 0, 0, fmt.Errorf("who is connected already: %w", err)
		}
		for _, g := range grants {
			if added[g.Owner] && g.HasRefreshToken {
				connected++
				added[g.Owner] = false // of whom there may be several rows
			}
		}
	}
	return people, connected, nil
}

// Import does what the plan says, notes in it the ids of those who had none, and returns how many readers it added or
// changed. quiet is whether those it adds are spared the DM that welcomes them.
func (a *App) Import(ctx context.Context, plan ImportPlan, quiet bool) (done int, err error) {
	for i, line := range plan.Lines {
		if line.Action == ImportSame {
			continue
		}
		if plan.Lines[i].Reader, err = a.importOne(ctx, line, quiet); err != nil {
			return done, fmt.Errorf("%s: after %d were imported; the same import goes on from there: %w", line.row.where(), done, err)
		}
		done++
	}
	return done, nil
}

// importOne adds or changes one reader, as they are now: somebody may have changed them since the plan was made.
func (a *App) importOne(ctx context.Context, line ImportLine, quiet bool) (briefing.ReaderID, error) {
	fresh := briefing.Reader{ID: cmp.Or(line.Reader, NewReaderID()), Greet: !quiet}
	saved, _, err := a.Roster.Put(ctx, fresh, func(r *briefing.Reader) error {
		wanted, faults := line.row.apply(*r, a.Roster.Faults)
		*r = wanted
		return errors.Join(faults...)
	})
	return cmp.Or(saved.ID, line.Reader), err
}
