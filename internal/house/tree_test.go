package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const (
	root          = "../.."  // the top of the tree, seen from this package's folder
	modulePrefix  = "achim/" // of every import path of ours
	testSuffix    = "_test.go"
	supportSuffix = "test" // of a package that exists for tests: sourcetest, storetest
)

// A file is one Go source file of the tree.
type file struct {
	path   string // slash-separated, from the top of the tree
	room   string
	test   bool // test code: a _test.go file, or a package that only tests import
	lines  int
	syntax *ast.File
	fset   *token.FileSet
}

// A tree is everything the rules look at: all paths, and the Go files parsed.
type tree struct {
	paths  map[string]bool // files and folders alike
	files  []file
	faults []string
}

// readTree reads the source once for all tests. It parses and does not build, so that the rules can be
// checked in a second and while a package does not compile.
var readTree = sync.OnceValue(func() tree {
	t := tree{paths: map[string]bool{}}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if entry.IsDir() && (rel == ".git" || rel == "bin") {
			return filepath.SkipDir
		}
		t.paths[rel] = true
		if entry.IsDir() || !strings.HasSuffix(rel, ".go") || strings.Contains("/"+rel, "/testdata/") {
			return nil
		}
		f, err := parse(name, rel)
		if err != nil {
			t.faults = append(t.faults, err.Error())
			return nil
		}
		t.files = append(t.files, f)
		return nil
	})
	if err != nil {
		t.faults = append(t.faults, err.Error())
	}
	return t
})

func parse(name, rel string) (file, error) {
	source, err := os.ReadFile(name)
	if err != nil {
		return file{}, err
	}
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, rel, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return file{}, err
	}
	room := roomOf(path.Dir(rel))
	return file{
		path:   rel,
		room:   room,
		test:   strings.HasSuffix(rel, testSuffix) || strings.HasSuffix(path.Dir(rel), supportSuffix) || room == "internal/bench",
		lines:  strings.Count(string(source), "\n"),
		syntax: syntax,
		fset:   fset,
	}, nil
}

// roomOf tells the room of a package's folder: "store/storetest" is in "store".
func roomOf(folder string) string {
	parts := strings.Split(folder, "/")
	if parts[0] == "internal" && len(parts) > 1 {
		return "internal/" + parts[1]
	}
	return parts[0]
}

func theTree(t *testing.T) tree {
	t.Helper()
	tree := readTree()
	for _, fault := range tree.faults {
		t.Error(fault)
	}
	return tree
}

// document reads a text file of the tree, or ends the test saying what is missing.
func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatalf("%s is missing or unreadable, and the tree must have it: %v", name, err)
	}
	return string(text)
}

// functions visits the functions and methods that the file declares, by name.
func (f file) functions() iter.Seq2[string, *ast.FuncDecl] {
	return func(yield func(string, *ast.FuncDecl) bool) {
		for _, decl := range f.syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && !yield(fn.Name.Name, fn) {
				return
			}
		}
	}
}
