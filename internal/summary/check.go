package summary

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestLine is how many characters a line has at most: a briefing shows no more of it.
const longestLine = 60

// fewestWords is how many words of the item a line has at least.
const fewestWords = 2

// faithful reports whether the line says nothing that the text it was made from does not. It is strict, because the line
// of a source's own is always there to fall back on: a line passes if each of its clauses is one sentence of the text with
// words left out, in their order, and with nothing left out that turns its meaning. So nothing can be put together from
// two places, and a model that is led astray by one item can say nothing about another.
//
// Times, dates, numbers and amounts are kept whole and as written: 15:00 is not 오후 3시, and "수요일" is not "다음 주 수요일".
func faithful(line, text string) bool {
	if !wellFormed(line) {
		return false
	}
	line = folded(line)
	if forbidden.MatchString(line) || longNumber(line) {
		return false
	}
	said := sentences(folded(text))
	clauses := clausesOf(line)
	if len(clauses) == 0 {
		return false
	}
	asked := make([]bool, len(said)) // of which sentence a later clause tells that it asks
	for i, c := range slices.Backward(clauses) {
		c.atFront = i == 0
		if !anySentence(said, c, asked) {
			return false
		}
	}
	return true
}

// forbidden is what no line holds, whether the item does or not: addresses of any kind, and words to whoever reads along.
var forbidden = regexp.MustCompile(`(?i)://|www\.|[\pL\d]\.\pL|\bprompts?\b|\binstructions?\b|\bignore\b|프롬프트|지시|무시하`)

// wellFormed looks at a line without knowing what it was made from: its length, and that it is plain text.
func wellFormed(line string) bool {
	if n := utf8.RuneCountInString(line); !utf8.ValidString(line) || n > longestLine || n < 4 {
		return false
	}
	return !strings.ContainsFunc(line, notPlain) && !strings.ContainsFunc(folded(line), notPlain)
}

// notPlain finds markup, mentions, pictures, and what steers the display. Wide forms are looked at in both forms.
func notPlain(r rune) bool {
	return strings.ContainsRune("<>*_`|[]{}\\@#=^\u3164\uFFFD", r) || unicode.IsControl(r) ||
		unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp, unicode.So, unicode.Sk, unicode.Me)
}

// longNumber recognises numbers of telephones, accounts and cards. Amounts have commas, or fewer digits.
func longNumber(line string) bool {
	digits := 0
	for _, r := range line {
		switch {
		case unicode.IsDigit(r):
			if digits++; digits > 6 {
				return true
			}
		case r == '-' || r == ' ' || r == '.' || r == '(' || r == ')' || r == '/':
		default:
			digits = 0
		}
	}
	return false
}

// clause is a part of a line, without its helpers.
type clause struct {
	tokens  []token
	glued   []bool // the word belongs to the one before, so that both have to stand together
	atFront bool
	asks    bool // it says that something is asked for
	adds    bool // and does so in a word of its own
}

// clausesOf splits a folded line at its punctuation. What is too short to say something belongs to its neighbour. None
// means that there are too few words to judge.
func clausesOf(line string) []clause {
	var all []clause
	var open []token
	take := func(asks bool) {
		if n := len(all); n > 0 && content(open) < fewestWords {
			before := all[n-1]
			all[n-1] = newClause(append(before.tokens, open...))
			all[n-1].asks, all[n-1].adds = all[n-1].asks || before.asks, all[n-1].adds || before.adds
		} else if content(open) >= fewestWords {
			all = append(all, newClause(open))
		} else {
			return // goes together with what follows
		}
		last := &all[len(all)-1]
		last.asks = last.asks || asks
		open = nil
	}
	rest := line
	for rest != "" {
		at := clauseEnd(rest)
		open = append(open, tokens(rest[:at])...)
		take(strings.HasPrefix(rest[at:], "?"))
		_, size := utf8.DecodeRuneInString(rest[at:])
		rest = rest[at+size:]
	}
	if content(open) > 0 {
		return nil
	}
	return all
}

// clauseEnd returns where the first clause of the line ends.
func clauseEnd(line string) int {
	runes := []rune(line)
	at := 0
	for i, r := range runes {
		if strings.ContainsRune(",;·/()!?.:\"“”→", r) && !joins(runes, i) {
			return at
		}
		at += utf8.RuneLen(r)
	}
	return len(line)
}

// content counts the words that are no helpers.
func content(tokens []token) int {
	n := 0
	for _, t := range tokens {
		if !helpers[t.low] {
			n++
		}
	}
	return n
}

func newClause(said []token) clause {
	c := clause{}
	glueable := false // the word before was no helper
	for _, t := range said {
		if helpers[t.low] {
			glueable = false
			c.adds = c.adds || askers[t.low]
			c.asks = c.adds
			continue
		}
		glued := false
		if n := len(c.tokens); n > 0 && glueable {
			before := c.tokens[n-1]
			glued = before.when && t.when || capital(before) && capital(t)
		}
		c.tokens, c.glued = append(c.tokens, t), append(c.glued, glued || t.isTitle() && len(c.tokens) > 0)
		glueable = true
	}
	return c
}

func capital(t token) bool {
	r, _ := utf8.DecodeRuneInString(t.raw)
	return unicode.IsUpper(r)
}

// anySentence reports whether the clause is one of the sentences, shortened. One that makes a statement of a question is
// none, and neither is one that makes a request of a statement. asked is of each sentence whether a later clause tells that
// it asks; the clause's own are added.
func anySentence(said []sentence, c clause, asked []bool) (found bool) {
	for i, s := range said {
		if s.broken || c.adds && !s.wish {
			continue
		}
		end, ok := shortened(c, s.tokens)
		asks := c.asks || asked[i] || end == len(s.tokens)-1
		if ok && (!s.question || asks) {
			found = true
			asked[i] = asks
		}
	}
	return found
}

// shortened reports whether the clause is the sentence with words left out, and where in it its last word stands. What
// turns the meaning must not be left out, and of a time or number no part.
func shortened(c clause, said []token) (end int, ok bool) {
	reach := make([]bool, len(said)) // the clause up to its last word so far can end here
	for i, word := range c.tokens {
		next := make([]bool, len(said))
		title := word.isTitle()
		open := i == 0 // a way leads here that leaves out nothing it must not
		for j, other := range said {
			before := j > 0 && i > 0 && reach[j-1]
			held := i > 0 && c.glued[i] || j > 0 && severed(said, j-1) // to the word before it
			next[j] = (before || open && !held) && same(word, other, c.atFront && i == 0)
			if i == 0 && j > 0 && title {
				next[j] = false // of whom?
			}
			left := i > 0 && reach[j] && !severed(said, j)
			open = left || open && !other.turns
		}
		reach = next
	}
	open := true
	for j := len(said) - 1; j >= 0 && open; j-- {
		if reach[j] && !severed(said, j) {
			return j, true
		}
		open = !said[j].turns
	}
	return 0, false
}

// severed reports whether leaving out what follows the word would cut a time or a number in two.
func severed(said []token, j int) bool { return said[j].when && j+1 < len(said) && said[j+1].when }
