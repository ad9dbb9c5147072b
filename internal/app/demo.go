package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"achim/briefing"
	"achim/delivery"
	"achim/internal/config"
	"achim/internal/standin"
)

// What the demo's stand-ins know each other by. They are made up and open nothing.
const (
	demoClientID      = "demo-client.apps.example"
	demoClientSecret  = "demo-client-secret"
	demoBotToken      = "demo-bot-token"
	demoSigningSecret = "demo-signing-secret"
	demoCronSecret    = "demo-cron-secret"
	demoAddr          = "127.0.0.1:8001"
	demoSlackAddr     = "127.0.0.1:8002"
)

// DemoOptions say how the demo runs.
type DemoOptions struct {
	Out     io.Writer
	Version string
	Keep    bool // serve until ctx is done, rather than end after the briefing
	Width   int  // of the terminal; 0 = none
	Color   bool
}

// Demo is Achim with stand-ins for Google, Slack and feeds in the same process, behind real HTTP, and a
// database of its own in a folder that is removed at the end. It reads nothing from the environment, so it
// can never write to anyone.
type Demo struct {
	App      *App
	Google   *standin.Google
	Slack    *standin.Slack
	Feeds    *standin.Feeds
	SlackURL string // of the page that draws the DMs

	world    standin.World
	out      io.Writer
	clock    *shiftedClock
	cleanups cleanups
}

// shiftedClock is the wall clock, moved to where the story begins.
type shiftedClock struct {
	mu    sync.Mutex
	shift time.Duration
}

func (c *shiftedClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.shift)
}

// set makes the clock show t; the zero time lets it show the present again.
func (c *shiftedClock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shift = 0
	if !t.IsZero() {
		c.shift = time.Until(t)
	}
}

// RunDemo sets the demo up, briefs everybody, prints each DM and, with Keep, serves until ctx is done.
func RunDemo(ctx context.Context, o DemoOptions) error {
	fmt.Fprintln(o.Out, "Achim demo: stand-ins for Google, Slack and news; nothing leaves this machine.")
	d, err := NewDemo(ctx, o)
	if err != nil {
		return err
	}
	err = d.brief(ctx, o)
	if err == nil && o.Keep {
		d.tellPages()
		select {
		case <-ctx.Done():
			fmt.Fprintln(o.Out, "\nStopping; the demo's database is removed.")
		case err = <-d.App.Failed():
		}
	}
	if errors.Is(err, context.Canceled) {
		err = nil // Ctrl-C while it was still briefing is no failure
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	return errors.Join(err, d.Stop(stopping))
}

// NewDemo starts stand-ins and App, and tells the story up to yesterday evening: one reader has been
// briefed yesterday, and then lost the grant.
func NewDemo(ctx context.Context, o DemoOptions) (_ *Demo, err error) {
	d := &Demo{out: o.Out, clock: &shiftedClock{}, Slack: standin.NewSlack(demoBotToken), Feeds: standin.NewFeeds(),
		Google: standin.NewGoogle(demoClientID, demoClientSecret)}
	d.Google.Now, d.Slack.Now = d.clock.now, d.clock.now
	defer func() {
		if err != nil {
			err = errors.Join(err, d.cleanups.drain(context.WithoutCancel(ctx)))
		}
	}()
	listener, err := d.listen(ctx, demoAddr)
	if err != nil {
		return nil, err
	}
	cfg, err := d.serveStandIns(listener.Addr().String())
	if err != nil {
		return nil, err
	}
	if cfg.DatabaseURL, err = d.freshDatabase(); err != nil {
		return nil, err
	}
	d.App, err = New(ctx, Options{Config: cfg, Version: o.Version, Now: d.clock.now, LinksAnyway: true, Listeners: []net.Listener{listener}})
	if err != nil {
		return nil, err
	}
	d.cleanups.add("achim", d.App.Stop)
	if err = d.App.Start(ctx); err != nil {
		return nil, err
	}
	d.Slack.Interactions(d.App.Config.PublicURL+"/slack/interactions", demoSigningSecret)
	return d, d.tellYesterday(ctx)
}

// Stop takes everything down and removes the database. It may be called more than once.
func (d *Demo) Stop(ctx context.Context) error { return d.cleanups.drain(ctx) }

// freshDatabase makes a folder that is removed at the end.
func (d *Demo) freshDatabase() (briefing.Secret, error) {
	folder, err := os.MkdirTemp("", "achim-demo-")
	if err != nil {
		return briefing.Secret{}, fmt.Errorf("make a folder for the demo: %w", err)
	}
	d.cleanups.add("demo folder", func(context.Context) error { return os.RemoveAll(folder) })
	return briefing.NewSecret("sqlite:" + filepath.Join(folder, "achim.db")), nil
}

// serveStandIns starts the stand-ins and returns the configuration of an Achim at addr that leads to them,
// and to nothing else.
func (d *Demo) serveStandIns(addr string) (config.Config, error) {
	pages := http.NewServeMux()
	pages.Handle("/api/", http.StripPrefix("/api", d.Slack.Handler()))
	pages.Handle("/", d.Slack.PageHandler())
	google, err := d.serve("Google", d.Google.Handler(), "")
	if err != nil {
		return config.Config{}, err
	}
	feeds, err := d.serve("feeds", d.Feeds.Handler(), "")
	if err != nil {
		return config.Config{}, err
	}
	if d.SlackURL, err = d.serve("Slack", pages, demoSlackAddr); err != nil {
		return config.Config{}, err
	}
	cfg := config.Defaults().ListeningOn(addr)
	cfg.Slack.BotToken, cfg.Slack.SigningSecret = briefing.NewSecret(demoBotToken), briefing.NewSecret(demoSigningSecret)
	cfg.Slack.URL = d.SlackURL + "/api"
	cfg.CronSecrets = []briefing.Secret{briefing.NewSecret(demoCronSecret)}
	cfg.APISecrets = cfg.CronSecrets
	cfg.Delivery.Operator = "@jiwon"
	cfg.AllowPrivateNetworks = true
	g, at := &cfg.Google, d.Google.Endpoints(google)
	g.ClientID, g.ClientSecret = demoClientID, briefing.NewSecret(demoClientSecret)
	g.AuthURL, g.TokenURL, g.RevokeURL, g.UserinfoURL = at.AuthURL, at.TokenURL, at.RevokeURL, at.UserinfoURL
	g.GmailURL, g.CalendarURL = at.GmailURL, at.CalendarURL
	d.world = standin.Story(d.clock.now(), cfg.Timezone, feeds)
	d.world.Populate(d.Google, d.Slack, d.Feeds)
	for _, feed := range d.world.Feeds {
		cfg.Feeds = append(cfg.Feeds, briefing.Feed{URL: feed.URL, Title: feed.Feed.Title})
	}
	return cfg, nil
}

// serve serves one stand-in at addr, or at a free port when addr is taken, and returns its URL.
func (d *Demo) serve(name string, h http.Handler, addr string) (string, error) {
	s, err := standin.Serve(h, addr)
	if err != nil && addr != "" {
		s, err = standin.Serve(h, "")
	}
	if err != nil {
		return "", fmt.Errorf("serve the stand-in for %s: %w", name, err)
	}
	d.cleanups.add("stand-in for "+name, func(context.Context) error { return s.Close() })
	return s.URL, nil
}

// listen binds addr, or a free port when addr is taken, and closes it at the end.
func (d *Demo) listen(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		l, err = lc.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, fmt.Errorf("listen for the demo: %w", err)
	}
	d.cleanups.add("listener", func(context.Context) error { return ignoreClosed(l.Close()) })
	return l, nil
}

