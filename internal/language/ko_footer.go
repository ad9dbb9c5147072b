package language

import (
	"fmt"
	"strings"

	"achim/briefing"
)

// koFooter fills in what is wrong, the footer and the thread reply.
func koFooter(w *Words) {
	w.Trouble = koTrouble
	w.Invite = koInvite
	w.ReadAll = func(parts []Part, at string) string {
		list := koParts(parts)
		return list + Particle(koBare(list), "을/를") + " " + at + "에 모두 읽었습니다"
	}
	w.ReadMended = koParts
	w.Mended = koMended
	w.ReadSome = func(parts []Part, c Clock) string {
		return "읽음: " + join(parts, ", ", func(p Part) string { return timed(p, koPart, "", c) })
	}
	w.CopyOf = func(p Part, c Clock) string {
		return koDay(c.DateOf(p.At), c.Today) + " 기준: " + koName(p.Source) + "(" + c.HM(p.At) + ")"
	}
	w.ReadPartly = func(parts []Part) string { return "일부만 읽음: " + koParts(parts) }
	w.NotRead = func(list []briefing.SourceName) string { return "읽지 못함: " + join(list, "·", koName) }
	w.FeedsRead = func(ok, of int) string { return fmt.Sprintf("피드 %d/%d", ok, of) }
	w.NotConnected = "Google 연결 전"
	w.Filled = koFilled
}

// koPart is "Gmail 29통", "캘린더 2개", "피드 6개" and "캘린더 2/3".
func koPart(p Part) string {
	name := koName(p.Source)
	if p.Source == briefing.News {
		name = "피드"
	}
	switch {
	case p.N < 0:
		return name
	case p.Of > 0 && p.AtLeast:
		return fmt.Sprintf("%s %s 중 %d통", name, koMails(p.Of, true), p.N)
	case p.Of > 0:
		return fmt.Sprintf("%s %d/%d", name, p.N, p.Of)
	case p.Source != briefing.Gmail:
		return fmt.Sprintf("%s %d개", name, p.N)
	case len(p.Groups) > 0:
		return "새 메일 " + koMails(p.N, p.AtLeast) + "(" + strings.Join(p.Groups, ", ") + ")"
	default:
		return name + " " + koMails(p.N, p.AtLeast)
	}
}

func koParts(parts []Part) string { return join(parts, ", ", koPart) }

func koMended(m MendWords) string {
	if !m.Whole {
		what := koContents(m.Sources)
		return m.HM + "에 " + what + Particle(what, "을/를") + " 채웠습니다"
	}
	if len(m.Lacked) == 0 {
		what := koContents(m.Sources)
		return m.At + "에는 " + what + Particle(what, "을/를") + " 새로 읽지 못한 채 보냈고, " + m.HM + "에 모두 채웠습니다"
	}
	return m.At + "에는 " + koContents(m.Lacked) + " 없이 보냈고, " + m.HM + "에 모두 채웠습니다"
}

func koFilled(f FilledWords) string {
	what := koContents(f.Sources)
	if what == "" {
		what = "빠진 내용"
	}
	s := f.HM + "에 " + what + Particle(what, "을/를") + " 채웠습니다."
	var news []string
	if f.Replies != nil && *f.Replies > 0 {
		news = append(news, "답장할 메일 "+koMails(*f.Replies, f.AtLeast))
	}
	if f.NewEvents > 0 {
		news = append(news, fmt.Sprintf("새로 잡힌 일정 %d건", f.NewEvents))
	}
	switch {
	case len(news) == 0 && f.Replies != nil:
		return s + " 답장할 메일은 없습니다."
	case len(news) == 0:
		return s
	}
	list := strings.Join(news, ", ")
	return s + " " + list + Particle(list, "이/가") + " 있습니다."
}

// koBare takes a closing bracket off, so that a particle follows the word before it.
func koBare(s string) string {
	if i := strings.LastIndexByte(s, '('); i > 0 && strings.HasSuffix(s, ")") {
		return s[:i]
	}
	return s
}
