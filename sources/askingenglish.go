package sources

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// englishRequests are the phrases that ask.
var englishRequests = []string{
	"could you", "can you", "would you", "will you", "could someone", "can someone", "can somebody", "let me know", "let us know", "tell me", "tell us",
	"why don't you", "go ahead and", "don't forget to", "make sure you", "you may want to", "you'll need to", "you will need to", "you need to", "you have to", "you should",
	"get back to me", "get back to us", "need you to", "like you to", "want you to", "ask you to", "asking you to", "back from you", "from your side",
	"appreciate it if", "appreciate if", "appreciate a ", "appreciate an ", " appreciated", "grateful for a", "grateful if", "love your", "would love to hear", "like your ",
	"for your signature", "for your approval", "for your review", "for your comments", "for your decision", "for your confirmation",
	"be great if you", "be good if you", "be helpful if", "help if you", "hoping you c", "hope you can", "if you could", "if you would be", "wonder if you",
	"wondering whether", "wondering if", "wanted to ask", "want to ask", "like to ask", "have a question", "have a quick question", "have one question", "quick question",
	"nudge", "following up", "follow up on", "checking in on", "bumping this", "still missing", "are missing", "'re missing", "still waiting", "waiting on you", "waiting for you", "awaiting your",
	"haven't heard", "haven't received", "haven't seen", "have not heard", "have not received", "have yet to hear", "have yet to receive", "have yet to get", "have yet to see", "you have yet to", "not yet received", "you have not", "you haven't", "has not been received",
	"until you", "unless you", "once you", "as soon as you", "without your", "your response is", "your answer is", "your input is", "is required by", "your timesheet", "is overdue", "are overdue",
	"looking forward to your", "look forward to your", "looking forward to hearing", "look forward to hearing", "look forward to receiving",
	"any thoughts", "any update", "any news", "any chance", "any word", "do you have", "do you think", "do you want", "are you able", "what do you think",
	"are you available", "are you free", "are you ok", "does that work", "asap", "earliest convenience", "at your convenience", "give me a call", "give us a call",
	"let's find a time", "let's meet", "let's discuss", "let's talk", "let's schedule", "let's set up", "like to schedule", "like to meet", "like to set up", "like to discuss",
	"action needed", "needs to be back", "need to be back", "your action", "deadline for your",
}

// englishWords ask when they stand by themselves.
var englishWords = []string{"please", "pls", "plz", "kindly", "rsvp"}

// englishVerbs begin a sentence that tells somebody what to do.
var englishVerbs = []string{
	"send", "review", "check", "confirm", "sign", "approve", "complete", "submit", "share", "forward", "call", "reply", "respond", "update",
	"provide", "return", "pick", "choose", "let", "tell", "give", "bring", "add", "fix", "fill", "make", "ensure", "remember", "prepare", "print",
	"schedule", "book", "arrange", "revise", "advise", "talk", "write", "ping", "remind", "verify", "upload", "post", "set", "get",
	"find", "put", "keep", "ask", "help", "take", "have", "look", "note", "decide", "answer", "coordinate", "draft", "finalize", "finalise", "follow",
}

