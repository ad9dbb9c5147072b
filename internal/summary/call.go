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
	mostPosts     = 3         // of one call: as known, without what was refused, and as plainly as can be
)

// dialect is what a server of this form takes. They differ, and say so with a 400. The one that worked is remembered, and
// forgotten when it is refused.
type dialect struct {
	noSchema, noTemperature, noEffort bool
	oldLimit                          bool // max_tokens, which newer ones have renamed
}

// plainest is what every server takes.
var plainest = dialect{noSchema: true, noTemperature: true, noEffort: true, oldLimit: true}

// refusal is what a server says with a 400. Its message is not looked at: it may quote a mail.
type refusal struct {
	form  bool   // it may be the form of the call that is refused
	param string // what the server does not take; "" = it does not say
}

// refusalOf reads an answer with status 400 or 422.
func refusalOf(answered []byte) *refusal {
	var got struct {
		Error struct {
			Param string `json:"param"`
			Code  any    `json:"code"`
		} `json:"error"`
	}
	_ = json.Unmarshal(answered, &got) // what cannot be read says nothing
	code, _ := got.Error.Code.(string)
	_, known := dialect{}.without(got.Error.Param)
	return &refusal{known || got.Error.Param == "" && code == "", got.Error.Param}
}

// without returns the dialect without the parameter, and false when it is none that can be left out.
func (d dialect) without(param string) (dialect, bool) {
	before := d
	switch param, _, _ = strings.Cut(param, "."); param {
	case "temperature":
		d.noTemperature = true
	case "reasoning_effort", "reasoning":
		d.noEffort = true
	case "max_completion_tokens":
		d.oldLimit = true
	case "response_format":
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
	known := e.dialect.Load()
	d := *known
	for left := mostPosts - 1; ; left-- {
		var no *refusal
		text, cost, no, err = e.post(ctx, d, q)
		if err == nil && d != *known {
			e.dialect.Store(&d)
		}
		if no == nil {
			return text, cost, err
		}
		e.dialect.CompareAndSwap(known, &dialect{}) // to be found anew
		other, differs := d.without(no.param)
		if !differs || left == 1 {
			other = plainest
		}
		if !no.form || left == 0 || other == d {
			return text, cost, err
		}
		d = other
	}
}

// post makes one request. Its errors are *briefing.Error and hold nothing of what was said; no is set where the server refused
// what it was asked.
func (e *Editor) post(ctx context.Context, d dialect, q question) (text string, cost usage, no *refusal, err error) {
	body, err := d.body(e.model, q)
	if err != nil {
		return "", usage{}, nil, failed(briefing.Internal, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.address, bytes.NewReader(body))
	if err != nil {
		return "", usage{}, nil, failed(briefing.ClientMisconfigured, errors.New("not an address"))
	}
	req.Header.Set("User-Agent", "achim")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if !e.key.IsZero() {
		req.Header.Set("Authorization", "Bearer "+e.key.Reveal())
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return "", usage{}, nil, unreached(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		if resp.StatusCode == http.StatusBadRequest || resp.StatusCode == http.StatusUnprocessableEntity {
			said, _ := io.ReadAll(io.LimitReader(resp.Body, longestError))
			no = refusalOf(said)
		}
		return "", usage{}, no, refused(resp)
	}
	answered, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer+1))
	switch {
	case err != nil:
		return "", usage{}, nil, unreached(err)
	case len(answered) > longestAnswer:
		return "", usage{}, nil, failed(briefing.Malformed, errors.New("an answer without end"))
	}
	text, cost, err = spoken(answered)
	return text, cost, nil, err
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
