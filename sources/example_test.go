package sources_test

import (
	"context"
	"fmt"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
)

// The catalog is the list of everything a briefing reads, in the order it reads it.
func ExampleCatalog() {
	google := sources.NewGoogle(sources.GoogleConfig{}, newMemory())
	for _, source := range sources.Catalog(sources.Config{Google: google}) {
		fmt.Println(source.Name(), "by", source.Provider())
	}
	// Output:
	// gmail by google
	// calendar by google
	// news by feeds
}

// A feed is read once, whoever follows it; the stories of the request's window come back, newest first.
func ExampleCatalog_news() {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	feeds := standin.NewFeeds()
	feeds.Set("/news.xml", standin.Feed{Title: "한빛일보", Items: []standin.FeedItem{
		{Title: "[속보] 기준금리 동결", URL: "https://hanbit.example/1", Published: now.Add(-time.Hour)},
		{Title: "지난주 소식", URL: "https://hanbit.example/2", Published: now.Add(-7 * 24 * time.Hour)},
	}})
	server, err := standin.Serve(feeds, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = server.Close() }()

	news := sources.Catalog(sources.Config{News: sources.NewsConfig{
		Team: []briefing.Feed{{URL: server.URL + "/news.xml"}}, AllowPrivate: true, Now: func() time.Time { return now },
	}})[0]
	section, err := news.Fetch(context.Background(), briefing.Request{
		Zone: time.UTC, Now: now, Window: briefing.Window{From: now.Add(-24 * time.Hour), To: now},
	})
	fmt.Println(section.PartsOK, "of", section.Parts, "feeds,", err)
	for _, item := range section.Items {
		fmt.Println(item.Title, "·", item.From)
	}
	// Output:
	// 1 of 1 feeds, <nil>
	// [속보] 기준금리 동결 · 한빛일보
}
