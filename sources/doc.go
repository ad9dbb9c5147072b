// Package sources reads what a briefing is made of: Gmail, Google Calendar and news feeds.
//
// Each source is one file around one method, Fetch, beside small files of pure functions that judge what
// came: mailrank.go and mailtext.go for mail, event.go for events, feed.go and feedtext.go for stories.
// [Catalog] is the only list of them; a new source is one file and one line there.
//
// [Google] looks after the readers' grants: token.go is the path every access token takes, connect.go the
// consent, google.go the only place that turns Google's answers into reasons. Everything that comes from
// mail, calendars and feeds is somebody else's text: it is cleaned of control characters here, stays data,
// and is escaped where it is rendered.
package sources
