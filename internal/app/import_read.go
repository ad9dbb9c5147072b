package app

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/korean"

	"achim/briefing"
)

// largestImport bounds a file: a hundred thousand readers fit, and a film does not.
const largestImport = 32 << 20

// ReadImport reads a CSV file: a header with the names of the API, then a row a reader; separated by commas, semicolons
// or tabs, as spreadsheets have it. Its error joins ImportFaults; the rows that can be read come all the same.
func ReadImport(from io.Reader) ([]ImportRow, error) {
	data, err := io.ReadAll(io.LimitReader(from, largestImport+1))
	if err != nil {
		return nil, err
	}
	if len(data) > largestImport {
		return nil, fmt.Errorf("the file is larger than %d MiB: split it", largestImport>>20)
	}
	if data, err = asUTF8(data); err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.FieldsPerRecord = separatorOf(data), -1
	r.TrimLeadingSpace = r.Comma != '\t' // else an empty field would be trimmed as well
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty: it needs a first line such as name,slack_user_id,email")
	}
	if err != nil {
		return nil, csvFault(err)
	}
	names, faults := headerNames(header)
	if strings.Join(names, "") == "" {
		return nil, errors.Join(faults...) // it is no header, and what is below it says nothing
	}
	var rows []ImportRow
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			faults = append(faults, csvFault(err)) // where the next row begins is anybody's guess
			break
		}
		line, _ := r.FieldPos(0)
		if strings.TrimSpace(strings.Join(record, "")) == "" {
			continue
		}
		if len(record) > len(names) {
			faults = append(faults, ImportFault{ImportRow{Line: line}, fmt.Sprintf("%d fields, and the header has %d: put a field that holds a separator in quotes", len(record), len(names))})
		}
		rows = append(rows, rowOf(line, names, record))
	}
	if len(rows) == 0 && len(faults) == 0 {
		faults = append(faults, errors.New("there is a header and no reader below it"))
	}
	return rows, errors.Join(faults...)
}

// rowOf puts the fields of a line under the names of their columns. A field that is not there is empty, and one under no
// name is left out.
func rowOf(line int, names, record []string) ImportRow {
	row := ImportRow{Line: line, Values: map[string]string{}}
	for i, name := range names {
		switch {
		case name == "":
		case i < len(record):
			row.Values[name] = strings.TrimSpace(record[i])
		default:
			row.Values[name] = ""
		}
	}
	return row
}

// asUTF8 takes the byte order mark off and says what to do about other encodings.
func asUTF8(data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")):
		return nil, errors.New(`the file is UTF-16: save it as "CSV UTF-8", or: iconv -f UTF-16 -t UTF-8 FILE`)
	case utf8.Valid(data):
		return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), nil
	}
	// Reported by line, for a single stray byte in a file that was put together.
	line := 1 + bytes.Count(data[:firstBroken(data)], []byte("\n"))
	if text, err := korean.EUCKR.NewDecoder().Bytes(data); err == nil && !bytes.ContainsRune(text, utf8.RuneError) {
		return nil, fmt.Errorf(`line %d: the file looks like CP949 (EUC-KR), as Excel saves Korean: save it as "CSV UTF-8", or: iconv -f CP949 -t UTF-8 FILE`, line)
	}
	return nil, fmt.Errorf(`line %d: the file is not UTF-8: save it as "CSV UTF-8"`, line)
}

// firstBroken returns where data stops being UTF-8.
func firstBroken(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(data)
}

// separatorOf is what the header is separated by. No name of a column holds one.
func separatorOf(data []byte) rune {
	header, _, _ := bytes.Cut(data, []byte("\n"))
	best, most := ',', bytes.Count(header, []byte(","))
	for _, c := range ";\t" {
		if n := bytes.Count(header, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// csvFault names the line of a row that cannot be taken apart.
func csvFault(err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return ImportFault{ImportRow{Line: e.StartLine}, fmt.Sprintf("%v (field at line %d, column %d)", e.Err, e.Line, e.Column)}
	}
	return err
}

// headerNames reads the header. A column that is at fault has no name.
func headerNames(header []string) (names []string, faults []error) {
	var known []string
	for _, c := range importColumns {
		known = append(known, c.name)
	}
	fault := func(format string, args ...any) {
		faults = append(faults, ImportFault{ImportRow{Line: 1}, fmt.Sprintf(format, args...)})
	}
	for _, field := range header {
		name := strings.ToLower(strings.TrimSpace(field))
		switch {
		case !slices.Contains(known, name):
			fault("%q is no column, take it out; the columns are %s", clipped(name), strings.Join(known, ", "))
			name = ""
		case slices.Contains(names, name):
			fault("column %s is there twice", name)
			name = ""
		}
		names = append(names, name)
	}
	if !slices.Contains(names, "user_id") && !slices.Contains(names, "slack_user_id") {
		fault("neither user_id nor slack_user_id is a column, so nobody could be found again")
	}
	return names, faults
}

// clipped is the beginning of what may be a whole file in one line.
func clipped(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}

// PeopleImport are rows from the tables of other programs.
type PeopleImport struct {
	Used   []string // which columns say what
	Rows   []ImportRow
	Misfit []error // ImportFaults: people who cannot be readers
}

// ReadPeople reads the tables "user" and workspace_member of the database and writes nothing to them. store.ErrNoPeople
// where they are not there.
func (a *App) ReadPeople(ctx context.Context) (PeopleImport, error) {
	people, err := a.Store.People(ctx)
	if err != nil {
		return PeopleImport{}, err
	}
	found := PeopleImport{Used: people.Used}
	for _, p := range people.Persons {
		row := ImportRow{Whose: fmt.Sprintf("user %q", clipped(p.ID)), Values: map[string]string{
			"user_id": p.ID, "name": p.Name, "email": p.Email, "timezone": p.Timezone}}
		if row.Values["name"] == "" {
			row.Values["name"], _, _ = strings.Cut(p.Email, "@")
		}
		switch len(p.Slack) {
		case 0:
			found.Misfit = append(found.Misfit, ImportFault{row, "has no Slack id"})
			continue
		case 1:
			row.Values["slack_user_id"] = p.Slack[0]
		default:
			found.Misfit = append(found.Misfit, ImportFault{row, fmt.Sprintf("has several Slack ids: %q", p.Slack)})
			continue
		}
		if _, err := briefing.ParseReaderID(p.ID); err != nil {
			found.Misfit = append(found.Misfit, ImportFault{row, "its id is no UUID"})
			continue
		}
		found.Rows = append(found.Rows, row)
	}
	return found, nil
}
