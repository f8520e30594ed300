package query

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// TestRepair checks what is shown of every story that a repair can have, of the repair
// itself and in the list.
func TestRepair(t *testing.T) {
	d := newDB(t)
	const hour = time.Hour
	type quote struct {
		Status   repair.QuoteStatus
		Decision repair.Decision
		Approved int64
		Answers  string
	}
	for _, tc := range []struct {
		name   string
		story  func(*story)
		state  repair.State
		waits  readmodel.WaitingFor
		quotes []quote
	}{
		{"started", func(*story) {}, repair.InProgress, readmodel.ForMechanic, nil},
		{"asked", func(s *story) { s.Ask(sam) }, repair.AwaitingApproval, readmodel.ForCustomer, []quote{{repair.StatusOpen, "", 0, ", "}}},
		{
			"approved", func(s *story) { s.Ask(sam).Decide(customer, repair.ByPage, repair.Approve, repair.Approve) },
			repair.InProgress, readmodel.ForMechanic,
			[]quote{{repair.StatusDecided, repair.Approved, 38795, "approve, approve"}},
		},
		{
			"partly approved", func(s *story) { s.Ask(sam).Decide(customer, repair.ByPage, repair.Approve, repair.Reject) },
			repair.InProgress, readmodel.ForMechanic,
			[]quote{{repair.StatusDecided, repair.PartlyApproved, 34800, "approve, reject price"}},
		},
		{
			"rejected", func(s *story) { s.Ask(sam).Decide(desk, repair.ByPhone, repair.Reject, repair.Reject) },
			repair.InProgress, readmodel.ForMechanic,
			[]quote{{repair.StatusDecided, repair.Rejected, 0, "reject price, reject price"}},
		},
		{
			"expired", func(s *story) { s.Ask(sam).After(24 * hour).Expire() },
			repair.InProgress, readmodel.ForMechanic,
			[]quote{{repair.StatusExpired, "", 0, ", "}},
		},
		{
			"withdrawn", func(s *story) {
				s.Ask(sam).Must(sam, &repair.WithdrawQuote{Revision: 1, Reason: s.Text("verkeerd onderdeel")})
			},
			repair.InProgress, readmodel.ForMechanic,
			[]quote{{repair.StatusWithdrawn, "", 0, ", "}},
		},
		{
			"replaced", func(s *story) {
				s.Ask(sam).After(hour).Ask(kim).Decide(customer, repair.ByPage, repair.Reject, repair.Approve)
			},
			repair.InProgress, readmodel.ForMechanic,
			[]quote{{repair.StatusReplaced, "", 0, ", "}, {repair.StatusDecided, repair.PartlyApproved, 3995, "reject price, approve"}},
		},
		{
			"cancelled", func(s *story) { s.Ask(sam).Must(desk, &repair.CancelRepair{}) },
			repair.Cancelled, readmodel.ForNobody,
			[]quote{{repair.StatusCancelled, "", 0, ", "}},
		},
		{"completed", func(s *story) { s.Must(sam, &repair.CompleteRepair{Total: 28900}) }, repair.Completed, readmodel.ForNobody, nil},
		{
			"asked after completion", func(s *story) {
				s.Must(sam, &repair.CompleteRepair{Total: 28900}).Say(customer, repair.Text, "Tot hoe laat bent u open?")
			}, repair.Completed, readmodel.ForMechanic, nil,
		},
		{
			"collected", func(s *story) {
				s.Must(sam, &repair.CompleteRepair{Total: 28900}).Must(desk, &repair.CollectVehicle{})
			}, repair.Collected, readmodel.ForNobody, nil,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := d.Story("brug", tc.name).Start("K482TR", "J. de Vries").After(hour)
			tc.story(s)
			d.Write(s.Records...)

			r, err := d.Repair(t.Context(), readmodel.SightOf([]string{"noord", "brug"}, repair.CustomerService), s.ID)
			must(t, err)
			if r.State != tc.state || r.WaitingFor != tc.waits || r.Sequence != s.State.Sequence {
				t.Errorf("it is %s at %d and waits for %s, want %s at %d for %s", r.State, r.Sequence, r.WaitingFor, tc.state, s.State.Sequence, tc.waits)
			}
			var quotes []quote
			for _, q := range r.Quotes {
				text := ""
				for i, l := range q.Lines {
					if i > 0 {
						text += ", "
					}
					text += string(l.Answer)
					if l.Reason != "" {
						text += " " + string(l.Reason)
					}
				}
				quotes = append(quotes, quote{q.Status, q.Decision, q.ApprovedTotal, text})
				if q.Total != 38795 || len(q.VAT) != 1 || q.VAT[0].Amount != 6733 {
					t.Errorf("quote %d comes to %d with VAT %v", q.Revision, q.Total, q.VAT)
				}
				if (q.ClosedAt == nil) != (q.Status == repair.StatusOpen) {
					t.Errorf("quote %d is %s and closed at %v", q.Revision, q.Status, q.ClosedAt)
				}
			}
			if diff := cmp.Diff(tc.quotes, quotes); diff != "" {
				t.Errorf("quotes (-want +got):\n%s", diff)
			}

			page, err := d.Repairs(t.Context(), readmodel.RepairFilter{Garages: []string{"brug"}, Limit: 100})
			must(t, err)
			want := readmodel.RepairItem{
				RepairID: r.RepairID, GarageID: r.GarageID, ExternalRef: r.ExternalRef, State: r.State, Sequence: r.Sequence,
				WaitingFor: r.WaitingFor, Vehicle: r.Vehicle, Customer: r.Customer.Name, Mechanic: r.Mechanic,
				StartedAt: r.StartedAt, LastAt: s.State.LastAt,
			}
			for _, item := range page.Items {
				if item.RepairID == s.ID {
					if diff := cmp.Diff(want, item); diff != "" {
						t.Errorf("the list says otherwise (-repair +item):\n%s", diff)
					}
					return
				}
			}
			t.Error("the list does not have it")
		})
	}
}

