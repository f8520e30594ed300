package clickhouse

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares text with a file in testdata.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", path, diff)
	}
}

// eventful is a story with an entry of every kind.
func eventful(d *db) *story {
	s := d.story("brug", "1").start("K482TR", "J. de Vries").after(time.Hour).ask(sam)
	notice := func(kind record.NotificationKind) record.Notice {
		return record.Notice{
			NotificationID: "n-" + string(kind), Kind: kind, RestsOn: s.state.Sequence, Revision: 1,
			Recipient: customer, Channel: repair.Email,
		}
	}
	request := func(kind record.NotificationKind, attempt int32) *record.NotificationRequested {
		return &record.NotificationRequested{
			Notice: notice(kind), Attempt: attempt, FirstRequestedAt: s.at, Language: "nl",
			Contact: &repair.Contact{Channels: []repair.Channel{repair.Email}, Personal: s.seal(&repair.ContactDetails{
				Name: "J. de Vries", Email: "j@example.nl",
			})},
			Vehicle: s.seal(&repair.VehicleDetails{Plate: "K482TR"}), Mechanic: sam, Currency: "EUR",
		}
	}
	attempt := func(code int32, reply string, n int32) record.DeliveryAttempt {
		return record.DeliveryAttempt{Attempt: n, Code: code, Reply: s.text(reply), MessageID: "<1@garage>"}
	}
	s.add(request(record.NotifyApprovalRequired, 1))
	s.after(time.Second).add(&record.DeliveryDeferred{Notice: notice(record.NotifyApprovalRequired), DeliveryAttempt: attempt(451, "4.7.1 Greylisted", 1)})
	s.after(time.Minute).add(request(record.NotifyApprovalRequired, 2))
	s.after(time.Second).add(&record.DeliveryAccepted{Notice: notice(record.NotifyApprovalRequired), DeliveryAttempt: attempt(250, "2.0.0 Ok", 2)})
	s.after(time.Hour).add(request(record.NotifyReminder, 1))
	s.after(time.Second).add(&record.DeliveryFailed{Notice: notice(record.NotifyReminder), DeliveryAttempt: attempt(550, "5.1.1 No <such> user", 1)})
	s.add(&record.CallTask{
		Reason: record.CallUndeliverable, RestsOn: s.state.Sequence, Revision: 1, Kind: record.NotifyReminder, Recipient: customer,
		Contact: repair.Contact{Personal: s.seal(&repair.ContactDetails{Name: "J. de Vries", Phone: "+31612345678"})},
	})
	s.after(time.Minute).must(customer, &repair.RecordView{Revision: 1})
	s.after(time.Minute).say(customer, repair.Callback, "Bel mij")
	s.after(time.Minute).decide(desk, repair.ByPhone, repair.Approve, repair.Reject)
	s.add(&record.NotificationSuppressed{Notice: notice(record.NotifyExpiry), Reason: record.MomentPassed, Because: "decided"})
	s.after(time.Minute).decide(customer, repair.ByPage, repair.Reject, repair.Reject)
	s.after(time.Minute).say(desk, repair.Note, "Klant wil \"later\"")
	s.must(sam, &repair.ChangeReadyTime{ReadyAt: monday.Add(8 * time.Hour)})
	s.must(desk, &repair.CorrectContact{Party: repair.TheCustomer, Contact: repair.Contact{
		ID: "c2", Personal: s.seal(&repair.ContactDetails{Name: "Jan de Vries", Email: "jan@example.nl"}),
	}})
	s.after(time.Hour).ask(kim).must(kim, &repair.WithdrawQuote{Revision: 2, Reason: s.text("niet nodig")})
	s.ask(kim).after(24 * time.Hour).expire()
	s.must(kim, &repair.CompleteRepair{Total: 70000, ReasonGiven: true, Reason: s.text("extra liter olie")})
	s.must(desk, &repair.CollectVehicle{})
	return s
}

func TestTimeline(t *testing.T) {
	d := newDB(t)
	s := eventful(d)
	cancelled := d.story("brug", "2").start("AB12CD", "Een ander").must(desk, &repair.CancelRepair{Reason: s.text("verkocht")})
	d.write(append(s.records, cancelled.records...)...)
	for file, id := range map[string]string{"timeline.json": s.id, "timeline-cancelled.json": cancelled.id} {
		timeline, err := d.Timeline(t.Context(), []string{"brug"}, id)
		must(t, err)
		text, err := json.MarshalIndent(timeline, "", "  ")
		must(t, err)
		golden(t, file, append(text, '\n'))
	}
}