// englishRefusals are the phrases that sound like a request and are none, whatever else is there.
var englishRefusals = []string{
	"do not reply", "do not respond", "don't reply", "no reply needed", "no reply necessary", "no reply required", "no need to", "no response needed",
	"no action needed", "no action required", "no action is", "no rush on replying", "please find", "please see attached", "please see the attached", "please see below",
	"please note", "please be advised", "please be informed", "please ignore", "please disregard", "please accept", "please consider the environment",
	"please enjoy", "please welcome", "please join us in", "please do not hesitate", "please don't hesitate", "if you did not", "if you didn't", "if this wasn't you", "if this was not you",
	"feel free", "any questions", "any further questions", "you have questions", "if you have a question", "any concerns", "questions or concerns", "for urgent", "urgent matters", "matter is urgent", "if it is urgent", "if it's urgent",
	"anything else", "anything is unclear", "if you need anything", "if you need any", "if anything", "should you need", "should you have", "if you require", "if there is anything",
	"if there are any", "for more information", "for further information", "for assistance", "for help,", "need help", "need assistance",
	"click here", "how are you", "how was your", "how is your", "how's your", "how's it going", "how have you been", "hope you are", "hope you're", "hope you had", "hope you have", "hope you enjoy", "hope you all", "isn't that", "how great is",
	"how cool is", "how nice is", "who would have", "who knew", "who doesn't", "did you know", "have you ever", "what could be better", "what's not to",
	"what are you waiting", "looking for something", "want to save", "want to know more", "want to learn", "thanks for letting", "thank you for letting",
	"make a change", "about this receipt", "will let us", "'ll let us", "let you know", "letting you know", "let myself",
	"address book", "safe sender", "to ensure delivery", "no longer wish", "no longer want", "if you would like to", "if you'd like to", "if you wish to",
	"if you want to", "if you prefer", "if you do not want", "if you don't want", "if you enjoy", "click below", "click on the", "click the",
	"have a great", "have a nice", "have a good", "have a wonderful", "have a lovely", "have a safe", "have fun", "take care", "keep up", "get well", "take it easy",
	"in case of", "return to top", "back to top", "how are things", "how's everything", "how is everything", "how is it going", "how goes it", ", right?", "don't you think", "doesn't it?", "isn't it?", "who needs",
	"what's new in", "why wait",
	"will be in touch", "nothing to do", "nothing needed", "nothing for you",
}

// englishHawkers begin the questions of advertisements.
var englishHawkers = []string{
	"tired of", "want to grow", "want to boost", "want to be ", "want to get more", "want to know", "want to save", "want to learn", "looking for a", "looking to ", "still using",
	"still thinking", "still wondering", "ready for", "ready to", "need a better", "need a new", "need a change", "struggling",
	"have you got yours", "have you tried", "are you ready", "have you heard", "do you know how", "are you tired", "are you looking", "is your team",
}

// englishEmpty are the phrases of a please that only shows the way.
var englishEmpty = []string{"please contact", "please call", "please visit", "please reach out", "please email", "please refer", "please go to", "please use"}

func refusesEnglish(lower string) bool {
	for _, hawker := range englishHawkers {
		if strings.HasPrefix(lower, hawker) {
			return true
		}
	}
	if containsAny(lower, "unsubscribe", "opt out") && !directsEnglish(lower) {
		return true
	}
	return containsAny(lower, englishRefusals...) || (containsAny(lower, englishEmpty...) && containsWord(lower, "if", "for", "urgent", "us", "support", "or"))
}

func requestsEnglish(sentence, lower string) bool {
	switch {
	case containsAny(lower, englishRequests...), containsWord(lower, englishWords...), reminds(lower):
		answers := strings.HasPrefix(lower, "following up") && containsAny(lower, "here is", "here's", "here are", "attached")
		thanks := strings.HasPrefix(lower, "thank") || containsAny(lower, "appreciated by", "was appreciated", "was really appreciated", "was much appreciated")
		return !answers && !thanks
	case strings.HasPrefix(lower, "i") || strings.HasPrefix(lower, "we"):
		return needsEnglish(lower)
	}
	return commands(sentence, lower)
}

// reminds reports whether the sentence reminds of something to do, and not of something to know.
func reminds(lower string) bool {
	_, of, reminder := strings.Cut(lower, "reminder")
	return reminder && (!strings.HasPrefix(of, " that") || containsWord(of, "due", "deadline", "need", "needs", "must", "should", "overdue", "required", "by", "your", "you"))
}