func TestRepairShowsEverythingKnown(t *testing.T) {
	d := newDB(t)
	s := d.Story("brug", "1").Start("K482TR", "J. de Vries").After(time.Hour).Ask(sam)
	s.After(time.Minute).Must(customer, &repair.RecordView{Revision: 1})
	s.After(time.Minute).Decide(desk, repair.ByPhone, repair.Approve, repair.Reject)
	s.Say(customer, repair.Text, "Kan het <vandaag>?").Say(kim, repair.Note, "Kim belt").Say(sam, repair.Text, "Ja")
	s.Must(sam, &repair.ChangeReadyTime{ReadyAt: monday.Add(8 * time.Hour)})
	s.Must(desk, &repair.CorrectContact{Party: repair.TheApprover, Contact: repair.Contact{
		ID: "lease", Personal: s.Seal(&repair.ContactDetails{Name: "Lease BV", Email: "lease@example.nl"}),
	}})
	s.After(time.Hour).Must(kim, &repair.CompleteRepair{Total: 63700, ReasonGiven: true, Reason: s.Text("Zoals besproken.")})
	d.Write(s.Records...)

	r, err := d.Repair(t.Context(), readmodel.SightOf([]string{"brug"}, repair.CustomerService), s.ID)
	must(t, err)
	asked, completed, ready, total := monday.Add(time.Hour), monday.Add(2*time.Hour+2*time.Minute), monday.Add(8*time.Hour), int64(63700)
	viewed, decided := asked.Add(time.Minute), asked.Add(2*time.Minute)
	line := func(n int32, title string, urgency repair.Urgency, total int64, details ...readmodel.Detail) readmodel.Line {
		return readmodel.Line{Line: n, Title: title, Urgency: urgency, Total: total, Details: details}
	}
	labour := func(quantity string, price int64) readmodel.Detail {
		return readmodel.Detail{Kind: repair.Labour, Quantity: quantity, UnitPrice: price, VAT: repair.VAT21}
	}
	part := func(what, quantity string, price int64) readmodel.Detail {
		return readmodel.Detail{Kind: repair.Part, Description: what, Quantity: quantity, UnitPrice: price, VAT: repair.VAT21}
	}
	brakes := line(1, "Remmen", repair.Safety, 34800, part("Schijven", "2", 6900), part("Blokken", "1", 7200), labour("1.2", 11500))
	brakes.Consequence, brakes.Answer = "Geen APK", repair.Approve
	wipers := line(2, "Ruitenwissers", repair.Advice, 3995, part("", "1", 3995))
	wipers.Answer, wipers.Reason, wipers.Text = repair.Reject, repair.ReasonPrice, "kan wachten"
	want := &readmodel.Repair{
		RepairID: s.ID, GarageID: "brug", ExternalRef: "WO-K482TR", State: repair.Completed, Sequence: 10, WaitingFor: readmodel.ForNobody,
		Vehicle:  readmodel.Vehicle{Plate: "K482TR", Country: "NL", Description: "Volkswagen Golf"},
		Customer: readmodel.Person{ID: "c-K482TR", Name: "J. de Vries", Email: "j@example.nl", Phone: "+31612345678", Language: "nl"},
		Approver: &readmodel.Person{ID: "lease", Name: "Lease BV", Email: "lease@example.nl"},
		Mechanic: "kim", Bay: "3", StartedAt: monday, ReadyAt: &ready, CompletedAt: &completed, Total: &total, TotalReason: "Zoals besproken.",
		Agreed: readmodel.Work{
			Currency: "EUR", PricesIncludeVAT: true, Total: 28900, VAT: []readmodel.VAT{{Rate: repair.VAT21, Amount: 5016}},
			Lines: []readmodel.Line{line(1, "Kleine beurt en APK", "", 28900, labour("1", 28900))},
		},
		Quotes: []readmodel.Quote{{
			Revision: 1, Status: repair.StatusDecided, RequestedAt: asked, AskedBy: "sam", ExpiresAt: asked.Add(24 * time.Hour),
			Work: readmodel.Work{
				Currency: "EUR", PricesIncludeVAT: true, Total: 38795, VAT: []readmodel.VAT{{Rate: repair.VAT21, Amount: 6733}},
				Lines: []readmodel.Line{brakes, wipers},
			},
			ViewedAt: &viewed, ClosedAt: &decided, Decision: repair.PartlyApproved, ApprovedTotal: 34800,
			Method: repair.ByPhone, DecidedBy: "J. de Vries",
		}},
		Messages: []readmodel.Message{
			{At: decided, Kind: repair.Text, From: repair.Customer, Text: "Kan het <vandaag>?"},
			{At: decided, Kind: repair.Note, From: repair.Mechanic, By: "kim", Text: "Kim belt"},
			{At: decided, Kind: repair.Text, From: repair.Mechanic, By: "sam", Text: "Ja"},
		},
		LinksSince: readmodel.LinksSince{Approver: 9}, // corrected, to another address
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("repair (-want +got):\n%s", diff)
	}
	if n, err := d.Sequence(t.Context(), s.ID); n != 10 || err != nil {
		t.Errorf("sequence is %d, %v", n, err)
	}
}

