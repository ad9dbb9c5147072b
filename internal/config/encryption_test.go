package config_test

import (
	"strings"
	"testing"

	"achim/internal/config"
	"achim/internal/secret"
)

// aKey is a key that everybody may know.
const aKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

func TestEncryptionKey(t *testing.T) {
	keyset, err := secret.GenerateKeyset()
	if err != nil {
		t.Fatal(err)
	}
	spread := strings.ReplaceAll(keyset.Reveal(), ",", ",\n  ") // as an editor leaves it
	for _, material := range []string{aKey, strings.TrimRight(aKey, "="), aKey + "\n", keyset.Reveal(), spread} {
		for _, inFile := range []bool{false, true} {
			env := map[string]string{"ACHIM_ENCRYPTION_KEY": material}
			if inFile {
				env = map[string]string{"ACHIM_ENCRYPTION_KEY_FILE": "/run/secrets/key"}
			}
			c, err := config.Load(config.Source{
				Getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
				ReadFile: func(path string) ([]byte, error) {
					return []byte(map[string]string{"/run/secrets/key": material}[path]), nil
				},
			})
			if err != nil || strings.TrimSpace(c.EncryptionKey.Reveal()) != strings.TrimSpace(material) {
				t.Errorf("in a file %v: %v", inFile, err)
			}
		}
	}
}

// TestEncryptionKeyFaults: the fault names the setting and the remedy, and never the key.
func TestEncryptionKeyFaults(t *testing.T) {
	for material, says := range map[string]string{
		"hunter2":                 "base64 of 5 bytes, not of 32",
		"aHVudGVyMg==":            "base64 of 7 bytes, not of 32",
		`{"hunter2":1}`:           "no keyset of Tink",
		"hunter2 hunter2 hunter2": "neither base64",
	} {
		_, err := config.Load(config.Source{
			Getenv: func(name string) (string, bool) {
				return map[string]string{"ACHIM_ENCRYPTION_KEY": material}[name], true
			},
			ReadFile: func(string) ([]byte, error) { return nil, nil },
		})
		if err == nil || !strings.HasPrefix(err.Error(), "ACHIM_ENCRYPTION_KEY: ") || !strings.Contains(err.Error(), says) ||
			!strings.Contains(err.Error(), "achim keys generate") || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "aHVu") {
			t.Errorf("%v", err)
		}
	}
}
