package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/text/unicode/norm"

	"achim/briefing"
)

// allSections is how the usual sections are called for.
const allSections = "all"

// preferring are the flags that say what a reader wants more of and less of. Each wish has a flag that takes it back.
type preferring struct {
	sections                 []string
	vip, notVIP              []string
	muteSender, unmuteSender []string
	muteFeed, unmuteFeed     []string
	muteWord, unmuteWord     []string
	more, less, notTopic     []string
	none                     bool
}

// flags adds what can be wished for a known reader.
func (p *preferring) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&p.sections, "sections", nil, "`sections` to read and tell, in this order, such as calendar,news; all = as usual")
	for _, w := range p.wishes(nil) {
		f.StringArrayVar(w.give, w.flag, nil, w.usage)
	}
	f.StringArrayVar(&p.notVIP, "no-vip", nil, "take back the --vip of this `address`")
	f.StringArrayVar(&p.unmuteSender, "unmute-sender", nil, "take back the --mute-sender of this `address`")
	f.StringArrayVar(&p.unmuteFeed, "unmute-feed", nil, "take back the --mute-feed of this `URL`")
	f.StringArrayVar(&p.unmuteWord, "unmute-word", nil, "take back the --mute-word of this `word`")
	f.StringArrayVar(&p.notTopic, "no-topic", nil, "take back the --more or --less of this `topic`")
	f.BoolVar(&p.none, "no-preferences", false, "take back all of these wishes")
}

// wishing is a flag that adds to a list of wishes.
type wishing struct {
	flag, usage string
	give        *[]string
	list        *[]string // to which it adds
	opposite    *[]string // from which it takes the same; nil = from none
}

// wishes are the flags that add, as they change the preferences; of nil they change nothing.
func (p *preferring) wishes(to *briefing.Preferences) []wishing {
	if to == nil {
		to = &briefing.Preferences{}
	}
	return []wishing{
		{"vip", "whose mail goes first: an `address`, or @gaon.example for all of a domain", &p.vip, &to.VIPs, &to.MuteSenders},
		{"mute-sender", "whose mail is counted and not shown: an `address` or @domain", &p.muteSender, &to.MuteSenders, &to.VIPs},
		{"mute-feed", "do without a feed of the team's: its `URL`", &p.muteFeed, &to.MuteFeeds, nil},
		{"mute-word", "show no story and no mail that holds the `word`", &p.muteWord, &to.MuteWords, nil},
		{"more", "a `topic` whose stories go first", &p.more, &to.More, &to.Less},
		{"less", "a `topic` whose stories go last", &p.less, &to.Less, &to.More},
	}
}

// names are those of all these flags.
func (p *preferring) names() []string {
	names := []string{"sections", "no-vip", "unmute-sender", "unmute-feed", "unmute-word", "no-topic", "no-preferences"}
	for _, w := range p.wishes(nil) {
		names = append(names, w.flag)
	}
	return names
}

// apply puts the flags that were given onto the reader: first what is taken back, then what is wished. Of an address or a
// topic a new wish replaces the opposite one, and an empty one forgets those before.
func (p *preferring) apply(given func(string) bool, to *wished) {
	prefs := &to.reader.Preferences
	for _, words := range [][]string{p.muteWord, p.unmuteWord, p.more, p.less, p.notTopic} {
		for i, word := range words {
			words[i] = norm.NFKC.String(word) // the form they are looked for in, whatever terminal they come from
		}
	}
	if p.none {
		*prefs = briefing.Preferences{}
	}
	if given("sections") {
		if prefs.Sections = p.chosen(); len(p.sections) == 0 { // an empty variable of a script is no wish
			to.note("preferences.sections", errors.New("names none: all tells all of them again, and --pause is no briefing at all"))
		}
	}
	for _, back := range []struct {
		flag   string
		wishes []string
		from   []*[]string
	}{
		{"no_vip", p.notVIP, []*[]string{&prefs.VIPs}},
		{"unmute_sender", p.unmuteSender, []*[]string{&prefs.MuteSenders}},
		{"unmute_feed", p.unmuteFeed, []*[]string{&prefs.MuteFeeds}},
		{"unmute_word", p.unmuteWord, []*[]string{&prefs.MuteWords}},
		{"no_topic", p.notTopic, []*[]string{&prefs.More, &prefs.Less}},
	} {
		for _, wish := range back.wishes {
			to.note(back.flag, takeBack(prefs, wish, back.from...))
		}
	}
	wishes := p.wishes(prefs)
	for _, w := range wishes {
		for _, wish := range *w.give {
			if w.opposite != nil {
				prefs.Drop(wish, w.opposite)
			}
		}
	}
	for _, w := range wishes { // after all of them: two that contradict each other are told
		for _, wish := range *w.give {
			prefs.Drop(wish, w.list)
			*w.list = append(*w.list, wish)
			if wish == "" {
				*w.list = nil
			}
		}
	}
}

// chosen returns the sections that were named, none for all.
func (p *preferring) chosen() []briefing.SourceName {
	if slices.Equal(p.sections, []string{allSections}) {
		return nil
	}
	var chosen []briefing.SourceName
	for _, name := range p.sections {
		chosen = append(chosen, briefing.SourceName(strings.ToLower(strings.TrimSpace(name))))
	}
	return chosen
}

// takeBack takes the wish out of the lists. One that is in none was mistyped.
func takeBack(prefs *briefing.Preferences, wish string, from ...*[]string) error {
	found, all := false, []string{}
	for _, list := range from {
		all = append(all, *list...)
		found = prefs.Drop(wish, list) || found
	}
	if found {
		return nil
	}
	return fmt.Errorf("%.80q was never wished: there is %s", wish, cmp.Or(strings.Join(all, ", "), "nothing to take back"))
}

// printPreferences adds what a reader prefers to the table.
func printPreferences(t *table, v briefing.PreferencesView) {
	sections := make([]string, len(v.Sections))
	for i, name := range v.Sections {
		sections[i] = string(name)
	}
	for _, row := range []struct {
		name   string
		wishes []string
	}{
		{"sections", sections}, {"vip", v.VIPs}, {"muted", slices.Concat(v.MuteSenders, v.MuteFeeds, v.MuteWords)},
		{"more of", v.More}, {"less of", v.Less},
	} {
		if len(row.wishes) > 0 {
			t.row(row.name, strings.Join(row.wishes, ", "))
		}
	}
}