// A reference is known once the repair's first event is in the tables, which a call task
// may precede.
func TestExternalRefs(t *testing.T) {
	d := newDB(t)
	s, other, late := d.Story("brug", "1").Start("K482TR", "J. de Vries"), d.Story("noord", "2").Start("AB12CD", "Een ander"), d.Story("brug", "3")
	late.Start("12-ABC-3", "Jan").Call(record.CallNoAddress, 0)
	d.Write(s.Records...)
	d.Write(other.Records...)
	d.Write(late.Records[len(late.Records)-1])
	refs, _, err := d.ExternalRefs(t.Context(), []string{"brug"}, []string{s.ID, other.ID, late.ID, "nobody"})
	must(t, err)
	if diff := cmp.Diff(map[string]string{s.ID: "WO-K482TR"}, refs); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
	d.Write(late.Records...)
	if refs, _, err = d.ExternalRefs(t.Context(), []string{"brug", "noord"}, []string{other.ID, late.ID}); err != nil || refs[late.ID] != "WO-12-ABC-3" || refs[other.ID] != "WO-AB12CD" {
		t.Errorf("references %v, %v", refs, err)
	}
}

func TestAnotherGaragesRepairDoesNotExist(t *testing.T) {
	d := newDB(t)
	s := d.Story("brug", "1").Start("K482TR", "J. de Vries")
	d.Write(s.Records...)
	for name, read := range map[string]func(garages []string, id string) error{
		"repair": func(g []string, id string) error {
			_, err := d.Repair(t.Context(), readmodel.SightOf(g, repair.CustomerService), id)
			return err
		},
		"timeline": func(g []string, id string) error {
			_, err := d.Timeline(t.Context(), readmodel.SightOf(g, repair.CustomerService), id)
			return err
		},
	} {
		for _, tc := range []struct {
			garages []string
			id      string
		}{{[]string{"noord"}, s.ID}, {[]string{}, s.ID}, {[]string{"brug"}, "nobody"}, {[]string{"') OR 1=1 --"}, s.ID}} {
			if err := read(tc.garages, tc.id); !errors.Is(err, readmodel.ErrNotFound) {
				t.Errorf("%s of %s in %v: %v, want not found", name, tc.id, tc.garages, err)
			}
		}
	}
	for _, garages := range [][]string{{"noord"}, {}} {
		repairs, err := d.Repairs(t.Context(), readmodel.RepairFilter{Garages: garages})
		must(t, err)
		conversations, err := d.Conversations(t.Context(), readmodel.ConversationFilter{Garages: garages})
		must(t, err)
		if len(repairs.Items)+len(conversations.Items) > 0 {
			t.Errorf("the lists of %v show %d repairs and %d conversations", garages, len(repairs.Items), len(conversations.Items))
		}
	}
	if n, err := d.Sequence(t.Context(), "nobody"); n != 0 || err != nil {
		t.Errorf("the sequence of nothing is %d, %v", n, err)
	}
}

