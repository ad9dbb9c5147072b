package sources

import "achim/briefing"

// Config is what the sources need. A nil Google leaves mail and calendar out.
type Config struct {
	Google *Google
	News   NewsConfig
}

// Catalog returns all sources, in the order a briefing is read. It is the only list of them.
func Catalog(cfg Config) []briefing.Source {
	all := []briefing.Source{newNews(cfg.News)}
	if cfg.Google != nil {
		all = append([]briefing.Source{&gmailSource{cfg.Google}, &calendarSource{cfg.Google}}, all...)
	}
	return all
}