// needsEnglish reports whether the sender says what they need, be it a thing or to hear something.
func needsEnglish(lower string) bool {
	for _, subject := range [...]string{"i ", "i'd ", "we ", "we'd ", "i'll ", "we'll "} {
		rest, ok := strings.CutPrefix(lower, subject)
		if !ok {
			continue
		}
		for _, adverb := range [...]string{"would ", "will ", "do ", "still ", "also ", "really ", "just "} {
			rest = strings.TrimPrefix(rest, adverb)
		}
		if what, needs := strings.CutPrefix(rest, "need "); needs {
			return !strings.HasPrefix(what, "to ") || containsAny(what, "to know", "to talk", "to discuss", "to hear", "to decide")
		}
	}
	return false
}

// commands reports whether the sentence begins with the verb, or gives a person a task: "Dana to send …".
func commands(sentence, lower string) bool {
	words := strings.Fields(strings.TrimLeft(lower, "-*• "))
	if len(words) > 3 && words[1] == "to" && slices.Contains(englishVerbs, words[2]) && !slices.Contains(notNames, words[0]) {
		name, _ := utf8.DecodeRuneInString(strings.TrimLeft(sentence, "-*• "))
		return unicode.IsUpper(name)
	}
	for len(words) > 0 && slices.Contains([]string{"also", "just", "then", "so", "and", "next"}, strings.Trim(words[0], ",")) {
		words = words[1:]
	}
	return len(words) >= 2 && slices.Contains(englishVerbs, words[0]) && !strings.HasPrefix(words[1], "'") &&
		!slices.Contains([]string{"out", "us", "now", "started", "ready", "it"}, words[1]) && !namesThing(words) && !beginsWith(strings.Join(words[:min(len(words), 3)], " "), idioms...)
}

// notNames stand before "to" at the start of a sentence and are nobody.
var notNames = []string{
	"happy", "glad", "need", "want", "going", "able", "here", "sorry", "ready", "free", "how", "where", "when", "what", "nice", "good", "great", "time",
	"looking", "trying", "planning", "hoping", "easy", "hard", "due", "thanks", "used", "click", "please", "wanted", "just", "thought", "hope", "wish", "love", "like", "next", "i", "we", "they", "you",
}

// verbsAndThings are the verbs that also name a thing.
var verbsAndThings = []string{
	"review", "check", "sign", "share", "call", "reply", "update", "return", "book", "post", "fix", "print", "schedule", "set", "help", "answer", "draft", "note", "look", "forward", "talk", "ping",
}

// finite are the verbs that tell of the thing before them, and done the words that tell what became of it, or whose it is.
var (
	finite = []string{"is", "isn't", "are", "was", "were", "has", "had", "will", "went", "came", "rose", "fell", "look", "looks", "got", "goes", "seems"}
	done   = []string{
		"attached", "received", "deployed", "merged", "scheduled", "confirmed", "completed", "finished", "posted", "updated", "cancelled", "canceled",
		"approved", "sent", "done", "rejected", "moved", "published", "released", "shipped", "of", "from",
	}
)

// namesThing reports whether the first word is a thing, of which the next ones tell: "Draft is attached", "Help desk is
// closed".
func namesThing(words []string) bool {
	if !slices.Contains(verbsAndThings, words[0]) {
		return false
	}
	second := strings.Trim(words[1], ",.!")
	if slices.Contains(finite, second) || slices.Contains(done, second) || strings.HasSuffix(second, ":") {
		return true
	}
	return len(words) > 2 && slices.Contains(finite, words[2]) && !slices.Contains(pointers, second)
}

// pointers after a verb begin what it is about.
var pointers = []string{
	"a", "an", "the", "this", "that", "these", "those", "it", "if", "whether", "what", "who", "which", "how", "where", "when", "why", "everything", "all", "your", "our", "my", "their", "and", "or", "in", "on", "with", "me",
}

// idioms wish well, or point at something, and tell nobody to do anything.
var idioms = []string{"take your time", "get home", "talk soon", "look what", "note that", "find attached"}

// directsEnglish is directs of an English sentence.
func directsEnglish(lower string) bool {
	return containsAny(lower, "could you", "can you", "would you mind") && !containsAny(lower, "click", "no longer", "if you", "want to")
}
