package sources

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// What a feed may nest. The parser copies the prefixes and resolves the base anew for every element and
// keeps them while it is open, so that two megabytes of nested elements took it minutes and gigabytes. Real
// feeds stay far below all three.
const (
	deepestFeed  = 100
	mostPrefixes = 64  // declared by an element and those around it
	longestBase  = 512 // bytes of xml:base, likewise
)

// What a feed may be made of. The parser takes hundreds of bytes for an item that says nothing, and five
// kilobytes of gzip unpack to a million of them. The longest archives have some thousands.
const (
	mostFeedItems = 5_000
	mostPieces    = 250_000 // elements and attributes, or tokens of JSON
)

var (
	errForeignCharset = errors.New("a second charset")
	errTooDeep        = errors.New("it nests deeper than any feed")
	errTooMany        = errors.New("it has more items, or parts of them, than any feed")
)

// patient reads as long as there is time: parsers know no deadline, but give up when they cannot read on.
type patient struct {
	io.Reader
	expired func() error
}

func (p patient) Read(b []byte) (int, error) {
	if err := p.expired(); err != nil {
		return 0, err
	}
	return p.Reader.Read(b)
}

// examineFeed says why the text cannot be handed to the feed parser, nil when it can. It reads the same tokens
// in the same way; what is neither XML nor JSON is the parser's to refuse.
func examineFeed(ctx context.Context, text string) error {
	from := patient{strings.NewReader(text), ctx.Err}
	if i := strings.IndexAny(text, "<{"); i >= 0 && text[i] == '<' { // there may be stray bytes before, which the parser skips
		return examineXML(from)
	}
	return examineJSON(from)
}

// scope is what an open element adds to those around it.
type scope struct{ prefixes, base int }

func examineXML(from io.Reader) error {
	d := xml.NewDecoder(from)
	d.Strict = false
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errForeignCharset }
	var open []scope
	var sum scope
	var items, pieces int
	for {
		token, err := d.Token()
		if err != nil {
			if errors.Is(err, errForeignCharset) || strings.Contains(err.Error(), errForeignCharset.Error()) {
				return errForeignCharset
			}
			return nil
		}
		switch t := token.(type) {
		case xml.StartElement:
			s := scopeOf(t)
			open = append(open, s)
			sum.prefixes, sum.base = sum.prefixes+s.prefixes, sum.base+s.base
			pieces += 1 + len(t.Attr)
			if name := strings.ToLower(t.Name.Local); name == "item" || name == "entry" {
				items++
			}
			switch {
			case len(open) > deepestFeed || sum.prefixes > mostPrefixes || sum.base > longestBase:
				return errTooDeep
			case items > mostFeedItems || pieces > mostPieces:
				return errTooMany
			}
		case xml.EndElement:
			s := open[len(open)-1]
			open = open[:len(open)-1]
			sum.prefixes, sum.base = sum.prefixes-s.prefixes, sum.base-s.base
		}
	}
}

func scopeOf(t xml.StartElement) scope {
	var s scope
	for _, a := range t.Attr {
		switch {
		case a.Name.Space == "xmlns" || a.Name.Local == "xmlns":
			s.prefixes++
		case a.Name.Local == "base":
			s.base += len(a.Value)
		}
	}
	return s
}

func examineJSON(from io.Reader) error {
	d := json.NewDecoder(from)
	var deep, items int
	for pieces := 1; ; pieces++ {
		token, err := d.Token()
		if err != nil {
			return nil
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			if deep++; deep == 3 { // in a list of the feed's own
				items++
			}
		case json.Delim('}'), json.Delim(']'):
			deep--
		}
		switch {
		case deep > deepestFeed:
			return errTooDeep
		case items > mostFeedItems || pieces > mostPieces:
			return errTooMany
		}
	}
}
