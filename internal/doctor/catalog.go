package doctor

import "slices"

// Code names a kind of finding. Codes are stable: other programs read them.
type Code string

// Group is the heading a code stands under.
type Group string

// The groups, in the order in which they are told.
const (
	groupDatabase  Group = "Database"
	groupAddresses Group = "Addresses"
	groupSecrets   Group = "Secrets and sealing"
	groupGoogle    Group = "Google"
	groupGrants    Group = "Google connections"
	groupSlack     Group = "Slack"
	groupReaders   Group = "Readers"
	groupNews      Group = "News"
	groupTold      Group = "Being told"
	groupMornings  Group = "Mornings"
	groupDoctor    Group = "Doctor"
)

// The codes.
const (
	DatabaseReach Code = "database"
	Migrations    Code = "migrations"
	SharedTables  Code = "shared_tables"
	DatabaseFile  Code = "database_file"
	DatabaseClock Code = "database_clock"
	Clock         Code = "clock"
	ZoneData      Code = "zone_data"

	PublicURL    Code = "public_url"
	RedirectURL  Code = "redirect_url"
	RedirectHost Code = "redirect_host"
	PlainHTTP    Code = "plain_http"
	IdleSetting  Code = "idle_setting"
	MendUntil    Code = "mend_until"

	CronSecret    Code = "cron_secret"
	OneSecret     Code = "one_secret"
	ShortSecret   Code = "short_secret"
	Sealing       Code = "sealing"
	Seals         Code = "seals"
	ExposedTokens Code = "exposed_tokens"

	GoogleReach   Code = "google_unreachable"
	GoogleClient  Code = "google_client"
	GoogleTesting Code = "google_testing"
	APIDisabled   Code = "api_disabled"

	GrantsChecked       Code = "grants"
	GrantDead           Code = "grant_dead"
	GrantFailing        Code = "grant_failing"
	GrantBlocked        Code = "grant_blocked"
	GrantClient         Code = "grant_client"
	GrantEnding         Code = "grant_ending"
	GrantScopes         Code = "grant_scopes"
	GrantMalformed      Code = "grant_malformed"
	GrantNoRefreshToken Code = "grant_no_refresh_token"
	GrantForeignClient  Code = "grant_foreign_client"
	GrantWithoutReader  Code = "grant_without_reader"
	GrantFlatChanged    Code = "grant_flat_changed"
	GrantPassedOver     Code = "grant_passed_over"
	NotConnected        Code = "not_connected"

	SlackReach     Code = "slack_unreachable"
	SlackToken     Code = "slack_token"
	SlackScopes    Code = "slack_scopes"
	SlackMessages  Code = "slack_messages_tab"
	SigningSecret  Code = "signing_secret"
	ReadersKnown   Code = "readers"
	ReaderReach    Code = "reader_unreachable"
	ReaderZone     Code = "reader_zone"
	FeedsRead      Code = "feeds"
	FeedReach      Code = "feed_unreachable"
	FeedMalformed  Code = "feed_malformed"
	FeedPrivate    Code = "feed_private"
	FeedMoved      Code = "feed_moved"
	PrivateFeeds   Code = "private_feeds"
	Alarms         Code = "alarms"
	OperatorReach  Code = "operator_unreachable"
	OperatorName   Code = "operator_name"
	AlertWebhook   Code = "alert_webhook"
	Heartbeat      Code = "heartbeat"
	Engine         Code = "engine"
	UnknownEntries Code = "unknown_briefing"
	ReaderFailing  Code = "reader_failing"
	NotChecked     Code = "not_checked"
)

// Kind is what a code stands for; docs/doctor.md says it in a sentence.
type Kind struct {
	Code   Code
	Group  Group
	Docs   string // page and anchor; "" = the group's heading in docs/doctor.md
	Remedy string // the usual one
}

// Catalog returns every code there is, in the order in which they are told. It is the only list of them.
func Catalog() []Kind { return slices.Clone(catalog) }

