package sources

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	pageDepth  = 256 // elements within elements that are told apart
	pageSearch = 64  // how far up an end tag may find its element
	cellRunes  = 40  // up to which a cell shares its line with the next
)

// htmlLines takes a page apart into the lines that a person sees of it.
func htmlLines(page string) []bodyLine {
	r := pageReader{breaks: 1}
	z := xhtml.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			r.endLine()
			return r.lines
		case xhtml.TextToken:
			r.write(z.Text())
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			name, more := z.TagName()
			e := pageElement{name: atom.Lookup(name)}
			if more {
				e.look(z, r.hides)
			}
			r.open(e)
		case xhtml.EndTagToken:
			name, _ := z.TagName()
			r.close(atom.Lookup(name))
		}
	}
}

// looksLikeHTML recognises a page that was sent as plain text.
func looksLikeHTML(text string) bool {
	head := strings.ToLower(strings.TrimSpace(text[:min(len(text), 4096)]))
	if strings.HasPrefix(head, "<!doctype html") || strings.HasPrefix(head, "<html") {
		return true
	}
	tags := 0
	for _, tag := range []string{"<br>", "<br/>", "<br />", "</p>", "</div>", "</a>", "</td>", "</table>", "</font>", "</span>", "</b>", "</center>"} {
		tags += min(strings.Count(head, tag), 3)
	}
	return tags >= 4
}

// pageElement is an open element.
type pageElement struct {
	name             atom.Atom
	hidden, pre      bool
	small            smallness
	elsewhere        bool // it is a style for paper, or some screens only
	quote, quoteMark bool // it is a quotation; all that follows it is one
	mark             markKinds
	rule             bool // it begins with a line across the page
}

// look finds out what the attributes say, and which names the page itself has said to hide.
func (e *pageElement) look(z *xhtml.Tokenizer, hides map[string]bool) {
	var class, id, style string
	cited := false
	for more := true; more; {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch string(key) {
		case "class":
			class = string(value)
		case "id":
			id = string(value)
		case "style":
			style = tightStyle(string(value))
		case "hidden":
			e.hidden = true
		case "size":
			e.small = seen
		case "media":
			e.elsewhere = !slices.Contains([]string{"", "all", "screen"}, strings.ToLower(strings.TrimSpace(string(value))))
		case "type", "cite":
			cited = true
		}
	}
	e.hidden = e.hidden || hiddenStyle(style) || len(hides) > 0 && hidesAny(hides, class, id)
	e.small = max(e.small, letters(style))
	e.pre = strings.Contains(style, "white-space:pre")
	e.rule = strings.Contains(style, "border:none;border-top:solid")
	if e.name == atom.Blockquote {
		// Mail programs indent a paragraph by a quotation of nothing.
		e.quote = cited || class != "" || !containsAny(style, "border:none", "border-width:0", "border:0")
	}
	e.lookNames(class, id)
}

// lookNames recognises what mail programs call the parts of a message.
func (e *pageElement) lookNames(class, id string) {
	for name := range strings.FieldsSeq(class) {
		switch name {
		case "gmail_attr", "moz-cite-prefix", "moz-email-headers-table":
			e.mark |= attributed
		case "yahoo_quoted", "protonmail_quote", "tutanota_quote", "zmail_extra", "moz-forward-container", "gmail_extra_quote":
			e.quote = true
		case "gmail_signature", "moz-signature", "protonmail_signature_block", "zmail_signature", "naver_signature", "kakao_mail_signature":
			e.mark |= signed
		case "gmail_signature_prefix", "mcnPreviewText", "preheader", "preview-text":
			e.hidden = true
		}
	}
	switch id {
	case "appendonsend", "divRplyFwdMsg", "x_divRplyFwdMsg", "stopSpelling", "zwchr":
		e.quoteMark = true
	case "mail-editor-reference-message-container", "OLK_SRC_BODY_SECTION", "ms-outlook-mobile-reference-message", "isForwardContent":
		e.quote = true
	case "Signature", "AppleMailSignature", "ms-outlook-mobile-signature", "signature", "mail_signature":
		e.mark |= signed
	}
}

