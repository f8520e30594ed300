package sinks

import (
	"testing"
	"time"
)

// An end-to-end watermark has passed when every stage has reached the ends that its
// topics had once the stage before was done: a stage that makes no progress holds it
// back, however complete the topics after it are.
func TestEndToEndWatermark(t *testing.T) {
	stages := []Stage{
		{"lifecycle", []string{"commands"}},
		{"latency", []string{"events", "deliveries"}},
		{"sink", []string{"commands", "events", "latencies"}},
	}
	type offsets map[string]int64
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0) }
	var underWay *inFlight
	step := func(seconds int, ends, reached offsets, want time.Time) {
		t.Helper()
		p := positions{
			reached: func(group, topic string) int64 { return reached[group+" "+topic] },
			end:     func(topic string) int64 { return ends[topic] },
		}
		var passed time.Time
		if passed, underWay = follow(underWay, at(seconds), p, stages); !passed.Equal(want) {
			t.Errorf("after %d s everything up to %v has passed, want %v", seconds, passed, want)
		}
	}
	none := time.Time{}

	step(1, offsets{}, offsets{}, at(1)) // an empty log is complete
	ends := offsets{"commands": 5, "events": 3, "deliveries": 2, "latencies": 4}
	done := offsets{
		"lifecycle commands": 4, "latency events": 3, "latency deliveries": 2,
		"sink commands": 5, "sink events": 3, "sink latencies": 4,
	}
	step(2, ends, done, none) // lifecycle is a command behind, all topics are written

	ends["events"], done["sink events"], done["lifecycle commands"] = 6, 6, 5
	step(3, ends, done, none) // now latency is behind, and is waited for up to 6

	ends["events"], ends["latencies"], done["latency events"] = 8, 7, 6
	step(4, ends, done, none) // the sink has latencies to write, up to 7

	done["sink events"], ends["latencies"], done["sink latencies"] = 7, 9, 8
	step(5, ends, done, none) // and events, up to 8

	ends["commands"], ends["events"], done["sink events"] = 9, 12, 8
	step(6, ends, done, at(2)) // what was logged at 2 has passed; more has come

	done = offsets{
		"lifecycle commands": 9, "latency events": 12, "latency deliveries": 2,
		"sink commands": 9, "sink events": 12, "sink latencies": 9,
	}
	step(7, ends, done, at(7)) // all is idle
	step(8, ends, done, at(8))
}
