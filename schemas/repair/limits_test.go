package repair_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pitstop/schemas/repair"
)

// A repair takes only so many events, quotes and bytes of text of those that anybody can
// repeat; then it says so, and can still be brought to its end.
func TestWhatARepairPilesUpIsBounded(t *testing.T) {
	text := func(n int) repair.Personal { return repair.Personal{Bytes: make([]byte, n)} }
	message := func(n int) repair.Command {
		return &repair.PostMessage{Kind: repair.Text, Text: text(n), TextGiven: true}
	}
	quote := func(title int) repair.Command {
		line := wipers
		line.Title = strings.Repeat("x", title)
		return &repair.RequestApproval{Work: work(line), ExpiresAt: noon.Add(time.Hour)}
	}
	for name, test := range map[string]struct {
		repeat func(i int) repair.Command
		times  int // how often it is accepted
		says   string
	}{
		"messages": {func(int) repair.Command { return message(1) }, 499, "has had 500 events"},
		"quotes":   {func(int) repair.Command { return quote(10) }, 50, "has had 50 quotes"},
		"promises": {func(i int) repair.Command {
			return &repair.ChangeReadyTime{ReadyAt: noon.Add(time.Duration(i) * time.Hour)}
		}, 599, "has had 600 events"},
		"contacts": {func(int) repair.Command {
			return &repair.CorrectContact{Party: repair.TheCustomer, Contact: repair.Contact{Personal: text(1)}}
		}, 999, "has had 1000 events"},
		"fresh links":   {func(int) repair.Command { return &repair.RequestLink{Party: repair.TheCustomer} }, 699, "has had 700 events"},
		"revocations":   {func(int) repair.Command { return &repair.RevokeLinks{} }, 799, "has had 800 events"},
		"long messages": {func(int) repair.Command { return message(20_000) }, 12, "bytes of at most 250000"},
		"long quotes":   {func(int) repair.Command { return quote(9_000) }, 27, "bytes of at most 250000"},
	} {
		t.Run(name, func(t *testing.T) {
			var r repair.Repair
			must(t, &r, start(noon))
			accepted := 0
			for i := 1; ; i++ {
				_, v := r.Handle(from(test.repeat(i), sam, noon))
				if v.Code == "" {
					accepted++
					continue
				}
				if v.Code != repair.IllegalState || !strings.Contains(v.Detail, test.says) || !strings.Contains(v.Detail, "start another repair") {
					t.Errorf("it is refused as %s: %q", v.Code, v.Detail)
				}
				break
			}
			if accepted != test.times {
				t.Errorf("accepted %d times, want %d", accepted, test.times)
			}
			if r.OpenRevision() > 0 {
				must(t, &r, from(&repair.WithdrawQuote{Revision: r.OpenRevision(), Reason: text(2000)}, sam, noon))
			}
			if name != "contacts" {
				must(t, &r, from(&repair.CorrectContact{Party: repair.TheCustomer, Contact: repair.Contact{Personal: text(1000)}}, sam, noon))
			}
			must(t, &r, from(&repair.CompleteRepair{Total: 1, Reason: text(2000)}, sam, noon))
			must(t, &r, from(&repair.CollectVehicle{}, sam, noon))
		})
	}
	var r repair.Repair
	must(t, &r, start(noon))
	if _, v := r.Handle(from(message(250_001), sam, noon)); v.Code != repair.Invalid {
		t.Errorf("a message of more than a repair may have is %q", v.Code)
	}
}

// Whoever holds a link cannot use up what the garage needs: to write, to ask, and to correct
// the address that the link went to.
func TestALinkHolderCannotFillTheRepair(t *testing.T) {
	for name, size := range map[string]int{"many messages": 1, "long messages": 20_000} {
		t.Run(name, func(t *testing.T) {
			var r repair.Repair
			must(t, &r, start(noon))
			for i := 0; ; i++ {
				c := from(&repair.PostMessage{Kind: repair.Text, Text: repair.Personal{Bytes: make([]byte, size)}, TextGiven: true}, customer, noon)
				if _, v := r.Handle(c); v.Code == repair.IllegalState && strings.Contains(v.Detail, "call the garage") {
					break
				} else if v.Code != "" || i > 200 {
					t.Fatalf("message %d: %s %q", i, v.Code, v.Detail)
				}
			}
			must(t, &r, from(&repair.PostMessage{Kind: repair.Text, Text: repair.Personal{Bytes: make([]byte, 8000)}, TextGiven: true}, sam, noon))
			must(t, &r, from(&repair.RequestApproval{Work: work(wipers), ExpiresAt: noon.Add(time.Hour)}, sam, noon))
			must(t, &r, from(&repair.CorrectContact{Party: repair.TheCustomer, Contact: repair.Contact{ID: "right"}}, sam, noon))
			must(t, &r, from(&repair.RequestLink{Party: repair.TheCustomer}, sam, noon))
		})
	}
}

