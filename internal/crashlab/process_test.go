package crashlab_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	cronSecret  = "crash-cron-secret-0123456789abcdef"
	readyWithin = time.Minute
	endWithin   = 60 * time.Second // a stop drains, and what it drains may be in a call to Slack
)

// process is one achim serve: killed and started again any number of times, at the same address and with the
// same settings, as a service manager would.
type process struct {
	name   string
	dir    string
	addr   string
	env    []string
	feed   string // address of the news
	reg    *registry
	logged string // path of the log of all its lives

	mu     sync.Mutex
	cmd    *exec.Cmd
	ended  chan struct{} // of the present life
	err    error         // what Wait said of it; read it after ended
	frozen bool
}

// registry knows every process that lives, so that an interrupted laboratory leaves none behind.
type registry struct {
	mu   sync.Mutex
	live map[*process]bool
	over bool
}

// endAll kills all and lets none start any more.
func (r *registry) endAll() {
	r.mu.Lock()
	r.over = true
	all := make([]*process, 0, len(r.live))
	for p := range r.live {
		all = append(all, p)
	}
	r.mu.Unlock()
	for _, p := range all {
		p.kill()
	}
}

// start begins a new life and does not wait for it to be ready.
func (p *process) start(program string) error {
	log, err := os.OpenFile(p.logged, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()    // the child has its own
	cmd := exec.Command(program, "serve") //nolint:noctx // its end is the experiment
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = p.dir, log, log, p.env
	dieTogether(cmd)
	p.reg.mu.Lock()
	defer p.reg.mu.Unlock()
	if p.reg.over {
		return errors.New("the laboratory is closing")
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", program, err)
	}
	ended := make(chan struct{})
	p.mu.Lock()
	p.cmd, p.ended, p.frozen = cmd, ended, false
	p.mu.Unlock()
	p.reg.live[p] = true
	go func() {
		err := cmd.Wait()
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
		close(ended)
	}()
	return nil
}

// life returns the present life's pid and end.
func (p *process) life() (pid int, ended <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		closed := make(chan struct{})
		close(closed)
		return 0, closed
	}
	return p.cmd.Process.Pid, p.ended
}

// pid is the present life's, or the last one's.
func (p *process) pid() int {
	pid, _ := p.life()
	return pid
}

// signal sends sig at once and reports whether there was somebody to get it.
func (p *process) signal(sig syscall.Signal) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
	}
	p.frozen = sig == syscall.SIGSTOP
	return p.cmd.Process.Signal(sig) == nil
}

// isFrozen reports whether it lives and does nothing.
func (p *process) isFrozen() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.frozen
}

// kill ends the process as kill -9 does and waits until it is gone.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	_, ended := p.life()
	<-ended
}

// term ends it as a service manager would, and returns what it exited with.
func (p *process) term() error {
	p.signal(syscall.SIGTERM)
	_, ended := p.life()
	select {
	case <-ended:
	case <-time.After(endWithin):
		p.kill()
		return fmt.Errorf("%s did not end within %s of SIGTERM", p.name, endWithin)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// ready waits until it says that briefings could go out.
func (p *process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	_, ended := p.life()
	for {
		_, err := p.call(ctx, http.MethodGet, "/readyz")
		if err == nil {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ended:
			return fmt.Errorf("%s ended while it was to get ready", p.name)
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", p.name, err)
		}
	}
}

// call asks the process with the bearer.
func (p *process) call(ctx context.Context, method, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+p.addr+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+cronSecret)
	req.Close = true // the next life knows nothing of this one's connections
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, body)
	}
	return body, err
}

// lastWords are the last lines of its log.
func (p *process) lastWords() string {
	text, err := os.ReadFile(p.logged)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("--- %s (%s)\n%s", p.name, filepath.Base(p.logged), text[max(0, len(text)-3000):])
}
