//go:build crash

package crashlab_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// verdict is what became of one reader's briefing.
type verdict struct {
	dms, logged int
	state       string
	status      string
	ts          string
}

// allowed says what a house may show that another may not.
type allowed struct {
	unknown bool // the history could not be read
}

// judge looks at every reader's DM and at the ledger, and fails the test for whatever is not as promised.
func (h *house) judge(may allowed) {
	h.t.Helper()
	verdicts := h.verdicts()
	faults := 0
	fault := func(who person, format string, args ...any) {
		if faults++; faults <= 10 {
			h.t.Errorf("%s: %s: %s: %+v", h.name, who.name, fmt.Sprintf(format, args...), *verdicts[who.id])
		}
	}
	for i := range h.readers {
		who := personOf(i)
		v := verdicts[who.id]
		if v == nil {
			h.t.Errorf("%s: %s has no entry", h.name, who.name)
			faults++
			continue
		}
		if v.state == "unknown" && may.unknown {
			if v.dms > 1 {
				fault(who, "%d DMs", v.dms)
			}
			continue
		}
		switch {
		case v.state != "delivered":
			fault(who, "not delivered")
		case v.dms != 1:
			fault(who, "%d DMs", v.dms)
		case v.logged != 1:
			fault(who, "%d rows of conversation_log", v.logged)
		case v.status != "complete":
			fault(who, "degraded, and nothing but a process was broken")
		}
		h.judgeContent(who, v, fault)
	}
	if open := h.count("SELECT COUNT(*) FROM achim_run WHERE finished_at IS NULL"); open > 0 {
		h.t.Errorf("%s: %d runs are not finished", h.name, open)
		faults++
	}
	h.report(verdicts)
	if faults > 0 {
		h.logs()
	}
}

// judgeContent looks into the DM itself.
func (h *house) judgeContent(who person, v *verdict, fault func(person, string, ...any)) {
	h.t.Helper()
	replies := 0
	for _, m := range h.slack.Messages(who.slack) {
		if m.ThreadTS != "" {
			replies++
			continue
		}
		for _, part := range []string{who.subject, who.event, headline} {
			if !strings.Contains(m.Text, part) {
				fault(who, "the DM lacks %q: %s", part, m.Text)
			}
		}
		if strings.Contains(m.Text, "degraded") {
			fault(who, "the DM says degraded: %s", m.Text)
		}
		if v.ts != m.TS {
			fault(who, "the ledger holds another message than %s", m.TS)
		}
	}
	if replies > 1 {
		fault(who, "%d replies in the thread", replies)
	}
	marks := h.count("SELECT COUNT(*) FROM achim_source_state WHERE watermark IS NOT NULL AND source IN ('gmail', 'news') AND reader_id = "+h.bound, who.id)
	if marks != 2 {
		fault(who, "%d of 2 watermarks have moved", marks)
	}
}

// transit is how long a post may be on its way to the stand-in.
const transit = time.Second

// inTime fails the test for a post that was written after the deadline in the ledger: whoever looks into the
// history then relies on nothing coming any more.
func (h *house) inTime(op string, body []byte) {
	if op != opPost {
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		h.t.Errorf("%s: a post that cannot be read: %v", h.name, err)
		return
	}
	var about struct {
		Payload struct {
			Entry string `json:"entry_id"`
		} `json:"event_payload"`
	}
	if json.Unmarshal([]byte(form.Get("metadata")), &about) != nil || about.Payload.Entry == "" {
		return // a reply in a thread
	}
	var deadline int64
	if err := h.db.QueryRowContext(h.t.Context(), "SELECT post_deadline FROM achim_entry WHERE id = "+h.bound, about.Payload.Entry).Scan(&deadline); err != nil {
		if h.t.Context().Err() != nil {
			return // the experiment is over
		}
		h.t.Errorf("%s: the deadline of a post: %v", h.name, err)
		return
	}
	if late := time.Since(time.UnixMilli(deadline)); late > transit {
		h.t.Errorf("%s: entry %s is posted %s after its deadline", h.name, about.Payload.Entry, late)
	}
}

// verdicts reads where every reader's briefing stands.
func (h *house) verdicts() map[string]*verdict {
	h.t.Helper()
	all := map[string]*verdict{}
	h.each("SELECT reader_id, state, status, message_ts FROM achim_entry", func(scan func(...any) error) error {
		var id string
		v := &verdict{}
		err := scan(&id, &v.state, &v.status, &v.ts)
		if all[id] != nil {
			h.t.Errorf("%s: reader %s has two entries", h.name, id)
		}
		all[id] = v
		return err
	})
	h.each("SELECT CAST(user_id AS TEXT), COUNT(*) FROM conversation_log GROUP BY user_id", func(scan func(...any) error) error {
		var id string
		var n int
		err := scan(&id, &n)
		if v := all[id]; v != nil {
			v.logged = n
		}
		return err
	})
	for i := range h.readers {
		who := personOf(i)
		v := all[who.id]
		if v == nil {
			continue
		}
		for _, m := range h.slack.Messages(who.slack) {
			if m.ThreadTS == "" && !m.Deleted {
				v.dms++
			}
		}
	}
	return all
}

// report adds what became of the struck briefings to the table.
func (h *house) report(verdicts map[string]*verdict) {
	h.tally.mu.Lock()
	defer h.tally.mu.Unlock()
	for _, s := range h.struck {
		r := h.tally.row(s.step)
		for _, id := range s.readers {
			v := verdicts[id]
			if v == nil {
				continue
			}
			r.inHand++
			r.dms += v.dms
			switch {
			case v.dms > 1:
				r.duplicates += v.dms - 1
			case v.state == "unknown":
				r.unknown++
			case v.dms == 0:
				r.losses++
			}
		}
	}
	h.struck = nil
}

// inOrder lists the steps as a briefing comes to them, then whatever else there is; the caller holds mu.
func (t *tally) inOrder() (names []string) {
	for _, st := range slices.Concat(steps(), mendSteps()) {
		if t.rows[st.name] != nil {
			names = append(names, st.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.rows)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// table is the tally as Markdown. A briefing in hand is one that the killed process had claimed; it is counted
// again for every kill that hit it. The message of an unknown one may stand, and is then among the DMs.
func (t *tally) table() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| killed at\t| kills, SQLite\t| kills, PostgreSQL\t| briefings in hand\t| DMs\t| duplicates\t| losses\t| unknown\t|")
	fmt.Fprintln(w, "|---\t|--:\t|--:\t|--:\t|--:\t|--:\t|--:\t|--:\t|")
	var sum row
	for _, name := range t.inOrder() {
		r := t.rows[name]
		fmt.Fprintf(w, "| %s\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t|\n", name, r.sqlite, r.postgres, r.inHand, r.dms, r.duplicates, r.losses, r.unknown)
		sum.sqlite += r.sqlite
		sum.postgres += r.postgres
		sum.inHand += r.inHand
		sum.dms += r.dms
		sum.duplicates += r.duplicates
		sum.losses += r.losses
		sum.unknown += r.unknown
	}
	fmt.Fprintf(w, "| **all**\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t|\n", sum.sqlite, sum.postgres, sum.inHand, sum.dms, sum.duplicates, sum.losses, sum.unknown)
	_ = w.Flush()
	return b.String()
}
