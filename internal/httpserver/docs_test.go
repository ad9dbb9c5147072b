package httpserver_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"achim/internal/httpserver"
)

// TestDocsTellEveryRoute: docs/api.md has each route there is, and none that there is not.
func TestDocsTellEveryRoute(t *testing.T) {
	docs, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, found := range regexp.MustCompile(`\b(GET|PUT|POST|DELETE)(?: and (POST))? (/[a-z_/{}-]*)`).FindAllStringSubmatch(string(docs), -1) {
		for _, method := range found[1:3] {
			if method != "" {
				told = append(told, method+" "+found[3])
			}
		}
	}
	// Metrics and Slack's addresses are mounted beside the routes.
	routes := []string{"GET /metrics", "POST /slack/interactions", "POST /slack/events", "POST /slack/commands"}
	for _, pattern := range httpserver.Patterns() {
		if pattern != "GET /connect/{$}" { // which is /connect to people
			routes = append(routes, strings.TrimSuffix(pattern, "{$}"))
		}
	}
	slices.Sort(told)
	slices.Sort(routes)
	if diff := cmp.Diff(routes, slices.Compact(told)); diff != "" {
		t.Errorf("docs/api.md tells other routes (-there are +told):\n%s", diff)
	}
}
