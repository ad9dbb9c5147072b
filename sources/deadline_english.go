package sources

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	englishMonth   = `(?P<month>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)`
	englishWeekday = `(?P<weekday>(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tues?|wed|thurs?|fri|sat|sun)`
	englishYear    = `(?:,? (?P<year>20\d{2}))?`
	englishDate    = englishMonth + `\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?` + englishYear + `|(?:the )?(?P<day>\d{1,2})(?:st|nd|rd|th)? (?:of )?` + englishMonth + englishYear + `|the (?P<day>\d{1,2})(?:st|nd|rd|th)(?P<thisMonth> of this month)?|` +
		`(?P<year>20\d{2})-(?P<month>\d{1,2})-(?P<day>\d{1,2})|(?P<slash>(?P<month>\d{1,2})/(?P<day>\d{1,2})(?:/(?P<year>\d{4}|\d{2}))?)`
	englishWeek = `(?:(?P<this>(?:this|coming|this coming) )|(?P<next>next ))?` + englishWeekday + `(?: (?:of )?(?P<week>this week|next week))?`
	englishNear = `(?P<near>today|tonight|tomorrow)|this (?:afternoon|evening)|this (?P<half>morning)`
	englishDay  = `(?:` + englishNear + `|(?P<week>(?:the )?end of (?:the |this )?week|eow)|` + englishWeek + `|` + englishDate + `)`
	englishTime = `(?:(?P<noon>noon|midday)|(?P<midnight>midnight)|(?P<english>(?P<hour>\d{1,2}):(?P<minute>\d{2})(?: ?(?P<half>am|pm|a\.m\.|p\.m\.))?|(?P<hour>\d{1,2}) ?(?P<half>am|pm|a\.m\.|p\.m\.)))(?: ?\(?(?P<zone>kst|utc|gmt)\)?)?`
	englishEOD  = `(?P<eod>eod|cob|(?:the )?end of (?:the )?(?:business |working |work )?day|close of (?:business|play))`
)

var (
	// A day that is named by its weekday first, and then by its date or the other way around.
	englishDays = englishDay + `(?:,? \(?(?:` + renamed(englishDay) + `)\)?| \((?:` + renamed(englishDay) + `)\))?(?: (?P<half>morning|afternoon|evening|night))?`
	englishWhen = `(?:` + englishEOD + `(?:,? (?:on )?` + englishDays + `)?|` + englishTime + `(?:,? (?:on )?` + englishDays + `)?|` + englishDays + `(?:,? (?:at |by |- )?` + englishTime + `)?)`

	englishBy = regexp.MustCompile(`(?i)\b(?P<mark>by|before|no later than|not later than|on or before|have until|due(?: date| by| on)?(?: is)?:?|deadline(?: for this)?(?: is|:)?) (?:at )?(?:the latest )?` + englishWhen)
)

// englishUntil finds the one time by which an English sentence wants something of its reader.
func englishUntil(sentence string, subject bool) (parts, bool) {
	all := englishBy.FindAllStringSubmatchIndex(sentence, 2)
	if len(all) != 1 || doubtful(sentence) {
		return nil, false
	}
	at := all[0]
	found := partsOf(englishBy, sentence, at)
	before, after := sentence[:at[0]], sentence[at[1]:]
	if !found.unambiguous() || !goesOn(after) {
		return nil, false
	}
	mark := strings.ToLower(found["mark"])
	switch {
	case mark == "before" && found["hour"] == "" && found["noon"] == "" && found["midnight"] == "" && found["eod"] == "" && !containsAny(strings.ToLower(found["week"]), "end", "eow"):
		found["eve"] = "yes"
	case strings.HasPrefix(mark, "due"):
		return found, fallsDue(before, mark, after, subject)
	case strings.HasPrefix(mark, "deadline"):
		return found, closes(after)
	case mark == "have until":
		return found, endsIn(strings.ToLower(before), []string{"you "})
	}
	return found, wants(before, after)
}

