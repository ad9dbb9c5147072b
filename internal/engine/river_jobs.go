package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"achim/briefing"
)

const (
	insertRows   = 1000 // jobs a statement
	analyzeAfter = 500  // jobs made at once after which PostgreSQL is told
	// clocksAgree is how far the ledger's clock may be from the database's and still be taken for the same: what
	// lies below is the time the question takes.
	clocksAgree = time.Second
)

// jobs is River's table.
type jobs struct {
	pool   *pgxpool.Pool
	schema string
	client *river.Client[pgx.Tx]
}

// What is wrong with a job whose entry is due.
const (
	asleep = "state = 'scheduled'"
	// lost is a job whose worker should have claimed the entry by now: it died before. River would find out later
	// than we do, who see that the entry has not moved. If the worker is only slow, two of them ask for the claim.
	lost = "state = 'running' AND attempted_at < now() - INTERVAL '15 seconds'"
)

// liveJob is a job that River has not finished.
type liveJob struct {
	id    int64
	start bool // it is asleep or lost: if the entry is due, the job must be started
}

// liveJobs are those of some entries.
type liveJobs struct {
	jobs   map[hint]liveJob
	offset time.Duration // of the database's clock, which River goes by, over the ledger's
}

// table names River's jobs in SQL.
func (j *jobs) table() string { return pgx.Identifier{j.schema, "river_job"}.Sanitize() }

// live returns the jobs of the entries that are not finished.
func (j *jobs) live(ctx context.Context, entries []briefing.Due, now func() time.Time) (liveJobs, error) {
	found := liveJobs{jobs: map[hint]liveJob{}}
	ids := make([]string, len(entries))
	for i, d := range entries {
		ids[i] = string(d.ID)
	}
	var theirs time.Time
	before := now()
	if err := j.pool.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&theirs); err != nil {
		return found, fmt.Errorf("ask the database for its time: %w", err)
	}
	found.offset = theirs.Sub(before.Add(now().Sub(before) / 2).Round(0))
	if found.offset.Abs() <= clocksAgree {
		found.offset = 0
	}
	rows, err := j.pool.Query(ctx, "SELECT id, args->>'entry', (args->>'epoch')::bigint, "+asleep+" OR "+lost+" FROM "+j.table()+
		" WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled') AND kind = '"+jobKind+"'"+
		" AND args->>'entry' = ANY($1::text[])", ids)
	if err != nil {
		return found, fmt.Errorf("live jobs: %w", err)
	}
	var h hint
	var job liveJob
	_, err = pgx.ForEachRow(rows, []any{&job.id, &h.entry, &h.epoch, &job.start}, func() error {
		found.jobs[h] = job
		return nil
	})
	if err != nil {
		return found, fmt.Errorf("live jobs: %w", err)
	}
	return found, nil
}

// start makes jobs that are asleep or lost available now.
func (j *jobs) start(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := j.pool.Exec(ctx, "UPDATE "+j.table()+" SET state = 'available', scheduled_at = LEAST(scheduled_at, now()) "+
		"WHERE id = ANY($1::bigint[]) AND ("+asleep+" OR "+lost+")", ids)
	if err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	return nil
}

// insert makes the entries' jobs, in their order. Another process may be making the same: one of them counts.
func (j *jobs) insert(ctx context.Context, entries []briefing.Due, now time.Time, offset time.Duration) error {
	for batch := range slices.Chunk(entries, insertRows) {
		params := make([]river.InsertManyParams, len(batch))
		for i, d := range batch {
			opts := &river.InsertOpts{Queue: lane(d.State)}
			if d.NextAt.After(now) {
				opts.ScheduledAt = d.NextAt.Add(offset)
			}
			params[i] = river.InsertManyParams{Args: entryArgs{d.ID, d.Epoch}, InsertOpts: opts}
		}
		if _, err := j.client.InsertMany(ctx, params); err != nil {
			return fmt.Errorf("make %d jobs: %w", len(batch), err)
		}
	}
	if len(entries) < analyzeAfter {
		return nil
	}
	// PostgreSQL believes the table empty until it has looked, and starts 10,000 jobs ten seconds late.
	if _, err := j.pool.Exec(ctx, "ANALYZE "+j.table()); err != nil {
		return fmt.Errorf("analyze jobs: %w", err)
	}
	return nil
}

// lane returns the queue of entries in the state.
func lane(state briefing.State) string {
	switch state {
	case briefing.Prepared, briefing.Sending:
		return sendLane
	default:
		return readLane
	}
}
