package house_test

// A room is a folder whose packages may import one another: a folder at the top of the tree, or one
// under internal. Its tests, and packages that exist for tests (their name ends in "test"), may look
// into other rooms; nothing else may, but for what these tables say.

// leaves may be imported by everyone.
var leaves = []string{"briefing", "internal/language", "internal/secret"}

// closed rooms import no other room at all, not even a leaf.
var closed = map[string]string{
	"briefing":         "it is the vocabulary: whoever imports it must get nothing else along with it",
	"internal/standin": "a stand-in that shared code with us would share our mistakes",
	"internal/house":   "it reads the tree, it is not part of it",
}

// doors are the only ways from one room into another.
var doors = []struct{ from, to, why string }{
	{"cmd", "internal/app", "a command is a few lines over the app"},
	{"internal/app", "*", "wiring is its whole work"},
	{"internal/bench", "*", "it measures the whole house"},
	{"internal/httpserver", "internal/webui", "it serves the pages that webui draws"},
}

// libraries says where each third-party module may be imported. One that is not here needs a line, and
// with it a reason. In rooms, "*" is everywhere but in closed rooms, and "test" is test code everywhere.
var libraries = []struct {
	path  string
	rooms []string
	why   string
}{
	{"github.com/jackc/pgx", []string{"store", "internal/engine"}, "the database has one door, and the engine's queue shares its connections"},
	{"modernc.org/sqlite", []string{"store"}, "the database has one door"},
	{"github.com/pressly/goose", []string{"store"}, "the database has one door"},
	{"github.com/slack-go/slack", []string{"delivery"}, "it breaks in minor versions: one place to mend"},
	{"google.golang.org/api", []string{"sources"}, "Google's errors become reasons in one place"},
	{"golang.org/x/oauth2", []string{"sources"}, "Google's errors become reasons in one place"},
	{"github.com/mmcdole/gofeed", []string{"sources"}, "only news reads feeds"},
	{"github.com/go-co-op/gocron", []string{"internal/schedule"}, "it is an alarm clock; the ledger decides"},
	{"github.com/riverqueue/river", []string{"internal/engine"}, "jobs are hints, seen by the engine alone"},
	{"github.com/spf13/cobra", []string{"cmd"}, "flags end where the app begins"},
	{"github.com/prometheus/client_golang", []string{"internal/telemetry"}, "the rest counts through telemetry"},
	{"github.com/goccy/go-yaml", []string{"internal/config"}, "one file is YAML, one package reads it"},
	{"github.com/tink-crypto/tink-go", []string{"internal/secret"}, "keys are handled in one place"},
	{"github.com/jonboulle/clockwork", []string{"internal/schedule", "test"}, "gocron's clock; ours are fields"},

	{"golang.org/x/net", []string{"*"}, "HTML and character sets that the standard library lacks"},
	{"golang.org/x/sync", []string{"*"}, "errgroup and singleflight"},
	{"golang.org/x/text", []string{"*"}, "Korean encodings, normal forms"},
	{"golang.org/x/time", []string{"*"}, "rate"},

	{"github.com/google/go-cmp", []string{"test"}, "it panics by design"},
	{"go.uber.org/goleak", []string{"test"}, "finds goroutines left behind"},
	{"pgregory.net/rapid", []string{"test"}, "finds the input nobody thought of"},
	{"golang.org/x/tools", []string{"test"}, "txtar, the form of the golden stories"},
	{"github.com/chromedp/chromedp", []string{"test"}, "drives a browser through the pages"},
}

// banned packages have a better kin; tests are no exception.
var banned = map[string]string{
	"log":                   "use log/slog: levels, attributes, and a logger that is handed in",
	"math/rand":             "use math/rand/v2, or crypto/rand for anything a stranger must not guess",
	"github.com/pkg/errors": "use errors and fmt.Errorf with %w",
}

// Sizes, in lines. Test code may be longer: a table of cases is read line by line.
const (
	maxFile         = 450
	maxFunction     = 80
	maxArchitecture = 150
)

// mayStartContexts are the rooms where a context may begin. Anywhere else it has to come from the
// caller, or what it starts cannot be stopped.
var mayStartContexts = []string{"cmd", "internal/app", "internal/bench"}

// inStep are documents in two languages: heading for heading, table for table.
var inStep = []struct{ english, korean string }{{readme, readmeKorean}, {"docs/privacy.md", "docs/privacy.ko.md"}}

// anchors are the headings that the program's own words lead to.
var anchors = map[string][]string{
	"docs/google.md": {"accounts", "apis", "publishing", "testing", "scopes", "client", "redirect", "quota"},
	slackPage:        {"token", "scopes", "messages-tab", "operator", "signing-secret", "reach"},
}

// The documents that are held to the tree.
const (
	architecture = "docs/ARCHITECTURE.md"
	readme       = "README.md"
	readmeKorean = "README.ko.md"
	manifest     = "configs/slack-manifest.yaml"
	slackPage    = "docs/slack.md"
	linterConfig = ".golangci.yml"
)
