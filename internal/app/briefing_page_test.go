package app_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/store/storetest"
)

// sixStories is more news than a briefing shows.
func sixStories() standin.Feed {
	feed := standin.Feed{Title: "한빛통신"}
	for i := range 6 {
		name := fmt.Sprint(i + 1)
		feed.Items = append(feed.Items, standin.FeedItem{Title: strings.Repeat("가나다라마바사"[3*i:3*i+3], 8) + " 소식", URL: "https://news.example/" + name, GUID: name,
			Published: friday.Add(-time.Duration(i+1) * time.Hour)})
	}
	return feed
}

// pageLink returns the link to its page in a DM.
func pageLink(t *testing.T, dm standin.Message) string {
	t.Helper()
	found := regexp.MustCompile(`<https://achim.gaon.example(/briefings/[^|#]+)#all-news\|모두 보기>`).FindStringSubmatch(string(dm.Blocks))
	if found == nil {
		t.Fatalf("no link in %s", dm.Blocks)
	}
	return found[1]
}

// TestSeeAllLeadsToThePage: what was cut in a DM is behind its link, for whoever has that link, for as long as it is kept;
// and the link stands in no table.
func TestSeeAllLeadsToThePage(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.feeds.Set("/wire.xml", sixStories())
		h.start()
		h.addHaneul()
		h.connect()
		wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "complete"})
		dm := h.oneDM()
		link := pageLink(t, dm)
		lacks(t, seen(dm), "바바바바", "사사사사")
		lacks(t, dm.Text, "/briefings/")

		page := h.call("GET", link, "", "")
		if page.status != http.StatusOK {
			t.Fatalf("status %d: %s", page.status, page.body)
		}
		holds(t, string(page.body), "11월 20일 금요일 아침 브리핑", "09:30 ", "제품 주간회의", "계약서 3조 수정안", "전체 목록", "바바바바", `href="#all-news"`, `id="all-news"`)
		for _, row := range append(storetest.Rows(t, h.app.Store, "SELECT content FROM conversation_log"), storetest.Rows(t, h.app.Store, "SELECT content FROM achim_entry_body")...) {
			lacks(t, row, "achim.gaon.example")
		}

		wants(t, h.trigger(`{"user_ids":["`+haneul+`"],"force":true}`), map[string]any{"outcome": "delivered"})
		other := pageLink(t, h.dms()[1])
		path, token, _ := strings.Cut(link, "?t=")
		otherPath, otherToken, _ := strings.Cut(other, "?t=")
		connect := strings.TrimPrefix(h.app.ConnectURL(haneul, false), "https://achim.gaon.example/connect/")
		for _, bad := range []string{path, path + "?t=" + otherToken, otherPath + "?t=" + token, path + "?t=" + connect, path + "?t=" + token[:len(token)-1]} {
			if page := h.call("GET", bad, "", ""); page.status != http.StatusNotFound || strings.Contains(string(page.body), "소식") {
				t.Errorf("%s: status %d", bad, page.status)
			}
		}
		if page := h.call("GET", "/connect/"+token, "", ""); page.status != http.StatusNotFound {
			t.Errorf("a link to a briefing connects: %d", page.status)
		}
		h.clock.advance(31 * 24 * time.Hour)
		if page := h.call("GET", link, "", ""); page.status != http.StatusNotFound {
			t.Errorf("after a month: status %d", page.status)
		}
	})
}

// TestNoPageWithoutALink: what no phone could open is not linked to.
func TestNoPageWithoutALink(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.env["ACHIM_PUBLIC_URL"] = "http://127.0.0.1:8001"
	h.feeds.Set("/wire.xml", sixStories())
	h.start()
	h.addHaneul()
	h.connect()
	h.trigger("")
	holds(t, seen(h.oneDM()), "외 3건")
	lacks(t, seen(h.oneDM()), "모두 보기", "/briefings/")
}

// TestPreviewLinksToNoPage: what is not stored has no page, so a preview and a dry run link to none and are otherwise what the
// reader would get.
func TestPreviewLinksToNoPage(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.feeds.Set("/wire.xml", sixStories())
	h.start()
	h.addHaneul()
	h.connect()
	b, err := h.app.Preview(t.Context(), haneul, briefing.Date{})
	if err != nil {
		t.Fatal(err)
	}
	var drawn strings.Builder
	if err := h.app.Print(&drawn, b, 0, false); err != nil {
		t.Fatal(err)
	}
	view := h.app.PreviewView(b)
	dry := h.trigger(`{"dry_run":true}`)
	for _, text := range []string{drawn.String(), string(view.Blocks), view.Text, fmt.Sprint(dry)} {
		lacks(t, text, "모두 보기", "/briefings/")
	}
	holds(t, drawn.String(), "외 3건")
	h.trigger("")
	holds(t, seen(h.oneDM()), "외 3건", "모두 보기", "/briefings/")
}
