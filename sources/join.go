package sources

import (
	"net/url"
	"regexp"
	"strings"

	"google.golang.org/api/calendar/v3"

	"achim/briefing"
)

const (
	longestSearched = 32 << 10 // bytes of a description that are searched for a link
	mostLinks       = 50
	mostWrappings   = 3 // of a link by mail guards, one within the other
)

// joinURL is where to join by video: what Google knows, else a known service's address in the text.
func joinURL(event *calendar.Event) string {
	if link := httpsURL(event.HangoutLink); link != "" {
		return link
	}
	if event.ConferenceData != nil {
		for _, entry := range event.ConferenceData.EntryPoints {
			if entry == nil || entry.EntryPointType != "video" {
				continue
			}
			if link := httpsURL(entry.Uri); link != "" {
				return link
			}
		}
	}
	if link := meetingLink(event.Location); link != "" {
		return link
	}
	if link := bareLink(event.Location); link != "" {
		return link
	}
	return meetingLink(event.Description)
}

var (
	anyLink = regexp.MustCompile(`(?i)https?://[^\s<>"'\x60\\{}|^]+`)
	// anyHost is an address as people type it, without a scheme. What stands before it must not be part of another one.
	anyHost = regexp.MustCompile(`(?i)(?:^|[\s(<,])((?:[a-z0-9-]+\.)+[a-z]{2,}/[^\s<>"'\x60\\{}|^]+)`)
)

// meetingServices are those people meet on, with the paths that lead into a meeting. Their other pages, such as a recording, an
// app to download or a local telephone number, stand in the same invitations.
var meetingServices = []struct {
	host string
	path *regexp.Regexp
}{
	{"zoom.us", zoomPath}, {"zoom.com", zoomPath}, {"zoomgov.com", zoomPath},
	{"meet.google.com", regexp.MustCompile(`^/(?:[a-z]{3}-[a-z]{4}-[a-z]{3}/?$|lookup/.)`)},
	{"teams.microsoft.com", teamsPath}, {"teams.microsoft.us", teamsPath}, {"teams.live.com", teamsPath},
	{"webex.com", regexp.MustCompile(`^/(?:(?:meet|join)/.|wbxmjs/joinservice/.|webappng/sites/[^/]+/meeting/(?:download|info|register)/.|(?:[^/]+/)*[jm]\.php$)`)},
	{"whereby.com", regexp.MustCompile(`^/[^/]+/?$`)}, {"meet.jit.si", roomPath}, {"8x8.vc", roomPath},
	{"chime.aws", regexp.MustCompile(`^/[0-9]`)},
	{"gotomeeting.com", regexp.MustCompile(`^/join/.`)}, {"meet.goto.com", roomPath},
	{"bluejeans.com", regexp.MustCompile(`^/[0-9]`)}, {"gather.town", regexp.MustCompile(`^/(?:app|i)/.`)},
	{"whaleon.naver.com", anyPath}, {"whaleon.us", anyPath}, {"remotemeeting.com", anyPath}, {"gooroomee.com", anyPath},
}

var (
	zoomPath  = regexp.MustCompile(`^/(?:(?:j|my|w|s)/.|wc/(?:join/.|[0-9]+/(?:join|start)))`)
	teamsPath = regexp.MustCompile(`^/(?:l/meetup-join|meet)/.`)
	roomPath  = regexp.MustCompile(`^/[^/]+(?:/[^/]+)?/?$`) // the name of a room, or whose it is and its name
	anyPath   = regexp.MustCompile(`^/.`)                   // of services that do not say how their addresses are made
)

// aboutHosts and aboutPages are what services tell of themselves where rooms have addresses as short.
var (
	aboutHosts = regexp.MustCompile(`^(?:support|help|dialin|status|blog|explore|docs)\.`)
	aboutPages = regexp.MustCompile(`^/(?:about|blog|contact|download|faq|features|help|information|login|press|pricing|privacy|register|sign-?in|sign-?up|support|terms|test|user)\b`)
)

// serviceMeeting reports whether the address leads into a meeting of a service, in one of its ways.
func serviceMeeting(host, path string) bool {
	host = strings.ToLower(host)
	for _, s := range meetingServices {
		if host == s.host || strings.HasSuffix(host, "."+s.host) {
			return s.path.MatchString(path) && !aboutHosts.MatchString(host) && !aboutPages.MatchString(path)
		}
	}
	return false
}

// suiteMeeting reports whether the address is that of a meeting in a suite that has much else on its hosts: the first
// part of the host, or the path, has to say so.
func suiteMeeting(host, path string) bool {
	host = strings.ToLower(host)
	label, _, _ := strings.Cut(host, ".")
	if !strings.HasSuffix(host, ".worksmobile.com") && !strings.HasSuffix(host, ".kakaowork.com") || label == "help" || label == "guide" || label == "blog" {
		return false
	}
	return label == "vc" || containsAny(label+path, "meet", "video", "conference", "vroom")
}

