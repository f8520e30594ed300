package notification

import (
	"testing"

	"pgregory.net/rapid"

	"pitstop/schemas/garage"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/repair"
)

// Who is told what of each event, row by row.
func TestTold(t *testing.T) {
	email := contact("a", repair.Email)
	leased := func(t rapid.TB) *world {
		w := newWorld(t, garagetest.Sample(t))
		w.event(at(20, 9, 0), sam, &repair.RepairStarted{Customer: contact("c", repair.Email), Approver: &email})
		return w
	}
	leasedAsked := func(t rapid.TB) *world {
		w := leased(t)
		w.event(at(20, 10, 0), noor, request(1))
		return w
	}
	for _, c := range []struct {
		name  string
		given func(rapid.TB) *world
		by    repair.Actor
		event repair.Event
		want  []string
	}{
		{"approval required", started, noor, request(1), []string{"approval_required to customer (1)"}},
		{"approval required, of the approver", leased, noor, request(1), []string{"approval_required to approver (1)"}},
		{"again for a new revision", asked, noor, request(2), []string{
			"no approval_reminder to customer (1): moment_passed replaced", "approval_required to customer (2)",
		}},
		{"decision", asked, customer, decided(1), []string{
			"no approval_reminder to customer (1): moment_passed decided", "decision to mechanic noor (1)",
		}},
		{"expiry", asked, system, &repair.QuoteExpired{Revision: 1}, []string{
			"no approval_reminder to customer (1): moment_passed expired", "expiry to mechanic noor (1)",
		}},
		{"withdrawn", asked, noor, &repair.QuoteWithdrawn{Revision: 1}, []string{
			"no approval_reminder to customer (1): moment_passed withdrawn", "quote_withdrawn to customer (1)",
		}},
		{"withdrawn, to who was asked", leasedAsked, noor, &repair.QuoteWithdrawn{Revision: 1}, []string{
			"no approval_reminder to approver (1): moment_passed withdrawn", "quote_withdrawn to approver (1)",
		}},
		{"ready later", started, sam, &repair.ReadyTimeChanged{Previous: at(20, 16, 0), ReadyAt: at(20, 17, 0)}, []string{"ready_later to customer"}},
		{"ready earlier", started, sam, &repair.ReadyTimeChanged{Previous: at(20, 16, 0), ReadyAt: at(20, 15, 0)}, nil},
		{"first promise", started, sam, &repair.ReadyTimeChanged{ReadyAt: at(20, 17, 0)}, nil},
		{"completed", started, sam, &repair.RepairCompleted{}, []string{"repair_completed to customer"}},
		{"completed, to the driver", leased, sam, &repair.RepairCompleted{}, []string{"repair_completed to customer"}},
		{"cancelled while asking", asked, sam, &repair.RepairCancelled{}, []string{
			"no approval_reminder to customer (1): moment_passed cancelled", "quote_withdrawn to customer (1)",
		}},
		{"cancelled while asking, to who was asked", leasedAsked, sam, &repair.RepairCancelled{}, []string{
			"no approval_reminder to approver (1): moment_passed cancelled", "quote_withdrawn to approver (1)",
		}},
		{"cancelled", started, sam, &repair.RepairCancelled{}, nil},
		{"viewed", asked, customer, &repair.QuoteViewed{Revision: 1}, nil},
		{"customer's message", started, customer, says(repair.Text), []string{"message to mechanic sam", "message to customer_service"}},
		{"mechanic's message", started, sam, says(repair.Text), []string{"message to customer"}},
		{"customer service's message", started, desk, says(repair.Text), []string{"message to customer"}},
		{"mechanic's message to the driver", leasedAsked, sam, says(repair.Text), []string{"message to customer"}},
		{"note", started, desk, says(repair.Note), nil},
		{"fresh link", started, desk, &repair.LinkRequested{Party: repair.TheCustomer}, []string{"link to customer"}},
		{"fresh link, to who decides", started, desk, &repair.LinkRequested{Party: repair.TheApprover}, []string{"link to customer"}},
		{"fresh link, to the approver", leased, desk, &repair.LinkRequested{Party: repair.TheApprover}, []string{"link to approver"}},
		{"fresh link, to the driver", leased, desk, &repair.LinkRequested{Party: repair.TheCustomer}, []string{"link to customer"}},
		{"links revoked", asked, desk, &repair.LinksRevoked{}, nil},
		{"callback", started, customer, says(repair.Callback), []string{
			"call customer: requested", "message to mechanic sam", "message to customer_service",
		}},
		{"callback while asking", leasedAsked, approver, says(repair.Callback), []string{
			"no approval_reminder to approver (1): moment_passed callback",
			"call approver: requested", "message to mechanic noor", "message to customer_service",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := c.given(t).allArrive(at(20, 10, 1))
			expect(t, w.event(at(20, 10, 30), c.by, c.event), c.want...)
		})
	}
}

func TestRepairStarted(t *testing.T) {
	for _, c := range []struct {
		name    string
		contact repair.Contact
		want    string
	}{
		{"by mail", contact("c", repair.Email), "repair_started to customer"},
		{"without an address", contact("c", repair.Phone), "no repair_started to customer: no_address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, garagetest.Sample(t))
			expect(t, w.event(at(20, 9, 0), sam, &repair.RepairStarted{Customer: c.contact}), c.want)
		})
	}
}

// The garage's answer goes to whoever wrote.
func TestReplyGoesToTheWriter(t *testing.T) {
	w := newWorld(t, garagetest.Sample(t))
	other := contact("a", repair.Email)
	w.event(at(20, 9, 0), sam, &repair.RepairStarted{Customer: contact("c", repair.Email), Approver: &other})
	w.event(at(20, 9, 5), approver, says(repair.Text))
	expect(t, w.event(at(20, 9, 10), sam, says(repair.Text)), "message to approver")
	w.event(at(20, 9, 15), customer, says(repair.Text))
	expect(t, w.event(at(20, 9, 20), sam, says(repair.Text)), "message to customer")
}

// Somebody of the garage is told, or it is recorded that nobody could be.
func TestStaffWithoutAnAddress(t *testing.T) {
	start := &repair.RepairStarted{Customer: contact("c", repair.Email)}
	ask := request(1)
	ask.AskedBy = partner
	t.Run("customer service stands in", func(t *testing.T) {
		w := newWorld(t, garagetest.Sample(t))
		w.event(at(20, 9, 0), partner, start)
		expect(t, w.event(at(20, 9, 5), customer, says(repair.Text)), "message to customer_service")
		w.event(at(20, 10, 0), partner, ask)
		w.allArrive(at(20, 10, 1))
		expect(t, w.event(at(20, 10, 5), customer, decided(1))[1:], "decision to customer_service (1)")
	})
	t.Run("nobody", func(t *testing.T) {
		profile := *garagetest.Sample(t).Garages()[0]
		profile.Staff = garage.Staff{}
		book, err := garage.NewBook(profile)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, book)
		w.event(at(20, 9, 0), partner, start)
		w.event(at(20, 10, 0), partner, ask)
		w.allArrive(at(20, 10, 1))
		expect(t, w.event(at(20, 10, 5), customer, decided(1))[1:], "no decision to integrator dms (1): no_address")
	})
}
