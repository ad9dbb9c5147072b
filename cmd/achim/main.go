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
	_ "time/tzdata" // images without a zone database must know Asia/Seoul too
)

// Exit codes of the contract.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitDegraded = 3
)

// version is set by the linker.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
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

// run runs one command line and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c := &cli{out: stdout, err: stderr}
	root := c.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var told exit
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &told):
		return told.code
	}
	fmt.Fprintf(stderr, "achim: %v\n", err)
	var bad usage
	if errors.As(err, &bad) || !c.started {
		return exitUsage
	}
	return exitFailed
}
