package config_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// composeFile is as much of a Compose file as can go wrong unseen.
type composeFile struct {
	Services map[string]struct {
		Image       string            `yaml:"image"`
		Environment map[string]string `yaml:"environment"`
		Secrets     []string          `yaml:"secrets"`
	} `yaml:"services"`
	Secrets map[string]struct {
		File string `yaml:"file"`
	} `yaml:"secrets"`
}

// TestComposeFilesNameWhatExists: every secret that a service mounts or reads is declared and lies where the head of
// compose.yaml puts it, and every image has a version.
func TestComposeFilesNameWhatExists(t *testing.T) {
	t.Parallel()
	for path, achims := range map[string][]string{
		"../../configs/compose.yaml":          {"achim"},
		"../../configs/compose.replicas.yaml": {"achim-1", "achim-2", "migrate"},
	} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var file composeFile
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for name, secret := range file.Secrets {
			if secret.File != "./secrets/"+name {
				t.Errorf("%s: secret %s lies in %q", path, name, secret.File)
			}
		}
		for name, service := range file.Services {
			if i := service.Image; i != "" && (!strings.Contains(i, ":") || strings.HasSuffix(i, ":latest")) {
				t.Errorf("%s: %s runs %q, whatever that is today", path, name, i)
			}
			for _, secret := range service.Secrets {
				if _, ok := file.Secrets[secret]; !ok {
					t.Errorf("%s: %s mounts %s, which is not declared", path, name, secret)
				}
			}
			for key, value := range service.Environment {
				mounted, ok := strings.CutPrefix(value, "/run/secrets/")
				if ok != strings.HasSuffix(key, "_FILE") || (ok && !slices.Contains(service.Secrets, mounted)) {
					t.Errorf("%s: %s has %s: %q, which it does not mount", path, name, key, value)
				}
			}
		}
		for _, name := range achims {
			settings := file.Services[name].Environment
			if settings["DATABASE_URL_FILE"] == "" || settings["ACHIM_PUBLIC_URL"] == "" {
				t.Errorf("%s: %s is not set up: %v", path, name, settings)
			}
		}
	}
}
