package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"achim/briefing"
	"achim/delivery"
	"achim/internal/config"
	"achim/internal/telemetry"
	"achim/store"
)

// Config is everything that can be set; commands read it here.
type Config = config.Config

// LoadConfig reads defaults, the file at path ("" = ACHIM_CONFIG, else achim.yaml if there is one) and the
// environment. Its error lists every fault at once.
func LoadConfig(path string) (config.Config, error) {
	return config.Load(config.Source{Path: path, Getenv: os.LookupEnv})
}

// Logger returns the log a process writes to w: text for a terminal, JSON for anything that reads lines.
func Logger(w io.Writer, cfg config.Config) *slog.Logger {
	f, ok := w.(*os.File)
	asJSON := true
	if ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			asJSON = false
		}
	}
	return telemetry.NewLogger(w, cfg.LogLevel, asJSON)
}

// CommandLogger returns the log of a command that a person runs: what went wrong, as text, and everything
// only when ACHIM_LOG_LEVEL asks for debug. What went well is the command's own output.
func CommandLogger(w io.Writer, cfg config.Config) *slog.Logger {
	level := cfg.LogLevel
	if level > slog.LevelDebug {
		level = max(level, slog.LevelWarn)
	}
	return telemetry.NewLogger(w, level, false)
}

// ErrNoSlackToken is returned where a briefing would have to be posted and there is nothing to post it with.
var ErrNoSlackToken = errors.New("SLACK_BOT_TOKEN: not set: install the Slack app (configs/slack-manifest.yaml) and paste its bot token, xoxb-…")

// ErrNoGoogleClient is returned where work of others might be taken that this process could not do.
var ErrNoGoogleClient = errors.New("GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET: not set: beside the others on this database, run needs the client they have")

// ConfigurationFault reports whether err is a matter of what was configured, which trying again does not
// mend, rather than of how things stand.
func ConfigurationFault(err error) bool {
	return errors.Is(err, store.ErrAddress) || errors.Is(err, ErrNoSlackToken) || errors.Is(err, ErrNoGoogleClient) ||
		errors.Is(err, ErrNoEncryptionKey) || errors.Is(err, store.ErrKeys) || errors.Is(err, ErrServeLacksKey)
}

// Migrate applies what this version needs to the configured database and returns what it applied, or with
// dry what it would.
func Migrate(ctx context.Context, cfg config.Config, dry bool) ([]string, error) {
	if path := store.File(cfg.DatabaseURL.Reveal()); dry && path != "" {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return store.NewFile(path)
		}
	}
	s, err := openStore(ctx, cfg, time.Now)
	if err != nil {
		return nil, err
	}
	act := migrate
	if dry {
		act = pendingSteps
	}
	steps, err := act(ctx, s)
	return steps, errors.Join(err, s.Close())
}

// Find returns the reader with the UUID, Slack id or name; a FieldError when there is none.
func (a *App) Find(ctx context.Context, ref string) (briefing.Reader, error) {
	return findReader(ctx, a.Store, ref)
}

// findReader is Find without the rest of an App.
func findReader(ctx context.Context, s *store.Store, ref string) (briefing.Reader, error) {
	r, err := s.Reader(ctx, ref)
	if errors.Is(err, briefing.ErrNotFound) {
		return briefing.Reader{}, &briefing.FieldError{Field: "user", Code: "unknown_reader",
			Problem: fmt.Sprintf("there is no reader %q (achim users list shows all)", ref)}
	}
	return r, err
}

// FindErasable is Find that also takes the UUID of somebody who was removed and of whom rows of ours are left. They have no
// name any more. A row of gmail_token alone is no such thing: it may be another program's.
func (a *App) FindErasable(ctx context.Context, ref string) (briefing.Reader, error) {
	r, err := a.Find(ctx, ref)
	id, parseErr := briefing.ParseReaderID(ref)
	if unknown, ok := errors.AsType[*briefing.FieldError](err); !ok || unknown.Code != "unknown_reader" || parseErr != nil {
		return r, err
	}
	switch n, heldErr := a.Logged(ctx, id); {
	case heldErr != nil:
		return r, heldErr
	case n > 0:
		return briefing.Reader{ID: id}, nil
	}
	return r, err
}

// Logged returns how many rows of ours conversation_log has of the reader, also of one who was removed.
func (a *App) Logged(ctx context.Context, id briefing.ReaderID) (int, error) {
	held, err := a.Store.Held(ctx, id)
	for _, h := range held {
		if h.Table == "conversation_log" {
			return len(h.Rows), nil
		}
	}
	return 0, err
}

// View returns r with all defaults filled in.
func (a *App) View(r briefing.Reader) briefing.ReaderView { return a.Defaults.View(r, a.now()) }

// People returns every reader by id.
func (a *App) People(ctx context.Context) (map[briefing.ReaderID]briefing.Reader, error) {
	readers, err := a.Store.Readers(ctx)
	if err != nil {
		return nil, err
	}
	people := make(map[briefing.ReaderID]briefing.Reader, len(readers))
	for _, r := range readers {
		people[r.ID] = r
	}
	return people, nil
}

// Names returns every reader's name by id.
func (a *App) Names(ctx context.Context) (map[briefing.ReaderID]string, error) {
	people, err := a.People(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[briefing.ReaderID]string, len(people))
	for id, r := range people {
		names[id] = r.Name
	}
	return names, nil
}

