package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The CLI accepts every command in the operator's manual.
func TestOperations_Commands(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```").FindAllSubmatch(text, -1) {
		for line := range strings.Lines(strings.ReplaceAll(string(block[1]), "\\\n", " ")) {
			line, _, _ = strings.Cut(line, " #")
			args, isOurs := strings.CutPrefix(strings.TrimSpace(line), "pitstop ")
			if !isOurs {
				continue
			}
			n++
			parser, err := newParser()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(strings.Fields(args)); err != nil {
				t.Errorf("pitstop %s: %v", args, err)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d commands were found", n)
	}
}
