package main

import (
	"context"
	"errors"
	"os"
	"runtime"
	"runtime/pprof"

	"achim/internal/app"
)

const roleProfiled = "profiled"

// profileVariable tells the profiled Achim where its profiles go: this and ".cpu.prof", ".allocs.prof".
const profileVariable = "ACHIM_BENCH_PROFILE"

// playProfiled is `achim serve` with profiles taken from the start to SIGTERM. The product itself has no
// endpoint for that.
func playProfiled(ctx context.Context) (err error) {
	runtime.MemProfileRate = 64 << 10
	to := os.Getenv(profileVariable)
	if err := os.Unsetenv(profileVariable); err != nil {
		return err
	}
	cfg, err := app.LoadConfig("")
	if err != nil {
		return err
	}
	a, err := app.New(ctx, app.Options{Config: cfg, Logger: app.Logger(os.Stderr, cfg), Version: "bench"})
	if err != nil {
		return err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		err = errors.Join(err, a.Stop(stopping))
	}()
	if err := a.Start(ctx); err != nil {
		return err
	}
	cpu, err := os.Create(to + ".cpu.prof")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cpu.Close()) }()
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return err
	}
	<-ctx.Done()
	pprof.StopCPUProfile()
	allocs, err := os.Create(to + ".allocs.prof")
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(allocs, 0), allocs.Close())
}
