package language

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"achim/briefing"
)

// Page is one web page in words. Everything in it is plain text and may hold what strangers typed:
// whoever lays it out escapes it. In paragraphs a command stands between backticks, to be kept in one piece.
type Page struct {
	Language briefing.Language
	Tone     PageTone
	Title    string
	Warn     []string   // what would get in the way; none = nothing does
	Lead     string     // the one sentence that matters; "" = none
	Facts    []PageFact // what a person compares before pressing anything
	Long     bool       // the facts are long, such as addresses in full: each stands below its label
	Body     []string   // paragraphs
	Main     PageAction // the one big control; the zero value = none
	Second   PageAction // the way out beside it; the zero value = none
	Links    []PageAction
	Folds    []PageFold
	Small    []string // fine print
}

// PageTone sets the colour and the sign of a page. The words never depend on it.
type PageTone string

// The tones.
const (
	ToneAsk  PageTone = "ask"  // something is to be decided
	ToneGood PageTone = "good" // it worked
	ToneHalt PageTone = "halt" // we stopped, and nothing was changed
)

// PageFact is a label and what stands beside it.
type PageFact struct{ Label, Value string }

// PageAction is a control. Post makes it a form that posts its fields to Href, "" being the page's own address;
// else it is a link.
type PageAction struct {
	Label, Href string
	Post        bool
	Fields      []PageField
}

// PageField is what a form sends along unseen.
type PageField struct{ Name, Value string }

// PageFold is help that is folded away until somebody asks for it.
type PageFold struct {
	Summary string
	Body    []string
}

// ConnectFacts is what the page before Google's consent tells.
type ConnectFacts struct {
	Reader   string // whose briefing it is
	Account  string // the account connected now, already masked; "" = none
	Expected string // the account to choose, already masked; "" = whichever the person picks
	Operator string // who runs the server; "" = not said
	KeepDays int    // how long titles and summaries are kept
	Switch   bool   // the link is for changing the account
	InApp    InApp  // the app whose own browser shows the page
}

// InApp is an app that shows pages in a browser of its own, where Google mostly refuses to let anybody sign in.
type InApp string

// The apps known by name, and the rest.
const (
	NoApp     InApp = ""
	Slack     InApp = "Slack"
	KakaoTalk InApp = "KakaoTalk"
	Naver     InApp = "NAVER"
	Instagram InApp = "Instagram"
	Facebook  InApp = "Facebook"
	Line      InApp = "LINE"
	SomeApp   InApp = "app"
)

// ConfirmFacts is what the page asks that stands between a consent and its being stored.
type ConfirmFacts struct {
	Account  string                // the account just chosen, in full
	Reader   string                // who will get what is in it
	Replaces string                // the account connected now, masked; "" = none
	Missing  []briefing.SourceName // whose box was left unticked
	Ticket   string                // what the answer is sent with
	Action   string                // where to
	Operator string
}

// ConnectedFacts is what the page after a consent tells: only what a probe has just found.
type ConnectedFacts struct {
	Account       string // masked
	MailOK        bool
	Calendars     int                   // read just now
	Missing       []briefing.SourceName // whose box was left unticked
	Filling       bool                  // today's briefing is being mended right now
	Gone          bool                  // the reader's Slack account is deactivated: none is planned for that
	Next          time.Time             // of the next briefing, in the reader's zone; zero = none is planned
	Operator      string
	KeepDays      int
	SlackURL      string // back to Slack
	StoredURL     string // what is kept of the reader
	DisconnectURL string
	AgainURL      string // a fresh link, for boxes left unticked; "" = none
}

// FaultFacts is what a page tells about a consent that did not end in a connection.
type FaultFacts struct {
	Fault    briefing.ConnectFault
	Expected string // the account that was expected, masked
	First    bool   // it is the reader's own address: no account was connected before
	Chosen   string // the account just chosen, as the person typed it
	Revoked  bool   // what was just allowed has been taken back at Google
	Switch   bool   // the link was for changing the account
	Operator string
	AgainURL string // a fresh link; "" = the reader is not known, or must use the one they have
}

// StoredFacts is what is kept of a reader, without a title of anything.
type StoredFacts struct {
	Reader        string
	Account       string   // masked; "" = none is connected
	Scopes        []string // as Google writes them
	Briefings     []StoredBriefing
	KeepDays      int
	RecordDays    int // how long it is known what was read and sent when
	Operator      string
	DisconnectURL string
}

// StoredBriefing is one briefing of which titles and summaries are kept.
type StoredBriefing struct {
	Date  briefing.Date
	Until briefing.Date // the last day they are kept
	Items map[briefing.SourceName]int
}