func TestOutcome(t *testing.T) {
	d := newDB(t)
	s := d.Story("brug", "1").Start("K482TR", "J. de Vries").Ask(sam)
	s.Decide(desk, repair.ByPhone, repair.Approve, repair.Reject)
	decided := s.Last
	s.Do(sam, &repair.RequestApproval{Work: repair.Work{Currency: "USD"}})
	invalid := s.Last
	duplicate := &repair.Outcome{Command: "DecideQuote", Result: repair.Duplicate, Verdict: repair.Verdict{Code: repair.KeyReused}}
	s.Stamp(&duplicate.Header, desk, decided)
	pending := &repair.CancelRepair{}
	s.Stamp(&pending.Header, desk, "")
	d.Write(append(s.Records, duplicate, pending)...)

	got, err := d.Outcome(t.Context(), decided)
	must(t, err)
	want := &readmodel.CommandOutcome{
		CommandID: decided, RepairID: s.ID, Result: readmodel.Accepted, State: repair.InProgress, Sequence: 3,
		Revision: 1, Decision: repair.PartlyApproved, Sender: desk, GarageID: "brug",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decision (-want +got):\n%s", diff)
	}
	got, err = d.Outcome(t.Context(), invalid)
	must(t, err)
	if got.Result != readmodel.Refused || got.Code != repair.Invalid || len(got.Errors) < 2 || got.Errors[0].Pointer == "" {
		t.Errorf("refusal is %+v", got)
	}
	got, err = d.Outcome(t.Context(), pending.EventID)
	must(t, err)
	if got.Result != readmodel.Pending || got.Sender != desk {
		t.Errorf("a command without outcome is %+v", got)
	}
	if _, err := d.Outcome(t.Context(), "nobody"); !errors.Is(err, readmodel.ErrNotFound) {
		t.Errorf("the outcome of nothing: %v", err)
	}
}
