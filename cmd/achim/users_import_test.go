package main_test

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/unicode"

	"achim/store"
	"achim/store/storetest"
)

// names lists the readers there are.
func (d *desk) names() string {
	d.t.Helper()
	var all []string
	for _, u := range d.json(0, "users", "list")["users"].([]any) {
		all = append(all, u.(map[string]any)["name"].(string))
	}
	return strings.Join(all, " ")
}

const team = "name,slack_user_id,email,timezone,deliver_at,weekdays,language,user_id,feeds,skip_holidays\n" +
	"김하늘,U0HANEUL,haneul@gaon.example,,08:30,\"mon,tue,wed\",ko," + haneulID + ",https://news.example/a https://news.example/b,true\n" +
	"dana,U0DANA,dana@gaon.example,Europe/Berlin,9:00,,en,,,\n"

// TestImport: shown before it is done, done once, and the same again changes nothing.
func TestImport(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.env["DATABASE_URL"] = storetest.URL(t, dialect)
			d.expect(0, nil, "migrate")
			d.write("team.csv", team)
			preview := []string{"김하늘", "U0DANA", "2 to add, 0 to change, 0 unchanged", "2 people get a welcome DM a minute later", "07:00 to 22:00", "--quiet sends none"}
			dry := d.expect(0, preview, "users", "import", "team.csv", "--dry-run").out
			if again := d.expect(0, []string{haneulID, "U0DANA    a new id"}, "users", "import", "team.csv", "--dry-run").out; again != dry || strings.Contains(dry, "connection") {
				t.Errorf("shown as\n%s\nand then as\n%s", dry, again)
			}
			d.expect(0, []string{"none of them gets a welcome DM"}, "users", "import", "team.csv", "--dry-run", "--quiet")
			d.expect(2, []string{"2 to add", "nothing was imported", "--yes"}, "users", "import", "team.csv")
			if got := d.names(); got != "" {
				t.Fatalf("imported without being told to: %s", got)
			}
			d.expect(0, []string{"imported 2"}, "users", "import", "team.csv", "--yes", "--quiet")
			d.expect(0, []string{haneulID, "08:30", "mon,tue,wed\n", "https://news.example/b", "no briefing"}, "users", "show", "--user", "김하늘")
			d.expect(0, []string{"09:00 Europe/Berlin", "language  en"}, "users", "show", "--user", "dana")

			d.expect(0, []string{"0 to add, 0 to change, 2 unchanged"}, "users", "import", "team.csv")
			// Found by Slack id; what the file does not say stays.
			d.write("hours.csv", "slack_user_id;deliver_at;name\r\nU0DANA;07:15;\r\nU0HANEUL;;\r\n")
			d.expect(0, []string{"change  dana", "deliver_at: 09:00 → 07:15", "imported 1"}, "users", "import", "hours.csv", "--yes")
			d.expect(0, []string{"07:15 Europe/Berlin", "dana@gaon.example"}, "users", "show", "--user", "dana")

			d.expect(0, nil, "users", "set", "--user", "dana", "--paused-until", "2999-01-01")
			d.write("pause.csv", "slack_user_id,paused\nU0DANA,TRUE\n")
			d.expect(0, []string{"paused: false → true", "paused_until: 2999-01-01 → (default)"}, "users", "import", "pause.csv", "--yes")
			d.expect(0, []string{"next      paused\n"}, "users", "show", "--user", "dana")

			d.write("more.csv", "\xef\xbb\xbfNAME\tslack_user_id\r\n\"이, 서준\"\tU0SEOJUN\r\n\r\n")
			got := d.json(0, "users", "import", "more.csv", "--yes")
			if got["imported"] != 1.0 || got["dry_run"] != false || len(got["readers"].([]any)) != 1 {
				t.Errorf("in JSON: %v", got)
			}
			seojun := d.json(0, "users", "show", "--user", "U0SEOJUN")["user_id"]
			if line := got["readers"].([]any)[0].(map[string]any); line["action"] != "add" || line["name"] != "이, 서준" || line["user_id"] != seojun || got["welcomes"] != 1.0 {
				t.Errorf("in JSON: %v", line)
			}
		})
	}
}

