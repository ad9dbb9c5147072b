package summary

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"achim/briefing"
)

// longestList is how much of a list in an answer is looked at: more than was asked about is nonsense.
const longestList = 2 * (mostMails + mostStories)

// answer is what a model chose. The zero value chooses nothing.
type answer struct {
	order []string          // ids, the first first, each once
	lines map[string]string // by id; one that was given two lines has none
}

// errNoAnswer is an answer that cannot be read. It says nothing of what stood in it.
var errNoAnswer = errors.New("not the JSON that was asked for")

// read reads an answer. Ids that were not asked about are no part of it.
func read(text string, candidates []candidate) (answer, error) {
	var said struct {
		Mails *[]struct {
			ID   string `json:"id"`
			Line string `json:"line"`
		} `json:"mails"`
		Stories []string `json:"stories"`
	}
	// Models without a schema wrap what they say, in words or in a block of code.
	from, to := strings.IndexByte(text, '{'), strings.LastIndexByte(text, '}')
	if from < 0 || to < from || json.Unmarshal([]byte(text[from:to+1]), &said) != nil {
		return answer{}, errNoAnswer
	}
	if said.Mails == nil && said.Stories == nil {
		return answer{}, errNoAnswer // some other JSON
	}
	a := answer{lines: map[string]string{}}
	known := map[string]bool{}
	for _, c := range candidates {
		known[c.id] = true
	}
	add := func(id string) bool {
		if !known[id] || slices.Contains(a.order, id) {
			return false
		}
		a.order = append(a.order, id)
		return true
	}
	if said.Mails != nil {
		for _, mail := range (*said.Mails)[:min(len(*said.Mails), longestList)] {
			if line := strings.TrimSpace(mail.Line); add(mail.ID) {
				a.lines[mail.ID] = line
			} else if a.lines[mail.ID] != line {
				delete(a.lines, mail.ID) // it contradicts itself
			}
		}
	}
	for _, id := range said.Stories[:min(len(said.Stories), longestList)] {
		add(id)
	}
	return a, nil
}

// apply returns the sections in the order of the answer and with those of its lines that are faithful. Every item stays:
// those that were not chosen follow in the order they had. refused counts the lines that were not.
func (a answer) apply(req briefing.EditRequest, candidates []candidate) (sections []briefing.Section, taken, refused int) {
	sections = slices.Clone(req.Sections)
	ranks := make([]map[int]int, len(sections)) // by section and item
	for i := range sections {
		sections[i].Items = slices.Clone(sections[i].Items)
		ranks[i] = map[int]int{}
	}
	for _, c := range candidates {
		if rank := slices.Index(a.order, c.id); rank >= 0 {
			ranks[c.section][c.item] = rank + 1
		}
		line := a.lines[c.id]
		switch {
		case line == "" || c.text == "":
		case faithful(line, c.text):
			sections[c.section].Items[c.item].Text = oneLine(line)
			taken++
		default:
			refused++
		}
	}
	for i := range sections {
		for _, group := range []briefing.Group{briefing.NeedsReply, briefing.Story} {
			reorder(sections[i].Items, group, ranks[i], req.Reader.Preferences)
		}
	}
	return sections, taken, refused
}

// reorder puts the items of a group in order, in the places that the group has. What is due, and what comes from people
// the reader wants first, stays where it was, at the front; topics the reader wants more or less of stay there, too.
func reorder(items []briefing.Item, group briefing.Group, rank map[int]int, wishes briefing.Preferences) {
	var places []int
	for i, item := range items {
		if item.Group == group {
			places = append(places, i)
		}
	}
	type weighed struct{ place, pinned, leaning, rank int }
	order := make([]weighed, len(places))
	for i, place := range places {
		w := weighed{place: place, pinned: 1, rank: len(rank) + longestList}
		if item := items[place]; !item.Due.IsZero() || item.Has(briefing.MarkVIP) {
			w.pinned, w.rank = 0, 0
		} else if r := rank[place]; r > 0 {
			w.rank = r
		}
		if group == briefing.Story {
			w.leaning = -wishes.Leaning(norm.NFKC.String(items[place].Title))
		}
		order[i] = w
	}
	slices.SortStableFunc(order, func(a, b weighed) int {
		if a.pinned != b.pinned {
			return a.pinned - b.pinned
		}
		if a.leaning != b.leaning {
			return a.leaning - b.leaning
		}
		return a.rank - b.rank
	})
	before := slices.Clone(items)
	for i, w := range order {
		items[places[i]] = before[w.place]
	}
}