// doubtful reports whether words of the sentence may move the time it names.
func doubtful(sentence string) bool {
	lower := strings.NewReplacer("not later than", "", "don't forget", "").Replace(strings.ToLower(sentence))
	return strings.Contains(lower, "n't") || containsWord(lower, "not", "never", "no need", "moved", "extended", "postponed", "pushed", "changed", "instead", "rather", "original", "originally",
		"previously", "was due", "were due", "overdue", "still", "last", "ago", "unless", "every", "each", "weekly", "until recently", "no longer", "anymore")
}

// unambiguous makes out which day a number of two halves is.
func (p parts) unambiguous() bool {
	if p["half"] == "night" || p["midnight"] != "" && (p["weekday"] != "" || p["month"] != "" || p["day"] != "" || p["near"] != "" && p["near"] != "today" && p["near"] != "tonight") {
		return false
	}
	if p["hour"] == "12" && strings.HasPrefix(strings.ToLower(p["half"]), "a") {
		return false
	}
	if p["week"] == "" && strings.Contains(strings.ToLower(p["mark"]), "until") && len(p) == 1 {
		return false
	}
	return p["slash"] == "" && p["alsoslash"] == "" || p.onlyMonthFirst()
}

// onlyMonthFirst reports whether a date of two numbers cannot be read the other way around, or a weekday decides it.
func (p parts) onlyMonthFirst() bool {
	day := firstOf(p["alsoday"], p["day"])
	return len(day) == 2 && day > "12" || p["weekday"] != "" || p["alsoweekday"] != "" || strings.TrimLeft(day, "0") == strings.TrimLeft(firstOf(p["alsomonth"], p["month"]), "0")
}

var (
	stopsThere = regexp.MustCompile(`(?i)^(?:[\s,–—-]*\b(?:at the latest|latest|please|if (?:at all )?possible|if you can|if that works|thanks|thank you|many thanks|o'clock))*[\s.!?…)\]:]*$`)
	goesOnWith = regexp.MustCompile(`(?i)^\)?,? (?:so|if|whether|for|to|as|because|since|please|thanks|can you|could you|would you|kindly) `)
	dateWord   = regexp.MustCompile(`(?i)\d|\b(?:today|tonight|tomorrow|yesterday|morning|afternoon|noon|week|weeks|month|months|day|days|eod|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b`)
)

func closes(after string) bool { return stopsThere.MatchString(after) }

// goesOn reports whether what follows a time leaves it as it is.
func goesOn(after string) bool {
	return closes(after) || goesOnWith.MatchString(after) && !dateWord.MatchString(after)
}

// fallsDue reports whether something is said to be due, and not only called so in passing.
func fallsDue(before, mark, after string, subject bool) bool {
	lower := strings.ToLower(strings.TrimRight(before, " ,"))
	if !closes(after) || containsWord(lower, "that", "which", "who") {
		return false
	}
	return subject || strings.Contains(mark, ":") || strings.Contains(mark, "date is") || endsIn(lower, []string{" is", " are"})
}

var (
	asksEnglish  = regexp.MustCompile(`(?i)(?:\b(?:please|kindly|can you|could you|would you|will you|need you to|like you to|ask you to|you need to|you have to|you must|you should|need to know|need to hear|be able to|remember to|forget to|let's|and|then|also|just|both|all|^)[\s,:*•-]*)+(?P<verb>[a-z]+)\b`)
	tasksEnglish = regexp.MustCompile(`^\W*(?P<name>[A-Z][a-z]+) to (?P<verb>[a-z]+)\b`)
	needsThing   = regexp.MustCompile(`(?i)\b(?:i|we)(?:'d| would| will|'ll)? (?:also |really |just |still )?need (?:to (?:know|hear)\b)?`)
	mustBe       = regexp.MustCompile(`(?i)\b(?:must|has to|have to|needs? to|should) be [a-z]+ ?\(?$`)
	otherVerb    = regexp.MustCompile(`(?i)[.;:?!]|\b(?:who|that|which|what|when|where|while|until|till|after|before|since|but|i|we|he|she|they|i'll|we'll|i'm|we're|it's|is|are|was|were|will|has|had|due|written|made|sent)\b`)
)

