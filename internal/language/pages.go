package language

import (
	"strings"
	"time"
	"unicode/utf8"

	"achim/briefing"
)

// Page is one web page in words. Everything in it is plain text and may hold what strangers typed:
// whoever lays it out escapes it.
type Page struct {
	Language briefing.Language
	Tone     PageTone
	Title    string
	Lead     string     // the one sentence that matters; "" = none
	Facts    []PageFact // what a person compares before pressing anything
	Body     []string   // paragraphs
	Main     PageAction // the one big control; the zero value = none
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

// PageAction is a control. Post makes it a form that posts to the page's own address, else it is a link.
type PageAction struct {
	Label, Href string
	Post        bool
}

// PageFold is help that is folded away until somebody asks for it.
type PageFold struct {
	Summary string
	Body    []string
}

// ConnectFacts is what the page before Google's consent tells.
type ConnectFacts struct {
	Reader   string // whose briefing it is
	Account  string // the account connected now, already masked; "" = none
	Operator string // who runs the server; "" = not said
	KeepDays int    // how long titles and summaries are kept
	Switch   bool   // the link is for changing the account
}

// ConnectedFacts is what the page after a consent tells: only what a probe has just found.
type ConnectedFacts struct {
	Account   string // masked
	MailOK    bool
	Calendars int                   // read just now
	Missing   []briefing.SourceName // whose box was left unticked
	Filling   bool                  // today's briefing is being mended right now
	Next      time.Time             // of the next briefing, in the reader's zone; zero = none is planned
	Operator  string
	KeepDays  int
	SlackURL  string // back to Slack
	GrantsURL string // Google's own page for taking the access away
	AgainURL  string // a fresh link, for boxes left unticked; "" = none
}

// FaultFacts is what a page tells about a consent that did not end in a connection.
type FaultFacts struct {
	Fault    briefing.ConnectFault
	Expected string // the account connected, masked
	Chosen   string // the account just chosen, as the person typed it
	Operator string
	AgainURL string // a fresh link; "" = the reader is not known
}

// LinkFacts is what the page tells somebody who came without a link that works.
type LinkFacts struct {
	Expired  bool // there was a link, and it does not work (any more)
	Operator string
}

// PageWords are the words of all web pages in one language.
type PageWords struct {
	Connect   func(ConnectFacts) Page
	Connected func(ConnectedFacts) Page
	Fault     func(FaultFacts) Page
	NoLink    func(LinkFacts) Page
	Trouble   func(operator string) Page // something failed on our side
	Home      func() Page
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
