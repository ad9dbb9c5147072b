package sources

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html/atom"
)

// What of a page nobody sees: that must not become what its sender asks for.

// unread are the elements whose text is not for reading, or no longer meant.
func unread(name atom.Atom) bool {
	switch name {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Select, atom.Textarea, atom.Template, atom.Object, atom.Iframe,
		atom.Noframes, atom.Noembed, atom.Svg, atom.Math, atom.Video, atom.Audio, atom.Map, atom.Datalist, atom.Applet, atom.Noscript,
		atom.S, atom.Del, atom.Strike:
		return true
	}
	return false
}

// smallness is whether letters are too small to be seen.
type smallness int

const (
	asAround smallness = iota
	tooSmall
	seen
)

var styleComments = regexp.MustCompile(`(?s)/\*.*?\*/`)

// tightStyle is a style in lower case, without spaces and comments.
func tightStyle(style string) string {
	if strings.Contains(style, "/*") {
		style = styleComments.ReplaceAllString(style, "")
	}
	return strings.ToLower(strings.Map(withoutSpaces, style))
}

// hiddenStyle reports whether nobody sees the element: what is there for the list of messages alone, for programs, or
// no longer meant. How small its letters are is told by letters.
func hiddenStyle(style string) bool {
	if style == "" {
		return false
	}
	cuts := containsAny(style, "overflow:hidden", "overflow:clip")
	placed := containsAny(style, "position:absolute", "position:fixed", "position:relative")
	for declaration := range strings.SplitSeq(style, ";") {
		property, value, _ := strings.Cut(strings.TrimSuffix(declaration, "!important"), ":")
		hides := false
		switch property {
		case "display":
			hides = value == "none"
		case "visibility":
			hides = value == "hidden" || value == "collapse"
		case "mso-hide":
			hides = value == "all"
		case "opacity":
			hides = amount(value) < 0.05
		case "color":
			hides = value == "transparent"
		case "max-height":
			hides = amount(value) == 0
		case "height":
			hides = cuts && amount(value) == 0
		case "left", "top", "right", "bottom":
			hides = placed && amount(value) <= -100
		case "text-indent":
			hides = amount(value) <= -100
		case "margin", "margin-left", "margin-top":
			hides = amount(value) <= -900
		case "clip":
			hides = beginsWith(value, "rect(0", "rect(1px")
		case "clip-path":
			hides = beginsWith(value, "inset(50%", "inset(100%", "circle(0")
		case "transform":
			hides = value == "scale(0)" || value == "scale(0,0)"
		case "text-decoration", "text-decoration-line":
			hides = strings.Contains(value, "line-through")
		}
		if hides {
			return true
		}
	}
	return false
}

// letters tells how small a style makes them. A share of what is around says nothing.
func letters(style string) smallness {
	small := asAround
	for declaration := range strings.SplitSeq(style, ";") {
		property, value, _ := strings.Cut(strings.TrimSuffix(declaration, "!important"), ":")
		switch {
		case property != "font-size" || value == "" || value == "inherit":
		case amount(value) == 0, strings.HasSuffix(value, "px") && amount(value) <= 1:
			small = tooSmall
		case strings.HasSuffix(value, "%"), strings.HasSuffix(value, "em") && !strings.HasSuffix(value, "rem"), value == "smaller", value == "larger":
		default:
			small = seen
		}
	}
	return small
}

// amount is the number that a value begins with, and more than any when it begins with none.
func amount(value string) float64 {
	end := 0
	for end < len(value) && end < 20 && strings.IndexByte("+-.0123456789", value[end]) >= 0 {
		end++
	}
	n, err := strconv.ParseFloat(value[:end], 64)
	if err != nil {
		return math.Inf(1)
	}
	return n
}

const (
	styleBytes = 64 << 10 // of the styles a page brings along, looked at
	styleNames = 500      // that it says to hide
)

var (
	styleRule  = regexp.MustCompile(`([^{}]*)\{([^{}]*)\}`)
	simpleName = regexp.MustCompile(`^[a-zA-Z0-9]*([.#][\w-]+)$`)
)

// styles takes in which names a page says to hide, in rules that hold on every screen and say no more than a name.
func (r *pageReader) styles(text string) {
	text = text[:min(len(text), styleBytes-min(r.styled, styleBytes))]
	r.styled += len(text)
	text = strings.NewReplacer("<!--", "", "-->", "").Replace(styleComments.ReplaceAllString(text, ""))
	for _, rule := range styleRule.FindAllStringSubmatch(outsideAtRules(text), -1) {
		style := tightStyle(rule[2])
		hides := hiddenStyle(style) || letters(style) == tooSmall
		if !hides && !strings.Contains(style, "display:") {
			continue
		}
		for selector := range strings.SplitSeq(rule[1], ",") {
			name := simpleName.FindStringSubmatch(strings.TrimSpace(selector))
			if name == nil || hides && len(r.hides) >= styleNames {
				continue
			}
			if r.hides == nil {
				r.hides = map[string]bool{}
			}
			r.hides[name[1]] = hides
		}
	}
}

// outsideAtRules is a style sheet without what holds on some screens only.
func outsideAtRules(sheet string) string {
	var b strings.Builder
	for {
		at := strings.IndexByte(sheet, '@')
		if at < 0 {
			b.WriteString(sheet)
			return b.String()
		}
		b.WriteString(sheet[:at])
		sheet = sheet[at:]
		end, depth := len(sheet), 0
		for i := range len(sheet) {
			if c := sheet[i]; c == '{' {
				depth++
			} else if c == '}' {
				depth--
			} else if c != ';' {
				continue
			}
			if depth <= 0 {
				end = i + 1
				break
			}
		}
		sheet = sheet[end:]
	}
}

func hidesAny(hides map[string]bool, class, id string) bool {
	for name := range strings.FieldsSeq(class) {
		if hides["."+name] {
			return true
		}
	}
	return id != "" && hides["#"+id]
}

// tiny reports whether letters are too small to be seen where the page has come to.
func (r *pageReader) tiny() bool {
	last := len(r.stack) - 1
	return last >= 0 && r.stack[last].small == tooSmall
}