// TestImportFaults: all are told at once with their lines, and nothing is imported.
func TestImportFaults(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.expect(0, nil, "users", "add", "--id", haneulID, "--name", "haneul", "--slack", haneulSlack)
	cp949, err := korean.EUCKR.NewEncoder().String("name,slack_user_id\n하늘,U0NEW\n")
	if err != nil {
		t.Fatal(err)
	}
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("name,slack_user_id\n하늘,U0NEW\n")
	if err != nil {
		t.Fatal(err)
	}
	other := "11111111-1111-4111-8111-111111111111"
	for name, c := range map[string]struct {
		file string
		says []string
	}{
		"many": {"name,slack_user_id,deliver_at,weekdays,paused,user_id\nnew,U0NEW,,,,\nx,haneul,25:00,funday,perhaps,\n\n,U0OTHER,,,,1234\n",
			[]string{"line 3: deliver_at: \"25:00\"", "line 3: weekdays: \"funday\"", "line 3: paused: \"perhaps\"", "line 3: slack_user_id", "line 5: user_id: \"1234\""}},
		"twice":           {"name,slack_user_id\na,U0NEW\nb,U0NEW\n", []string{"line 3: U0NEW is in line 2 as well"}},
		"somebody else's": {"name,slack_user_id,user_id\na," + haneulSlack + "," + other + "\n", []string{"line 2", haneulSlack, "haneul", haneulID}},
		"a column":        {"name,slack,slack_user_id\na,b,U0NEW\n", []string{`line 1: "slack" is no column`, "slack_user_id, email"}},
		"a column twice":  {"name,name,slack_user_id\na,b,U0NEW\n", []string{"line 1: column name is there twice"}},
		"nobody to find":  {"name,email\na,a@b.example\n", []string{"line 1", "neither user_id nor slack_user_id"}},
		"too many fields": {"name,slack_user_id\na,U0NEW,x\n", []string{"line 2: 3 fields, and the header has 2"}},
		"quotes":          {"name,slack_user_id\na,U0NEW\n\"b,U0OTHER\n", []string{"line 3"}},
		"empty":           {"", []string{"the file is empty"}},
		"nobody":          {"name,slack_user_id\n", []string{"no reader below it"}},
		"CP949":           {cp949, []string{"line 2", "CP949", "CSV UTF-8", "iconv"}},
		"UTF-16":          {utf16, []string{"UTF-16", "CSV UTF-8"}},
		"noise":           {"name,slack_user_id\n\xff\xfe\xfd,U0NEW\n", []string{"line 2", "not UTF-8"}},
	} {
		d.write("team.csv", c.file)
		if r := d.expect(2, c.says, "users", "import", "team.csv", "--yes"); r.out != "" {
			t.Errorf("%s: prints %s", name, r.out)
		}
	}
	// The header's faults hide none of the lines, and neither does a field too many.
	d.write("team.csv", "name,slack_user_id,team,deliver_at,timezone\na,U0NEW,x,25:00,Asia/Soul\nb,U0OTHER,x,26:00,,more\nc,U0THIRD,x,,Mars\n")
	last := 0
	all := d.expect(2, []string{"user_id, name, slack_user_id"}, "users", "import", "team.csv", "--yes").err
	for _, fault := range []string{`line 1: "team" is no column, take it out`, `line 2: deliver_at: "25:00"`, "line 2: timezone", "line 3: 6 fields, and the header has 5",
		`line 3: deliver_at: "26:00"`, "line 4: timezone"} {
		at := strings.Index(all, fault)
		if at < last {
			t.Errorf("%q is missing, or out of order:\n%s", fault, all)
		}
		last = max(at, last)
	}
	d.write("team.csv", "name,deliver_at\na,25:00\n")
	if r := d.expect(2, []string{"line 1: neither user_id nor slack_user_id", "line 2: deliver_at"}, "users", "import", "team.csv"); strings.Contains(r.err, "line 2: slack_user_id") {
		t.Errorf("told again line by line:\n%s", r.err)
	}
	d.write("team.csv", "name,slack_user_id\na,bad\nb,U0NEW,x\nc,worse\n")
	said := d.expect(2, nil, "users", "import", "team.csv", "--yes").err
	if two, three, four := strings.Index(said, "line 2: "), strings.Index(said, "line 3: "), strings.Index(said, "line 4: "); two < 0 || two > three || three > four {
		t.Errorf("not in the order of the lines:\n%s", said)
	}
	d.expect(2, []string{"none.csv"}, "users", "import", "none.csv", "--yes")
	d.expect(2, []string{"either one file or --from-tables"}, "users", "import")
	d.expect(2, []string{"either one file or --from-tables"}, "users", "import", "team.csv", "--from-tables")
	d.expect(1, []string{"SQLite"}, "users", "import", "--from-tables")
	if got := d.names(); got != "haneul" {
		t.Errorf("readers are now %s", got)
	}
}

