package sources

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"achim/briefing"
)

// Bounds of a list of feeds.
const (
	largestOPML = 4 << 20
	mostListed  = 5000
)

// ListedFeed is a feed as a list has it.
type ListedFeed struct {
	Feed briefing.Feed
	Line int // of the file
}

// ListFault is a line of a list that is no feed, and why.
type ListFault struct {
	Line    int
	Problem string
}

// Error returns the line and what is wrong with it.
func (f ListFault) Error() string { return fmt.Sprintf("line %d: %s", f.Line, f.Problem) }

// ReadOPML reads the list that feed readers write: all feeds of all folders, in their order. What of it cannot be fetched comes
// as faults beside them; its error is that of a file that is no such list, and says what to do.
func ReadOPML(from io.Reader) (feeds []ListedFeed, faults []ListFault, err error) {
	body, err := io.ReadAll(io.LimitReader(from, largestOPML+1))
	if err != nil {
		return nil, nil, err
	}
	if len(body) > largestOPML {
		return nil, nil, fmt.Errorf("the file is larger than %d MiB: split it", largestOPML>>20)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil, errors.New("the file is empty: export the feeds as OPML once more")
	}
	above := bytes.Count(body[:len(body)-len(bytes.TrimLeft(body, " \t\r\n"))], []byte("\n")) // lines that feedText drops
	d := xml.NewDecoder(strings.NewReader(feedText(body, "", "")))
	d.Strict, d.Entity = false, xml.HTMLEntity
	root, depth := "", 0
	for {
		token, err := d.Token()
		line, _ := d.InputPos()
		line += above
		switch {
		case errors.Is(err, io.EOF) && root == "":
			return nil, nil, ListFault{1, "this is no OPML: export the feeds of the feed reader as OPML"}
		case errors.Is(err, io.EOF):
			return feeds, faults, nil
		case err != nil:
			return nil, nil, ListFault{line, "the XML ends or breaks here: export the file once more, or mend this line"}
		}
		switch t := token.(type) {
		case xml.EndElement:
			depth--
		case xml.StartElement:
			if depth++; depth > deepestFeed || len(feeds)+len(faults) > mostListed {
				return nil, nil, ListFault{line, "there is more in this file than any list of feeds holds: split it"}
			}
			if root == "" {
				if root = strings.ToLower(t.Name.Local); root != "opml" {
					return nil, nil, ListFault{line, fmt.Sprintf("this is %.20q, no OPML: export the feeds of the feed reader as OPML", root)}
				}
			}
			if feed, problem, ok := outlined(t); problem != "" {
				faults = append(faults, ListFault{line, problem})
			} else if ok {
				feeds = append(feeds, ListedFeed{feed, line})
			}
		}
	}
}

// outlined returns the feed of an outline; not ok for one that is a folder, or no outline.
func outlined(t xml.StartElement) (feed briefing.Feed, problem string, ok bool) {
	if !strings.EqualFold(t.Name.Local, "outline") {
		return feed, "", false
	}
	var text string
	for _, a := range t.Attr {
		switch value := strings.TrimSpace(a.Value); strings.ToLower(a.Name.Local) {
		case "xmlurl":
			feed.URL, ok = value, true
		case "title":
			feed.Title = value
		case "text":
			text = value
		}
	}
	if !ok {
		return feed, "", false
	}
	// Some readers write feed://host/path, or feed:https://host/path.
	if rest, cut := strings.CutPrefix(feed.URL, "feed:"); cut {
		feed.URL = strings.TrimPrefix(rest, "//")
		if !strings.Contains(feed.URL, "://") {
			feed.URL = "https://" + feed.URL
		}
	}
	feed.Title = cut(publisherIn(cleanTitle(firstOf(feed.Title, text))), 40)
	if feed.Title == hostOf(feed.URL) {
		feed.Title = "" // what stands for a name where there is none, see WriteOPML
	}
	if err := feed.Validate(); err != nil {
		return feed, fmt.Sprintf("%.100q is no http(s) address", feed.URL), false
	}
	return feed, "", true
}

// WriteOPML writes the feeds as a list that feed readers take.
func WriteOPML(to io.Writer, title string, feeds []briefing.Feed) error {
	type outline struct {
		Type   string `xml:"type,attr"`
		Text   string `xml:"text,attr"`
		XMLURL string `xml:"xmlUrl,attr"`
	}
	doc := struct {
		XMLName  xml.Name  `xml:"opml"`
		Version  string    `xml:"version,attr"`
		Title    string    `xml:"head>title"`
		Outlines []outline `xml:"body>outline"`
	}{Version: "2.0", Title: title, Outlines: []outline{}}
	for _, feed := range feeds {
		doc.Outlines = append(doc.Outlines, outline{"rss", firstOf(feed.Title, hostOf(feed.URL)), feed.URL})
	}
	body, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("write OPML: %w", err)
	}
	_, err = fmt.Fprintf(to, "%s%s\n", xml.Header, body)
	return err
}
