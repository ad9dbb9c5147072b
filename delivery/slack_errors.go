package delivery

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"achim/briefing"
)

// codeDeactivated is the one code that says that a member's account is deactivated. user_not_found does not: it is also
// what a mistyped id gets, and everybody when the token is another workspace's.
const codeDeactivated = "user_disabled"

// reasonOfCode is the table of Slack's error codes. A code that is not in it is Ambiguous: looking into
// the history costs little, and a second DM on a guess is the one thing that must not happen.
func reasonOfCode(code string) briefing.Reason {
	switch code {
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired",
		"org_login_required", "team_access_not_granted", "ekm_access_denied", "access_denied",
		"two_factor_setup_required", "enterprise_is_restricted":
		return briefing.ClientMisconfigured // the token is dead, for the whole workspace
	case "missing_scope", "no_permission", "messages_tab_disabled", "not_allowed_token_type", "accesslimited",
		"deprecated_endpoint", "method_deprecated", "method_not_supported_for_channel_type", "unknown_method":
		return briefing.ClientMisconfigured // the app is not set up for this
	case "channel_not_found", "user_not_found", codeDeactivated, "user_not_visible", "cannot_dm_bot",
		"is_archived", "not_in_channel", "users_list_not_supplied", "not_enough_users", "too_many_users",
		"invalid_user_combination", "users_not_found":
		return briefing.RecipientUnreachable
	case "no_text", "invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long",
		"metadata_too_large", "invalid_metadata_format", "invalid_metadata_schema",
		"metadata_must_be_sent_from_app", "too_many_attachments", "markdown_text_conflict", "block_mismatch",
		"invalid_arguments", "invalid_arg_name", "invalid_array_arg", "invalid_charset", "invalid_form_data",
		"invalid_post_type", "missing_post_type", "invalid_json", "json_not_object":
		return briefing.PayloadRefused
	case "message_not_found", "edit_window_closed", "cant_update_message", "thread_not_found",
		"cannot_reply_to_message":
		return briefing.MessageGone
	case "ratelimited", "rate_limited", "message_limit_exceeded":
		return briefing.RateLimited
	case "team_added_to_org":
		return briefing.Unavailable // the workspace is moving: later
	default:
		if strings.HasPrefix(code, "restricted_action") {
			return briefing.ClientMisconfigured
		}
		return briefing.Ambiguous
	}
}

// told is the cause as it may be logged: Slack's code, what scope it needs and which block it refuses. The rest of an
// answer is prose, and may repeat what was sent. Everything sensitive travels in the body; an address could only carry
// something in its query, and that is taken off.
func told(err error) error {
	if answer, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return fmt.Errorf("slack says %s", strings.Join(slices.Concat(words(answer.Err), details(answer)), "; "))
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		address, _, _ := strings.Cut(e.URL, "?")
		return &url.Error{Op: e.Op, URL: address, Err: e.Err}
	}
	return err
}

var (
	codeWord  = regexp.MustCompile(`^[a-z_]{1,64}$`)
	scopeWord = regexp.MustCompile(`^[a-z_.:,]{1,120}$`)
	blockPath = regexp.MustCompile(`\[json-pointer:(/[a-z0-9_]{1,32}){1,8}\]`)
)

// words returns a code as it may be told.
func words(code string) []string {
	if codeWord.MatchString(code) {
		return []string{code}
	}
	return []string{"something that is no code"}
}

// details returns what may be told of an answer beside its code.
func details(answer slack.SlackErrorResponse) []string {
	var found []string
	for _, message := range answer.ResponseMetadata.Messages {
		if path := blockPath.FindString(message); path != "" && len(found) < 5 {
			found = append(found, path)
		}
	}
	if scopeWord.MatchString(answer.Needed) {
		found = append(found, "needed "+answer.Needed)
	}
	return found
}
