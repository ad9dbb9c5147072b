package language

import "achim/briefing"

// koLost tells of the briefing before this one.
func koLost(l briefing.Before, c Clock) string {
	day := koDay(l.Date, c.Today)
	if l.State == briefing.Unknown {
		return day + " 브리핑이 도착했는지 확인하지 못했습니다."
	}
	return day + " 브리핑은 서버가 쉬어 보내지 못했습니다."
}

// enLost tells of the briefing before this one.
func enLost(l briefing.Before, c Clock) string {
	day := enDay(l.Date, c.Today)
	if l.State == briefing.Unknown {
		return "We couldn’t confirm that the briefing from " + day + " arrived."
	}
	return "The briefing from " + day + " was not sent: the server was down."
}