// What is kept of a decision counts as well: its remarks are refused where they no longer
// fit, those of whoever holds a link before they use up the garage's room. Without them
// it is always taken; so is an end without its reason.
func TestRemarksAreBounded(t *testing.T) {
	bytes := func(n int) repair.Personal { return repair.Personal{Bytes: make([]byte, n)} }
	answers := []repair.Answer{{Line: 1, Answer: repair.Approve}}
	for name, test := range map[string]struct {
		end   func(revision int32, words int) repair.Command
		times int // how often one of 10,000 bytes is accepted
		says  string
	}{
		"the customer's remarks": {func(n int32, words int) repair.Command {
			return from(&repair.DecideQuote{Revision: n, Answers: answers, TotalSeen: 3995, Method: repair.ByPage, Evidence: bytes(words)}, customer, noon)
		}, 5, "of at most 60000; leave the remarks out, since 2000 bytes always fit"},
		"what was said at the counter": {func(n int32, words int) repair.Command {
			return from(&repair.DecideQuote{Revision: n, Answers: answers, TotalSeen: 3995, Method: repair.AtCounter, Evidence: bytes(words)}, desk, noon)
		}, 24, "leave the remarks out, since 2000 bytes always fit"},
		"withdrawals": {func(n int32, words int) repair.Command {
			return from(&repair.WithdrawQuote{Revision: n, Reason: bytes(words)}, sam, noon)
		}, 24, "shorten the reason, since 2000 bytes always fit"},
	} {
		t.Run(name, func(t *testing.T) {
			var r repair.Repair
			must(t, &r, start(noon))
			for n := int32(1); n <= 50; n++ {
				if _, v := r.Handle(from(&repair.RequestApproval{Work: work(wipers), ExpiresAt: noon.Add(time.Hour)}, sam, noon)); v.Code != "" && int(n) > test.times+1 {
					break // 2,000 bytes each have filled it
				}
				_, v := r.Handle(test.end(n, 10_000))
				if v.Code == "" {
					if int(n) > test.times {
						t.Fatalf("it is accepted %d times, want %d", n, test.times)
					}
					continue
				}
				if v.Code != repair.IllegalState || !strings.Contains(v.Detail, test.says) || int(n) <= test.times {
					t.Fatalf("number %d is refused as %s: %q, want %q", n, v.Code, v.Detail, test.says)
				}
				must(t, &r, test.end(n, 2000))
			}
			must(t, &r, from(&repair.CancelRepair{Reason: bytes(2000)}, sam, noon))
		})
	}
}

// What fits always is counted with the id of the key that closes it; and what a customer is
// told of what they wrote, with the remarks that were among it.
func TestWhatIsCounted(t *testing.T) {
	sealed := func(key, words int) repair.Personal {
		return repair.Personal{KeyID: strings.Repeat("k", key), Bytes: make([]byte, words)}
	}
	decide := func(n int32, remarks repair.Personal) repair.Command {
		return from(&repair.DecideQuote{Revision: n, Answers: []repair.Answer{{Line: 1, Answer: repair.Approve}}, TotalSeen: 3995, Method: repair.ByPage, Evidence: remarks}, customer, noon)
	}
	write := func(by repair.Actor, words int) repair.Command {
		return from(&repair.PostMessage{Kind: repair.Text, Text: sealed(0, words), TextGiven: true}, by, noon)
	}
	var r repair.Repair
	must(t, &r, start(noon))
	ask := func() {
		must(t, &r, from(&repair.RequestApproval{Work: work(wipers), ExpiresAt: noon.Add(time.Hour)}, sam, noon))
	}
	ask()
	must(t, &r, decide(1, sealed(0, 40_000)))
	ask()
	must(t, &r, write(customer, 19_000))
	_, v := r.Handle(write(customer, 1_000))
	if !strings.Contains(v.Detail, "has written 1 messages, and 59") || !strings.Contains(v.Detail, " bytes with the remarks on quotes") {
		t.Errorf("a message too many is refused: %q", v.Detail)
	}
	if _, v := r.Handle(decide(2, sealed(501, 1_500))); v.Code != repair.IllegalState {
		t.Errorf("remarks of 2,001 bytes with their key's id are %q", v.Code)
	}
	must(t, &r, decide(2, sealed(500, 1_500)))

	before := r.Texts
	must(t, &r, write(sam, 10))
	short := r.Texts - before
	must(t, &r, write(repair.Actor{Role: sam.Role, ID: sam.ID + strings.Repeat("x", 200)}, 10))
	if long := r.Texts - before - short; long != short+200 {
		t.Errorf("a message takes %d bytes, and %d of somebody whose id is 200 bytes longer", short, long)
	}
}

