package notification

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// A notification holds all that a mail says: channel sinks look nothing up.
func TestContents(t *testing.T) {
	var (
		driver  = repair.Contact{ID: "c", Language: "en-GB", Channels: []repair.Channel{repair.Email}, Personal: repair.Personal{Bytes: []byte("driver")}}
		lessor  = repair.Contact{ID: "a", Language: "fr", Channels: []repair.Channel{repair.Email}, Personal: repair.Personal{Bytes: []byte("lessor")}}
		vehicle = repair.Personal{Bytes: []byte("K482TR")}
		words   = repair.Personal{Bytes: []byte("words")}
		work    = request(1).Quote
		agreed  = []record.DoneLine{{Title: "service", Total: 28900}}
		brakes  = record.DoneLine{Title: "brakes", Total: 34800}
		wipers  = record.DoneLine{Title: "wipers", Total: 3995}
	)
	w := newWorld(t, garagetest.Sample(t))
	w.event(at(20, 9, 0), sam, &repair.RepairStarted{
		ExternalRef: "WO-1842", Vehicle: vehicle, Customer: driver, Approver: &lessor, ReadyAt: at(20, 16, 0),
		Agreed: repair.Quote{Currency: "EUR", Total: 28900, Lines: []repair.PricedLine{{Number: 1, Total: 28900, Line: repair.Line{Title: "service"}}}},
	})
	w.event(at(20, 9, 30), sam, &repair.ReadyTimeChanged{Previous: at(20, 16, 0), ReadyAt: at(20, 17, 0)})
	ask := request(1)
	ask.AnswerBy = at(20, 14, 0)
	w.event(at(20, 10, 0), noor, ask)
	w.allArrive(at(20, 10, 0))
	w.until(at(20, 11, 30))
	answers := []repair.Answer{{Line: 1, Answer: repair.Approve}, {Line: 2, Answer: repair.Reject, Reason: repair.ReasonPrice}}
	w.event(at(20, 11, 30), approver, &repair.QuoteDecided{
		Revision: 1, Decision: repair.PartlyApproved, Answers: answers, ApprovedTotal: 34800, Method: repair.ByPage, Evidence: words,
	})
	w.event(at(20, 12, 0), customer, says(repair.Text))
	w.event(at(20, 16, 30), sam, &repair.RepairCompleted{Total: 64000, Reason: words, ReasonGiven: true})

	// What every notification says, given what was so then.
	all := func(kind record.NotificationKind, to repair.Actor, restsOn int64, when time.Time) *record.NotificationRequested {
		r := &record.NotificationRequested{
			Attempt: 1, FirstRequestedAt: when,
			Language: "nl", Vehicle: vehicle, Customer: driver, Mechanic: noor, ExternalRef: "WO-1842",
			ReadyAt: at(20, 17, 0), Currency: "EUR", Done: agreed, AgreedTotal: 28900, ApprovedTotal: 28900,
		}
		r.Kind, r.Recipient, r.RestsOn, r.Sequence, r.Channel = kind, to, restsOn, restsOn, repair.Email
		switch to.Role {
		case repair.Customer:
			r.Contact, r.Language = &driver, "en"
		case repair.Approver:
			r.Contact, r.Decides = &lessor, true
		}
		return r
	}
	begun := all(record.NotifyStarted, customer, 1, at(20, 9, 0))
	begun.Mechanic, begun.ReadyAt = sam, at(20, 16, 0)
	later := all(record.NotifyReadyLater, customer, 2, at(20, 9, 30))
	later.Mechanic, later.PreviousReadyAt = sam, at(20, 16, 0)
	required := all(record.NotifyApprovalRequired, approver, 3, at(20, 10, 0))
	required.Revision, required.Quote, required.AnswerBy, required.ExpiresAt = 1, &work, at(20, 14, 0), at(21, 17, 30)
	reminder := all(record.NotifyReminder, approver, 3, at(20, 11, 0))
	reminder.Revision, reminder.Quote, reminder.AnswerBy, reminder.ExpiresAt = 1, &work, at(20, 14, 0), at(21, 17, 30)
	answer := all(record.NotifyDecision, noor, 4, at(20, 11, 30))
	answer.Revision, answer.Quote, answer.AnswerBy, answer.ExpiresAt = 1, &work, at(20, 14, 0), at(21, 17, 30)
	answer.Decision, answer.Answers, answer.Method, answer.Evidence = repair.PartlyApproved, answers, repair.ByPage, words
	message := all(record.NotifyMessage, noor, 5, at(20, 12, 0))
	message.MessageKind, message.Text, message.From, message.WrittenAt = repair.Text, words, customer, at(20, 12, 0)
	ready := all(record.NotifyCompleted, customer, 6, at(20, 16, 30))
	ready.Mechanic, ready.Total, ready.Text = sam, 64000, words
	for _, r := range []*record.NotificationRequested{answer, message, ready} {
		r.Done, r.Declined, r.ApprovedTotal = []record.DoneLine{agreed[0], brakes}, []record.DoneLine{wipers}, 63700
	}

	for _, want := range []*record.NotificationRequested{begun, later, required, reminder, answer, message, ready} {
		got := first(w, want.Kind)
		if !repair.ValidID(got.NotificationID) || got.GarageID != "de-brug" || !got.OccurredAt.Equal(want.FirstRequestedAt) ||
			got.CausationID == "" || got.CorrelationID != "c1" {
			t.Errorf("%s: id %q, header %+v", want.Kind, got.NotificationID, got.Header)
		}
		want.Header, want.NotificationID = got.Header, got.NotificationID
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", want.Kind, diff)
		}
	}
}

// A job that was rejected and approved later is done, not declined.
func TestApprovedLater(t *testing.T) {
	w := asked(t)
	w.event(at(20, 10, 30), customer, decided(1, repair.Reject, repair.Reject))
	again := request(2)
	again.Quote.Lines = again.Quote.Lines[:1]
	w.event(at(20, 11, 0), noor, again)
	w.event(at(20, 11, 30), customer, decided(2, repair.Approve))
	w.event(at(20, 12, 0), sam, &repair.RepairCompleted{})
	got := w.newest(record.NotifyCompleted)
	if diff := cmp.Diff([]record.DoneLine{{Title: "brakes", Total: 34800}}, got.Done); diff != "" {
		t.Errorf("done: -want +got\n%s", diff)
	}
	if diff := cmp.Diff([]record.DoneLine{{Title: "wipers", Total: 3995}}, got.Declined); diff != "" {
		t.Errorf("declined: -want +got\n%s", diff)
	}
}
