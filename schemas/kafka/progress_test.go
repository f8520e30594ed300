package kafka_test

import (
	"testing"
	"time"

	"pitstop/schemas/kafka"
)

func TestProgress(t *testing.T) {
	now := time.Date(2026, time.May, 20, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		said func(*kafka.Progress)
		at   time.Time
		want string // empty: ready
	}{
		"nothing yet":          {func(*kafka.Progress) {}, now, "starting"},
		"starting":             {func(p *kafka.Progress) { p.Starting("restoring 3 partitions") }, now, "starting: restoring 3 partitions"},
		"starting for long":    {func(p *kafka.Progress) { p.Starting("restoring") }, now.Add(time.Hour), "starting: restoring"},
		"waiting":              {func(p *kafka.Progress) { p.Waiting() }, now, ""},
		"waiting for long":     {func(p *kafka.Progress) { p.Waiting() }, now.Add(24 * time.Hour), ""},
		"working":              {func(p *kafka.Progress) { p.Working("inserting", now) }, now.Add(kafka.StuckAfter), ""},
		"working for long":     {func(p *kafka.Progress) { p.Working("inserting", now) }, now.Add(kafka.StuckAfter + time.Second), "stuck: inserting for 31s"},
		"done with it":         {func(p *kafka.Progress) { p.Working("inserting", now); p.Waiting() }, now.Add(time.Hour), ""},
		"stalled":              {func(p *kafka.Progress) { p.Stalled("connection refused") }, now, "stalled: connection refused"},
		"stalled at work":      {func(p *kafka.Progress) { p.Working("inserting", now); p.Stalled("away") }, now, "stalled: away"},
		"over it":              {func(p *kafka.Progress) { p.Stalled("away"); p.Waiting() }, now, ""},
		"at work after it":     {func(p *kafka.Progress) { p.Stalled("away"); p.Working("inserting", now) }, now, ""},
		"restarted":            {func(p *kafka.Progress) { p.Waiting(); p.Starting("restoring") }, now, "starting: restoring"},
		"stalled at the start": {func(p *kafka.Progress) { p.Starting("registering"); p.Stalled("away") }, now, "stalled: away"},
	} {
		var p kafka.Progress
		c.said(&p)
		got := ""
		if err := p.Check(c.at); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
