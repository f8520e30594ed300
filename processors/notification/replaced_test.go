package notification

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// A request that replaces another says so to whom the other was told, and to nobody else.
func TestAReplacingRevisionSaysWhatItReplaces(t *testing.T) {
	ask := func(w *world, minute int, revision int32) {
		e := request(revision)
		e.Quote.Lines = e.Quote.Lines[:1]
		e.Quote.Lines[0].Title = strconv.Itoa(int(revision))
		w.event(at(20, 10, minute), noor, e)
	}
	// one is a repair about which everything has arrived, but for the request of revision 1.
	one := func(t rapid.TB) *world {
		w := started(t).allArrive(at(20, 9, 0))
		ask(w, 0, 1)
		return w
	}
	arrives := func(w *world, minute int) {
		w.accepted(at(20, 10, minute), w.newest(record.NotifyApprovalRequired))
	}
	says := func(t *testing.T, w *world, kind record.NotificationKind, revision int32, want ...string) {
		t.Helper()
		r := w.newest(kind)
		var got []string
		for _, j := range r.Replaced {
			got = append(got, j.Title)
			if j.Total != 34800 {
				t.Errorf("at %d", j.Total)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || r.Revision != revision {
			t.Errorf("%s of %d: -want +got\n%s", kind, r.Revision, diff)
		}
	}
	const request, reminder = record.NotifyApprovalRequired, record.NotifyReminder

	t.Run("which had arrived", func(t *testing.T) {
		w := one(t)
		arrives(w, 1)
		ask(w, 10, 2)
		says(t, w, request, 2, "1")
		arrives(w, 10)
		w.until(at(20, 11, 10))
		says(t, w, reminder, 2)
	})
	t.Run("which waits for another try", func(t *testing.T) {
		w := one(t)
		w.deferred(at(20, 10, 10), w.newest(request))
		ask(w, 10, 2)
		says(t, w, request, 2)
	})
	t.Run("which was refused for good", func(t *testing.T) {
		w := one(t)
		w.failed(at(20, 10, 1), w.newest(request))
		ask(w, 10, 2)
		says(t, w, request, 2)
	})
	t.Run("which was under way, and arrives", func(t *testing.T) {
		w := one(t)
		ask(w, 10, 2)
		says(t, w, request, 1) // what replaces it waits to know
		arrives(w, 11)
		says(t, w, request, 2, "1")
	})
	t.Run("which was under way, and is withheld", func(t *testing.T) {
		w := one(t)
		ask(w, 10, 2)
		w.withheld(at(20, 10, 11), w.newest(request), record.Recalled, "replaced")
		says(t, w, request, 2)
	})
	t.Run("the one before it, if it never arrived", func(t *testing.T) {
		w := one(t)
		arrives(w, 1)
		ask(w, 10, 2)
		w.deferred(at(20, 10, 20), w.newest(request))
		ask(w, 20, 3)
		says(t, w, request, 3, "1")
	})
	t.Run("the one before it, which arrives late", func(t *testing.T) {
		w := one(t)
		ask(w, 10, 2)
		ask(w, 20, 3)
		arrives(w, 21)
		says(t, w, request, 3, "1")
	})
	t.Run("not at another address", func(t *testing.T) {
		w := one(t)
		arrives(w, 1)
		ask(w, 10, 2)
		w.event(at(20, 10, 11), desk, &repair.ContactCorrected{Party: repair.TheCustomer, Contact: contact("n", repair.Email)})
		says(t, w, request, 2)
	})
	t.Run("not after an end", func(t *testing.T) {
		w := one(t)
		ask(w, 10, 2)
		w.event(at(20, 10, 11), desk, decided(2, repair.Reject))
		ask(w, 20, 3)
		says(t, w, request, 3)
		arrives(w, 21)
		ask(w, 30, 4)
		says(t, w, request, 4, "3")
	})
	t.Run("one that was never told of is withdrawn in place of it", func(t *testing.T) {
		w := one(t)
		arrives(w, 1)
		ask(w, 10, 2)
		w.deferred(at(20, 10, 20), w.newest(request))
		w.event(at(20, 10, 20), noor, &repair.QuoteWithdrawn{Revision: 2})
		says(t, w, record.NotifyQuoteWithdrawn, 2, "1")
	})
	t.Run("one that arrives after all is withdrawn", func(t *testing.T) {
		w := one(t)
		ask(w, 10, 2)
		w.event(at(20, 10, 20), noor, &repair.QuoteWithdrawn{Revision: 2})
		expect(t, w.accepted(at(20, 10, 21), w.newest(request)), "quote_withdrawn to customer (2)")
		says(t, w, record.NotifyQuoteWithdrawn, 2, "1")
	})
	t.Run("one that replaced it, and arrives after all, is withdrawn itself", func(t *testing.T) {
		w := one(t)
		arrives(w, 1)
		ask(w, 10, 2)
		w.event(at(20, 10, 20), noor, &repair.QuoteWithdrawn{Revision: 2})
		arrives(w, 21)
		says(t, w, record.NotifyQuoteWithdrawn, 2)
	})
}

// A corrected address of the customer's is told the newest that still matters.
func TestACorrectedAddressIsToldTheNewest(t *testing.T) {
	corrects := func(w *world) []string {
		return w.event(at(20, 12, 0), desk, &repair.ContactCorrected{Party: repair.TheCustomer, Contact: contact("new", repair.Email, repair.Phone)})
	}
	later := func(w *world) {
		w.event(at(20, 10, 0), sam, &repair.ReadyTimeChanged{Previous: at(20, 16, 0), ReadyAt: at(20, 17, 0)})
	}
	completed := func(w *world) {
		w.event(at(20, 11, 0), sam, &repair.RepairCompleted{Total: 64000, Reason: repair.Personal{Bytes: []byte("why")}})
	}
	for _, c := range []struct {
		name  string
		given func(w *world)
		want  []string
	}{
		{"nothing but that work began", func(*world) {}, nil},
		{"ready later", later, []string{"ready_later to customer"}},
		{"a promise that moved back", func(w *world) {
			later(w)
			w.event(at(20, 10, 30), sam, &repair.ReadyTimeChanged{Previous: at(20, 17, 0), ReadyAt: at(20, 16, 0)})
		}, nil},
		{"a promise that is over", func(w *world) {
			w.event(at(20, 10, 0), sam, &repair.ReadyTimeChanged{Previous: at(20, 11, 0), ReadyAt: at(20, 11, 30)})
		}, nil},
		{"a request, rather than what was promised", func(w *world) {
			later(w)
			w.event(at(20, 11, 0), noor, request(1))
		}, []string{"approval_required to customer (1)"}},
		{"ready", func(w *world) { later(w); completed(w) }, []string{"repair_completed to customer"}},
		{"ready, in history", func(w *world) { e := &repair.RepairCompleted{}; w.event(at(20, 11, 0), sam, late(&e.Fact, false, e)) }, nil},
		{"collected", func(w *world) { completed(w); w.event(at(20, 11, 30), desk, &repair.VehicleCollected{}) }, nil},
		{"cancelled", func(w *world) { later(w); w.event(at(20, 11, 0), desk, &repair.RepairCancelled{}) }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := started(t)
			c.given(w)
			w.allArrive(at(20, 11, 59))
			expect(t, corrects(w), c.want...)
		})
	}
	t.Run("with all that it said", func(t *testing.T) {
		w := started(t)
		completed(w)
		w.allArrive(at(20, 11, 59))
		old := w.newest(record.NotifyCompleted)
		corrects(w)
		r := w.newest(record.NotifyCompleted)
		if r.NotificationID == old.NotificationID || r.Contact.ID != "new" || r.RestsOn != old.RestsOn || r.Sequence != 3 || r.Total != 64000 || string(r.Text.Bytes) != "why" {
			t.Errorf("told: %+v", r)
		}
	})
	t.Run("whatever becomes of what is on its way to the old one", func(t *testing.T) {
		for _, fate := range []string{"accepted", "withheld", "deferred", "failed"} {
			w := started(t).allArrive(at(20, 9, 1))
			completed(w)
			old := w.newest(record.NotifyCompleted)
			expect(t, corrects(w), "recall repair_completed to customer: contact_corrected", "repair_completed to customer")
			passed := []string{"no repair_completed to customer: moment_passed contact_corrected"}
			switch fate {
			case "accepted":
				expect(t, w.accepted(at(20, 12, 1), old))
			case "withheld":
				expect(t, w.withheld(at(20, 12, 1), old, record.Recalled, "contact_corrected"), passed...)
			case "deferred":
				expect(t, w.deferred(at(20, 12, 1), old), passed...)
			case "failed":
				expect(t, w.failed(at(20, 12, 1), old))
			}
		}
	})
	t.Run("of a driver, while another decides", func(t *testing.T) {
		w := newWorld(t, garagetest.Sample(t))
		other := contact("a", repair.Email)
		w.event(at(20, 9, 0), sam, &repair.RepairStarted{Customer: contact("c", repair.Email), Approver: &other})
		later(w)
		w.event(at(20, 11, 0), noor, request(1))
		w.allArrive(at(20, 11, 59))
		expect(t, corrects(w), "ready_later to customer")
	})
}
