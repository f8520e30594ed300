package latency

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"pitstop/processors/stream"
	"pitstop/schemas/garage"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

var (
	sam      = repair.Actor{Role: repair.Mechanic, ID: "sam"}
	noor     = repair.Actor{Role: repair.Mechanic, ID: "noor"}
	partner  = repair.Actor{Role: repair.Integrator, ID: "dms"}
	desk     = repair.Actor{Role: repair.CustomerService, ID: "els"}
	customer = repair.Actor{Role: repair.Customer}
	system   = repair.Actor{Role: repair.System}
)

// at is a time in May 2026 at de-brug (open on weekdays from 8:00 to 17:30, but
// not on Monday the 25th). The 20th is a Wednesday.
func at(day, hour, minute int) time.Time {
	return time.Date(2026, time.May, day, hour-2, minute, 0, 0, time.UTC)
}

// fact is a record on its topic.
type fact struct {
	topic  record.Topic
	record record.Headed
}

// facts are written by hand: events are numbered as they come.
type facts struct {
	all      []fact
	sequence int64
}

func header(when time.Time, by repair.Actor) repair.Header {
	return repair.Header{EventID: "cause", AggregateID: "r1", GarageID: "de-brug", OccurredAt: when, Actor: by}
}

func (f *facts) event(when time.Time, by repair.Actor, e repair.Event) {
	f.sequence++
	*e.Head() = header(when, by)
	reflect.ValueOf(e).Elem().FieldByName("Sequence").SetInt(f.sequence)
	f.all = append(f.all, fact{record.Events, e})
}

func about(id string, kind record.NotificationKind, revision int32) record.Notice {
	return record.Notice{NotificationID: id, Kind: kind, Revision: revision, Channel: repair.Email}
}

func (f *facts) requested(when time.Time, n record.Notice) {
	f.all = append(f.all, fact{record.Notifications, &record.NotificationRequested{
		Header: header(when, system), Notice: n, Attempt: 1, FirstRequestedAt: when, Mechanic: sam,
	}})
}

func (f *facts) suppressed(when time.Time, n record.Notice) {
	f.all = append(f.all, fact{record.Notifications, &record.NotificationSuppressed{Header: header(when, system), Notice: n}})
}

func (f *facts) accepted(when time.Time, n record.Notice) {
	f.all = append(f.all, fact{record.Deliveries, &record.DeliveryAccepted{Header: header(when, system), Notice: n}})
}

func (f *facts) failed(when time.Time, n record.Notice) {
	f.all = append(f.all, fact{record.Deliveries, &record.DeliveryFailed{Header: header(when, system), Notice: n}})
}

func ask(revision int32) *repair.ApprovalRequested {
	return &repair.ApprovalRequested{
		Revision: revision, AskedBy: noor, ExpiresAt: at(29, 17, 30), Quote: repair.Quote{Currency: "EUR", Total: 38795},
	}
}

func text() *repair.MessagePosted { return &repair.MessagePosted{Kind: repair.Text} }

// measure handles the facts in their order and returns the newest version of each
// row, in the order in which the rows were begun.
func measure(t rapid.TB, book *garage.Book, all []fact) ([]*record.Latency, State) {
	t.Helper()
	d, err := stream.NewDriver(New(book))
	if err != nil {
		t.Fatal(err)
	}
	d.Twice(7)
	var rows []*record.Latency
	for _, f := range all {
		out, err := d.Send(f.topic, f.record)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range out {
			row, ok := o.(*record.Latency)
			if !ok {
				t.Fatalf("%s: %+v", record.NameOf(o), o)
			}
			i := slices.IndexFunc(rows, func(r *record.Latency) bool { return r.LatencyID == row.LatencyID })
			switch {
			case i < 0:
				rows = append(rows, row)
			case row.Version <= rows[i].Version:
				t.Fatalf("version %d of %s follows version %d", row.Version, inShort(row), rows[i].Version)
			default:
				rows[i] = row
			}
		}
	}
	s, _, err := d.State("r1")
	if err != nil {
		t.Fatal(err)
	}
	return rows, s
}

// inShort returns a row as text: from, to, and how it ended; wall and opening time.
func inShort(r *record.Latency) string {
	const layout = "2 15:04"
	local := func(t time.Time) string { return t.Add(2 * time.Hour).Format(layout) }
	s := string(r.Measure)
	if r.Kind != "" {
		s += " of " + string(r.Kind)
	}
	if r.Revision > 0 {
		s += " (" + strconv.Itoa(int(r.Revision)) + ")"
	}
	if r.Mechanic != "" {
		s += " " + r.Mechanic
	}
	s += ": " + local(r.StartedAt)
	if r.EndedAt.IsZero() {
		return s + ", open"
	}
	minutes := func(micros int64) string {
		d := time.Duration(micros) * time.Microsecond
		return strings.Replace(d.String(), "m0s", "m", 1)
	}
	return fmt.Sprintf("%s to %s, %s: %s, %s open", s, local(r.EndedAt), r.Outcome, minutes(r.WallMicros), minutes(r.OpeningMicros))
}
