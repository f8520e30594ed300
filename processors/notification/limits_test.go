package notification

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// All that a repair may pile up (see schemas/repair/limits.go) fits in one record of the
// changelog, while every mail about it waits for another try: what 20 messages of 500
// bytes add, 500 do 25 times.
func TestAFullRepairFits(t *testing.T) {
	for name, by := range map[string]repair.Actor{"written by the customer": customer, "written by the garage": noor} {
		t.Run(name, func(t *testing.T) {
			w := started(t)
			size := func() int {
				for _, r := range w.all {
					if n, ok := r.(*record.NotificationRequested); ok {
						w.deferred(at(20, 10, 1), n)
					}
				}
				s, _, err := w.State("r1")
				if err != nil {
					t.Fatal(err)
				}
				state, err := w.Codec().Encode(&s)
				if err != nil {
					t.Fatal(err)
				}
				change := &record.Change{State: state}
				for _, timer := range w.Timers("r1") {
					change.Timers = append(change.Timers, record.TimerEntry{Name: timer.Name, Due: timer.Due, CorrelationID: w.all[0].(record.Headed).Head().EventID})
				}
				b, err := w.Codec().Encode(change)
				if err != nil {
					t.Fatal(err)
				}
				return len(b)
			}
			before := size()
			for range 20 {
				e := says(repair.Text)
				e.Text.Bytes = make([]byte, 500)
				w.event(at(20, 10, 0), by, e)
			}
			full := before + 25*(size()-before)
			if err := kafka.Fits(&kgo.Record{Topic: record.NotificationProcessor.Changelog().Name, Value: make([]byte, full)}); err != nil {
				t.Error(err)
			}
			t.Logf("a full repair takes %d bytes", full)
		})
	}
}
