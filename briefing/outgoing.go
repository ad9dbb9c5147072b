package briefing

import "slices"

// outgoing makes what is to be sent of a briefing that was composed. There is none of a degraded one: when that is
// delivered it is looked at in full, for what may be mended.
func (p *Pipeline) outgoing(e Entry) *Outgoing {
	if e.Status != Complete {
		return nil
	}
	o := &Outgoing{Message: p.Renderer.Render(*e.Content), Sections: slices.Clone(e.Sections), Seen: shownKeys(*e.Content), Copies: copies(e)}
	for i := range o.Sections {
		o.Sections[i].Items, o.Sections[i].Ahead, o.Sections[i].Gone = nil, nil, nil
	}
	return o
}

// ready returns the entry as Deliver goes on with it, and its message.
func (p *Pipeline) ready(e Entry) (Entry, Message) {
	if e.Outgoing == nil {
		return e, p.Renderer.Render(*e.Content)
	}
	if e.Content == nil {
		e.Sections = e.Outgoing.Sections
	}
	return e, e.Outgoing.Message
}
