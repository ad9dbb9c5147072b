package briefing_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"achim/briefing"
)

func TestReasonIsFoundThroughWraps(t *testing.T) {
	edge := &briefing.Error{Op: "list messages", Reason: briefing.RateLimited, RetryAfter: time.Minute, Err: io.ErrUnexpectedEOF}
	err := fmt.Errorf("read gmail: %w", fmt.Errorf("again: %w", edge))
	if got := briefing.ReasonOf(err); got != briefing.RateLimited {
		t.Errorf("ReasonOf = %q", got)
	}
	if !errors.Is(err, briefing.RateLimited) || !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, briefing.Timeout) {
		t.Error("errors.Is does not see reason and cause")
	}
	if briefing.RetryAfter(err) != time.Minute {
		t.Error("RetryAfter is lost")
	}
	if got := err.Error(); got != "read gmail: again: list messages: rate_limited: unexpected EOF" {
		t.Errorf("the chain reads %q", got)
	}
}

func TestReasonOfWhatNoEdgeClassified(t *testing.T) {
	for _, c := range []struct {
		err  error
		want briefing.Reason
	}{
		{nil, ""},
		{io.EOF, briefing.Internal},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), briefing.Timeout},
		{fmt.Errorf("x: %w", briefing.ScopeMissing), briefing.ScopeMissing},
	} {
		if got := briefing.ReasonOf(c.err); got != c.want {
			t.Errorf("ReasonOf(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}

// TestMendersOfReasons pins the contract's table: who mends a reason, and whether a retry may help.
func TestMendersOfReasons(t *testing.T) {
	for reason, want := range map[briefing.Reason]struct {
		mender briefing.Mender
		retry  bool
	}{
		briefing.ReauthRequired:      {briefing.MenderReader, false},
		briefing.ScopeMissing:        {briefing.MenderReader, false},
		briefing.ClientMisconfigured: {briefing.MenderOperator, true},
		briefing.APIDisabled:         {briefing.MenderOperator, true},
		briefing.PolicyBlocked:       {briefing.MenderAdmin, true},
		briefing.RateLimited:         {briefing.MenderNobody, true},
		briefing.Timeout:             {briefing.MenderNobody, true},
		briefing.Unavailable:         {briefing.MenderNobody, true},
		briefing.Malformed:           {briefing.MenderOperator, true},
		briefing.Internal:            {briefing.MenderOperator, true},
	} {
		if reason.Mender() != want.mender || reason.Retriable() != want.retry {
			t.Errorf("%s: mender %s, retriable %v; want %+v", reason, reason.Mender(), reason.Retriable(), want)
		}
	}
}
