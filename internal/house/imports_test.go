package house_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestImports(t *testing.T) {
	t.Parallel()
	for _, f := range theTree(t).files {
		for _, spec := range f.syntax.Imports {
			pkg, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if fault := importFault(f, pkg); fault != "" {
				t.Errorf("%s imports %s: %s", f.fset.Position(spec.Pos()), pkg, fault)
			}
		}
	}
}

// importFault says what is wrong with an import, or nothing.
func importFault(f file, pkg string) string {
	if why, ok := banned[pkg]; ok {
		return why
	}
	first, _, _ := strings.Cut(pkg, "/")
	switch {
	case strings.HasPrefix(pkg, modulePrefix):
		return roomFault(f, roomOf(strings.TrimPrefix(pkg, modulePrefix)))
	case strings.Contains(first, "."):
		return libraryFault(f, pkg)
	default:
		return "" // the standard library
	}
}

func roomFault(f file, to string) string {
	if f.room == to {
		return ""
	}
	if f.test && to != "cmd" && (to != "internal/app" || f.room == "cmd") {
		return ""
	}
	if why, ok := closed[f.room]; ok {
		return f.room + " imports no other room: " + why
	}
	if slices.Contains(leaves, to) {
		return ""
	}
	for _, door := range doors {
		if door.from == f.room && (door.to == to || door.to == "*") {
			return ""
		}
	}
	return fmt.Sprintf("there is no door from %s to %s; let internal/app hand it over", f.room, to)
}

func libraryFault(f file, pkg string) string {
	for _, lib := range libraries {
		if pkg != lib.path && !strings.HasPrefix(pkg, lib.path+"/") {
			continue
		}
		if f.test && slices.Contains(lib.rooms, "test") {
			return ""
		}
		if why, ok := closed[f.room]; ok {
			return f.room + " uses the standard library only: " + why
		}
		if slices.Contains(lib.rooms, "*") || slices.Contains(lib.rooms, f.room) {
			return ""
		}
		return fmt.Sprintf("only %s may: %s", strings.Join(lib.rooms, " and "), lib.why)
	}
	return "a library without a line in internal/house/house_test.go; add one and say why"
}

// The linter shows the same faults in an editor. It cannot read our tables, so they are compared.
func TestLinterKnowsTheImportRules(t *testing.T) {
	t.Parallel()
	config := document(t, linterConfig)
	for _, lib := range libraries {
		if !slices.Contains(lib.rooms, "*") && !strings.Contains(config, "pkg: "+lib.path) {
			t.Errorf("%s has no depguard rule for %s", linterConfig, lib.path)
		}
	}
	for pkg := range banned {
		if !strings.Contains(config, "pkg: "+pkg) {
			t.Errorf("%s does not ban %s", linterConfig, pkg)
		}
	}
	rooms := map[string]bool{}
	for _, f := range theTree(t).files {
		rooms[f.room] = rooms[f.room] || !f.test
	}
	for _, door := range doors {
		if door.to == "*" {
			delete(rooms, door.from)
		}
	}
	for room, hasCode := range rooms {
		if hasCode && room != "internal/house" && !strings.Contains(config, "${config-path}/"+room+"/**") {
			t.Errorf("%s has no depguard rule for the room %s", linterConfig, room)
		}
	}
}

// A rule that finds nothing may be a rule that looks at nothing.
func TestImportRulesBite(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		room, pkg string
		test, ok  bool
	}{
		{room: "briefing", pkg: "encoding/json", ok: true},
		{room: "briefing", pkg: "achim/internal/language"},
		{room: "briefing", pkg: "golang.org/x/text/unicode/norm"},
		{room: "briefing", pkg: "github.com/google/go-cmp/cmp", test: true, ok: true},
		{room: "sources", pkg: "achim/briefing", ok: true},
		{room: "sources", pkg: "achim/store"},
		{room: "sources", pkg: "achim/internal/standin"},
		{room: "sources", pkg: "achim/internal/standin", test: true, ok: true},
		{room: "store", pkg: "github.com/jackc/pgx/v5", ok: true},
		{room: "internal/engine", pkg: "github.com/jackc/pgx/v5/pgxpool", ok: true},
		{room: "internal/engine", pkg: "github.com/riverqueue/river", ok: true},
		{room: "internal/app", pkg: "github.com/riverqueue/river"},
		{room: "internal/app", pkg: "github.com/jackc/pgx/v5"},
		{room: "internal/httpserver", pkg: "achim/internal/webui", ok: true},
		{room: "internal/webui", pkg: "achim/internal/httpserver"},
		{room: "cmd", pkg: "achim/internal/app", ok: true},
		{room: "cmd", pkg: "achim/internal/config"},
		{room: "store", pkg: "achim/internal/app", test: true},
		{room: "internal/app", pkg: "log"},
		{room: "internal/app", pkg: "log/slog", ok: true},
		{room: "internal/app", pkg: "example.com/new"},
	} {
		fault := importFault(file{room: tc.room, test: tc.test}, tc.pkg)
		if (fault == "") != tc.ok {
			t.Errorf("%s (test code: %t) imports %s: got fault %q, want none: %t", tc.room, tc.test, tc.pkg, fault, tc.ok)
		}
	}
}
