package house_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestArchitectureIsShortAndTrue(t *testing.T) {
	t.Parallel()
	text := document(t, architecture)
	if lines := strings.Count(text, "\n"); lines > maxArchitecture {
		t.Errorf("%s has %d lines, more than the %d that get read", architecture, lines, maxArchitecture)
	}
	paths := theTree(t).paths
	for _, name := range pathsIn(text) {
		if !exists(paths, name) {
			t.Errorf("%s speaks of %s, which does not exist", architecture, name)
		}
	}
}

var (
	fenced = regexp.MustCompile("(?ms)^```.*?^```")
	quoted = regexp.MustCompile("`([^`\\s]+)`")
	inTree = regexp.MustCompile(`^(achim/)?(cmd|briefing|sources|delivery|store|internal|configs|docs|\.ci)/`)
)

// pathsIn lists what looks like a path of the tree: quoted names that start with a folder at the top,
// and, in drawings of the tree too, names that end in ".go" or, like a folder, in "/".
func pathsIn(text string) (found []string) {
	names := strings.Fields(strings.Join(fenced.FindAllString(text, -1), "\n"))
	for _, match := range quoted.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		names = append(names, match[1])
	}
	for _, name := range names {
		looksLikeOne := inTree.MatchString(name) || strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "/")
		// Routes, addresses and patterns are something else.
		somethingElse := strings.HasPrefix(name, "/") || strings.ContainsAny(name, ":*{}<>…")
		if looksLikeOne && !somethingElse {
			found = append(found, strings.TrimPrefix(strings.TrimSuffix(name, "/"), modulePrefix))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// exists also finds a path by its end, since prose says "gmail.go" where the folder is plain.
func exists(paths map[string]bool, name string) bool {
	if paths[name] {
		return true
	}
	for path := range paths {
		if strings.HasSuffix(path, "/"+name) {
			return true
		}
	}
	return false
}

func TestDocumentsInTwoLanguagesAreInStep(t *testing.T) {
	t.Parallel()
	for _, pair := range inStep {
		english, korean := document(t, pair.english), document(t, pair.korean)
		if fault := partAt(headings(english), headings(korean)); fault != "" {
			t.Errorf("%s and %s part: %s", pair.english, pair.korean, fault)
		}
		if rows, others := strings.Count(english, "\n|"), strings.Count(korean, "\n|"); rows != others {
			t.Errorf("%s has %d rows of tables, %s has %d", pair.english, rows, pair.korean, others)
		}
	}
}

// partAt says where two lists of headings part, or nothing.
func partAt(english, korean []string) string {
	for i := range max(len(english), len(korean)) {
		switch {
		case i >= len(korean):
			return english[i] + " has no counterpart"
		case i >= len(english):
			return korean[i] + " has no counterpart"
		case level(english[i]) != level(korean[i]):
			return english[i] + " and " + korean[i] + " are not of one level"
		}
	}
	return ""
}

// The words of the program lead to places in these pages.
func TestAnchorsExist(t *testing.T) {
	t.Parallel()
	for page, wanted := range anchors {
		var found []string
		for _, heading := range headings(document(t, page)) {
			found = append(found, strings.ReplaceAll(strings.ToLower(strings.TrimLeft(heading, "# ")), " ", "-"))
		}
		for _, anchor := range wanted {
			if !slices.Contains(found, anchor) {
				t.Errorf("%s has no heading for #%s", page, anchor)
			}
		}
	}
}

// A manifest that differs from the one in the tree would be pasted all the same.
func TestManifestIsQuotedWhole(t *testing.T) {
	t.Parallel()
	if !strings.Contains(document(t, slackPage), "```yaml\n"+document(t, manifest)+"```\n") {
		t.Errorf("%s does not hold %s word for word", slackPage, manifest)
	}
}

func headings(text string) (found []string) {
	for line := range strings.Lines(fenced.ReplaceAllString(text, "")) {
		if line = strings.TrimSpace(line); level(line) > 0 {
			found = append(found, line)
		}
	}
	return found
}

func level(line string) int {
	marks := len(line) - len(strings.TrimLeft(line, "#"))
	if !strings.HasPrefix(line[marks:], " ") {
		return 0
	}
	return marks
}

var testName = regexp.MustCompile(`\bTest[A-Z]\w*`)

// A promise names the test that keeps it, so the name has to be a test's.
func TestReadmeNamesTestsThatExist(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{}
	for _, f := range theTree(t).files {
		if !f.test {
			continue
		}
		for name := range f.functions() {
			tests[name] = true
		}
	}
	for _, name := range []string{readme, readmeKorean} {
		named := testName.FindAllString(document(t, name), -1)
		if len(named) == 0 {
			t.Errorf("%s names no test, so nobody can check its promises", name)
		}
		for _, test := range named {
			if !tests[test] {
				t.Errorf("%s names %s, and there is no such test", name, test)
			}
		}
	}
}
