package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"achim/internal/language"
)

// defaultPath is read when neither --config nor ACHIM_CONFIG names a file, if it is there.
const defaultPath = "achim.yaml"

// Source is where a configuration comes from. The zero value is the process's own environment and the
// file that it names.
type Source struct {
	Path     string                      // of --config; "" = ACHIM_CONFIG, else achim.yaml if there is one
	Getenv   func(string) (string, bool) // nil = os.LookupEnv
	ReadFile func(string) ([]byte, error)
}

// Load returns the configuration of src. Variables that are empty count as not set, as compose files make
// them. The error is a *Faults with everything that is wrong; then the Config is of no use.
func Load(src Source) (Config, error) {
	if src.Getenv == nil {
		src.Getenv = os.LookupEnv
	}
	if src.ReadFile == nil {
		src.ReadFile = os.ReadFile
	}
	l := &loader{src: src, config: Defaults()}
	l.file()
	l.environment()
	l.credentials()
	l.holidays()
	l.settle()
	if err := asError(l.faults); err != nil {
		return Config{}, err
	}
	return l.config, nil
}

type loader struct {
	src    Source
	config Config
	faults []Fault
}

func (l *loader) fault(name, format string, args ...any) {
	l.faults = append(l.faults, Fault{Key: name, Problem: fmt.Sprintf(format, args...)})
}

// env returns a variable that is set and not empty.
func (l *loader) env(name string) string {
	value, _ := l.src.Getenv(name)
	return strings.TrimSpace(value)
}

// file reads the YAML file, if there is one to read.
func (l *loader) file() {
	path, named := l.src.Path, "--config"
	if path == "" {
		path, named = l.env("ACHIM_CONFIG"), "ACHIM_CONFIG"
	}
	wanted := path != ""
	if !wanted {
		path, named = defaultPath, ""
	}
	content, err := l.src.ReadFile(path)
	switch {
	case err == nil:
		l.faults = append(l.faults, readYAML(path, content, &l.config)...)
	case errors.Is(err, fs.ErrNotExist) && !wanted:
	case errors.Is(err, fs.ErrNotExist):
		l.fault(named, "there is no file %q: name one that exists, or copy configs/achim.example.yaml there", path)
	default:
		l.faults = append(l.faults, Fault{File: path, Problem: "cannot be read: " + cause(err)})
	}
}

// holidays looks whether the file of holidays can be read. It is read again while the program runs.
func (l *loader) holidays() {
	path := l.config.HolidaysFile
	if path == "" {
		return
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		l.fault("holidays.file", "%q is no regular file", path) // a pipe would wait for somebody to write
		return
	}
	content, err := l.src.ReadFile(path)
	if err != nil {
		l.fault("holidays.file", "%q cannot be read: %s", path, cause(err))
		return
	}
	_, faults := language.ParseHolidays(string(content))
	for _, f := range faults {
		l.faults = append(l.faults, Fault{File: path, Line: f.Line, Problem: f.Problem})
	}
}

// environment reads every variable.
func (l *loader) environment() {
	for _, s := range envSettings() {
		value, name := l.value(s.Setting)
		if value == "" || s.set == nil {
			continue
		}
		if err := s.set(&l.config, value); err != nil {
			l.fault(name, "%v", err)
		}
	}
}

// value returns what a variable, or the file it may be in, holds, and the name of the one it came from.
func (l *loader) value(s Setting) (value, name string) {
	value = l.env(s.Name)
	fileName := s.Name + "_FILE"
	path := ""
	if s.Secret {
		path = l.env(fileName)
	}
	switch {
	case path == "":
		return value, s.Name
	case value != "":
		l.fault(fileName, "%s is set too: keep one of them", s.Name)
		return "", ""
	}
	content, err := l.src.ReadFile(path)
	if err != nil {
		l.fault(fileName, "%q cannot be read: %s", path, cause(err))
		return "", ""
	}
	value = strings.TrimRight(string(content), "\r\n")
	if strings.TrimSpace(value) == "" {
		l.fault(fileName, "%q is empty: put the secret into it, and nothing else", path)
		return "", ""
	}
	return value, fileName
}

// settle fills in what follows from other settings.
func (l *loader) settle() {
	c := &l.config
	if slackMember.MatchString(c.Delivery.Operator) {
		if c.Slack.OperatorUser == "" {
			c.Slack.OperatorUser = c.Delivery.Operator
		}
		c.Delivery.Operator = ""
	}
	if len(c.APISecrets) == 0 {
		c.APISecrets = slices.Clone(c.CronSecrets)
	}
	if len(c.Addrs) > 0 {
		*c = c.ListeningOn(c.Addrs[0])
	}
}

// cause returns what went wrong with a file without repeating its name.
func cause(err error) string {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	return err.Error()
}