// wants reports whether the words before "by", or behind it at the beginning of a sentence, ask for something.
func wants(before, after string) bool {
	before = strings.TrimRight(before, " (-–—,")
	if before == "" {
		return asksAfter.MatchString(after)
	}
	if mustBe.MatchString(before) {
		return true
	}
	words := strings.Fields(strings.ToLower(before))
	if unbound(words[len(words)-1]) {
		return false
	}
	rest := ""
	switch ask, task, need := asksEnglish.FindAllStringSubmatchIndex(before, -1), tasksEnglish.FindStringSubmatchIndex(before), needsThing.FindStringIndex(before); {
	case task != nil && !slices.Contains(notNames, strings.ToLower(before[task[2]:task[3]])) && slices.Contains(askedVerbs, before[task[4]:task[5]]):
		rest = before[task[1]:]
	case need != nil && !strings.HasPrefix(strings.ToLower(before[need[1]:]), "to "):
		rest = before[need[1]:]
		if after, to, _ := strings.Cut(rest, "you to "); to != "" && after == "" {
			rest = to
		}
	case len(ask) > 0:
		last := ask[len(ask)-1]
		verb := strings.ToLower(before[last[2]:last[3]])
		if !slices.Contains(askedVerbs, verb) {
			return false
		}
		rest = before[last[1]:]
		if verb == "let" {
			rest = letKnow.ReplaceAllString(rest, "")
		}
	default:
		return false
	}
	return !otherVerb.MatchString(rest) && len(strings.Fields(rest)) <= 14
}

// unbound reports whether "by" belongs to the word before it, and not to the request.
func unbound(word string) bool {
	word = strings.Trim(word, `"'*_`)
	if last, _ := utf8.DecodeLastRuneInString(word); !unicode.IsLetter(last) && !unicode.IsDigit(last) && last != ')' {
		return true
	}
	return strings.HasSuffix(word, "ed") && word != "need" && word != "feed" && word != "speed" || strings.HasSuffix(word, "ing") && len(word) > 5 && word != "meeting" && word != "briefing" && word != "pricing" && word != "booking" ||
		slices.Contains(notBefore, word)
}

// notBefore stand before "by" and make another phrase of it: "stop by", "written by".
var notBefore = []string{"stop", "drop", "come", "swing", "pass", "go", "fly", "stand", "walk", "run", "get", "put", "lie", "sit", "live", "near", "close", "side", "one", "two", "step", "day", "case",
	"written", "made", "done", "sent", "led", "drawn", "given", "taken", "built", "found", "seen", "shown", "held", "paid", "bought", "caught", "won", "set", "cut", "driven", "chosen", "known", "told", "brought", "left", "lost", "met", "said", "sold", "spent", "begun", "grown", "out", "available"}

// askedVerbs are what readers are asked to do by a time.
var askedVerbs = []string{"send", "reply", "respond", "answer", "approve", "sign", "review", "confirm", "submit", "finish", "complete", "return", "share", "provide", "fill", "update", "upload", "pay", "register", "book",
	"prepare", "deliver", "let", "comment", "check", "decide", "choose", "pick", "fix", "forward", "give", "read", "look", "draft", "write", "schedule", "rsvp", "take", "turn", "email", "mail", "call", "get", "make", "add",
	"know", "hear", "do", "have", "bring", "test", "proofread", "translate", "cancel", "renew", "file", "close", "merge", "deploy", "supply", "report", "vote", "accept", "edit", "hand", "order", "arrange", "acknowledge"}

var (
	asksAfter = regexp.MustCompile(`(?i)^,? (?:please|can you|could you|would you|kindly) `)
	letKnow   = regexp.MustCompile(`(?i)^ (?:me|us) know`)
)
