package repair_test

import (
	"strings"
	"testing"
	"time"

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
		}, 599, "has had 600 events"},
		"revocations":   {func(int) repair.Command { return &repair.RevokeLinks{} }, 699, "has had 700 events"},
		"long messages": {func(int) repair.Command { return message(20_000) }, 12, "240020 bytes of at most 250000"},
		"long quotes":   {func(int) repair.Command { return quote(9_000) }, 27, "243047 bytes of at most 250000"},
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
				must(t, &r, from(&repair.WithdrawQuote{Revision: r.OpenRevision(), Reason: text(8000)}, sam, noon))
			}
			must(t, &r, from(&repair.CompleteRepair{Total: 1}, sam, noon))
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

func must(t *testing.T, r *repair.Repair, c repair.Command) {
	t.Helper()
	if _, v := r.Handle(c); v.Code != "" {
		t.Fatalf("%T is refused: %s", c, v.Detail)
	}
}
