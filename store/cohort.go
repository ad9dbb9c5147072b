package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"achim/briefing"
)

// planMs is how a cohort's PlanAt is stored: 0 when nobody has planned it yet.
func planMs(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// wishes is what readers of one cohort have in common beside PlanAt, as the schema's migration writes it too. No part
// holds a space.
func wishes(r briefing.Reader) string {
	at := ""
	if r.At != nil {
		at = r.At.String()
	}
	paused := flag(r.Paused)
	if r.Left() {
		paused = gonePlace
	}
	return fmt.Sprintf("%s %s %d %d %s %d", r.Timezone, at, r.Weekdays, paused, r.PausedUntil, flag(r.SkipHolidays))
}

// gonePlace stands where the wishes say whether readers are paused, and says that they are gone.
const gonePlace = 2

// parseWishes reads what wishes wrote.
func parseWishes(text string) (r briefing.Reader, err error) {
	part := strings.Split(text, " ")
	if len(part) != 6 {
		return r, fmt.Errorf("a cohort's wishes are %q", text)
	}
	r.Timezone, r.Paused, r.SkipHolidays = part[0], part[3] == "1", part[5] == "1"
	if part[3] == strconv.Itoa(gonePlace) {
		r.LeftAt = time.UnixMilli(1) // each has a time of their own
	}
	if part[1] != "" {
		at, err := briefing.ParseTimeOfDay(part[1])
		if err != nil {
			return r, err
		}
		r.At = &at
	}
	days, err := strconv.ParseUint(part[2], 10, 8)
	if err != nil {
		return r, fmt.Errorf("a cohort's wishes are %q: %w", text, err)
	}
	r.Weekdays = briefing.Weekdays(days)
	return r, r.PausedUntil.UnmarshalText([]byte(part[4]))
}

func scanCohort(row scanner) (c briefing.Cohort, err error) {
	var text string
	var at int64
	if err = row.Scan(&c.ID, &at, &text, &c.Joins, &c.Readers); err != nil {
		return c, err
	}
	c.Like, err = parseWishes(text)
	if at != 0 {
		c.Like.PlanAt = time.UnixMilli(at).UTC()
	}
	return c, err
}

// place is where a reader stands for the planner.
type place struct {
	cohort int64
	planAt int64
	wishes string
}

func scanPlace(row scanner) (p place, err error) {
	err = row.Scan(&p.cohort, &p.planAt, &p.wishes)
	return p, err
}

// lockPlace returns the cohort a reader is in, the zero place when there is no such reader. It stays locked until the
// transaction ends, so that nobody plans for the reader: whoever did is done, and the entries are seen.
func lockPlace(ctx context.Context, q *session, id briefing.ReaderID) (place, error) {
	const in = "(SELECT cohort_id FROM achim_reader WHERE id = ?)"
	for range collisionTries {
		p, _, err := one(ctx, q, scanPlace, "SELECT cohort_id, plan_at, wishes FROM achim_cohort WHERE cohort_id = "+in+q.dialect.forUpdate(), string(id))
		if err != nil {
			return place{}, err
		}
		// While this waited the reader may have been moved to another cohort.
		now, _, err := one(ctx, q, scalar[int64], "SELECT cohort_id FROM achim_reader WHERE id = ?", string(id))
		if err != nil || now == p.cohort {
			return p, err
		}
	}
	return place{}, fmt.Errorf("reader %s changes cohort all the time", id)
}

// joinCohort returns the cohort for a reader who stands in one already, or in the zero place. It is there, and where it
// is, until the transaction ends.
func joinCohort(ctx context.Context, q *session, r briefing.Reader, from place) (int64, error) {
	to := place{planAt: planMs(r.PlanAt), wishes: wishes(r)}
	if from.cohort != 0 && from.planAt == to.planAt && from.wishes == to.wishes {
		return from.cohort, nil
	}
	id, _, err := one(ctx, q, scalar[int64], "INSERT INTO achim_cohort (plan_at, wishes, joins) VALUES (?, ?, 1) "+
		"ON CONFLICT (plan_at, wishes) DO UPDATE SET joins = achim_cohort.joins + 1 RETURNING cohort_id", to.planAt, to.wishes)
	return id, err
}

// moveOn moves the PlanAt of a cohort to the plan's Next if it stands as the plan has it and nobody has come in. One
// without readers goes, and one that comes to where others with the same wishes are is made one with them: the fewer
// readers move, so that of many one row is written.
func moveOn(ctx context.Context, q *session, p briefing.Plan) error {
	id := int64(p.Cohort.ID)
	from, stands, err := one(ctx, q, scanPlace, "SELECT cohort_id, plan_at, wishes FROM achim_cohort WHERE cohort_id = ? AND plan_at = ? AND joins = ?"+
		q.dialect.forUpdate(), id, planMs(p.Cohort.Like.PlanAt), p.Cohort.Joins)
	if err != nil || !stands {
		return err
	}
	count := func(cohort int64) (int64, error) {
		n, _, err := one(ctx, q, scalar[int64], "SELECT COUNT(*) FROM achim_reader WHERE cohort_id = ?", cohort)
		return n, err
	}
	ours, err := count(id)
	if err != nil {
		return err
	}
	at := planMs(p.Next)
	there, found, err := one(ctx, q, scalar[int64], "SELECT cohort_id FROM achim_cohort WHERE plan_at = ? AND wishes = ? AND cohort_id <> ?"+q.dialect.forUpdate(),
		at, from.wishes, id)
	if err != nil {
		return err
	}
	goes, stays := int64(0), id
	switch {
	case found:
		theirs, err := count(there)
		if err != nil {
			return err
		}
		if goes = there; theirs > ours {
			goes, stays = id, there
		}
	case ours == 0:
		goes, stays = id, 0
	}
	if goes != 0 {
		if _, err := q.exec(ctx, "UPDATE achim_reader SET cohort_id = ? WHERE cohort_id = ?", stays, goes); err != nil {
			return err
		}
		if _, err := q.exec(ctx, "DELETE FROM achim_cohort WHERE cohort_id = ?", goes); err != nil {
			return err
		}
	}
	_, err = q.exec(ctx, "UPDATE achim_cohort SET plan_at = ?, joins = joins + 1 WHERE cohort_id = ?", at, stays)
	return err
}
