// Package leaktest finds what has got out. A test plants marked values wherever a secret or somebody's content goes
// in, hands over everything that comes out, and is told which mark stands where it does not belong.
//
// A mark is found as it is, in any case, and as base64 or hex of it; marks of letters, digits and hyphens survive
// being escaped for URLs, JSON and HTML as they are.
package leaktest

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// shortest is the length from which on a mark is not found by chance.
const shortest = 10

// begins is how many bytes forms are sorted by. The shortest form is longer.
const begins = 8

// Garden holds what was planted and what was found. The zero value is ready to use, and safe for concurrent use.
type Garden struct {
	mu    sync.Mutex
	marks []mark
	found map[string]string // a mark's name and the place → what stood around it
	begin map[string][]form // by their first bytes; nil after something was planted
	known []bool            // hashes of those
}

// mark is one planted value.
type mark struct {
	name  string
	value string
	may   []string
	forms []string // lower case; the first is the value itself
}

// form is one way in which a mark may get out.
type form struct{ name, text string }

// Word returns a value to plant, made of the name. It has digits and hyphens, as real secrets do.
func Word(name string) string {
	return "zq7-" + strings.ReplaceAll(strings.ToLower(name), " ", "-") + "-4leak"
}

// Plant notes a value that may stand in the given places and in those below them ("db" holds "db/gmail_token"), and
// nowhere else. Planting a name again adds a value to it. It returns the value.
func (g *Garden) Plant(name, value string, may ...string) string {
	if len(value) < shortest {
		panic(fmt.Sprintf("leaktest: %s is too short to be told from anything else", name))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.ContainsFunc(g.marks, func(m mark) bool { return m.name == name && m.value == value }) {
		g.marks = append(g.marks, mark{name, value, may, forms(value)})
		g.begin = nil
	}
	return value
}

// PlantWord plants the Word of the name and returns it.
func (g *Garden) PlantWord(name string, may ...string) string {
	return g.Plant(name, Word(name), may...)
}

// Echo returns everything planted, as another side would that repeats what it was sent.
func (g *Garden) Echo() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []string
	for _, m := range g.marks {
		all = append(all, m.value)
	}
	return strings.Join(all, " ")
}

// Look searches what came out at the place.
func (g *Garden) Look(place, text string) {
	lower := strings.ToLower(text)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.begin == nil {
		g.sort()
	}
	for at := 0; at+begins <= len(lower); at++ {
		if !g.known[hash(lower[at:])] {
			continue
		}
		for _, f := range g.begin[lower[at:at+begins]] {
			if strings.HasPrefix(lower[at:], f.text) {
				g.note(f.name, place, lower[max(0, at-200):min(len(lower), at+len(f.text)+80)])
			}
		}
	}
}

// sort sorts all forms by how they begin: much text is searched for very many of them.
func (g *Garden) sort() {
	g.begin, g.known = map[string][]form{}, make([]bool, 1<<16)
	for _, m := range g.marks {
		for _, text := range m.forms {
			g.begin[text[:begins]] = append(g.begin[text[:begins]], form{m.name, text})
			g.known[hash(text)] = true
		}
	}
}

// hash tells how a text begins, roughly.
func hash(text string) uint16 {
	return uint16(text[0])*31 ^ uint16(text[1])<<4 ^ uint16(text[2])<<9
}

func (g *Garden) note(name, place, around string) {
	if g.found == nil {
		g.found = map[string]string{}
	}
	key := name + "\x00" + place
	if _, known := g.found[key]; !known {
		g.found[key] = around
	}
}

// Leaks returns every mark that was found where it may not stand, and what stood around it.
func (g *Garden) Leaks() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var leaks []string
	for key, around := range g.found {
		name, place, _ := strings.Cut(key, "\x00")
		if !g.allowed(name, place) {
			leaks = append(leaks, fmt.Sprintf("%s stands in %s: …%s…", name, place, around))
		}
	}
	slices.Sort(leaks)
	return leaks
}

func (g *Garden) allowed(name, place string) bool {
	return slices.ContainsFunc(g.marks, func(m mark) bool {
		return m.name == name && slices.ContainsFunc(m.may, func(may string) bool {
			return place == may || strings.HasPrefix(place, may+"/") || strings.HasPrefix(place, may+" ")
		})
	})
}

// Found reports whether the mark was found at the place or below it. A test that never sees a mark where it belongs has
// not looked.
func (g *Garden) Found(name, place string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key := range g.found {
		if strings.HasPrefix(key, name+"\x00"+place) {
			return true
		}
	}
	return false
}

// forms are the ways in which a value may get out.
func forms(value string) []string {
	all := []string{strings.ToLower(value), hex.EncodeToString([]byte(value))}
	// Where a value begins within a group of three bytes decides how it looks in base64; its ends depend on its
	// neighbours and are left out.
	for shift := range 3 {
		padded := strings.Repeat("\x00", shift) + value
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := encoding.EncodeToString([]byte(padded))
			all = append(all, strings.ToLower(text[(shift*8+5)/6:len(padded)*8/6]))
		}
	}
	slices.Sort(all[1:])
	return slices.Compact(all)
}
