package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// reader takes the value of a key into the walk's configuration, or notes a fault.
type reader func(w *walk, name string, n ast.Node)

// walk goes through a parsed file. A decoder would stop at the first fault and forget the lines.
type walk struct {
	file     string
	config   *Config
	settings map[string]fileSetting
	lines    map[string]int // of the keys that were there
	faults   []Fault
}

// readYAML takes the file's content into c and returns every fault in it.
func readYAML(file string, content []byte, c *Config) []Fault {
	w := &walk{file: file, config: c, settings: map[string]fileSetting{}, lines: map[string]int{}}
	for _, s := range fileSettings() {
		w.settings[s.Name] = s
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	// Keys given twice are ours to report, all of them and with both lines.
	parsed, err := parser.ParseBytes(content, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return []Fault{syntaxFault(file, err)}
	}
	for i, doc := range parsed.Docs {
		switch body := doc.Body.(type) {
		case nil, *ast.CommentGroupNode, *ast.NullNode:
		case *ast.MappingNode:
			if i > 0 {
				w.fault(body, "", "a second document begins here: put everything into one, without ---")
				continue
			}
			w.section("", body)
		default:
			w.fault(body, "", "is not a list of keys: write something like timezone: Asia/Seoul")
		}
	}
	return w.faults
}

// syntaxFault reports a file that is not YAML. The parser's drawing of the lines around the fault is left
// out: they may hold what should not be on a screen.
func syntaxFault(file string, err error) Fault {
	fault := Fault{File: file, Problem: "is not YAML: check indentation and quotes"}
	if syntax, ok := errors.AsType[*yaml.SyntaxError](err); ok {
		fault.Problem = "is not YAML: " + syntax.Message + ": check indentation and quotes"
		if syntax.Token != nil && syntax.Token.Position != nil {
			fault.Line = syntax.Token.Position.Line
		}
	}
	return fault
}

func (w *walk) fault(n ast.Node, name, problem string) {
	w.faults = append(w.faults, Fault{File: w.file, Line: lineOf(n), Key: name, Problem: problem})
}

func lineOf(n ast.Node) int {
	if mapping, ok := n.(*ast.MappingNode); ok && len(mapping.Values) > 0 {
		return lineOf(mapping.Values[0].Key)
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}

// section reads the keys below prefix, which is "" or ends in a dot.
func (w *walk) section(prefix string, mapping *ast.MappingNode) {
	for _, pair := range mapping.Values {
		name := prefix + keyText(pair)
		if !w.first(pair, name) {
			continue
		}
		setting, known := w.settings[name]
		switch {
		case known && setting.read != nil:
			setting.read(w, name, pair.Value)
		case w.isSection(name):
			w.below(name, pair.Value)
		default:
			w.unknown(pair, name)
		}
	}
}

// first notes where name is and reports whether it was not there before.
func (w *walk) first(pair *ast.MappingValueNode, name string) bool {
	if line, twice := w.lines[name]; twice {
		w.fault(pair.Key, name, fmt.Sprintf("is given twice, first on line %d: keep one", line))
		return false
	}
	w.lines[name] = lineOf(pair.Key)
	return true
}

func (w *walk) below(name string, n ast.Node) {
	switch v := n.(type) {
	case *ast.MappingNode:
		w.section(name+".", v)
	case *ast.NullNode: // everything below is commented out
	default:
		w.fault(n, name, "holds "+kindOf(n)+": write its keys below it, indented: "+strings.Join(w.names(name+"."), ", "))
	}
}

func (w *walk) isSection(name string) bool {
	for known := range w.settings {
		if strings.HasPrefix(known, name+".") && !strings.Contains(name, "[]") {
			return true
		}
	}
	return false
}

// names returns the keys right below prefix, sorted.
func (w *walk) names(prefix string) []string {
	var names []string
	for known := range w.settings {
		if rest, ok := strings.CutPrefix(known, prefix); ok {
			name, _, _ := strings.Cut(rest, ".")
			names = append(names, strings.TrimSuffix(name, "[]"))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// unknown reports a key that does not exist: what was meant, or that it belongs into the environment.
func (w *walk) unknown(pair *ast.MappingValueNode, name string) {
	if variable, ok := variableFor(name); ok {
		w.fault(pair.Key, name, belongsInEnvironment(variable))
		return
	}
	if mapping, ok := pair.Value.(*ast.MappingNode); ok && w.unknownBelow(name, mapping) {
		return
	}
	w.fault(pair.Key, name, "there is no such key: "+w.suggestion(name))
}

// unknownBelow reports the keys of a section that does not exist one by one, if some of them belong into the
// environment; else it does nothing and returns false.
func (w *walk) unknownBelow(section string, mapping *ast.MappingNode) bool {
	elsewhere := func(pair *ast.MappingValueNode) bool {
		_, ok := variableFor(section + "." + keyText(pair))
		return ok
	}
	if !slices.ContainsFunc(mapping.Values, elsewhere) {
		return false
	}
	for _, pair := range mapping.Values {
		w.unknown(pair, section+"."+keyText(pair))
	}
	return true
}

func (w *walk) suggestion(name string) string {
	prefix, leaf := "", name
	if i := strings.LastIndex(name, "."); i >= 0 {
		prefix, leaf = name[:i+1], name[i+1:]
	}
	siblings := w.names(prefix)
	if guess := nearest(leaf, siblings); guess != "" {
		return "did you mean " + prefix + guess + "?"
	}
	for _, s := range fileSettings() {
		if strings.HasSuffix(s.Name, "."+leaf) && !strings.Contains(s.Name, "[]") {
			return "did you mean " + s.Name + "?"
		}
	}
	if len(siblings) == 0 {
		return "take it out; configs/achim.example.yaml holds all there are"
	}
	return "there are " + strings.Join(siblings, ", ")
}

func belongsInEnvironment(s Setting) string {
	if s.Secret {
		return fmt.Sprintf("secrets are not read from this file: take it out and set %s, or %s_FILE to the path of a file that holds it", s.Name, s.Name)
	}
	return "is not a key of this file: set " + s.Name + " in the environment"
}

func keyText(pair *ast.MappingValueNode) string {
	if key, ok := pair.Key.(*ast.StringNode); ok {
		return key.Value
	}
	return pair.Key.GetToken().Value
}

// kindOf says what a node holds, in words.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.NullNode:
		return "nothing"
	case *ast.MappingNode:
		return "keys of its own"
	case *ast.SequenceNode:
		return "a list"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.AliasNode, *ast.AnchorNode, *ast.TagNode:
		return "an anchor, an alias or a tag"
	default:
		return "text"
	}
}

// scalar returns the text of a single value as written.
func scalar(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(v.Value.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return v.GetToken().Value, true
	}
	return "", false
}

// text reads a key that holds one value, whatever YAML takes it for: 3 and 18:00 reach set as they stand.
func text(set func(*Config, string) error) reader {
	return func(w *walk, name string, n ast.Node) {
		s, ok := scalar(n)
		if !ok {
			w.fault(n, name, "holds "+kindOf(n)+": write one value"+w.like(name))
			return
		}
		if err := set(w.config, s); err != nil {
			w.fault(n, name, err.Error())
		}
	}
}

// like adds the default as an example, for keys that have one.
func (w *walk) like(name string) string {
	if preset := w.settings[name].Default; preset != "" {
		return ", such as " + preset + ", or leave the key out"
	}
	return ", or leave the key out"
}

// truth reads true or false.
func truth(field func(*Config) *bool) reader {
	return func(w *walk, name string, n ast.Node) {
		v, ok := n.(*ast.BoolNode)
		if !ok {
			s, _ := scalar(n)
			w.fault(n, name, notA(n, s, "true or false")+": write true or false, without quotes")
			return
		}
		*field(w.config) = v.Value
	}
}

// number reads a whole number from least to most.
func number(least, most int, field func(*Config) *int) reader {
	return func(w *walk, name string, n ast.Node) {
		if value, ok := w.integer(name, n, least, most); ok {
			*field(w.config) = value
		}
	}
}

func (w *walk) integer(name string, n ast.Node, least, most int) (int, bool) {
	s, _ := scalar(n)
	if _, ok := n.(*ast.IntegerNode); !ok {
		w.fault(n, name, notA(n, s, "a whole number")+": write one without quotes, such as "+strconv.Itoa(max(least, 10)))
		return 0, false
	}
	value, err := strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 0, 64)
	switch {
	case err != nil || value > int64(most):
		w.fault(n, name, fmt.Sprintf("%s is too much: write a number from %d to %d", s, least, most))
	case value < 0:
		w.fault(n, name, fmt.Sprintf("%s is negative: write a number from %d to %d", s, least, most))
	case value < int64(least):
		w.fault(n, name, fmt.Sprintf("%s is too little: write a number from %d to %d", s, least, most))
	default:
		return int(value), true
	}
	return 0, false
}

// notA says that n, written s, is not what is wanted.
func notA(n ast.Node, s, wanted string) string {
	if _, ok := scalar(n); ok {
		return quoted(s) + " is not " + wanted
	}
	return "holds " + kindOf(n) + ", not " + wanted
}

// texts reads a list of values. A list whose items are all commented out stays as it is.
func texts(field func(*Config) *[]string, parse func(string) (string, error)) reader {
	return func(w *walk, name string, n ast.Node) {
		var list []string
		for i, item := range w.items(name, n) {
			at := fmt.Sprintf("%s[%d]", name, i)
			s := w.checked(at, item, parse)
			if slices.Contains(list, s) {
				w.fault(item, at, quoted(s)+" is there already: keep one")
			}
			if s != "" {
				list = append(list, s)
			}
		}
		sequence, given := n.(*ast.SequenceNode)
		if !given {
			return
		}
		if len(sequence.Values) == 0 && len(*field(w.config)) > 0 {
			w.fault(n, name, "is empty: name at least one, or leave the key out")
			return
		}
		*field(w.config) = list
	}
}

// checked returns one value if check finds nothing wrong with it; else it notes the fault and returns "".
func (w *walk) checked(name string, n ast.Node, check func(string) (string, error)) string {
	s, ok := scalar(n)
	if !ok {
		w.fault(n, name, "holds "+kindOf(n)+": write one value, or leave the key out")
		return ""
	}
	checked, err := check(s)
	if err != nil {
		w.fault(n, name, err.Error())
		return ""
	}
	return checked
}

// items returns the items of a list; a list whose items are all commented out has none.
func (w *walk) items(name string, n ast.Node) []ast.Node {
	switch v := n.(type) {
	case *ast.NullNode:
		return nil
	case *ast.SequenceNode:
		return v.Values
	}
	w.fault(n, name, "holds "+kindOf(n)+": write a list, each item on a line of its own after a dash")
	return nil
}

// quoted returns s as a person would point at it, cut to a line's length.
func quoted(s string) string { return fmt.Sprintf("%.60q", s) }

// brief returns d without the zero minutes and seconds that Duration.String adds.
func brief(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}
