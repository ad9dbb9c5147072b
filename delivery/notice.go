package delivery

import (
	"achim/briefing"
	"achim/internal/language"
)

// Notice returns a notice as a message within Slack's limits.
func (r *Renderer) Notice(t briefing.Telling) briefing.Message {
	f := language.NoticeFacts{
		Telling: t, Name: clean(t.Reader.Name, maxName), Operator: r.cfg.Operator, KeepDays: r.cfg.KeepDays,
		News:  r.cfg.TeamFeeds || len(t.Reader.Feeds) > 0,
		Clock: language.Clock{Today: briefing.DateOf(t.Now, t.Zone), Zone: t.Zone},
	}
	link := ""
	if r.cfg.ConnectURL != nil && !t.Kind.ToOperator() {
		link = safeURL(r.cfg.ConnectURL(t.Reader.ID))
	}
	f.NoLink = link == ""
	w := language.Notice(t.Language, f)
	d := &document{}
	head := []language.Phrase{language.Strong(w.Title)}
	for _, line := range w.Lines {
		head = append(head, language.Plain(line))
	}
	d.add(part{kind: section, id: "notice", head: head})
	if w.Button != "" {
		d.add(part{kind: controls, id: "connect-0", control: control{label: w.Button, spoken: w.Spoken, url: link, button: r.cfg.Buttons}})
	}
	if len(w.Notes) > 0 {
		small := part{kind: smallPrint, id: "note-0"}
		for _, note := range w.Notes {
			small.head = append(small.head, language.Plain(note))
		}
		d.add(small)
	}
	m := briefing.Message{Blocks: d.blocks(), Plain: d.plain()}
	m.Text = d.text(escape(w.Push), language.For(t.Language))
	return m
}
