package main_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"

	"achim/store/storetest"
)

// TestKeysGenerate: the key goes to standard output and nowhere else, with what to do with it beside.
func TestKeysGenerate(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.expect(0, nil, "keys", "generate")
	key := strings.TrimSuffix(r.out, "\n")
	if raw, err := base64.StdEncoding.DecodeString(key); err != nil || len(raw) != 32 {
		t.Errorf("the key is %d bytes (%v)", len(raw), err)
	}
	const says = `The key went to standard output and is kept nowhere else. Keep it where your other secrets are, and its copy
apart from the backups of the database: whoever has both reads everything, and without the key nobody
reads anything.

  1. Set it for every achim on this database: ACHIM_ENCRYPTION_KEY, or ACHIM_ENCRYPTION_KEY_FILE with the
     path of a file that holds it.
  2. Stop all of them and start them again. What is stored is then sealed in the background; the log says
     when it is done. Other programs cannot read sealed tokens: achim keys unseal takes it back.

`
	if r.err != says {
		t.Errorf("it says\n%s\nwant\n%s", r.err, says)
	}
	if again := d.expect(0, nil, "keys", "generate"); again.out == r.out {
		t.Error("two keys are the same")
	}
	d.expect(0, []string{`{"primaryKeyId":`, `"outputPrefixType":"TINK"`}, "keys", "generate", "--keyset")
	if raw, _ := base64.StdEncoding.DecodeString(d.json(0, "keys", "generate")["key"].(string)); len(raw) != 32 {
		t.Error("as JSON it is no key")
	}
	if files, err := os.ReadDir(d.folder); err != nil || len(files) > 0 {
		t.Errorf("generating left %v behind (%v)", files, err)
	}
}

// TestKeysFromFirstToLast: a key is set over what is there, changed, dropped, and left, with every wrong turn refused.
func TestKeysFromFirstToLast(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.expect(0, nil, "users", "add", "--name", "haneul", "--slack", haneulSlack)
	for _, args := range [][]string{{"keys", "rotate"}, {"keys", "rotate", "--reseal"}, {"keys", "rotate", "--drop-old"}, {"keys", "unseal"}} {
		d.expect(2, []string{"ACHIM_ENCRYPTION_KEY: not set"}, args...)
	}
	d.expect(2, []string{"two steps"}, "keys", "rotate", "--reseal", "--drop-old")

	first := strings.TrimSpace(d.expect(0, nil, "keys", "generate").out)
	d.env["ACHIM_ENCRYPTION_KEY"] = first
	d.expect(0, []string{"rows now sealed with the primary key: 1\n"}, "keys", "rotate", "--reseal")
	d.expect(0, []string{"rows now sealed with the primary key: 0\n"}, "keys", "rotate", "--reseal")
	d.expect(1, []string{"holds one key"}, "keys", "rotate", "--drop-old")

	r := d.expect(0, nil, "keys", "rotate")
	const says = `The keyset with a fresh primary key went to standard output; nothing else has changed.

  1. Set it for every achim on this database, as ACHIM_ENCRYPTION_KEY, or in the file of
     ACHIM_ENCRYPTION_KEY_FILE. Stop all of them and start them again: one that still has the old keyset
     cannot read what the others have sealed.
  2. Wait until the log of serve says that what is stored is sealed, or run achim keys rotate --reseal.
  3. achim keys rotate --drop-old prints the keyset without the old keys. Set that, and restart.

It seals with key `
	if !strings.HasPrefix(r.err, says) {
		t.Errorf("it says\n%s\nwant\n%s", r.err, says)
	}
	both := strings.TrimSpace(r.out)
	d.env["ACHIM_ENCRYPTION_KEY"] = both
	ids := keysIn(t, d)
	d.expect(1, []string{"an old key is still needed: achim_install: 1 row of key " + ids[1], "achim keys rotate --reseal"}, "keys", "rotate", "--drop-old")
	if rows := d.json(0, "keys", "rotate", "--reseal")["rows"]; rows != 1.0 {
		t.Errorf("%v rows sealed again", rows)
	}
	second := strings.TrimSpace(d.expect(0, []string{"It seals with key " + ids[2] + ".\n"}, "keys", "rotate", "--drop-old").out)
	if strings.Contains(second, first) || len(second) >= len(both) {
		t.Error("the old key was not dropped")
	}

	d.env["ACHIM_ENCRYPTION_KEY"] = first
	d.expect(2, []string{"ACHIM_ENCRYPTION_KEY holds " + ids[1] + ", and what is stored needs another key: achim_install: 1 row needs key " + ids[2]}, "users", "list")
	delete(d.env, "ACHIM_ENCRYPTION_KEY")
	d.expect(2, []string{"ACHIM_ENCRYPTION_KEY is not set, and what is stored is sealed: achim_install: 1 row needs key " + ids[2]}, "users", "list")
	d.env["ACHIM_ENCRYPTION_KEY"] = "not-a-key-hunter2"
	if r := d.expect(2, []string{"ACHIM_ENCRYPTION_KEY: ", "achim keys generate"}, "users", "list"); strings.Contains(r.err, "hunter2") {
		t.Error("the fault repeats the key")
	}

	d.env["ACHIM_ENCRYPTION_KEY"] = second
	d.expect(0, []string{"haneul"}, "users", "list")
	d.expect(0, []string{"rows now plain: 1\n", "take ACHIM_ENCRYPTION_KEY out everywhere"}, "keys", "unseal")
	delete(d.env, "ACHIM_ENCRYPTION_KEY")
	d.expect(0, []string{"haneul"}, "users", "list")
}

// keysIn returns the ids of a rotation: the fresh primary key's, and those there were, the oldest first.
func keysIn(t *testing.T, d *desk) []string {
	t.Helper()
	var rotated struct {
		Keyset json.RawMessage `json:"keyset"`
		Keys   []string        `json:"keys"`
	}
	if err := json.Unmarshal([]byte(d.expect(0, nil, "keys", "rotate", "--json").out), &rotated); err != nil || len(rotated.Keys) != 3 || len(rotated.Keyset) == 0 {
		t.Fatalf("rotated %v: %v", rotated.Keys, err)
	}
	return rotated.Keys
}

// TestNoKeyBesideAServeWithout: a command that would seal what a running serve cannot read is refused before it does anything.
func TestNoKeyBesideAServeWithout(t *testing.T) {
	t.Parallel()
	h := newTown(t, storetest.SQLite)
	h.addHaneul()
	p := h.serving()
	h.env["ACHIM_ENCRYPTION_KEY"] = strings.TrimSpace(h.expect(0, nil, "keys", "generate").out)
	for _, args := range [][]string{{"keys", "rotate", "--reseal"}, {"run", "--user", "haneul"}, {"tokens", "list"}, {"users", "list"}} {
		h.expect(2, []string{"achim serve runs without this key", "restart it with the key first"}, args...)
	}
	p.signal(syscall.SIGTERM)
	p.end(0)
	again := h.serving()
	h.expect(0, []string{"rows now sealed with the primary key: "}, "keys", "rotate", "--reseal")
	again.signal(syscall.SIGTERM)
	again.end(0)
}
