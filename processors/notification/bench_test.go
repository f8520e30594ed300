package notification

import (
	"fmt"
	"testing"
	"time"

	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// One repair with a quote that is approved: 4 events and 4 deliveries.
func BenchmarkRepair(b *testing.B) {
	w := newWorld(b, garagetest.Sample(b))
	b.ReportAllocs()
	for n := range b.N {
		key := fmt.Sprintf("r%d", n)
		send := func(topic record.Topic, when time.Time, r record.Headed) {
			*r.Head() = repair.Header{EventID: key, AggregateID: key, GarageID: "de-brug", OccurredAt: when, Actor: sam}
			out, err := w.Send(topic, r)
			if err != nil {
				b.Fatal(err)
			}
			for _, o := range out {
				if q, ok := o.(*record.NotificationRequested); ok {
					d := &record.DeliveryAccepted{Header: w.header(when, "x"), Notice: q.Notice, DeliveryAttempt: record.DeliveryAttempt{Attempt: 1}}
					d.AggregateID = key
					if _, err := w.Send(record.Deliveries, d); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
		send(record.Events, at(20, 9, 0), &repair.RepairStarted{Customer: contact("c", repair.Email)})
		send(record.Events, at(20, 10, 0), request(1))
		send(record.Events, at(20, 10, 30), decided(1, repair.Approve, repair.Reject))
		send(record.Events, at(20, 15, 0), &repair.RepairCompleted{})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(8*b.N), "ns/record")
}
