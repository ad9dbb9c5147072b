// Achim puts one briefing into each reader's Slack DM every morning, and says so when it could not read
// something. Run `achim help` for the commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // images without a zone database must know Asia/Seoul too

	"achim/internal/app"
)

// Exit codes of the contract.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitDegraded = 3
)

// oneSignal is how long signals count as one.
const oneSignal = time.Second

// version is set by the linker.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks to stop, and a second one does not ask. One Ctrl-C may well come twice: from the
	// terminal and from whatever started us.
	context.AfterFunc(ctx, func() { time.AfterFunc(oneSignal, stop) })
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// exit is an error that carries the exit code and has been told already.
type exit struct{ code int }

func (e exit) Error() string { return fmt.Sprintf("exit status %d", e.code) }

// usage marks an error as one of flags, arguments or configuration.
type usage struct{ err error }

func (u usage) Error() string { return u.err.Error() }
func (u usage) Unwrap() error { return u.err }

// usagef returns a fault of flags or arguments.
func usagef(format string, args ...any) error { return usage{fmt.Errorf(format, args...)} }

// run runs one command line and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c := &cli{in: os.Stdin, screen: stdout, out: tamed{stdout}, err: &statusLine{w: stderr, terminal: isTerminal(stderr)}}
	root := c.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitOK
	case !c.started: // whatever is wrong before a command has begun is the command line
		fmt.Fprintf(c.err, "achim: %v\nSee '%s --help'\n", err, cmd.CommandPath())
		return exitUsage
	}
	return c.tell(ctx, err)
}

// tell says what went wrong, unless that was done already, and returns the exit code.
func (c *cli) tell(ctx context.Context, err error) int {
	if told, ok := errors.AsType[exit](err); ok {
		return told.code
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		fmt.Fprintln(c.err, "achim: interrupted")
		return exitFailed
	}
	fmt.Fprintf(c.err, "achim: %v\n", err)
	if _, ok := errors.AsType[usage](err); ok || app.ConfigurationFault(err) {
		return exitUsage
	}
	return exitFailed
}
