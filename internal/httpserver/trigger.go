package httpserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"achim/briefing"
)

const (
	defaultWait = 25 * time.Second
	longestWait = 120 * time.Second
)

// trigger briefs now. The run goes on whatever becomes of the client, who is only told how it went if it
// ends within the wait.
func (s *server) trigger(w http.ResponseWriter, r *http.Request) error {
	wait, err := waitOf(w, r)
	if err != nil {
		return err
	}
	body, err := readObject(w, r)
	if err != nil {
		return err
	}
	req, err := triggerRequest(body)
	if err != nil {
		return err
	}
	run, err := s.Triggers.Start(context.WithoutCancel(r.Context()), req)
	if err != nil {
		return err
	}
	if !run.Finished() && wait > 0 {
		// The server's own write timeout may be shorter than what the client asked to wait for. A
		// connection that cannot be told so has none.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(wait + 30*time.Second))
		ctx, cancel := context.WithTimeout(r.Context(), wait)
		defer cancel()
		if run, err = s.Triggers.Wait(ctx, run.ID); err != nil {
			return err
		}
	}
	status := http.StatusOK
	if !run.Finished() {
		status = http.StatusAccepted
		w.Header().Set("Location", "/api/runs/"+string(run.ID))
	}
	return writeJSON(w, status, s.forCaller(r, run))
}

// waitOf returns how long the client wants to wait for the run to finish.
func waitOf(w http.ResponseWriter, r *http.Request) (time.Duration, error) {
	for _, prefer := range r.Header.Values("Prefer") {
		for preference := range strings.SplitSeq(prefer, ",") {
			if strings.EqualFold(strings.TrimSpace(preference), "respond-async") {
				w.Header().Set("Preference-Applied", "respond-async")
				return 0, nil
			}
		}
	}
	text := r.URL.Query().Get("wait")
	if text == "" {
		return defaultWait, nil
	}
	wait, err := time.ParseDuration(text)
	if err != nil || wait < 0 || wait > longestWait {
		return 0, fault("wait", codeInvalidField, "%q is not a duration from 0s to 120s, such as 25s", clip(text))
	}
	return wait, nil
}

// triggerRequest reads the body of a trigger.
func triggerRequest(body object) (briefing.TriggerRequest, error) {
	var req briefing.TriggerRequest
	keep := func() {}
	err := body.read("", members{
		"user_ids": orNull(func(raw json.RawMessage) error {
			var refs []string
			if err := value(&refs, "an array of strings")(raw); err != nil {
				return err
			}
			return readRefs(&req, refs)
		}, keep),
		"date": orNull(parsed(func(text string) error {
			date, err := dateFrom("date", text)
			req.Date = date
			return err
		}), keep),
		"force":   orNull(value(&req.Force, "true or false"), keep),
		"dry_run": orNull(value(&req.DryRun, "true or false"), keep),
	})
	return req, err
}

// readRefs takes over whom to brief. An empty list is refused: a program that found nobody must not brief
// everybody.
func readRefs(req *briefing.TriggerRequest, refs []string) error {
	if len(refs) == 0 {
		return fmt.Errorf("is empty; leave it out to brief every active reader")
	}
	for i, ref := range refs {
		known, err := readerRef(fmt.Sprintf("user_ids[%d]", i), ref)
		if err != nil {
			return err
		}
		req.Readers = append(req.Readers, known)
	}
	return nil
}

// forCaller takes out of a run what its caller may not read: a dry run's text is content.
func (s *server) forCaller(r *http.Request, run briefing.Run) briefing.Run {
	if s.guard.allows(r, everything) {
		return run
	}
	readers := make([]briefing.RunReader, len(run.Readers))
	copy(readers, run.Readers)
	for i := range readers {
		readers[i].Text = ""
	}
	run.Readers = readers
	return run
}

// listRuns lists runs, the newest first.
func (s *server) listRuns(w http.ResponseWriter, r *http.Request) error {
	limit, err := limitOf(r)
	if err != nil {
		return err
	}
	found, err := s.Runs.Runs(r.Context(), briefing.RunFilter{Limit: limit})
	if err != nil {
		return err
	}
	runs := make([]briefing.Run, 0, len(found))
	for _, run := range found {
		runs = append(runs, s.forCaller(r, run))
	}
	return writeJSON(w, http.StatusOK, map[string]any{"runs": runs})
}

// showRun shows one run.
func (s *server) showRun(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "run_id")
	if err != nil {
		return err
	}
	run, err := s.Runs.Run(r.Context(), briefing.RunID(id))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.forCaller(r, run))
}

// limitOf reads ?limit=, 20 when there is none.
func limitOf(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return 20, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > 200 {
		return 0, fault("limit", codeInvalidField, "%q is not a number from 1 to 200", clip(text))
	}
	return limit, nil
}
