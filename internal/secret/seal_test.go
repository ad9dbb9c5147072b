package secret_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"achim/briefing"
	"achim/internal/secret"
)

// aKey is a key that everybody may know.
const aKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

func sealer(t testing.TB, material string) *secret.Sealer {
	t.Helper()
	s, err := secret.NewSealer(material)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func seal(t testing.TB, s *secret.Sealer, place, text string) string {
	t.Helper()
	sealed, err := s.Seal(place, text)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestSealedOpensInItsPlaceOnly(t *testing.T) {
	s := sealer(t, aKey)
	for _, text := range []string{"", "비밀", strings.Repeat("가나다\x00", 5000)} {
		sealed := seal(t, s, "table.column\x00row", text)
		if text != "" && strings.Contains(sealed, text) {
			t.Error("the text stands in what is sealed")
		}
		if got, err := s.Open("table.column\x00row", sealed); err != nil || got != text {
			t.Errorf("opened %d bytes of %d: %v", len(got), len(text), err)
		}
		for _, place := range []string{"", "table.column\x00another row", "table.other\x00row", "table.column\x00row "} {
			if _, err := s.Open(place, sealed); !errors.Is(err, secret.ErrBroken) {
				t.Errorf("in %q: %v", place, err)
			}
		}
		if again := seal(t, s, "table.column\x00row", text); again == sealed {
			t.Error("sealing twice comes to the same")
		}
	}
}

func TestTamperedDoesNotOpen(t *testing.T) {
	s := sealer(t, aKey)
	raw, err := base64.StdEncoding.DecodeString(seal(t, s, "place", "a text to be kept"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		changed := slices.Clone(raw)
		changed[i] ^= 1
		_, err := s.Open("place", base64.StdEncoding.EncodeToString(changed))
		// A changed id names a key that nobody has.
		if want := i >= 1 && i < 5; errors.Is(err, secret.ErrUnknownKey) != want || errors.Is(err, secret.ErrBroken) == want {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	for n := range len(raw) {
		if _, err := s.Open("place", base64.StdEncoding.EncodeToString(raw[:n])); err == nil {
			t.Errorf("%d of %d bytes open", n, len(raw))
		}
	}
	for _, garbage := range []string{"", "text", "한글한글한글", "AQ==", "AAAAAAAAAAAAAAAAAAAA"} {
		if _, err := s.Open("place", garbage); !errors.Is(err, secret.ErrBroken) {
			t.Errorf("%q: %v", garbage, err)
		}
	}
}

// A key reads the same in every form it may be written in, and has one id everywhere.
func TestKeyForms(t *testing.T) {
	raw := make([]byte, 32)
	for i := range raw {
		raw[i] = byte(255 - 5*i)
	}
	first := sealer(t, base64.StdEncoding.EncodeToString(raw))
	sealed := seal(t, first, "place", "text")
	for _, coding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		s := sealer(t, " "+coding.EncodeToString(raw)+"\n")
		if got, err := s.Open("place", sealed); err != nil || got != "text" || !slices.Equal(s.Keys(), first.Keys()) {
			t.Errorf("%v: %q, %v, %v", s.Keys(), got, err, first.Keys())
		}
	}
	id, ok := secret.KeyOf(sealed[:8])
	if !ok || id != first.Keys()[0] || len(id) != 8 {
		t.Errorf("sealed with %q, want %v", id, first.Keys())
	}
	for _, made := range []func() (briefing.Secret, error){
		func() (briefing.Secret, error) { return secret.GenerateKey(), nil }, secret.GenerateKeyset,
	} {
		one, err1 := made()
		two, err2 := made()
		if err1 != nil || err2 != nil || one.Equal(two) || len(sealer(t, one.Reveal()).Keys()) != 1 {
			t.Errorf("fresh keys: %v, %v", err1, err2)
		}
	}
}

func TestKeyFaultsSayWhatToDo(t *testing.T) {
	keyset, err := secret.GenerateKeyset()
	if err != nil {
		t.Fatal(err)
	}
	change := func(from, to string) string { return strings.Replace(keyset.Reveal(), from, to, 1) }
	for name, c := range map[string]struct{ material, says string }{
		"nothing":       {" \n", "holds no key"},
		"a word":        {"hunter2-hunter2!", "neither base64"},
		"short":         {base64.StdEncoding.EncodeToString([]byte("hunter2-hunter2!")), "base64 of 16 bytes, not of 32"},
		"hexadecimal":   {hex.EncodeToString([]byte("hunter2-hunter2-hunter2-hunter2!")), "base64 of 48 bytes, not of 32"},
		"zeros":         {base64.StdEncoding.EncodeToString(make([]byte, 32)), "anybody can guess"},
		"other JSON":    {`{"hunter2":"hunter2"}`, "no keyset"},
		"broken JSON":   {`{"hunter2`, "no keyset"},
		"no keys":       {`{"primaryKeyId":5,"key":[]}`, "no keyset"},
		"encrypted":     {`{"encryptedKeyset":"aHVudGVyMg=="}`, "itself encrypted"},
		"no prefix":     {change(`"TINK"`, `"RAW"`), "without Tink's prefix"},
		"other purpose": {change("AesGcmKey", "HmacKey"), "no keyset"},
		"no primary":    {change(`"primaryKeyId":`, `"primaryKeyId":1`), "no keyset"},
		"remote":        {change("AesGcmKey", "KmsAeadKey"), "no keyset"},
	} {
		s, err := secret.NewSealer(c.material)
		if err == nil || s != nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "achim keys generate") {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "aHVudGVyMg")) {
			t.Errorf("%s: the error repeats what it read: %v", name, err)
		}
	}
}

func TestRotation(t *testing.T) {
	for name, material := range map[string]string{"a key": aKey, "a keyset": reveal(t, secret.GenerateKeyset)} {
		old := sealer(t, material)
		sealed := seal(t, old, "place", "text")
		rotated := sealer(t, reveal(t, old.Rotated))
		if keys := rotated.Keys(); len(keys) != 2 || keys[0] == old.Keys()[0] || keys[1] != old.Keys()[0] {
			t.Errorf("%s: keys %v after %v", name, keys, old.Keys())
		}
		if got, err := rotated.Open("place", sealed); err != nil || got != "text" {
			t.Errorf("%s: with the old key beside the new: %q, %v", name, got, err)
		}
		fresh := seal(t, rotated, "place", "text")
		if _, err := old.Open("place", fresh); !errors.Is(err, secret.ErrUnknownKey) || !strings.Contains(err.Error(), rotated.Keys()[0]) {
			t.Errorf("%s: the old key alone: %v", name, err)
		}
		again := sealer(t, reveal(t, rotated.Rotated))
		if len(again.Keys()) != 3 {
			t.Errorf("%s: keys %v after two rotations", name, again.Keys())
		}
		alone := sealer(t, reveal(t, rotated.PrimaryAlone))
		if !slices.Equal(alone.Keys(), rotated.Keys()[:1]) {
			t.Errorf("%s: keys %v when the old one is dropped", name, alone.Keys())
		}
		if got, err := alone.Open("place", fresh); err != nil || got != "text" {
			t.Errorf("%s: with the primary key alone: %q, %v", name, got, err)
		}
	}
}

func reveal(t testing.TB, made func() (briefing.Secret, error)) string {
	t.Helper()
	s, err := made()
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(s.Reveal(), " \n") {
		t.Error("a keyset is more than one word")
	}
	return s.Reveal()
}

func TestSealerDoesNotPrint(t *testing.T) {
	s := sealer(t, aKey)
	encoded, err := json.Marshal(map[string]any{"s": s})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", struct{ S *secret.Sealer }{s}), fmt.Sprintf("%x", s), string(encoded)} {
		if strings.Contains(text, "AAECAwQ") || strings.Contains(strings.ToLower(text), "010203") || strings.Contains(text, "1 2 3 4") {
			t.Errorf("a sealer prints %q", text)
		}
	}
}

// FuzzOpen: whatever stands in a row, opening it ends in an error that says nothing of it.
func FuzzOpen(f *testing.F) {
	s := sealer(f, aKey)
	f.Add("place", seal(f, s, "place", "text"))
	f.Add("place", "AQAAAAAAAAAA")
	f.Add("", "\n\n\n\n\n\n\n\n")
	mine := seal(f, s, "mine", "text")
	f.Fuzz(func(t *testing.T, place, sealed string) {
		text, err := s.Open(place, sealed)
		if err != nil {
			if text != "" || !errors.Is(err, secret.ErrUnknownKey) && !errors.Is(err, secret.ErrBroken) {
				t.Errorf("%q with %v", text, err)
			}
			return
		}
		if sealed == mine && place != "mine" {
			t.Error("opened in another place")
		}
	})
}

// BenchmarkSeal seals and opens what a full day's briefing holds of one source.
func BenchmarkSeal(b *testing.B) {
	s := sealer(b, aKey)
	for _, size := range []int{1 << 10, 8 << 10, 24 << 10} {
		text := strings.Repeat("제품 주간회의 ", size/20+1)[:size]
		b.Run(fmt.Sprintf("seal/%dKiB", size>>10), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				seal(b, s, "achim_entry_body.sections\x00tiw63zc5qzfjdhm2mbnnkgq4ja", text)
			}
		})
		sealed := seal(b, s, "place", text)
		b.Run(fmt.Sprintf("open/%dKiB", size>>10), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Open("place", sealed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