// DisconnectFacts is what the pages around taking a connection away tell.
type DisconnectFacts struct {
	Reader    string
	Account   string // masked
	KeepDays  int
	Operator  string
	GrantsURL string // Google's own page for taking the access away
	AgainURL  string // a fresh link to connect again
}

// LinkFacts is what the page tells somebody who came without a link that works.
type LinkFacts struct {
	Expired  bool // there was a link, and it does not work (any more)
	Operator string
}

// PageWords are the words of all web pages in one language.
type PageWords struct {
	Connect      func(ConnectFacts) Page
	Confirm      func(ConfirmFacts) Page
	Connected    func(ConnectedFacts) Page
	Fault        func(FaultFacts) Page
	Stored       func(StoredFacts) Page
	Disconnect   func(DisconnectFacts) Page // asks
	Disconnected func(DisconnectFacts) Page // done
	NoLink       func(LinkFacts) Page
	BriefingLost func(BriefingFacts) Page   // the link to a briefing does not work
	BriefingOver func(BriefingFacts) Page   // its content is not kept any more
	HourOver     func() Page                // of a page that opens for an hour after connecting
	Trouble      func(operator string) Page // something failed on our side
	Home         func() Page
}

// Pages returns the words of the web pages in l, in Korean when there are none in l.
func Pages(l briefing.Language) PageWords {
	if l == briefing.English {
		return englishPages()
	}
	return koreanPages()
}

// PageLanguage picks the language of a page from an Accept-Language header, Korean when it names none
// there are words for.
func PageLanguage(accept string) briefing.Language {
	best, weight := briefing.Korean, 0.0
	for i, part := range strings.Split(accept, ",") {
		if i == 32 { // nobody reads more languages than that
			break
		}
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
		l := briefing.Language(primary)
		if q := pageWeight(params); (l == briefing.Korean || l == briefing.English) && q > weight {
			best, weight = l, q
		}
	}
	return best
}

// pageWeight reads ";q=0.8" (three decimals at most); 1 when there is none, 0 when it cannot be read.
func pageWeight(params string) float64 {
	value, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
	if !ok {
		return 1
	}
	whole, fraction, _ := strings.Cut(value, ".")
	if whole == "1" {
		return 1
	}
	q, unit := 0.0, 0.1
	for _, digit := range fraction {
		if whole != "0" || digit < '0' || digit > '9' {
			return 0
		}
		q += float64(digit-'0') * unit
		unit /= 10
	}
	return q
}

// MaskAddress shortens a mail address to what its owner recognises and a bystander cannot use:
// mi•••@gmail.com. What is no address becomes dots alone.
func MaskAddress(address string) string {
	if address == "" {
		return ""
	}
	const dots = "•••"
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return dots
	}
	local, keep := address[:at], 2
	if utf8.RuneCountInString(local) < 4 {
		keep = 1
	}
	return string([]rune(local)[:keep]) + dots + address[at:]
}

// pageMissing reports whether source is among those whose box was left unticked.
func (f ConnectedFacts) pageMissing(source briefing.SourceName) bool {
	for _, s := range f.Missing {
		if s == source {
			return true
		}
	}
	return false
}

// pageFacts drops facts about which nothing is known.
func pageFacts(facts ...PageFact) []PageFact {
	return slices.DeleteFunc(facts, func(f PageFact) bool { return f.Value == "" })
}

// confirmActions are the two answers to the question whether to connect.
func confirmActions(f ConfirmFacts, yes, no string) (confirm, decline PageAction) {
	action := func(label, answer string) PageAction {
		return PageAction{Label: label, Href: f.Action, Post: true, Fields: []PageField{{"ticket", f.Ticket}, {"answer", answer}}}
	}
	return action(yes, "yes"), action(no, "no")
}

// pageScopes lists what a grant allows: first what we ask for, in words, then the rest under Google's names.
func pageScopes(scopes []string, words map[string]string) string {
	var ours, others []string
	for _, scope := range slices.Sorted(slices.Values(scopes)) {
		name := strings.TrimPrefix(scope, "https://www.googleapis.com/auth/")
		switch word, known := words[name]; {
		case known:
			ours = append(ours, word)
		case name != "openid": // says nothing beyond the address
			others = append(others, name)
		}
	}
	return strings.Join(append(ours, others...), ", ")
}

// pageActions drops actions that lead nowhere.
func pageActions(actions ...PageAction) []PageAction {
	var kept []PageAction
	for _, a := range actions {
		if a.Href != "" {
			kept = append(kept, a)
		}
	}
	return kept
}