// tellYesterday adds the readers with their grants, briefs the one whose grant was revoked as of yesterday
// morning, revokes it, and lets Achim find out in the evening.
func (d *Demo) tellYesterday(ctx context.Context) error {
	zone := d.App.Config.Timezone
	today := briefing.DateOf(time.Now(), zone)
	yesterday := func(hour, minute int) time.Time {
		return briefing.At(today.AddDays(-1), briefing.TimeOfDay{Hour: hour, Minute: minute}, zone)
	}
	defer d.clock.set(time.Time{})
	d.clock.set(yesterday(8, 0))
	for _, feed := range d.world.Feeds { // today's news was not written yet
		d.Feeds.Set(feed.Path, standin.Feed{Title: feed.Feed.Title, Format: feed.Feed.Format})
		defer d.Feeds.Set(feed.Path, feed.Feed)
	}
	for _, who := range d.world.Readers {
		if err := d.addReader(ctx, who); err != nil {
			return err
		}
	}
	for _, who := range d.world.Readers {
		if !who.Revoked {
			continue
		}
		d.clock.set(yesterday(8, 59))
		if err := d.runFor(ctx, who.SlackID); err != nil {
			return fmt.Errorf("yesterday's briefing of %s: %w", who.Name, err)
		}
		d.Google.Revoke(who.Email)
		d.clock.set(yesterday(18, 2))
		reader, err := d.App.Find(ctx, who.SlackID)
		if err != nil {
			return err
		}
		if _, err := d.App.Google.Refresh(ctx, reader.ID); briefing.ReasonOf(err) != briefing.ReauthRequired {
			return fmt.Errorf("the revoked grant of %s was not found dead: %w", who.Name, err)
		}
	}
	return nil
}

