package summary

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"achim/briefing"
)

const (
	longestAnswer = 256 << 10 // bytes; a good answer has two or three thousand
	longestError  = 4 << 10   // bytes that are looked through for what a server does not take
	mostTokens    = 4000      // of an answer, what a model thinks to itself included
	dialects      = 5         // how often a call may be put differently
)

// dialect is what a server of this form takes. They differ, and say so with a 400; what one said is remembered.
type dialect struct {
	noSchema, noTemperature, noEffort bool
	oldLimit                          bool // max_tokens, which newer ones have renamed
}

// without returns the dialect without what a refusal speaks of, and false when it speaks of nothing that can be left out.
func (d dialect) without(refusal string) (dialect, bool) {
	before := d
	refusal = strings.ToLower(refusal)
	speaksOf := func(names ...string) bool {
		for _, name := range names {
			if strings.Contains(refusal, name) {
				return true
			}
		}
		return false
	}
	switch {
	case !d.noTemperature && speaksOf("temperature"):
		d.noTemperature = true
	case !d.noEffort && speaksOf("reasoning", "thinking"):
		d.noEffort = true
	case !d.oldLimit && speaksOf("max_completion_tokens", "max_tokens"):
		d.oldLimit = true
	case !d.noSchema && speaksOf("response_format", "json_schema", "schema"):
		d.noSchema = true
	}
	return d, d != before
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// body is the one call, in the dialect.
func (d dialect) body(model string, q question) ([]byte, error) {
	call := map[string]any{
		"model": model, "stream": false,
		"messages": []message{{"system", q.system}, {"user", q.data}},
	}
	if !d.noTemperature {
		call["temperature"] = 0
	}
	if !d.noEffort {
		call["reasoning_effort"] = "low" // there is little to think about, and little time
	}
	if !d.noSchema {
		call["response_format"] = map[string]any{"type": "json_schema",
			"json_schema": map[string]any{"name": "briefing", "strict": true, "schema": answerSchema}}
	}
	limit := "max_completion_tokens"
	if d.oldLimit {
		limit = "max_tokens"
	}
	call[limit] = mostTokens
	return json.Marshal(call)
}

// usage is what an answer cost.
type usage struct {
	Prompt int `json:"prompt_tokens"`
	Answer int `json:"completion_tokens"`
}

// call asks the model once. A server that refuses to be asked in this way is asked in another, while ctx lasts.
func (e *Editor) call(ctx context.Context, q question) (text string, cost usage, err error) {
	for range dialects {
		d := *e.dialect.Load()
		var refusal string
		text, cost, refusal, err = e.post(ctx, d, q)
		other, differs := d.without(refusal)
		if refusal == "" || !differs {
			return text, cost, err
		}
		e.dialect.Store(&other)
	}
	return text, cost, err
}

// post makes one request. Its errors are *briefing.Error and hold nothing of what was said; refusal is what a server said
// about the form of the request.
func (e *Editor) post(ctx context.Context, d dialect, q question) (text string, cost usage, refusal string, err error) {
	body, err := d.body(e.model, q)
	if err != nil {
		return "", usage{}, "", failed(briefing.Internal, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.address, bytes.NewReader(body))
	if err != nil {
		return "", usage{}, "", failed(briefing.ClientMisconfigured, errors.New("not an address"))
	}
	req.Header.Set("User-Agent", "achim")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if !e.key.IsZero() {
		req.Header.Set("Authorization", "Bearer "+e.key.Reveal())
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return "", usage{}, "", unreached(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		if resp.StatusCode == http.StatusBadRequest || resp.StatusCode == http.StatusUnprocessableEntity {
			said, _ := io.ReadAll(io.LimitReader(resp.Body, longestError))
			refusal = string(said)
		}
		return "", usage{}, refusal, refused(resp)
	}
	answered, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer+1))
	switch {
	case err != nil:
		return "", usage{}, "", unreached(err)
	case len(answered) > longestAnswer:
		return "", usage{}, "", failed(briefing.Malformed, errors.New("an answer without end"))
	}
	text, cost, err = spoken(answered)
	return text, cost, "", err
}

// spoken takes what the model said out of an answer.
func spoken(answered []byte) (string, usage, error) {
	var got struct {
		Choices []struct {
			Message struct {
				Content string `json:"content"`
			} `json:"message"`
			Finish string `json:"finish_reason"`
		} `json:"choices"`
		Usage usage `json:"usage"`
	}
	if json.Unmarshal(answered, &got) != nil {
		return "", usage{}, failed(briefing.Malformed, errors.New("not an answer of this API"))
	}
	got.Usage.Prompt, got.Usage.Answer = sane(got.Usage.Prompt), sane(got.Usage.Answer)
	if len(got.Choices) == 0 || got.Choices[0].Message.Content == "" {
		return "", got.Usage, failed(briefing.Malformed, errors.New("an empty answer"))
	}
	if got.Choices[0].Finish == "length" {
		return "", got.Usage, failed(briefing.Malformed, errors.New("an answer that was cut off"))
	}
	return got.Choices[0].Message.Content, got.Usage, nil
}

// sane keeps a count of tokens from being used to spoil the statistics.
func sane(tokens int) int { return max(0, min(tokens, 1_000_000)) }

// refused turns a status into a reason.
func refused(resp *http.Response) error {
	reason := briefing.ClientMisconfigured // also of a redirect, which would take the mail elsewhere
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		reason = briefing.RateLimited
	case resp.StatusCode == http.StatusRequestTimeout || resp.StatusCode >= 500:
		reason = briefing.Unavailable
	case resp.StatusCode < 300:
		reason = briefing.Malformed
	}
	err := failed(reason, fmt.Errorf("status %d", resp.StatusCode))
	if seconds, bad := strconv.Atoi(resp.Header.Get("Retry-After")); bad == nil && seconds > 0 {
		err.RetryAfter = time.Duration(min(seconds, int(rest/time.Second))) * time.Second
	}
	return err
}

// unreached is the failure of a call that got no answer, or not all of it.
func unreached(err error) error {
	reason := briefing.Unavailable
	var timeout interface{ Timeout() bool }
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		reason = briefing.Timeout
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	return failed(reason, err)
}

func failed(reason briefing.Reason, err error) *briefing.Error {
	return &briefing.Error{Op: "ask the language model", Reason: reason, Err: err}
}
