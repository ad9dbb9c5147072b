package crashlab_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// verdict is what became of one reader's briefing.
type verdict struct {
	dms, logged int
	state       string
	status      string
	reason      string
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
		if m.Metadata == nil {
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
	h.each("SELECT reader_id, state, status, reason, message_ts FROM achim_entry", func(scan func(...any) error) error {
		var id string
		v := &verdict{}
		err := scan(&id, &v.state, &v.status, &v.reason, &v.ts)
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
			if m.ThreadTS == "" && !m.Deleted && m.Metadata != nil { // those without are no briefings
				v.dms++
			}
		}
	}
	return all
}