// addReader adds one reader of the story, with a grant when they are connected.
func (d *Demo) addReader(ctx context.Context, who standin.Reader) error {
	r, _, err := d.App.Roster.Save(ctx, briefing.Reader{
		ID: NewReaderID(), Name: who.Name, SlackUserID: who.SlackID, Email: who.Email, Language: briefing.Language(who.Language),
	})
	if err != nil || !who.Connected {
		return err
	}
	granted := d.Google.Grant(who.Email, d.App.Config.Google.Scopes...)
	return d.App.Store.SaveGrant(ctx, briefing.Credential{
		ReaderID: r.ID, Email: who.Email, ClientID: demoClientID, ClientSecret: briefing.NewSecret(demoClientSecret),
		AccessToken: briefing.NewSecret(granted.AccessToken), RefreshToken: briefing.NewSecret(granted.RefreshToken),
		Scopes: granted.Scopes, State: briefing.CredentialState{Expiry: granted.Expiry},
	})
}

// runFor briefs one reader now and waits for it.
func (d *Demo) runFor(ctx context.Context, ref string) error {
	run, err := d.App.Trigger.Start(ctx, briefing.TriggerRequest{Readers: []string{ref}})
	if err == nil {
		run, err = d.App.Trigger.Wait(ctx, run.ID)
	}
	if err != nil {
		return err
	}
	if n := run.Counts(); n.Failed+n.Unknown > 0 || !run.Finished() {
		return fmt.Errorf("run %s did not deliver", run.ID)
	}
	return nil
}

// brief triggers today's briefing as a cron job would, and prints each DM.
func (d *Demo) brief(ctx context.Context, o DemoOptions) error {
	fmt.Fprintf(o.Out, "\nPOST %s/api/cron/daily-summary\n", d.App.Config.PublicURL)
	started := time.Now()
	if err := d.post(ctx); err != nil {
		return err
	}
	for _, who := range d.world.Readers {
		posted := d.Slack.Messages(who.SlackID)
		if len(posted) == 0 {
			return fmt.Errorf("nothing was posted to %s", who.Name)
		}
		last := posted[len(posted)-1]
		fmt.Fprintf(o.Out, "\nSlack DM to %s\n", who.Name)
		message := briefing.Message{Text: last.Text, Blocks: last.Blocks}
		if err := delivery.Console(o.Out, message, max(o.Width, 60), o.Color); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(o.Out, "\n%d readers briefed in %s.\n", len(d.world.Readers), time.Since(started).Round(time.Millisecond))
	return err
}

// post triggers the run over HTTP, with the bearer, and shows how far it is.
func (d *Demo) post(ctx context.Context) error {
	run, err := d.call(ctx, http.MethodPost, "/api/cron/daily-summary?wait=0s")
	for told := 0; err == nil; {
		if done := run.done(); done > told {
			fmt.Fprintf(d.out, "  %d of %d readers briefed\n", done, len(run.Readers))
			told = done
		}
		if run.State != "running" {
			break
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		run, err = d.call(ctx, http.MethodGet, "/api/runs/"+run.ID)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(d.out, "  %d complete, %d degraded, %d failed\n", run.Counts.Complete, run.Counts.Degraded, run.Counts.Failed)
	return err
}

// demoRun is what the demo reads of a run's JSON.
type demoRun struct {
	ID      string             `json:"run_id"`
	State   string             `json:"state"`
	Counts  briefing.RunCounts `json:"counts"`
	Readers []struct {
		Outcome *string `json:"outcome"`
	} `json:"readers"`
}

// done counts the readers the run is done with.
func (r demoRun) done() int {
	n := 0
	for _, reader := range r.Readers {
		if reader.Outcome != nil {
			n++
		}
	}
	return n
}

func (d *Demo) call(ctx context.Context, method, path string) (demoRun, error) {
	req, err := http.NewRequestWithContext(ctx, method, d.App.Config.PublicURL+path, bytes.NewReader(nil))
	if err != nil {
		return demoRun{}, err
	}
	req.Header.Set("Authorization", "Bearer "+demoCronSecret)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // nobody else's connections, and none left over
	resp, err := client.Do(req)
	if err != nil {
		return demoRun{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer resp.Body.Close()
	var run demoRun
	if resp.StatusCode >= 300 {
		return run, fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(&run); err != nil {
		return run, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return run, nil
}

// tellPages says where to look.
func (d *Demo) tellPages() {
	fmt.Fprintf(d.out, `
Look at the DMs as Slack would draw them, best at a phone's width:
  %s
Press the reconnect control in 박민지's DM: the stand-in's consent opens, and the DM mends before your eyes.

Achim itself:  %s   (bearer for its API: %s)
Ctrl-C ends the demo.
`, d.SlackURL, d.App.Config.PublicURL, demoCronSecret)
}