var catalog = slices.Concat(
	in(groupDatabase, []Kind{
		{DatabaseReach, "", "docs/configuration.md#databases", "see that the database runs, and that DATABASE_URL names it"},
		{Migrations, "", "docs/cli.md#achim-migrate", "achim migrate; with --dry-run it only says what it would do"},
		{SharedTables, "", "docs/migrating.md#what-is-read-written-and-left-alone", "add the column that is missing; one of another program needs a default, or must take NULL"},
		{DatabaseFile, "", "docs/security.md#what-is-worth-protecting", "chmod 600 the file and those beside it"},
		{DatabaseClock, "", "", "set up NTP on this machine and on the database's"},
		{Clock, "", "", "set up NTP on this machine (timedatectl set-ntp true)"},
		{ZoneData, "", "", "set timezone to an IANA name such as Asia/Seoul"},
	}),
	in(groupAddresses, []Kind{
		{PublicURL, "", "docs/configuration.md#addresses-and-links", "set ACHIM_PUBLIC_URL to an https address with a name that phones can open"},
		{RedirectURL, "", "docs/google.md#redirect", "register ACHIM_PUBLIC_URL + /api/gmail/callback with the Google client and leave GOOGLE_REDIRECT_URL unset"},
		{RedirectHost, "", "docs/google.md#redirect", "register ACHIM_PUBLIC_URL + /api/gmail/callback with the Google client and leave GOOGLE_REDIRECT_URL unset"},
		{PlainHTTP, "", "docs/configuration.md#upstreams", "use https"},
		{IdleSetting, "", "docs/configuration.md#set-but-not-used-yet", "take it out, so that nobody believes it works"},
		{MendUntil, "", "", "set mend_until to an hour after the briefing's"},
	}),
	in(groupSecrets, []Kind{
		{CronSecret, "", "docs/configuration.md#secrets", "set CRON_SECRET to what openssl rand -hex 32 prints"},
		{OneSecret, "", "docs/configuration.md#secrets", "set ACHIM_API_SECRET to another"},
		{ShortSecret, "", "docs/configuration.md#secrets", "make one with openssl rand -hex 32"},
		{Sealing, "", "docs/security.md#sealing", "make a key with achim keys generate and set ACHIM_ENCRYPTION_KEY"},
		{Seals, "", "docs/security.md#a-lost-key", "add the key these rows were sealed with to ACHIM_ENCRYPTION_KEY"},
		{ExposedTokens, "", "docs/configuration.md#secrets", "set google.expose_access_tokens to false unless a program of yours needs it"},
	}),
	in(groupGoogle, []Kind{
		{GoogleReach, "", "docs/google.md#client", "see that this machine reaches Google (a proxy, a firewall, GOOGLE_TOKEN_URL), and try again"},
		{GoogleClient, "", "docs/google.md#client", "compare GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET with Google Cloud console → Clients"},
		{GoogleTesting, "", "docs/google.md#testing", "publish the consent screen (Google Cloud console → Audience → Publish app), then let everybody connect again"},
		{APIDisabled, "", "docs/google.md#apis", "enable it in Google Cloud console → APIs & Services → Library"},
	}),
	in(groupGrants, grantKinds),
	in(groupSlack, []Kind{
		{SlackReach, "", "docs/slack.md#token", "see that this machine reaches Slack (a proxy, a firewall, SLACK_API_URL), and try again"},
		{SlackToken, "", "docs/slack.md#token", "install the app (configs/slack-manifest.yaml) and set SLACK_BOT_TOKEN to its bot token, xoxb-…"},
		{SlackScopes, "", "docs/slack.md#scopes", "add the scope (api.slack.com/apps → OAuth & Permissions → Bot Token Scopes) and install the app again"},
		{SlackMessages, "", "docs/slack.md#messages-tab", "switch the Messages tab on (api.slack.com/apps → App Home → Show Tabs), then achim run"},
		{SigningSecret, "", "docs/slack.md#signing-secret", "set SLACK_SIGNING_SECRET (api.slack.com/apps → Basic Information)"},
	}),
	in(groupReaders, []Kind{
		{ReadersKnown, "", "docs/cli.md#achim-users", "achim users add --name haneul --slack U012AB3CD"},
		{ReaderReach, "", "docs/slack.md#reach", "correct the member id (achim users set --slack), or pause or remove the reader"},
		{ReaderZone, "", "docs/cli.md#achim-users", "achim users set --timezone Asia/Seoul"},
	}),
	in(groupNews, []Kind{
		{FeedsRead, "", "docs/configuration.md#feeds", ""},
		{FeedReach, "", "docs/configuration.md#feeds", "wait if it is down for now; else correct its address or take it out"},
		{FeedMalformed, "", "docs/configuration.md#feeds", "find the address of the feed itself, RSS, Atom or JSON, or take it out"},
		{FeedPrivate, "", "docs/configuration.md#feeds", "take it out, or set news.allow_private_networks if it is on your own network"},
		{FeedMoved, "", "docs/configuration.md#feeds", "put the new address in its place"},
		{PrivateFeeds, "", "docs/configuration.md#feeds", "set news.allow_private_networks to false unless a feed is on your own network"},
	}),
	in(groupTold, []Kind{
		{Alarms, "", "docs/configuration.md#being-told", "set SLACK_OPERATOR_USER to your member id, and ALERT_WEBHOOK_URL for when Slack is what broke"},
		{OperatorReach, "", "docs/slack.md#operator", "set SLACK_OPERATOR_USER to the member id of somebody who is there"},
		{OperatorName, "", "docs/configuration.md#addresses-and-links", "set delivery.operator to a name they know, such as \"@jiwon\" (a member id is never shown)"},
		{AlertWebhook, "", "docs/configuration.md#being-told", "set ALERT_WEBHOOK_URL to the whole address, https, as the other side shows it"},
		{Heartbeat, "", "docs/configuration.md#being-told", "set HEARTBEAT_URL to a service that rings when nobody calls it"},
	}),
	in(groupMornings, []Kind{
		{Engine, "", "docs/cli.md#achim-serve", "start achim serve, and let a service manager keep it running (configs/achim.service)"},
		{UnknownEntries, "", "docs/cli.md#achim-runs", "look into the DM, then achim runs resolve"},
		{ReaderFailing, "", "docs/cli.md#achim-runs", "achim runs list and achim runs show say why; mend that, then achim run"},
	}),
	in(groupDoctor, []Kind{
		{NotChecked, "", "", "mend the rest, and run achim doctor again"},
	}),
)

