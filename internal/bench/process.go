package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticks is the unit of /proc/PID/stat: user-space clock ticks, a hundred a second on every Linux there is.
const ticks = time.Second / 100

// stopWithin is how long a child may take to end after it was told to.
const stopWithin = 30 * time.Second

// result is what one measurement has shown.
type result struct {
	name      string
	user, sys time.Duration
	wall      time.Duration
	peak      int64   // bytes resident at most
	allocated float64 // bytes
	objects   float64
	calls     int // HTTP calls that reached the stand-ins
}

// usage is what a process has used since its start.
type usage struct {
	user, sys time.Duration
	peak      int64
}

// used reads what the process has used so far. The peak is the kernel's high-water mark of that program
// alone; the one wait(2) reports would include the program that started it.
func used(pid int) (usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, fmt.Errorf("measuring needs Linux's /proc: %w", err)
	}
	// The second field is the name in brackets and may hold anything; utime and stime are fields 14 and 15.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return usage{}, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	sys, err2 := strconv.ParseInt(fields[12], 10, 64)
	peak, err3 := highWater(pid)
	return usage{time.Duration(user) * ticks, time.Duration(sys) * ticks, peak}, errors.Join(err1, err2, err3)
}

// highWater is the most memory the process has had resident, in bytes.
func highWater(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no VmHWM", pid)
}

// spent is what was used between two readings.
func spent(before, after usage, wall time.Duration) result {
	return result{user: after.user - before.user, sys: after.sys - before.sys, peak: after.peak, wall: wall}
}

// child is this program in one of its roles: it is asked by a line and answers with a line of JSON.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

// command prepares a process that ctx ends, gently at first.
func command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopWithin
	return cmd
}

// start starts this program in a role and hands it its task.
func start(ctx context.Context, role string, task any) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: command(ctx, self, role)}
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = json.NewDecoder(out)
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", role, err)
	}
	if err := json.NewEncoder(c.in).Encode(task); err != nil {
		return nil, errors.Join(fmt.Errorf("hand %s its task: %w", role, err), c.stop())
	}
	return c, nil
}

// ask sends the word and reads the answer; "" only reads what the child has to say.
func (c *child) ask(word string, answer any) error {
	if word != "" {
		if _, err := fmt.Fprintln(c.in, word); err != nil {
			return fmt.Errorf("ask for %s: %w", word, err)
		}
	}
	if err := c.out.Decode(answer); err != nil {
		return fmt.Errorf("the answer to %q: %w", word, err)
	}
	return nil
}

// stop ends the child by ending its input, and waits for it.
func (c *child) stop() error {
	return errors.Join(c.in.Close(), c.cmd.Wait())
}

// role is the child's side: its task, then a reply to every word until the input ends.
type role struct {
	in  *bufio.Scanner
	out *json.Encoder
}

// longestTask bounds a task: the grants of all readers are in one.
const longestTask = 64 << 20

// begin reads the task this process was given.
func begin(task any) (role, error) {
	r := role{in: bufio.NewScanner(os.Stdin), out: json.NewEncoder(os.Stdout)}
	r.in.Buffer(nil, longestTask)
	if !r.in.Scan() {
		return r, errors.New("no task came")
	}
	return r, json.Unmarshal(r.in.Bytes(), task)
}

// serve answers words until the input ends, which it also does when whoever started this process dies.
func (r role) serve(reply func(word string) (any, error)) error {
	for r.in.Scan() {
		answer, err := reply(r.in.Text())
		if err != nil {
			return err
		}
		if err := r.out.Encode(answer); err != nil {
			return err
		}
	}
	return r.in.Err()
}