// RunNow triggers a run and follows it to its end, or until ctx is done; the run then goes on elsewhere or
// at the next start. Where another process has the engine, that one does the work. update is told of the
// run now and then.
func (a *App) RunNow(ctx context.Context, req briefing.TriggerRequest, update func(briefing.Run)) (briefing.Run, error) {
	if !req.DryRun {
		if err := a.mayShare(); err != nil {
			return briefing.Run{}, err
		}
		err := a.StartEngine(ctx)
		switch {
		case err == nil && a.Config.Slack.BotToken.IsZero():
			return briefing.Run{}, ErrNoSlackToken
		case err != nil && !errors.Is(err, store.ErrEngineBusy):
			return briefing.Run{}, err
		}
	}
	run, err := a.Trigger.Start(ctx, req)
	for err == nil && !run.Finished() && ctx.Err() == nil {
		update(run)
		slice, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		run, err = a.Trigger.Wait(slice, run.ID)
		cancel()
	}
	a.marking.Lock() // whoever is told of the run sees who it has found to be gone
	defer a.marking.Unlock()
	return run, err
}

// mayShare returns why this process must not share the work of others, who may be at it at this moment: what it took it
// would do without what it lacks.
func (a *App) mayShare() error {
	switch {
	case a.Store.Exclusive():
		return nil
	case a.Config.Slack.BotToken.IsZero():
		return ErrNoSlackToken
	case a.Config.Google.ClientID == "" || a.Config.Google.ClientSecret.IsZero():
		return ErrNoGoogleClient
	default:
		return nil
	}
}

// Preview composes the reader's briefing of the date (zero: their today) and sends nothing.
func (a *App) Preview(ctx context.Context, ref string, date briefing.Date) (briefing.Briefing, error) {
	r, err := a.Find(ctx, ref)
	if err != nil {
		return briefing.Briefing{}, err
	}
	if date.IsZero() {
		s, err := a.Defaults.Schedule(r)
		if err != nil {
			return briefing.Briefing{}, err
		}
		date = briefing.DateOf(a.now(), s.Zone)
	}
	return a.Pipeline.Preview(ctx, r, date)
}

// Print draws a previewed briefing for a terminal of the given width; 0 is no terminal.
func (a *App) Print(w io.Writer, b briefing.Briefing, width int, color bool) error {
	return delivery.Console(w, a.previews.Render(b), width, color)
}

// PreviewView is a composed briefing as GET /api/briefings/{id} shows a stored one, without what only a
// stored one has.
type PreviewView struct {
	Reader   briefing.ReaderID                        `json:"user_id"`
	Date     briefing.Date                            `json:"date"`
	Status   briefing.Status                          `json:"status"`
	Sources  map[briefing.SourceName]briefing.Verdict `json:"sources"`
	Sections []briefing.Section                       `json:"sections"`
	Text     string                                   `json:"text"`
	Blocks   json.RawMessage                          `json:"blocks"`
}

// PreviewView returns the briefing as the API would show it.
func (a *App) PreviewView(b briefing.Briefing) PreviewView {
	message := a.previews.Render(b)
	view := PreviewView{Reader: b.Reader, Date: b.Date, Status: b.Status, Sections: []briefing.Section{},
		Text: message.Text, Blocks: message.Blocks}
	if len(view.Blocks) == 0 {
		view.Blocks = json.RawMessage("[]")
	}
	for _, shown := range b.Sections {
		view.Sections = append(view.Sections, shown.Section)
	}
	view.Sources = briefing.Verdicts(view.Sections)
	return view
}

// Resolve settles an unknown entry: as delivered, or to be posted again.
func (a *App) Resolve(ctx context.Context, id briefing.EntryID, delivered bool) (briefing.Entry, error) {
	e, err := a.Store.Entry(ctx, id)
	if err != nil {
		return briefing.Entry{}, err
	}
	if e.State != briefing.Unknown {
		return briefing.Entry{}, fmt.Errorf("briefing %s is %s: only an unknown one can be resolved", id, e.State)
	}
	if delivered {
		return a.Pipeline.Settle(ctx, e)
	}
	now := a.now()
	e.State, e.DueAt, e.NextAt, e.Reason, e.Tries = briefing.Planned, now, now, "", 0
	e.ChannelID = "" // the reader's DM as it is today
	return a.Store.Advance(ctx, briefing.Step{Entry: e, From: briefing.Unknown, Reopen: true})
}

// FieldFault rewords faults of what a person entered so that they name the flag; nil for any other error.
func FieldFault(err error) error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var texts []string
		for _, one := range joined.Unwrap() {
			if f, ok := errors.AsType[*briefing.FieldError](one); ok {
				texts = append(texts, flagged(f))
			}
		}
		if len(texts) > 0 {
			return errors.New(strings.Join(texts, "\n       "))
		}
	}
	if f, ok := errors.AsType[*briefing.FieldError](err); ok {
		return errors.New(flagged(f))
	}
	return nil
}

// flagged returns the fault with the names of flags instead of members.
func flagged(f *briefing.FieldError) string {
	problem := f.Problem
	if f.Code == "date_not_today" {
		problem = strings.NewReplacer("dry_run", "--dry-run", "force", "--force").Replace(problem)
	}
	return flagOf(f.Field) + ": " + problem
}

// flagOf returns the flag behind a field.
func flagOf(field string) string {
	name, _, _ := strings.Cut(field, "[")
	switch name {
	case "slack_user_id":
		return "--slack"
	case "deliver_at":
		return "--at"
	case "user_ids":
		return "--user"
	case "user_id":
		return "--id"
	case "feeds":
		return "--feed"
	case "preferences.vips":
		return "--vip"
	}
	name = strings.TrimPrefix(name, "preferences.")
	if rest, mutes := strings.CutPrefix(name, "mute_"); mutes {
		name = "mute_" + strings.TrimSuffix(rest, "s") // a flag names one of them
	}
	return "--" + strings.ReplaceAll(name, "_", "-")
}

// NewReaderID returns a random UUID (version 4).
func NewReaderID() briefing.ReaderID {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand does not fail
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return briefing.ReaderID(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]))
}