// A wrong address can always be corrected, whatever others have repeated for as long as it
// was taken; one contact is of a size, and so is what says who sent a command.
func TestAWrongAddressCanAlwaysBeCorrected(t *testing.T) {
	contact := func(n int) repair.Contact { return repair.Contact{Personal: repair.Personal{Bytes: make([]byte, n)}} }
	rapid.Check(t, func(rt *rapid.T) {
		var r repair.Repair
		must(t, &r, start(noon))
		times := 0
		repeated := []func() repair.Command{
			func() repair.Command {
				return from(&repair.PostMessage{Kind: repair.Text, Text: repair.Personal{Bytes: make([]byte, 5000)}, TextGiven: true}, customer, noon)
			},
			func() repair.Command {
				return from(&repair.PostMessage{Kind: repair.Note, Text: repair.Personal{Bytes: make([]byte, 100)}, TextGiven: true}, sam, noon)
			},
			func() repair.Command {
				return from(&repair.RequestApproval{Work: work(wipers), ExpiresAt: noon.Add(time.Hour)}, sam, noon)
			},
			func() repair.Command {
				return from(&repair.DecideQuote{
					Revision: r.OpenRevision(), Answers: []repair.Answer{{Line: 1, Answer: repair.Approve}}, TotalSeen: 3995, Method: repair.ByPage,
					Evidence: repair.Personal{Bytes: make([]byte, 1500)},
				}, customer, noon)
			},
			func() repair.Command {
				times++
				return from(&repair.ChangeReadyTime{ReadyAt: noon.Add(time.Duration(times) * time.Minute)}, sam, noon)
			},
			func() repair.Command { return from(&repair.RequestLink{Party: repair.TheCustomer}, desk, noon) },
			func() repair.Command { return from(&repair.RevokeLinks{}, desk, noon) },
		}
		link := func(c repair.Command) repair.Command { return through(r.Sequence, c) }
		for range rapid.IntRange(5, 20).Draw(rt, "phases") {
			again := rapid.SampledFrom(repeated).Draw(rt, "what")
			for range rapid.IntRange(1, 900).Draw(rt, "times") {
				if _, v := r.Handle(link(again())); v.Code != "" {
					break
				}
			}
		}
		for range 90 {
			must(t, &r, from(&repair.CorrectContact{Party: repair.TheCustomer, Contact: contact(3900)}, desk, noon))
		}
	})
	long := strings.Repeat("x", 256)
	for name, test := range map[string]struct {
		command repair.Command
		pointer string
	}{
		"a customer":       {from(&repair.StartRepair{Agreed: work(service), Customer: contact(4001)}, sam, noon), "/customer"},
		"an approver":      {from(&repair.StartRepair{Agreed: work(service), Approver: new(contact(4001))}, sam, noon), "/approver"},
		"a correction":     {from(&repair.CorrectContact{Party: repair.TheCustomer, Contact: contact(4001)}, sam, noon), "/contact"},
		"an unknown field": {from(&repair.CorrectContact{Party: repair.TheCustomer, Fields: []repair.ContactField{"name", "shoe_size"}}, sam, noon), "/fields/1"},
		"a sender":         {from(&repair.RevokeLinks{}, repair.Actor{Role: repair.Mechanic, ID: long}, noon), "/actor/id"},
		"a role":           {from(&repair.RevokeLinks{}, repair.Actor{Role: repair.Role(long)}, noon), "/actor/role"},
		"a chain":          {chained(from(&repair.RevokeLinks{}, sam, noon)), "/correlation_id"},
	} {
		var r repair.Repair
		if _, starts := test.command.(*repair.StartRepair); !starts {
			must(t, &r, start(noon))
		}
		if _, v := r.Handle(test.command); v.Code != repair.Invalid || len(v.Errors) != 1 || v.Errors[0].Pointer != test.pointer {
			t.Errorf("%s: %s %v, want a mistake at %s", name, v.Code, v.Errors, test.pointer)
		}
	}
}

func chained(c repair.Command) repair.Command {
	c.Head().CorrelationID = strings.Repeat("x", repair.IDBytes+1)
	return c
}

func must(t *testing.T, r *repair.Repair, c repair.Command) {
	t.Helper()
	if _, v := r.Handle(c); v.Code != "" {
		t.Fatalf("%T is refused: %s", c, v.Detail)
	}
}