// meeting reports whether the address leads into a meeting, and to nothing else of a service people meet on.
func meeting(u *url.URL) bool {
	path := strings.ToLower(u.Path)
	return serviceMeeting(u.Hostname(), path) || strings.Trim(path, "/") != "" && suiteMeeting(u.Hostname(), path)
}

// entities are those that stand in addresses and around them; resolving all would take &copy= for a sign.
var entities = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#34;", `"`, "&#39;", "'", "&nbsp;", " ")

// meetingLink finds the first address of a meeting at a known service in text or HTML. The host decides, so that an
// address that only mentions one in its path is none.
func meetingLink(text string) string {
	text = text[:min(len(text), longestSearched)]
	if !strings.Contains(text, "://") && !strings.Contains(text, "&") {
		return ""
	}
	for _, found := range anyLink.FindAllString(entities.Replace(entities.Replace(text)), mostLinks) {
		if link := unwrapped(found); link != "" {
			return link
		}
	}
	return ""
}

// bareLink finds one that was typed without https://.
func bareLink(text string) string {
	text = text[:min(len(text), longestSearched)]
	for _, found := range anyHost.FindAllStringSubmatch(text, mostLinks) {
		if link := unwrapped("https://" + found[1]); link != "" {
			return link
		}
	}
	return ""
}

// unwrapped returns the address if it leads into a meeting, and the one within where Calendar or a mail guard has
// wrapped it; "" when it leads elsewhere.
func unwrapped(link string) string {
	link = httpsURL(trimLink(link))
	for range mostWrappings {
		u, err := url.Parse(link)
		if err != nil || link == "" {
			return ""
		}
		if meeting(u) {
			return link
		}
		link = httpsURL(wrappedIn(u))
	}
	return ""
}

// trimLink drops the punctuation of the sentence or the brackets around an address.
func trimLink(link string) string {
	for {
		trimmed := strings.TrimRight(link, ".,;:!?*_]}·…")
		if strings.HasSuffix(trimmed, ")") && strings.Count(trimmed, "(") < strings.Count(trimmed, ")") {
			trimmed = strings.TrimSuffix(trimmed, ")")
		}
		if trimmed == link {
			return link
		}
		link = trimmed
	}
}

// wrappedIn returns the address that another one leads to; "" for one that is no wrapping.
func wrappedIn(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	switch {
	case host == "www.google.com" && u.Path == "/url": // Calendar wraps pasted links
		return firstOf(u.Query().Get("q"), u.Query().Get("url"))
	case strings.HasSuffix(host, ".safelinks.protection.outlook.com"):
		return u.Query().Get("url")
	case host == "urldefense.com" && strings.HasPrefix(u.Path, "/v3/__"):
		inner, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/v3/__"), "__;")
		if u.RawQuery != "" && !strings.Contains(u.Path, "__;") {
			query, _, _ := strings.Cut(u.RawQuery, "__;")
			inner += "?" + query
		}
		return inner
	}
	return ""
}

// httpsURL returns the address if it can stand behind a link: https, a host, nobody's name and password in
// front of it, and nothing that could end the link early.
func httpsURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || len(s) > 2000 ||
		strings.ContainsAny(s, " <>|\"\\`\t\r\n") || s != oneLine(s) {
		return ""
	}
	return s
}

// byPhone reports whether the event is a call: Google knows a number and no video, or the words say so.
func byPhone(event *calendar.Event, item briefing.Item) bool {
	if event.ConferenceData != nil {
		for _, entry := range event.ConferenceData.EntryPoints {
			if entry != nil && entry.EntryPointType == "phone" {
				return true
			}
		}
	}
	if item.Place != "" {
		return phoneOnly(item.Place) || phoneNumber.MatchString(item.Place)
	}
	title := strings.ToLower(strings.TrimRight(aside.ReplaceAllString(item.Title, ""), " .!?~"))
	return strings.HasSuffix(title, " 통화") || title == "통화" || containsAny(title, "전화 회의", "전화회의", "전화 미팅", "전화미팅", "전화 통화", "전화통화") ||
		containsAny(title, "phone call", "conference call")
}

var (
	// phoneNumber is a number as it is dialled in Korea, or with the code of a country, or one that is said to be one:
	// digits alone are as well a room or the number of a meeting.
	phoneNumber = regexp.MustCompile(`^(?i)(?:(?:tel|phone|전화|유선)[ :.]*\(?\+?[0-9][0-9 ().-]{4,20}|\+[0-9][0-9 ().-]{6,20}|` +
		`(?:\(0[0-9]{1,3}\)|0[0-9]{1,3})[ .-]?[0-9]{3,4}[ .-]?[0-9]{4}|1[568][0-9]{2}[ .-]?[0-9]{4})$`)
	aside = regexp.MustCompile(`\([^()]*\)`)
)

// phoneOnly reports a location that is a telephone.
func phoneOnly(place string) bool {
	switch strings.ToLower(place) {
	case "전화", "전화 회의", "전화회의", "전화 통화", "유선", "유선 통화", "phone", "call", "phone call", "conference call":
		return true
	}
	return false
}
