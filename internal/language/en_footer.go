package language

import (
	"fmt"
	"strings"

	"achim/briefing"
)

// enFooter fills in what is wrong, the footer and the thread reply.
func enFooter(w *Words) {
	w.Trouble = enTrouble
	w.Invite = enInvite
	w.ReadAll = func(parts []Part, at string) string {
		return "Read in full at " + at + ": " + enParts(parts)
	}
	w.ReadMended = enParts
	w.Mended = enMended
	w.ReadSome = func(parts []Part, c Clock) string {
		return "Read: " + join(parts, ", ", func(p Part) string { return timed(p, enPart, " ", c) })
	}
	w.CopyOf = func(p Part, c Clock) string {
		day := enDay(c.DateOf(p.At), c.Today)
		return strings.ToUpper(day[:1]) + day[1:] + "'s copy: " + enName(p.Source) + " (" + c.HM(p.At) + ")"
	}
	w.ReadPartly = func(parts []Part) string { return "Read in part: " + enParts(parts) }
	w.NotRead = func(list []briefing.SourceName) string { return "Not read: " + join(list, ", ", enName) }
	w.FeedsRead = func(ok, of int) string { return fmt.Sprintf("feeds %d/%d", ok, of) }
	w.NotConnected = "Google not connected"
	w.Filled = enFilled
}

// enPart is "29 emails", "2 calendars", "6 feeds" and "2 of 3 calendars".
func enPart(p Part) string {
	one := map[briefing.SourceName]string{
		briefing.Gmail: "email", briefing.Calendar: "calendar", briefing.News: "feed",
	}[p.Source]
	switch {
	case p.N < 0 || one == "":
		return enName(p.Source)
	case p.Of > 0 && p.AtLeast:
		return fmt.Sprintf("%d of %s", p.N, enMails(p.Of, true, one))
	case p.Of > 0:
		return fmt.Sprintf("%d of %s", p.N, enCount(p.Of, one))
	case len(p.Groups) > 0:
		return enMails(p.N, p.AtLeast, "new email") + " (" + strings.Join(p.Groups, ", ") + ")"
	default:
		return enMails(p.N, p.AtLeast, one)
	}
}

func enParts(parts []Part) string { return join(parts, ", ", enPart) }

func enMended(m MendWords) string {
	if !m.Whole {
		return "Filled in at " + m.HM + ": " + enAnd(m.Sources, enContent)
	}
	if len(m.Lacked) == 0 {
		return "Sent at " + m.At + " before we could read " + enAnd(m.Sources, enContent) + " anew, filled in at " + m.HM
	}
	return "Sent at " + m.At + " without " + enAnd(m.Lacked, enContent) + ", filled in at " + m.HM
}

func enFilled(f FilledWords) string {
	what := enAnd(f.Sources, enContent)
	if what == "" {
		what = "what was missing"
	}
	s := "Filled in at " + f.HM + ": " + what + "."
	var news []string
	if f.Replies != nil {
		news = append(news, enMails(*f.Replies, f.AtLeast, "email")+" to answer")
		if *f.Replies == 0 {
			news[0] = "no emails to answer"
		}
	}
	if f.NewEvents > 0 {
		news = append(news, enCount(f.NewEvents, "new meeting"))
	}
	if len(news) == 0 {
		return s
	}
	list := strings.Join(news, ", ")
	return s + " " + strings.ToUpper(list[:1]) + list[1:] + "."
}
