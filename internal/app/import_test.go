package app_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"achim/internal/app"
)

// FuzzReadImport: whatever a file holds, it is read or refused in words, and every row knows its line.
func FuzzReadImport(f *testing.F) {
	for _, seed := range []string{
		"name,slack_user_id\n하늘,U0HANEUL\n", "\xef\xbb\xbfname;user_id\r\n\"a\nb\";x\r\n", "name\tslack_user_id\n\"", "", "\xff\xfe", "name,slack_user_id\n\xb0\xa1,U\n", ",,,\n", "user_id\n\n\n,\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		rows, err := app.ReadImport(bytes.NewReader(file))
		if err == nil && len(rows) == 0 {
			t.Error("nothing was read, and nothing said about it")
		}
		if err != nil && (strings.TrimSpace(err.Error()) == "" || !utf8.ValidString(err.Error())) {
			t.Errorf("the fault is %q", err)
		}
		last := 1
		for _, row := range rows {
			if row.Line <= last || row.Line > 1+bytes.Count(file, []byte("\n"))+bytes.Count(file, []byte("\r")) {
				t.Errorf("line %d after %d", row.Line, last)
			}
			last = row.Line
		}
	})
}

// TestEmptyFieldsStayInTheirColumn: an empty field is nobody's place to move up into, whatever separates the fields.
func TestEmptyFieldsStayInTheirColumn(t *testing.T) {
	t.Parallel()
	for _, separator := range []string{",", ";", "\t"} {
		file := strings.ReplaceAll("name|slack_user_id|email|timezone\n 하늘||haneul@gaon.example|\n||\n", "|", separator)
		rows, err := app.ReadImport(strings.NewReader(file))
		if err != nil || len(rows) != 1 {
			t.Fatalf("separated by %q: %v, %v", separator, rows, err)
		}
		if v := rows[0].Values; v["name"] != "하늘" || v["slack_user_id"] != "" || v["email"] != "haneul@gaon.example" {
			t.Errorf("separated by %q: %q", separator, v)
		}
	}
}
