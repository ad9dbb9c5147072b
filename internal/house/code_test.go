package house_test

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, f := range theTree(t).files {
		if f.test || ast.IsGenerated(f.syntax) {
			continue
		}
		if f.lines > maxFile {
			t.Errorf("%s has %d lines, more than %d: which half has a name of its own?", f.path, f.lines, maxFile)
		}
		for name, fn := range f.functions() {
			start := f.fset.Position(fn.Pos())
			if lines := f.fset.Position(fn.End()).Line - start.Line + 1; lines > maxFunction {
				t.Errorf("%s: func %s has %d lines, more than %d", start, name, lines, maxFunction)
			}
		}
	}
}

func TestEveryPackageHasAComment(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for _, f := range theTree(t).files {
		if isTestFile(f) {
			continue
		}
		folder := path.Dir(f.path)
		documented[folder] = documented[folder] || f.syntax.Doc != nil
	}
	for folder, ok := range documented {
		if !ok {
			t.Errorf("package %s has no package comment", folder)
		}
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	t.Parallel()
	for _, f := range theTree(t).files {
		if isTestFile(f) || ast.IsGenerated(f.syntax) {
			continue
		}
		for _, decl := range f.syntax.Decls {
			for _, name := range undocumented(decl) {
				t.Errorf("%s: %s is exported and has no comment", f.fset.Position(name.Pos()), name.Name)
			}
		}
	}
}

// undocumented lists the exported names of a declaration that nobody explained. One comment may speak
// for a whole group of constants or variables, but not for a group of types.
func undocumented(decl ast.Decl) (names []*ast.Ident) {
	add := func(name *ast.Ident, comments ...*ast.CommentGroup) {
		explained := slices.ContainsFunc(comments, func(c *ast.CommentGroup) bool { return c != nil })
		if name.IsExported() && !explained {
			names = append(names, name)
		}
	}
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Recv == nil || exportedReceiver(decl.Recv.List[0].Type) {
			add(decl.Name, decl.Doc)
		}
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if decl.Lparen.IsValid() {
					add(spec.Name, spec.Doc, spec.Comment)
				} else {
					add(spec.Name, decl.Doc)
				}
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					add(name, decl.Doc, spec.Doc, spec.Comment)
				}
			}
		}
	}
	return names
}

func exportedReceiver(expr ast.Expr) bool {
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.IsExported()
		default:
			return false
		}
	}
}

func TestContextsComeFromTheCaller(t *testing.T) {
	t.Parallel()
	for _, f := range theTree(t).files {
		if f.test || slices.Contains(mayStartContexts, f.room) {
			continue
		}
		ast.Inspect(f.syntax, func(node ast.Node) bool {
			if pos, ok := startsContext(node); ok {
				t.Errorf("%s: a context begins here; take the caller's (context.WithoutCancel if it must outlive it)", f.fset.Position(pos))
			}
			return true
		})
	}
}

// startsContext recognises the functions of package context that take nothing: these are the two that
// make a context out of nothing.
func startsContext(node ast.Node) (token.Pos, bool) {
	call, ok := node.(*ast.CallExpr)
	if !ok || len(call.Args) > 0 {
		return 0, false
	}
	fn, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return 0, false
	}
	pkg, ok := fn.X.(*ast.Ident)
	return call.Pos(), ok && pkg.Name == "context"
}

// isTestFile is narrower than file.test: packages for tests are documented like any other.
func isTestFile(f file) bool {
	return strings.HasSuffix(f.path, testSuffix)
}