func withoutSpaces(r rune) rune {
	if unicode.IsSpace(r) {
		return -1
	}
	return r
}

// pageReader is a page on its way to lines.
type pageReader struct {
	lines []bodyLine
	stack []pageElement

	hidden, quoted, pre, attr, sign int // how many open elements are that

	hides  map[string]bool // names the page says to hide: ".class", "#id"
	styled int             // bytes of styles that were looked at

	line   strings.Builder
	about  bodyLine // the line being written, but for its text
	breaks int      // line breaks before the next word
	space  bool     // white space before it

	cell    bool // the next word begins a cell,
	fresh   bool // of which nothing has been seen,
	rowText bool // in a row that has text
	multi   bool // of more than a line
}

// write adds text to the line.
func (r *pageReader) write(text []byte) {
	switch {
	case r.hidden > 0:
		if last := len(r.stack) - 1; last >= 0 && r.stack[last].name == atom.Style && !r.stack[last].elsewhere {
			r.styles(string(text))
		}
	case r.tiny():
	case r.pre == 0:
		r.writeWords(text)
	default:
		first := true
		for line := range bytes.SplitSeq(text, []byte("\n")) {
			if !first {
				r.breaks++
			}
			first = false
			r.writeWords(line)
		}
	}
}

func (r *pageReader) writeWords(text []byte) {
	words := bytes.Fields(text)
	if len(words) == 0 {
		r.space = r.space || len(text) > 0
		if r.breaks > 0 && bytes.Contains(text, []byte("\u00A0")) {
			r.breaks++ // a paragraph that holds room for one
		}
		return
	}
	begins, _ := utf8.DecodeRune(text)
	r.space = r.space || unicode.IsSpace(begins)
	for _, word := range words {
		r.word(word)
		r.space = true
	}
	ends, _ := utf8.DecodeLastRune(text)
	r.space = unicode.IsSpace(ends)
}

// word writes one word, after the breaks it waits for.
func (r *pageReader) word(word []byte) {
	switch {
	case r.cell && r.breaks == 0 && utf8.RuneCountInString(r.line.String()) <= cellRunes:
		r.space = true
	case r.cell || r.breaks > 0:
		gap := r.breaks > 1
		r.endLine()
		if gap {
			r.lines = append(r.lines, bodyLine{depth: r.quoted})
		}
		r.multi, r.rowText = r.multi || r.rowText, true
	}
	r.breaks, r.cell, r.fresh = 0, false, false
	if r.line.Len() == 0 {
		r.about = bodyLine{depth: r.quoted, whole: true, mark: r.marks()}
	} else if r.space {
		r.line.WriteByte(' ')
	}
	r.line.Write(word)
}

func (r *pageReader) marks() markKinds {
	var m markKinds
	if r.attr > 0 {
		m |= attributed
	}
	if r.sign > 0 {
		m |= signed
	}
	return m
}

// endLine puts the line with the others. Quotation marks may stand in pages too.
func (r *pageReader) endLine() {
	if r.line.Len() == 0 {
		return
	}
	content, depth := unquote(r.line.String())
	r.line.Reset()
	r.space = false
	r.about.text = mailLine(content)
	r.about.depth += depth
	if r.about.text != "" {
		r.lines = append(r.lines, r.about)
	}
}

// across draws a line across the page.
func (r *pageReader) across(mark markKinds) {
	if r.hidden > 0 {
		return
	}
	r.endLine()
	r.breaks = 1
	r.lines = append(r.lines, bodyLine{text: acrossPage, depth: r.quoted, whole: true, mark: mark})
}

// acrossPage stands for a line drawn across the page.
const acrossPage = "________"

// open takes in a start tag.
func (r *pageReader) open(e pageElement) {
	switch e.name {
	case 0, atom.Wbr, atom.Img, atom.Meta, atom.Link, atom.Input, atom.Col, atom.Base, atom.Area, atom.Source, atom.Param, atom.Embed:
		return
	case atom.Br:
		r.breaks++
		return
	case atom.Hr:
		r.across(quoteMarkIf(e.quoteMark))
		return
	}
	r.closeImplied(e.name)
	if len(r.stack) >= pageDepth {
		return
	}
	e.hidden = e.hidden || unread(e.name)
	e.pre = e.pre || e.name == atom.Pre
	if last := len(r.stack) - 1; e.small == asAround && last >= 0 {
		e.small = r.stack[last].small
	}
	r.breakAt(e.name, e.quote)
	r.stack = append(r.stack, e)
	r.count(e, 1)
	if e.quoteMark || e.rule {
		r.across(quoteMarkIf(e.quoteMark))
	}
}

