package app

import (
	"log/slog"
	"slices"
	"testing"

	"pitstop/schemas/record"
)

// Every consumer has a role, and the chaos tests kill it.
func TestEveryConsumerHasARole(t *testing.T) {
	for _, c := range record.Processors() {
		if r, _ := NewProcessor(c.Name, ProcessorOptions{Log: slog.New(slog.DiscardHandler)}); r.run == nil {
			t.Errorf("nothing runs %s", c.Name)
		}
	}
	for _, c := range record.Consumers {
		if !slices.Contains(roleNames, c.Name) {
			t.Errorf("%s is not killed: it is not in roleNames", c.Name)
		}
		if effectDelay[c.Name] == 0 {
			t.Errorf("it is not known how long effects take to reach %s: give it an effectDelay", c.Name)
		}
	}
}
