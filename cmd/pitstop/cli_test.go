package main

import (
	"testing"

	"github.com/alecthomas/kong"
)

// Help says of every command and flag what it is for, and what a flag is where it is
// not given: a placeholder would hide that.
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
