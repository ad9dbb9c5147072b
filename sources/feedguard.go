package sources

import (
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

// scope is what an open element adds to those around it.
type scope struct{ prefixes, base int }

var errForeignCharset = errors.New("a second charset")

// nestsSanely reports whether the text can be handed to the feed parser. It reads the same tokens in the
// same way; text that is no XML is the parser's to refuse.
func nestsSanely(text string) bool {
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict = false
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errForeignCharset }
	var open []scope
	var sum scope
	for {
		token, err := d.Token()
		if err != nil {
			return !errors.Is(err, errForeignCharset) && !strings.Contains(err.Error(), errForeignCharset.Error())
		}
		switch t := token.(type) {
		case xml.StartElement:
			s := scopeOf(t)
			open = append(open, s)
			sum.prefixes, sum.base = sum.prefixes+s.prefixes, sum.base+s.base
			if len(open) > deepestFeed || sum.prefixes > mostPrefixes || sum.base > longestBase {
				return false
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
