package notification

import (
	"fmt"
	"testing"
	"time"

	"pitstop/schemas"
	"pitstop/schemas/repair"
)

// One repair with a quote that is approved: 4 events and 4 deliveries.
func BenchmarkRepair(b *testing.B) {
	w := newWorld(b, sample(b))
	b.ReportAllocs()
	for n := range b.N {
		key := fmt.Sprintf("r%d", n)
		send := func(topic schemas.Topic, when time.Time, r schemas.Headed) {
			*r.Head() = repair.Header{EventID: key, AggregateID: key, GarageID: "de-brug", OccurredAt: when, Actor: sam}
			out, err := w.Send(topic, r)
			if err != nil {
				b.Fatal(err)
			}
			for _, o := range out {
				if q, ok := o.(*schemas.NotificationRequested); ok {
					d := &schemas.DeliveryAccepted{Header: w.header(when, "x"), Notice: q.Notice, DeliveryAttempt: schemas.DeliveryAttempt{Attempt: 1}}
					d.AggregateID = key
					if _, err := w.Send(schemas.Deliveries, d); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
		send(schemas.Events, at(20, 9, 0), &repair.RepairStarted{Customer: contact("c", repair.Email)})
		send(schemas.Events, at(20, 10, 0), request(1))
		send(schemas.Events, at(20, 10, 30), decided(1, repair.Approve, repair.Reject))
		send(schemas.Events, at(20, 15, 0), &repair.RepairCompleted{})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(8*b.N), "ns/record")
}