var grantKinds = []Kind{
	{GrantsChecked, "", "docs/google.md#what-ends-a-connection", ""},
	{GrantDead, "", "docs/google.md#what-ends-a-connection", "give the reader the link of achim connect"},
	{GrantFailing, "", "docs/google.md#what-ends-a-connection", "wait: it is tried again by itself; if it lasts, look at Google's status page"},
	{GrantBlocked, "", "docs/google.md#what-ends-a-connection", "ask the administrator of their Google Workspace to allow the app"},
	{GrantClient, "", "docs/google.md#client", "let the reader connect again: the grant belongs to another Google client, which does not take it"},
	{GrantEnding, "", "docs/google.md#what-ends-a-connection", "give the reader the link of achim connect before then"},
	{GrantScopes, "", "docs/google.md#scopes", "give the reader the link of achim connect, and let them tick every box"},
	{GrantMalformed, "", "docs/migrating.md#what-is-read-written-and-left-alone", "let the reader connect again, which replaces the row, or correct it"},
	{GrantNoRefreshToken, "", "docs/migrating.md#what-is-read-written-and-left-alone", "let the reader connect again"},
	{GrantForeignClient, "", "docs/migrating.md#what-is-read-written-and-left-alone", "nothing while it works; connecting again moves it to the configured client"},
	{GrantWithoutReader, "", "docs/migrating.md#what-is-read-written-and-left-alone", "nothing if it is another program's; achim users add --id makes it a reader's"},
	{GrantFlatChanged, "", "docs/migrating.md#flat-tables", "move that program to token_data, or let the reader connect again"},
	{GrantPassedOver, "", "docs/migrating.md#what-is-read-written-and-left-alone", "nothing while it works; delete the others when nobody else needs them"},
	{NotConnected, "", "docs/google.md#connect", "give the reader the link of achim connect"},
}

// in puts the kinds into the group; what has no page of its own is explained under the group's heading.
func in(group Group, kinds []Kind) []Kind {
	out := slices.Clone(kinds)
	for i := range out {
		out[i].Group = group
		if out[i].Docs == "" {
			out[i].Docs = "docs/doctor.md#" + anchor(string(group))
		}
	}
	return out
}

// kind returns what the code stands for.
func (c Code) kind() Kind {
	if i := slices.IndexFunc(catalog, func(k Kind) bool { return k.Code == c }); i >= 0 {
		return catalog[i]
	}
	return Kind{Code: c, Group: groupDoctor}
}

// Remedy returns what usually mends it.
func (c Code) Remedy() string { return c.kind().Remedy }

// Docs returns the page that explains it.
func (c Code) Docs() string { return c.kind().Docs }

// Group returns the heading it stands under.
func (c Code) Group() Group { return c.kind().Group }
