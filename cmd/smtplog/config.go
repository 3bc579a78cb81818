package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// configFiles are read if they are there; values of later ones win, and --config wins over
// all.
func configFiles() []string {
	files := []string{"/etc/smtplog.yaml"}
	if dir, err := os.UserConfigDir(); err == nil { // $XDG_CONFIG_HOME, ~/.config
		files = append(files, filepath.Join(dir, "smtplog", "config.yaml"))
	}
	return append(files, os.Getenv("SMTPLOG_CONFIG"))
}

// loadConfig makes k take flags' values from the configuration files. One that is not asked for
// and may not be read, as where $HOME is another user's, is passed over; notes say so.
func loadConfig(k *kong.Kong) (notes []string, err error) {
	for _, path := range configFiles() {
		if path == "" {
			continue
		}
		r, err := k.LoadConfig(path)
		if asked := path == os.Getenv("SMTPLOG_CONFIG"); !asked && errors.Is(err, fs.ErrNotExist) {
			continue
		} else if !asked && errors.Is(err, fs.ErrPermission) {
			notes = append(notes, fmt.Sprintf("%v: going on without it", err))
			continue
		}
		if err == nil {
			err = kong.Resolvers(r).Apply(k)
		}
		if err != nil {
			return notes, err
		}
	}
	return notes, nil
}

// config is a configuration file: the names of flags, and of commands with flags of theirs
// below.
//
//	tz: Europe/Berlin
//	report:
//	  every: 1h
type config struct {
	name  string
	flags []setting
}

// setting is the value of a flag, for one command or for all.
type setting struct {
	command, flag string // command "": all
	line          int
	value         any // a string, or []any of strings
}

// readConfig is the loader that kong calls.
func readConfig(r io.Reader) (kong.Resolver, error) {
	c := &config{name: "configuration"}
	if file, ok := r.(*os.File); ok {
		c.name = file.Name()
	}
	var doc yaml.Node
	if err := yaml.NewDecoder(r).Decode(&doc); err != nil {
		if err == io.EOF {
			return c, nil // empty
		}
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	return c, c.read("", doc.Content[0])
}

// read takes the settings from a mapping.
func (c *config) read(command string, node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return c.errorf(node.Line, "want \"flag: value\"")
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		s := setting{command: command, flag: strings.ReplaceAll(key.Value, "_", "-"), line: key.Line}
		switch {
		case value.Kind == yaml.MappingNode && command == "":
			if err := c.read(key.Value, value); err != nil {
				return err
			}
			continue
		case value.Kind == yaml.ScalarNode:
			s.value = value.Value
		case value.Kind == yaml.SequenceNode:
			var all []any
			for _, v := range value.Content {
				if v.Kind != yaml.ScalarNode {
					return c.errorf(v.Line, "%s: want values", key.Value)
				}
				all = append(all, v.Value)
			}
			s.value = all
		default:
			return c.errorf(value.Line, "%s: want a value or a list of values", key.Value)
		}
		c.flags = append(c.flags, s)
	}
	return nil
}

func (c *config) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", c.name, line, fmt.Sprintf(format, args...))
}

// Validate finds keys that are no flag, or none of the command they are given for, and values
// that no command's flag has.
func (c *config) Validate(app *kong.Application) error {
	for _, s := range c.flags {
		key := s.flag
		var flags []*kong.Flag
		if s.command == "" {
			flags = flagsOf(app.Node, s.flag)
		} else {
			key = s.command + ": " + s.flag
		}
		for _, command := range app.Children {
			if s.command == "" || s.command == command.Name {
				flags = append(flags, flagsOf(command, s.flag)...)
			}
		}
		if len(flags) == 0 {
			return c.errorf(s.line, "unknown key %q", key)
		}
		if !slices.ContainsFunc(flags, func(f *kong.Flag) bool { return !foreign(f, s.value) }) {
			return c.errorf(s.line, "%s: %q is none of %s", key, s.value, flags[0].Enum)
		}
	}
	return nil
}

// flagsOf returns the flag with a name, if node has it and it can be configured.
func flagsOf(node *kong.Node, name string) (found []*kong.Flag) {
	for _, f := range node.Flags {
		if f.Name == name && name != "config" && name != "version" && name != "help" {
			found = append(found, f)
		}
	}
	return found
}

// Resolve returns a flag's value, nil where the file has none or the environment has one.
func (c *config) Resolve(_ *kong.Context, parent *kong.Path, flag *kong.Flag) (value any, err error) {
	for _, env := range flag.Envs {
		if os.Getenv(env) != "" {
			return nil, nil
		}
	}
	special := false
	for _, s := range c.flags {
		switch {
		case s.flag != flag.Name || s.command != "" && s.command != parent.Node().Name:
		case s.command != "":
			value, special = s.value, true
		case !special && !foreign(flag, s.value):
			value = s.value
		}
	}
	return value, nil
}

// foreign tells whether a value that is meant for all commands is none that this one's flag
// knows: format: markdown means nothing to doctor.
func foreign(flag *kong.Flag, value any) bool {
	word, ok := value.(string)
	return ok && flag.Enum != "" && !flag.EnumMap()[word]
}