// close takes in an end tag. One without an element changes nothing.
func (r *pageReader) close(name atom.Atom) {
	if name == 0 {
		return
	}
	for i := len(r.stack) - 1; i >= 0 && i >= len(r.stack)-pageSearch; i-- {
		if r.stack[i].name == name {
			r.closeTo(i)
			return
		}
	}
}

// closeTo closes the elements from the i-th on.
func (r *pageReader) closeTo(i int) {
	for len(r.stack) > i {
		last := len(r.stack) - 1
		e := r.stack[last]
		r.stack = r.stack[:last]
		r.count(e, -1)
		r.breakAt(e.name, e.quote)
		if e.name == atom.Table {
			r.multi = true // what stands beside a table in a table is no cell of a row
		}
	}
}

// closeImplied closes what ends where such an element begins, though nothing says so.
func (r *pageReader) closeImplied(name atom.Atom) {
	var ends, within []atom.Atom
	switch name {
	case atom.Body:
		ends = []atom.Atom{atom.Head}
	case atom.P, atom.Div, atom.Table, atom.Ul, atom.Ol, atom.Blockquote, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Pre:
		if last := len(r.stack) - 1; last >= 0 && r.stack[last].name == atom.P {
			r.closeTo(last)
		}
		return
	case atom.Li:
		ends, within = []atom.Atom{atom.Li}, []atom.Atom{atom.Ul, atom.Ol, atom.Table}
	case atom.Td, atom.Th:
		ends, within = []atom.Atom{atom.Td, atom.Th}, []atom.Atom{atom.Tr, atom.Table}
	case atom.Tr:
		ends, within = []atom.Atom{atom.Tr}, []atom.Atom{atom.Table}
	}
	for i := len(r.stack) - 1; i >= 0 && i >= len(r.stack)-pageSearch && len(ends) > 0; i-- {
		if slices.Contains(within, r.stack[i].name) {
			return
		}
		if slices.Contains(ends, r.stack[i].name) {
			r.closeTo(i)
			return
		}
	}
}

// breakAt ends the line where an element begins or ends that stands apart.
func (r *pageReader) breakAt(name atom.Atom, quote bool) {
	switch name {
	case atom.Td, atom.Th:
		if r.rowText && !r.multi {
			r.breaks, r.cell, r.fresh = 0, true, true
			return
		}
	case atom.Table, atom.Tr:
		r.cell, r.fresh, r.rowText, r.multi = false, false, false, false
	default:
		if !quote && (r.fresh || !breaksLine(name.String()) && !apart(name)) {
			return
		}
	}
	r.breaks = max(r.breaks, 1)
}

// apart are the further elements that stand apart.
func apart(name atom.Atom) bool {
	switch name {
	case atom.Pre, atom.Center, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Dl, atom.Dt, atom.Dd, atom.Address, atom.Main, atom.Nav,
		atom.Aside, atom.Form, atom.Fieldset, atom.Caption, atom.Tbody, atom.Thead, atom.Tfoot, atom.Th, atom.Figure, atom.Figcaption, atom.Button, atom.Body:
		return true
	}
	return false
}

func quoteMarkIf(yes bool) markKinds {
	if yes {
		return quoteBelow
	}
	return 0
}

// count adds an element to those that are open, or takes it off.
func (r *pageReader) count(e pageElement, by int) {
	add := func(yes bool, counter *int) {
		if yes {
			*counter += by
		}
	}
	add(e.hidden, &r.hidden)
	add(e.quote, &r.quoted)
	add(e.pre, &r.pre)
	add(e.mark&attributed != 0, &r.attr)
	add(e.mark&signed != 0, &r.sign)
}
