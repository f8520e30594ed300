package latency

import (
	"fmt"
	"testing"

	"pitstop/processors/stream"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// One repair with a quote that is viewed and approved: 5 events, 3 notifications
// and their deliveries, 8 rows in 16 versions.
func BenchmarkRepair(b *testing.B) {
	d, err := stream.NewDriver(New(garagetest.Sample(b)))
	if err != nil {
		b.Fatal(err)
	}
	f := new(facts)
	mail := func(n record.Notice, hour int) {
		f.requested(at(20, hour, 0), n)
		f.accepted(at(20, hour, 1), n)
	}
	f.event(at(20, 9, 0), sam, &repair.RepairStarted{})
	mail(about("n1", record.NotifyStarted, 0), 9)
	f.event(at(20, 10, 0), noor, ask(1))
	mail(about("n2", record.NotifyApprovalRequired, 1), 10)
	f.event(at(20, 10, 5), customer, &repair.QuoteViewed{Revision: 1})
	f.event(at(20, 10, 30), customer, &repair.QuoteDecided{Revision: 1, Decision: repair.Approved, Method: repair.ByPage})
	f.event(at(20, 15, 0), sam, &repair.RepairCompleted{})
	mail(about("n3", record.NotifyCompleted, 0), 15)
	b.ReportAllocs()
	for n := range b.N {
		for _, x := range f.all {
			x.record.Head().AggregateID = fmt.Sprintf("r%d", n)
			if _, err := d.Send(x.topic, x.record); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(len(f.all)*b.N), "ns/record")
}
