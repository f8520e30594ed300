package query

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// TestWhoWaits checks the rules of the view conversations one by one. Every step of
// a story is an hour after the one before, from the start of the repair.
func TestWhoWaits(t *testing.T) {
	d := newDB(t)
	ask := func(s *story) { s.Ask(sam) }
	customerSays := func(s *story) { s.Say(customer, repair.Text, "Hoe duur wordt het?") }
	callback := func(s *story) { s.Say(customer, repair.Callback, "").Call(record.CallRequested, 0) }
	staffSays := func(s *story) { s.Say(desk, repair.Text, "Dat zoeken we uit") }
	note := func(s *story) { s.Say(sam, repair.Note, "lastige klant") }
	noAnswer := func(s *story) { s.Call(record.CallNoAnswer, int32(len(s.State.Revisions))) }
	noAddress := func(s *story) { s.Call(record.CallNoAddress, 0) }
	onPage := func(s *story) { s.Decide(customer, repair.ByPage, repair.Approve, repair.Reject) }
	byPhone := func(s *story) { s.Decide(desk, repair.ByPhone, repair.Approve, repair.Reject) }
	withdraw := func(s *story) {
		s.Must(sam, &repair.WithdrawQuote{Revision: int32(len(s.State.Revisions)), Reason: s.Text("")})
	}
	expire := func(s *story) { s.After(24 * time.Hour).Expire() }
	complete := func(s *story) { s.Must(sam, &repair.CompleteRepair{Total: 28900}) }
	collect := func(s *story) { s.Must(desk, &repair.CollectVehicle{}) }
	cancel := func(s *story) { s.Must(desk, &repair.CancelRepair{}) }

	var records []any
	at := make(map[string][]time.Time) // of the start and of each step, by id
	want, names := make(map[string]string), make(map[string]string)
	type steps []func(*story)
	for _, tc := range []struct {
		name  string
		steps steps
		want  string // who waits, and since which step
	}{
		{"nothing happened", steps{}, ""},
		{"a question", steps{customerSays}, "needs-reply 1"},
		{"two questions", steps{customerSays, customerSays}, "needs-reply 1"},
		{"a question answered", steps{customerSays, staffSays}, ""},
		{"a question noted", steps{customerSays, note}, "needs-reply 1"},
		{"a question after the answer", steps{customerSays, staffSays, customerSays, customerSays}, "needs-reply 3"},
		{"a question and completion", steps{customerSays, complete}, ""},
		{"a question and cancellation", steps{customerSays, cancel}, ""},
		{"a question after completion", steps{complete, customerSays}, "needs-reply 2"},
		{"a question before collection", steps{complete, customerSays, collect}, ""},
		{"a question after collection", steps{complete, collect, customerSays}, "needs-reply 3"},
		{"an open quote", steps{ask}, "waiting 1"},
		{"a replaced quote", steps{ask, ask}, "waiting 2"},
		{"a decided quote", steps{ask, onPage}, ""},
		{"a withdrawn quote", steps{ask, withdraw}, ""},
		{"an expired quote", steps{ask, expire}, ""},
		{"a cancelled quote", steps{ask, cancel}, ""},
		{"a second quote", steps{ask, onPage, ask}, "waiting 3"},
		{"a question about a quote", steps{ask, customerSays}, "needs-reply 2, waiting 1"},
		{"no answer", steps{ask, noAnswer}, "waiting 1, call 2 no_answer"},
		{"no answer, then decided", steps{ask, noAnswer, onPage}, ""},
		{"no answer, then expired", steps{ask, noAnswer, expire}, ""},
		{"no answer, then withdrawn", steps{ask, noAnswer, withdraw}, ""},
		{"no answer, then replaced", steps{ask, noAnswer, ask}, "waiting 3"},
		{"no answer, then another quote, no answer", steps{ask, noAnswer, withdraw, ask, noAnswer}, "waiting 4, call 5 no_answer"},
		{"no answer, then staff writes", steps{ask, noAnswer, staffSays}, "waiting 1"},
		{"no answer, then a note", steps{ask, noAnswer, note}, "waiting 1, call 2 no_answer"},
		{"staff wrote before it was a task", steps{ask, staffSays, noAnswer}, "waiting 1, call 3 no_answer"},
		{"a callback", steps{callback}, "needs-reply 1, call 1 requested"},
		{"a callback, then staff writes", steps{callback, staffSays}, ""},
		{"a callback, then decided on the page", steps{ask, callback, onPage}, "needs-reply 2, call 2 requested"},
		{"a callback, then decided by phone", steps{ask, callback, byPhone}, "needs-reply 2"},
		{"two tasks, the earlier one's reason", steps{noAddress, callback}, "needs-reply 2, call 1 no_address"},
		{"completed without an address", steps{func(s *story) { complete(s); noAddress(s) }}, "call 1 no_address"},
		{"completed without an address, collected", steps{func(s *story) { complete(s); noAddress(s) }, collect}, ""},
		{"withdrawn without an address", steps{ask, func(s *story) { withdraw(s); s.Call(record.CallNoAddress, 1) }}, "call 2 no_address"},
		{"a message to nobody", steps{func(s *story) { staffSays(s); noAddress(s) }}, "call 1 no_address"},
	} {
		s := d.Story("brug", tc.name).Start("K482TR", "J. de Vries")
		at[s.ID] = []time.Time{s.At}
		for _, step := range tc.steps {
			s.After(time.Hour)
			step(s)
			at[s.ID] = append(at[s.ID], s.At)
		}
		records, want[tc.name], names[s.ID] = append(records, s.Records...), tc.want, tc.name
	}
	d.Write(records...)

	got := make(map[string]string)
	for _, filter := range []string{"needs-reply", "waiting", "call"} {
		for _, c := range d.conversations(filter) {
			text := fmt.Sprint(filter, " ", slices.IndexFunc(at[c.RepairID], c.WaitingSince.Equal))
			if filter == "call" {
				text += " " + c.CallReason
			}
			got[names[c.RepairID]] = strings.TrimPrefix(got[names[c.RepairID]]+", "+text, ", ")
		}
	}
	for _, c := range d.conversations("") {
		name := names[c.RepairID]
		got[name] += "" // it is listed
		if waits := got[name] != ""; waits != (c.NeedsReply || c.Waiting || c.Call) || waits != (c.WaitingSince != nil) {
			t.Errorf("%s: the filters say %q, the list %+v", name, got[name], c)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("who waits, and since which step (-want +got):\n%s", diff)
	}
}

// conversations returns the conversations of the garage brug that pass a filter.
func (d *db) conversations(filter string) []readmodel.Conversation {
	d.t.Helper()
	page, err := d.Conversations(d.t.Context(), readmodel.ConversationFilter{Garages: []string{"brug"}, Filter: filter, Limit: 1000})
	must(d.t, err)
	return page.Items
}

// inbox writes conversations and returns their customers, who waits longest first.
func inbox(d *db) (names []string) {
	stories := []*story{
		d.Story("brug", "a").Start("K482TR", "Anna").After(1*time.Hour).Say(customer, repair.Text, "?"),
		d.Story("noord", "b").Start("12ABC3", "Bram Blauw").After(2 * time.Hour).Ask(sam),
		d.Story("brug", "c").Start("X1YZ22", "Cees").After(3*time.Hour).Call(record.CallNoAddress, 0),
		d.Story("brug", "d").Start("K482TS", "Dirk").After(4*time.Hour).Say(customer, repair.Text, "?").Ask(sam),
		d.Story("brug", "e").Start("E1", "Eva").After(9*time.Hour).Say(sam, repair.Text, "klaar"),
		d.Story("brug", "f").Start("F1", "Fien").After(8*time.Hour).Say(sam, repair.Text, "klaar"),
		d.Story("zuid", "g").Start("G1", "Gijs"),
	}
	for _, s := range stories {
		d.Write(s.Records...)
	}
	return []string{"Anna", "Bram Blauw", "Cees", "Dirk", "Eva", "Fien"}
}

func TestConversationsAreFoundAndSorted(t *testing.T) {
	d := newDB(t)
	longestFirst := inbox(d)
	both := []string{"brug", "noord"}
	for _, tc := range []struct {
		filter readmodel.ConversationFilter
		want   []string
	}{
		{readmodel.ConversationFilter{Garages: both}, longestFirst},
		{readmodel.ConversationFilter{Garages: []string{"noord"}}, []string{"Bram Blauw"}},
		{readmodel.ConversationFilter{Garages: both, Sort: "recent"}, []string{"Eva", "Fien", "Dirk", "Bram Blauw", "Anna", "Cees"}},
		{readmodel.ConversationFilter{Garages: both, Filter: "needs-reply"}, []string{"Anna", "Dirk"}},
		{readmodel.ConversationFilter{Garages: both, Filter: "waiting"}, []string{"Bram Blauw", "Dirk"}},
		{readmodel.ConversationFilter{Garages: both, Filter: "call"}, []string{"Cees"}},
		{readmodel.ConversationFilter{Garages: both, Query: " k-482 "}, []string{"Anna", "Dirk"}},
		{readmodel.ConversationFilter{Garages: both, Query: "k482ts"}, []string{"Dirk"}},
		{readmodel.ConversationFilter{Garages: both, Query: "BLAUW"}, []string{"Bram Blauw"}},
		{readmodel.ConversationFilter{Garages: both, Query: "wo-x1y"}, []string{"Cees"}},
		{readmodel.ConversationFilter{Garages: both, Query: repair.RepairID("brug", "external_ref", "e")}, []string{"Eva"}},
		{readmodel.ConversationFilter{Garages: both, Query: "gijs"}, nil},
		{readmodel.ConversationFilter{Garages: both, Query: "%' OR 1=1"}, nil},
		{readmodel.ConversationFilter{Garages: both, Query: "--"}, nil},
		{readmodel.ConversationFilter{Garages: both, Query: "482", Filter: "waiting"}, []string{"Dirk"}},
	} {
		for _, limit := range []int{2, 50} {
			f := tc.filter
			f.Limit = limit
			var got []string
			for {
				page, err := d.Conversations(t.Context(), f)
				must(t, err)
				if len(page.Items) > limit {
					t.Fatalf("%+v: a page of %d", f, len(page.Items))
				}
				for _, c := range page.Items {
					got = append(got, c.Customer.Name)
				}
				if f.Cursor = page.Cursor; f.Cursor == "" {
					break
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%+v by %d (-want +got):\n%s", tc.filter, limit, diff)
			}
		}
	}
}

func TestConversationShowsWhatCustomerServiceNeeds(t *testing.T) {
	d := newDB(t)
	s := d.Story("brug", "a").Start("K482TR", "J. de Vries").After(time.Hour).Ask(sam)
	s.After(time.Hour).Say(customer, repair.Text, "Kan het morgen?").Call(record.CallNoAnswer, 1)
	d.Write(s.Records...)
	page, err := d.Conversations(t.Context(), readmodel.ConversationFilter{Garages: []string{"brug"}})
	must(t, err)
	since := monday.Add(time.Hour)
	want := []readmodel.Conversation{{
		RepairID: s.ID, GarageID: "brug", ExternalRef: "WO-K482TR", State: repair.AwaitingApproval,
		Vehicle:  readmodel.Vehicle{Plate: "K482TR", Country: "NL", Description: "Volkswagen Golf"},
		Customer: readmodel.Person{ID: "c-K482TR", Name: "J. de Vries", Email: "j@example.nl", Phone: "+31612345678", Language: "nl"},
		Mechanic: "sam", NeedsReply: true, Waiting: true, Call: true, CallReason: "no_answer", WaitingSince: &since,
		Amount: 38795, Currency: "EUR", LastAt: monday.Add(2 * time.Hour), LastMessage: "Kan het morgen?", LastKind: repair.Text,
	}}
	if diff := cmp.Diff(want, page.Items); diff != "" {
		t.Errorf("conversations (-want +got):\n%s", diff)
	}
}

func TestRepairsAreFilteredAndPaged(t *testing.T) {
	d := newDB(t)
	for i := range 7 {
		s := d.Story("brug", fmt.Sprint(i)).After(time.Duration(i)*time.Minute).Start(fmt.Sprint("P", i), "J. de Vries")
		if i%2 == 0 {
			s.Ask(sam)
		}
		d.Write(s.Records...)
	}
	// Two that started at the same time have an order too.
	twin := d.Story("brug", "twin").Start("P6", "J. de Vries")
	d.Write(twin.Records...)
	for _, tc := range []struct {
		filter readmodel.RepairFilter
		want   string
	}{
		{readmodel.RepairFilter{}, "P6 P5 P4 P3 P2 P1 P0 P6|P6 P5 P4 P3 P2 P1 P6 P0"},
		{readmodel.RepairFilter{States: []repair.State{repair.AwaitingApproval}}, "P6 P4 P2 P0"},
		{readmodel.RepairFilter{States: []repair.State{repair.Completed}}, ""},
		{readmodel.RepairFilter{States: []repair.State{repair.Completed, repair.InProgress}}, "P5 P3 P1 P6"},
		{readmodel.RepairFilter{Plate: "P6"}, "P6 P6"},
		{readmodel.RepairFilter{ExternalRef: "WO-P3"}, "P3"},
		{readmodel.RepairFilter{ExternalRef: "wo-p"}, ""},
	} {
		f := tc.filter
		f.Garages, f.Limit = []string{"brug"}, 3
		var got []string
		for {
			page, err := d.Repairs(t.Context(), f)
			must(t, err)
			for _, r := range page.Items {
				got = append(got, r.Vehicle.Plate)
			}
			if f.Cursor = page.Cursor; f.Cursor == "" {
				break
			}
		}
		if g := strings.Join(got, " "); !strings.Contains("|"+tc.want+"|", "|"+g+"|") {
			t.Errorf("%+v: %q, want %q", tc.filter, g, tc.want)
		}
	}
}

// A change counts from when it was written down: who asks again from where they were
// misses nothing that was reported late.
func TestRepairsThatChangedSince(t *testing.T) {
	d := newDB(t)
	for i := range 3 {
		s := d.Story("brug", fmt.Sprint(i)).After(time.Duration(i)*time.Minute).Start(fmt.Sprint("P", i), "J. de Vries")
		d.Write(s.Ask(sam).Records...)
		logged := monday.AddDate(0, 0, 2*i).Format(time.DateTime) // all of it happened on Monday
		must(t, d.Conn.Exec(t.Context(), "ALTER TABLE events UPDATE logged_at = toDateTime64('"+logged+"', 3, 'UTC') WHERE aggregate_id = '"+s.ID+"' SETTINGS mutations_sync = 1"))
	}
	for since, want := range map[time.Time]string{
		{}:                               "P2 P1 P0",
		monday:                           "P2 P1 P0",
		monday.Add(time.Second):          "P2 P1",
		monday.AddDate(0, 0, 4):          "P2",
		monday.AddDate(0, 0, 4).Add(1e9): "",
		time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC): "P2 P1 P0",
	} {
		page, err := d.Repairs(t.Context(), readmodel.RepairFilter{Garages: []string{"brug"}, ChangedSince: since})
		must(t, err)
		var got []string
		for _, r := range page.Items {
			got = append(got, r.Vehicle.Plate)
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("since %v: %q, want %q", since, g, want)
		}
	}
}

func TestACursorIsOneOfItsList(t *testing.T) {
	d := newDB(t)
	inbox(d)
	garages := []string{"brug"}
	page, err := d.Conversations(t.Context(), readmodel.ConversationFilter{Garages: garages, Limit: 1})
	must(t, err)
	for name, f := range map[string]func() error{
		"junk": func() error {
			_, err := d.Repairs(t.Context(), readmodel.RepairFilter{Garages: garages, Cursor: "%"})
			return err
		},
		"another list's": func() error {
			_, err := d.Repairs(t.Context(), readmodel.RepairFilter{Garages: garages, Cursor: page.Cursor})
			return err
		},
		"another sort's": func() error {
			_, err := d.Conversations(t.Context(), readmodel.ConversationFilter{Garages: garages, Sort: "recent", Cursor: page.Cursor})
			return err
		},
	} {
		if err := f(); !errors.Is(err, readmodel.ErrCursor) {
			t.Errorf("%s cursor: %v", name, err)
		}
	}
}
