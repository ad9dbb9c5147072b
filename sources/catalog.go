package sources

import "achim/briefing"

// Config is what the sources need. A nil Google leaves mail and calendar out.
type Config struct {
	Google *Google
	News   NewsConfig
	// Holidays names the public holidays of Korea, beside what Google's calendar of them says; nil = as known when
	// this was built.
	Holidays HolidayNames
}

// Catalog returns all sources, in the order a briefing is read. It is the only list of them.
func Catalog(cfg Config) []briefing.Source {
	all := []briefing.Source{newNews(cfg.News)}
	if cfg.Google != nil {
		all = append([]briefing.Source{&gmailSource{cfg.Google}, newCalendar(cfg.Google, cfg.Holidays)}, all...)
	}
	return all
}
