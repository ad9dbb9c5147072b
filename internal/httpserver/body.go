package httpserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"achim/briefing"
)

// maxBody is the longest body that is read, in bytes.
const maxBody = 1 << 20

// object is a JSON object whose members are read one by one, so that what was sent can be told from what
// was left out, and every fault names its member.
type object map[string]json.RawMessage

// readObject reads the body; an empty one is an empty object.
func readObject(w http.ResponseWriter, r *http.Request) (object, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, &apiError{code: codeInvalidJSON, status: http.StatusRequestEntityTooLarge, detail: "The body is larger than 1 MiB."}
	}
	if err != nil {
		return nil, &apiError{code: codeInvalidJSON, detail: "The body ended too early.", err: err}
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return object{}, nil
	}
	var o object
	if err := json.Unmarshal(body, &o); err != nil {
		return nil, notJSON(err)
	}
	if o == nil {
		return nil, &apiError{code: codeInvalidJSON, detail: "The body must be a JSON object, not null."}
	}
	return o, nil
}

// notJSON says what is wrong with a body and where.
func notJSON(err error) error {
	detail := "The body is not valid JSON."
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		detail = fmt.Sprintf("The body is not valid JSON: %s, at byte %d.", e.Error(), e.Offset)
	} else if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		detail = "The body must be a JSON object, not a JSON " + e.Value + "."
	}
	return &apiError{code: codeInvalidJSON, detail: detail, err: err}
}

// members says how each member of an object is read.
type members map[string]func(json.RawMessage) error

// read reads every member of o, and joins the faults. path is what the members belong to, "" at the top.
func (o object) read(path string, known members) error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(o)) {
		field := name
		if path != "" {
			field = path + "." + name
		}
		read, ok := known[name]
		if !ok {
			names := strings.Join(slices.Sorted(maps.Keys(known)), ", ")
			if names == "" {
				names = "none"
			}
			faults = append(faults, fault(clip(field), codeInvalidField, "there is no such member; there are %s", names))
			continue
		}
		err := read(o[name])
		if err == nil {
			continue
		}
		if len(fieldErrors(err)) == 0 {
			err = fault(field, codeInvalidField, "%s", err)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// value reads a member into v. what describes a right one, such as "a string".
func value[T any](v *T, what string) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if isNull(raw) {
			return fmt.Errorf("must be %s, not null", what)
		}
		var read T
		if err := json.Unmarshal(raw, &read); err != nil {
			return fmt.Errorf("must be %s", what)
		}
		*v = read
		return nil
	}
}

// orNull reads a member with read, or resets it when it is null.
func orNull(read func(json.RawMessage) error, reset func()) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if isNull(raw) {
			reset()
			return nil
		}
		return read(raw)
	}
}

// parsed reads a string member and hands it to parse, whose error says what is wrong with it.
func parsed(parse func(string) error) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		var text string
		if err := value(&text, "a string")(raw); err != nil {
			return err
		}
		return parse(text)
	}
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// clip shortens a name that somebody sent to a length worth repeating.
func clip(name string) string {
	const longest = 64
	runes := []rune(name)
	if len(runes) <= longest {
		return name
	}
	return string(runes[:longest]) + "…"
}

// pathID returns an id out of the path. What no id of ours can be is not looked up: databases refuse text
// with a zero byte or broken UTF-8 instead of finding nothing.
func pathID(r *http.Request, name string) (string, error) {
	id := r.PathValue(name)
	if len(id) > 128 || !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
		return "", briefing.ErrNotFound
	}
	return id, nil
}

// dateFrom parses a date. One that no calendar or mailbox could be asked for is none.
func dateFrom(field, text string) (briefing.Date, error) {
	date, err := briefing.ParseDate(text)
	if err != nil {
		return briefing.Date{}, fault(field, codeInvalidDate, "%q is not a date like 2026-11-20", clip(text))
	}
	if date.Year < 2000 || date.Year > 2199 {
		return briefing.Date{}, fault(field, codeInvalidDate, "%q lies too far away", text)
	}
	return date, nil
}

// readerRef checks that ref is a UUID or a Slack id, and returns it in the form the store knows.
func readerRef(field, ref string) (string, error) {
	if id, err := briefing.ParseReaderID(ref); err == nil {
		return string(id), nil
	}
	if isSlackID(ref) {
		return ref, nil
	}
	return "", fault(field, codeInvalidUUID, "%q is neither a UUID nor a Slack member id like U012AB3CD", clip(ref))
}

// isSlackID reports whether ref has the form of a Slack member id.
func isSlackID(ref string) bool {
	if len(ref) < 3 || len(ref) > 21 || (ref[0] != 'U' && ref[0] != 'W') {
		return false
	}
	return strings.Trim(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
