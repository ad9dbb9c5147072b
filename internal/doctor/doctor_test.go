package doctor_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"achim/internal/doctor"
)

// top is the top of the tree, seen from this package.
const top = "../.."

// TestPageListsEveryCode: docs/doctor.md explains each code under its group's heading, and no others.
func TestPageListsEveryCode(t *testing.T) {
	row := regexp.MustCompile("^\\| `([a-z_]+)` \\| ([a-z, ]+) \\| .+ \\|$")
	explained := map[doctor.Code]doctor.Group{}
	var group doctor.Group
	for line := range strings.Lines(page(t, "docs/doctor.md")) {
		line = strings.TrimSpace(line)
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			group = doctor.Group(heading)
		}
		if m := row.FindStringSubmatch(line); m != nil {
			explained[doctor.Code(m[1])] = group
		}
	}
	for _, k := range doctor.Catalog() {
		if explained[k.Code] != k.Group {
			t.Errorf("docs/doctor.md explains %s under %q, not under %q", k.Code, explained[k.Code], k.Group)
		}
		delete(explained, k.Code)
	}
	if len(explained) > 0 {
		t.Errorf("docs/doctor.md explains %v, which there is not", explained)
	}
}

// TestCatalog: codes are words of their own, and each has somewhere to read on.
func TestCatalog(t *testing.T) {
	form := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	seen := map[doctor.Code]bool{}
	for _, k := range doctor.Catalog() {
		if !form.MatchString(string(k.Code)) || seen[k.Code] || k.Group == "" || !strings.HasPrefix(k.Docs, "docs/") {
			t.Errorf("%+v", k)
		}
		seen[k.Code] = true
	}
}

// laterPages are those whose headings are checked as soon as the pages are there.
var laterPages = []string{"docs/google.md", "docs/slack.md", "docs/security.md", "docs/migrating.md"}

// TestLinksLeadSomewhere: each finding's page exists, and the anchor is a heading of it.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, k := range doctor.Catalog() {
		name, anchor, _ := strings.Cut(k.Docs, "#")
		if _, err := os.Stat(filepath.Join(top, name)); err != nil && slices.Contains(laterPages, name) {
			continue
		}
		if !slices.Contains(anchors(page(t, name)), anchor) {
			t.Errorf("%s: %s has no heading #%s", k.Code, name, anchor)
		}
	}
}

// anchors returns what the headings of a page are linked to by, and what it names itself with <a id>.
func anchors(text string) []string {
	var found []string
	dropped := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for line := range strings.Lines(text) {
		if heading := strings.TrimLeft(line, "#"); heading != line && strings.HasPrefix(heading, " ") {
			found = append(found, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), ""), " ", "-"))
		}
	}
	for _, m := range regexp.MustCompile(`<a (?:id|name)="([^"]+)"`).FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func well(context.Context) []doctor.Finding {
	return []doctor.Finding{doctor.Well(doctor.Clock, "", "well")}
}

// TestOneCheckHidesNoOther: not by a panic, and not by never coming back.
func TestOneCheckHidesNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		defer close(end)
		begun := time.Now()
		report, err := doctor.Run(t.Context(), []doctor.Check{
			{Name: "broken", Look: func(context.Context) []doctor.Finding { panic("out of order") }},
			{Name: "deaf", Look: func(context.Context) []doctor.Finding { <-end; return nil }},
			{Name: "slow", Within: time.Minute, Look: func(ctx context.Context) []doctor.Finding {
				<-ctx.Done()
				return []doctor.Finding{doctor.Fail(doctor.GrantDead, "half", "seen in time")}
			}},
			{Name: "good", Look: well},
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range report.Findings {
			got = append(got, fmt.Sprintf("%s %s %s", f.Level, f.Code, f.Subject))
		}
		want := []string{"warning not_checked broken", "warning not_checked deaf", "error grant_dead half", "ok clock "}
		if !slices.Equal(got, want) || report.OK {
			t.Errorf("%q, ok %v", got, report.OK)
		}
		if took := time.Since(begun); took > time.Minute+5*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// TestStopping: what is told to stop stops, and has come to nothing.
func TestStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		_, err := doctor.Run(ctx, []doctor.Check{{Name: "good", Look: well}, {Name: "slow", Look: func(ctx context.Context) []doctor.Finding {
			<-ctx.Done()
			return nil
		}}}, nil)
		if err == nil || time.Since(begun) > 2*time.Second {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
	})
}

// TestProgress: whoever waits is told what for.
func TestProgress(t *testing.T) {
	next := make(chan struct{})
	var told []string
	_, err := doctor.Run(t.Context(), []doctor.Check{
		{Name: "first", Look: well},
		{Name: "second", Look: func(context.Context) []doctor.Finding { <-next; return nil }},
	}, func(done, of int, waiting []string) {
		told = append(told, fmt.Sprint(done, of, waiting))
		if done == 1 {
			close(next)
		}
	})
	if want := []string{"1 2 [second]", "2 2 []"}; err != nil || !slices.Equal(told, want) {
		t.Errorf("%q, %v", told, err)
	}
}

// TestManyOfAKind: a person is not shown thousands of lines, and is told that there are more.
func TestManyOfAKind(t *testing.T) {
	r := doctor.Report{OK: true}
	for i := range 1000 {
		r.Findings = append(r.Findings, doctor.Note(doctor.GrantWithoutReader, fmt.Sprint(i), "nobody's"))
	}
	r.Findings = append(r.Findings, doctor.Warn(doctor.GrantMalformed, "x", "cannot be read"))
	var out bytes.Buffer
	if err := doctor.Print(&out, r); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"… and 990 more of grant_without_reader: achim doctor --json lists all\n", "  ! warning  x: cannot be read\n",
		"Nothing has to be done: 1 warning, 1000 notes.\n"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("%q is missing in:\n%s", part, out.String())
		}
	}
	if n := strings.Count(out.String(), "\n"); n > 50 {
		t.Errorf("%d lines", n)
	}
}
