package main_test

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"achim/internal/standin"
	"achim/store/storetest"
)

// TestProgressInATerminal: a terminal shows how far a run is, in a line that is gone in the end; the log
// does not run into it.
func TestProgressInATerminal(t *testing.T) {
	t.Parallel()
	h := newTown(t, storetest.SQLite)
	h.addHaneul()
	h.slack.Inject(standin.Fault{Op: "chat.postMessage", Delay: time.Second, Times: 1})
	p := h.startInTerminal(100, "run")
	p.waitFor("0 of 1 readers briefed")
	said := p.end(0)
	if !strings.Contains(said, "0 of 1 readers briefed\r\x1b[Khaneul  delivered, complete") {
		t.Errorf("the line of progress stays:\n%q", said)
	}
	for _, line := range strings.Split(said, "\n") {
		if before, _, found := strings.Cut(line, "level=WARN"); found && !strings.HasPrefix(before, "time=") && !strings.HasSuffix(before, "\x1b[K") {
			t.Errorf("the log runs into it: %q", line)
		}
	}
}

// TestDemoInATerminal: it keeps serving, draws in colour as wide as the terminal, and ends on Ctrl-C.
func TestDemoInATerminal(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.startInTerminal(72, "demo")
	p.waitFor("Ctrl-C ends the demo")
	if said, _ := p.said(); !strings.Contains(said, "\x1b[1") {
		t.Errorf("no colours:\n%s", said)
	}
	p.signal(syscall.SIGINT)
	p.end(0)
	d.leftNothingBut()

	d.env["NO_COLOR"] = "1"
	p = d.startInTerminal(72, "demo", "--once")
	if said := p.end(0); strings.Contains(said, "\x1b[") {
		t.Errorf("colours although NO_COLOR is set:\n%q", said)
	}
}

// TestRevokingAsksInATerminal: nothing is revoked that nobody agreed to.
func TestRevokingAsksInATerminal(t *testing.T) {
	t.Parallel()
	h := connected(t, storetest.SQLite)
	for _, answer := range []string{"n\n", "\n", "\x04", "revoke\n"} {
		p := h.startInTerminal(80, "tokens", "revoke", "--user", "haneul")
		p.waitFor("Revoke the Google connection of haneul (ha•••@gaon.example)? [y/N]")
		_, _ = io.WriteString(p.keyboard, answer)
		if said := p.end(1); !strings.Contains(said, "nothing was changed") {
			t.Errorf("answered %q:\n%s", answer, said)
		}
	}
	p := h.startInTerminal(80, "tokens", "revoke", "--user", "haneul")
	p.waitFor("[y/N]")
	p.signal(syscall.SIGINT)
	p.end(1)
	if n := h.google.Calls("revoke"); n != 0 {
		t.Fatalf("%d revocations without a yes", n)
	}
	p = h.startInTerminal(80, "tokens", "revoke", "--user", "haneul")
	p.waitFor("[y/N]")
	_, _ = io.WriteString(p.keyboard, "Yes\n")
	if said := p.end(0); !strings.Contains(said, "revoked at Google and forgotten") {
		t.Errorf("answered yes:\n%s", said)
	}
}

// TestNullIsNoTerminal: a demo whose output nobody reads ends by itself, although /dev/null is a device.
func TestNullIsNoTerminal(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	cmd := d.command(t.Context(), "demo")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = null, null, null
	ended := make(chan error, 1)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		_ = cmd.Process.Kill()
		t.Error("the demo keeps serving")
	}
}

// TestImportAsksInATerminal: yes is yes, and anything else is not.
func TestImportAsksInATerminal(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.write("team.csv", team)
	for _, c := range []struct {
		answer string
		code   int
		names  string
	}{{"\n", 1, ""}, {"no\n", 1, ""}, {"y\n", 0, "dana 김하늘"}} {
		p, terminal := d.startAtTerminal(100, "users", "import", "team.csv")
		p.waitFor("Import them? [y/N]")
		if _, err := fmt.Fprint(terminal, c.answer); err != nil {
			t.Fatal(err)
		}
		if said := p.end(c.code); !strings.Contains(said, "2 to add") {
			t.Errorf("nothing is shown first: %s", said)
		}
		if got := d.names(); got != c.names {
			t.Errorf("after %q there are %q", c.answer, got)
		}
	}
}

// startInTerminal starts a command in a terminal that many columns wide.
func (d *desk) startInTerminal(columns uint16, args ...string) *process {
	d.t.Helper()
	p, _ := d.startAtTerminal(columns, args...)
	return p
}

// startAtTerminal is startInTerminal with the keyboard.
func (d *desk) startAtTerminal(columns uint16, args ...string) (*process, io.Writer) {
	d.t.Helper()
	master, slave := openTerminal(d.t, columns)
	return d.startAt(master, slave, args...)
}

// startTyping starts a command in a terminal into which somebody has typed already.
func (d *desk) startTyping(typed string, args ...string) *process {
	d.t.Helper()
	master, slave := openTerminal(d.t, 100)
	if _, err := io.WriteString(master, typed); err != nil {
		d.t.Fatal(err)
	}
	p, _ := d.startAt(master, slave, args...)
	return p
}

func (d *desk) startAt(master, slave *os.File, args ...string) (*process, io.Writer) {
	d.t.Helper()
	p := &process{t: d.t, cmd: d.command(d.t.Context(), args...), done: make(chan error, 1), news: make(chan struct{}), keyboard: master}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = slave, slave, slave
	read := make(chan struct{})
	go func() { _, _ = io.Copy(p, crlf{master}); close(read) }() // ends with an error when the last slave is closed
	p.drained = read
	p.begin()
	_ = slave.Close()
	return p, master
}

// crlf undoes what a terminal does to line ends.
type crlf struct{ r io.Reader }

func (c crlf) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	return copy(b, strings.ReplaceAll(string(b[:n]), "\r\n", "\n")), err
}

// openTerminal makes a pseudo-terminal.
func openTerminal(t *testing.T, columns uint16) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatalf("a machine without terminals: %v", err)
	}
	t.Cleanup(func() { _ = master.Close() })
	var number, unlock uint32
	size := struct{ rows, columns, width, height uint16 }{24, columns, 0, 0}
	for _, call := range []struct {
		op  uintptr
		arg unsafe.Pointer
	}{{syscall.TIOCGPTN, unsafe.Pointer(&number)}, {syscall.TIOCSPTLCK, unsafe.Pointer(&unlock)}, {syscall.TIOCSWINSZ, unsafe.Pointer(&size)}} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), call.op, uintptr(call.arg)); errno != 0 {
			t.Fatalf("ioctl %#x: %v", call.op, errno)
		}
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}