// TestImportFromTables: who fits keeps their UUID, who does not is told, and the tables of others stay as they are.
func TestImportFromTables(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.env["DATABASE_URL"] = storetest.URL(t, storetest.Postgres)
	s := open(t, d.env["DATABASE_URL"])
	d.expect(0, nil, "migrate")
	d.expect(1, []string{`no table "user"`}, "users", "import", "--from-tables")
	for _, statement := range []string{
		`CREATE TABLE "user" (created_at TIMESTAMPTZ DEFAULT '2026-01-01', id UUID PRIMARY KEY, username TEXT, display_name VARCHAR(80), email TEXT, password_hash TEXT DEFAULT 'marked-secret')`,
		`CREATE TABLE workspace_member (id SERIAL PRIMARY KEY, user_id UUID NOT NULL, slack_user_id TEXT, timezone TEXT, role TEXT DEFAULT 'marked')`,
		`INSERT INTO "user" (id, username, display_name, email) VALUES ('` + haneulID + `', 'haneul', '김하늘', 'haneul@gaon.example'),
			('11111111-1111-4111-8111-111111111111', 'seojun', NULL, 'seojun@gaon.example'), ('22222222-2222-4222-8222-222222222222', 'noslack', NULL, NULL),
			('33333333-3333-4333-8333-333333333333', 'two', NULL, NULL), ('44444444-4444-4444-8444-444444444444', 'odd', NULL, NULL)`,
		`INSERT INTO workspace_member (user_id, slack_user_id, timezone) VALUES ('` + haneulID + `', 'U0HANEUL', 'Europe/Berlin'), ('11111111-1111-4111-8111-111111111111', 'U0SEOJUN', NULL),
			('33333333-3333-4333-8333-333333333333', 'U0ONE', NULL), ('33333333-3333-4333-8333-333333333333', 'U0TWO', NULL), ('44444444-4444-4444-8444-444444444444', 'E17', NULL)`,
	} {
		storetest.Exec(t, s, statement)
	}
	tables := func() string {
		return strings.Join(append(storetest.Rows(t, s, `SELECT u::text FROM "user" u ORDER BY 1`), storetest.Rows(t, s, `SELECT m::text FROM workspace_member m ORDER BY 1`)...), "\n")
	}
	before := tables()
	storetest.Exec(t, s, `INSERT INTO gmail_token (user_id, token_data) VALUES ('`+haneulID+`', '{"access_token":"at","refresh_token":"planted"}'), ('11111111-1111-4111-8111-111111111111', '[]')`)
	says := []string{"2 people get a welcome DM", "1 of them, whose Google connection is here already, are told that there is nothing to do", "name from user.display_name, else user.username\n", "slack_user_id from workspace_member.slack_user_id\n", "timezone from workspace_member.timezone\n",
		`"22222222-2222-4222-8222-222222222222": has no Slack id`, `several Slack ids: ["U0ONE" "U0TWO"]`, `"44444444-4444-4444-8444-444444444444": slack_user_id: "E17"`,
		haneulID, "2 to add, 0 to change, 0 unchanged"}
	d.expect(0, says, "users", "import", "--from-tables", "--dry-run")
	d.expect(2, []string{"--yes"}, "users", "import", "--from-tables")
	d.expect(0, append(says, "imported 2"), "users", "import", "--from-tables", "--yes")
	d.expect(0, []string{haneulID, "U0HANEUL", "09:00 Europe/Berlin"}, "users", "show", "--user", "김하늘")
	d.expect(0, []string{"0 to add, 0 to change, 2 unchanged"}, "users", "import", "--from-tables")
	if after := tables(); after != before {
		t.Errorf("tables of others were\n%s\nand are\n%s", before, after)
	}
}

// open opens a database behind the program's back.
func open(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestMigrateAdopts: a table of others is extended, the dry run prints how and changes nothing.
func TestMigrateAdopts(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.env["DATABASE_URL"] = storetest.URL(t, storetest.Postgres)
	s := open(t, d.env["DATABASE_URL"])
	storetest.Exec(t, s, "CREATE TABLE gmail_token (user_id UUID PRIMARY KEY, access_token TEXT NOT NULL, refresh_token TEXT, expires_at BIGINT, metadata JSONB)")
	would := []string{"would apply gmail_token: add column token_data jsonb (ALTER TABLE gmail_token ADD COLUMN token_data jsonb)\n", "would apply 00001_first.sql\n"}
	d.expect(0, would, "migrate", "--dry-run")
	d.expect(0, would, "migrate", "--dry-run")
	d.expect(0, []string{"applied gmail_token: add column token_data jsonb", "applied 00001_first.sql"}, "migrate")
	d.expect(0, []string{"up to date"}, "migrate")
	d.env["DATABASE_URL"] = storetest.URL(t, storetest.Postgres)
	storetest.Exec(t, open(t, d.env["DATABASE_URL"]), "CREATE TABLE gmail_token (user_id UUID PRIMARY KEY, tenant TEXT NOT NULL)")
	for _, args := range [][]string{{"migrate", "--dry-run"}, {"migrate"}} {
		d.expect(1, []string{"gmail_token.tenant", "DROP NOT NULL", "nothing was changed"}, args...)
	}
}
