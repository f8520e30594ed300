package clickhousetest

import (
	"time"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// Eventful returns a story with every kind of timeline entry.
func (d *DB) Eventful() *Story {
	s := d.Story("brug", "1").Start("K482TR", "J. de Vries").After(time.Hour).Ask(Sam)
	notice := func(kind record.NotificationKind) record.Notice {
		return record.Notice{
			NotificationID: "n-" + string(kind), Kind: kind, RestsOn: s.State.Sequence, Revision: 1,
			Recipient: Customer, Channel: repair.Email,
		}
	}
	request := func(kind record.NotificationKind, attempt int32) *record.NotificationRequested {
		return &record.NotificationRequested{
			Notice: notice(kind), Attempt: attempt, FirstRequestedAt: s.At, Language: "nl",
			Contact: &repair.Contact{Channels: []repair.Channel{repair.Email}, Personal: s.Seal(&repair.ContactDetails{
				Name: "J. de Vries", Email: "j@example.nl",
			})},
			Vehicle: s.Seal(&repair.VehicleDetails{Plate: "K482TR"}), Mechanic: Sam, Currency: "EUR",
		}
	}
	attempt := func(code int32, reply string, n int32) record.DeliveryAttempt {
		return record.DeliveryAttempt{Attempt: n, Code: code, Reply: s.Text(reply), MessageID: "<1@garage>"}
	}
	s.Add(request(record.NotifyApprovalRequired, 1))
	s.After(time.Second).Add(&record.DeliveryDeferred{Notice: notice(record.NotifyApprovalRequired), DeliveryAttempt: attempt(451, "4.7.1 Greylisted", 1)})
	s.After(time.Minute).Add(request(record.NotifyApprovalRequired, 2))
	s.After(time.Second).Add(&record.DeliveryAccepted{Notice: notice(record.NotifyApprovalRequired), DeliveryAttempt: attempt(250, "2.0.0 Ok", 2)})
	s.After(time.Hour).Add(request(record.NotifyReminder, 1))
	s.After(time.Second).Add(&record.DeliveryFailed{Notice: notice(record.NotifyReminder), DeliveryAttempt: attempt(550, "5.1.1 No <such> user", 1)})
	s.Add(&record.CallTask{
		Reason: record.CallUndeliverable, RestsOn: s.State.Sequence, Revision: 1, Kind: record.NotifyReminder, Recipient: Customer,
		Contact: repair.Contact{Personal: s.Seal(&repair.ContactDetails{Name: "J. de Vries", Phone: "+31612345678"})},
	})
	s.After(time.Minute).Must(Customer, &repair.RecordView{Revision: 1})
	s.After(time.Minute).Say(Customer, repair.Callback, "Bel mij")
	s.After(time.Minute).Decide(Desk, repair.ByPhone, repair.Approve, repair.Reject)
	s.Add(&record.NotificationSuppressed{Notice: notice(record.NotifyExpiry), Reason: record.MomentPassed, Because: "decided"})
	// What the roles say to each other about it is not in the timeline.
	s.Add(&record.NotificationRecalled{Notice: notice(record.NotifyExpiry), Attempt: 1, Because: "decided"})
	s.Add(&record.DeliveryWithheld{Notice: notice(record.NotifyExpiry), Attempt: 1, Reason: record.Recalled, Because: "decided"})
	s.After(time.Minute).Decide(Customer, repair.ByPage, repair.Reject, repair.Reject)
	s.After(time.Minute).Say(Desk, repair.Note, "Klant wil \"later\"")
	s.Must(Sam, &repair.ChangeReadyTime{ReadyAt: Monday.Add(8 * time.Hour)})
	s.Must(Desk, &repair.CorrectContact{Party: repair.TheCustomer, Contact: repair.Contact{
		ID: "c2", Personal: s.Seal(&repair.ContactDetails{Name: "Jan de Vries", Email: "jan@example.nl"}),
	}})
	s.After(time.Hour).Ask(Kim).Must(Kim, &repair.WithdrawQuote{Revision: 2, Reason: s.Text("niet nodig")})
	s.Ask(Kim).After(24 * time.Hour).Expire()
	s.Must(Kim, &repair.CompleteRepair{Total: 70000, ReasonGiven: true, Reason: s.Text("extra liter olie")})
	s.Must(Desk, &repair.CollectVehicle{})
	return s
}
