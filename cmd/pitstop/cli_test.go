package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"pitstop/schemas/record"
)

// Help says what every command and flag is for, and a flag's default: a placeholder
// would hide it.
func TestHelp(t *testing.T) {
	parser, err := newParser()
	if err != nil {
		t.Fatal(err)
	}
	flags := 0
	err = kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		switch n := node.(type) {
		case *kong.Node:
			if n.Help == "" {
				t.Errorf("%s is not explained", n.FullPath())
			}
		case *kong.Flag:
			flags++
			if n.Help == "" || n.Default != "" && n.PlaceHolder != "" {
				t.Errorf("--%s is not explained, or its default %q is hidden", n.Name, n.Default)
			}
		}
		return next(nil)
	})
	if err != nil || flags == 0 {
		t.Errorf("%d flags, %v", flags, err)
	}
}

// Every consumer can be run alone, and help names it.
func TestEveryConsumerHasACommand(t *testing.T) {
	for _, c := range record.Consumers {
		kind := "sink"
		if c.Stateful {
			kind = "processor"
		}
		parser, err := newParser()
		if err != nil {
			t.Fatal(err)
		}
		args := []string{kind, c.Name}
		if _, err := parser.Parse(args); err != nil {
			t.Errorf("pitstop %s: %v", strings.Join(args, " "), err)
		}
		for _, args := range [][]string{{"--help"}, {kind, "--help"}} {
			var said bytes.Buffer
			if code := run(t.Context(), args, nil, &said, &said); code != exitDone || !strings.Contains(said.String(), c.Name) {
				t.Errorf("pitstop %s does not name %s", strings.Join(args, " "), c.Name)
			}
			if says := regexp.MustCompile(`\b` + c.Name + `\s+[a-z]+s\b`); c.Stateful && len(args) == 2 && !says.MatchString(said.String()) {
				t.Errorf("pitstop %s does not say what %s does", strings.Join(args, " "), c.Name)
			}
		}
	}
}
