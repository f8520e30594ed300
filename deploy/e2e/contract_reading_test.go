package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
)

// Opening time, computed by hand: the garage is open Monday to Friday from 8:00 to
// 12:30 and from 13:00 to 17:30, on Saturday from 9:00 to 13:00, and closed on
// Ascension Day, Thursday 29 May 2025.
func TestContract_LatenciesInOpeningHours(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "week")
	local := func(day, hour, minute int) string {
		return fmt.Sprintf("2025-05-%02dT%02d:%02d:00+02:00", day, hour, minute)
	}
	tell := func(begun, asked, decided, done string) {
		j := g.Start(object{"occurred_at": begun})
		j.Ask(object{"occurred_at": asked, "expires_at": "2099-01-01T00:00:00Z"})
		g.As("customer_service").Post(j.Path("/quotes/1/decision"), garage.With(garage.Decision("approve", "approve", 38795), object{"occurred_at": decided})).Accepted(http.StatusOK)
		g.As("mechanic").Post(j.Path("/completion"), object{"occurred_at": done, "total": 67695}).Accepted(http.StatusOK)
	}
	tell(local(16, 16, 0), local(16, 16, 30), local(19, 9, 15), local(19, 10, 30))  // over a weekend
	tell(local(28, 12, 0), local(28, 12, 15), local(28, 13, 10), local(30, 13, 30)) // over a holiday
	seconds := func(hours, minutes int) float64 { return float64(hours*3600 + minutes*60) }
	row := func(group string, wall, opening [3]float64, n int) (f client.Figures) {
		f.Group, f.N = group, n
		f.Wall.P50, f.Wall.P90, f.Wall.P99 = wall[0], wall[1], wall[2]
		f.Opening.P50, f.Opening.P90, f.Opening.P99 = opening[0], opening[1], opening[2]
		return f
	}
	three := func(s float64) [3]float64 { return [3]float64{s, s, s} }
	between := func(low, high float64) [3]float64 { // of two values
		return [3]float64{low + 0.5*(high-low), low + 0.9*(high-low), low + 0.99*(high-low)}
	}
	expect.Until(t, "both repairs are measured", func() string {
		if rows := g.Latencies("measure=turnaround&from=2025-01-01T00:00:00Z"); len(rows) != 1 || rows[0].N != 2 {
			return fmt.Sprintf("turnaround is %+v", rows)
		}
		return ""
	})
	for _, c := range []struct {
		query string
		want  []client.Figures
	}{
		// Friday 16:00 to Monday 10:30: 1.5 + 4 + 2.5 hours; Wednesday 12:00 to Friday 13:30: 0.5 + 4.5 + 0 + 4.5 + 0.5.
		{"measure=turnaround&from=2025-05-01T00:00:00Z&to=2025-05-20T00:00:00Z", []client.Figures{row("", three(seconds(66, 30)), three(seconds(8, 0)), 1)}},
		{"measure=turnaround&from=2025-05-20T00:00:00Z", []client.Figures{row("", three(seconds(49, 30)), three(seconds(10, 0)), 1)}},
		// Friday 16:30 to Monday 9:15: 1 + 4 + 1.25 hours; Wednesday 12:15 to 13:10: 15 + 10 minutes.
		{"measure=approval&from=2025-05-01T00:00:00Z&group_by=day", []client.Figures{
			row("2025-05-16", three(seconds(64, 45)), three(seconds(6, 15)), 1), row("2025-05-28", three(seconds(0, 55)), three(seconds(0, 25)), 1),
		}},
		{"measure=approval&from=2025-05-01T00:00:00Z&group_by=mechanic", []client.Figures{
			row("sam", between(seconds(0, 55), seconds(64, 45)), between(seconds(0, 25), seconds(6, 15)), 2),
		}},
		// Monday 9:15 to 10:30; Wednesday 13:10 to Friday 13:30: 4 h 20 + 0 + 5 h.
		{"measure=resume&from=2025-05-20T00:00:00Z&to=2025-06-01T00:00:00Z", []client.Figures{row("", three(seconds(48, 20)), three(seconds(9, 20)), 1)}},
		{"measure=approval&from=2025-05-17T00:00:00Z&to=2025-05-18T00:00:00Z", nil},
	} {
		got := g.Latencies(c.query)
		if len(got) == 0 {
			got = nil
		}
		if diff := cmp.Diff(c.want, got, client.ToTheMicrosecond); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.query, diff)
		}
	}
	for _, query := range []string{"", "measure=nonsense", "measure=approval&group_by=nonsense", "measure=approval&from=2025-05-02T00:00:00Z&to=2025-05-01T00:00:00Z"} {
		g.As("manager").Get("/v1/latencies?"+query).Refused(http.StatusUnprocessableEntity, "invalid")
	}
}

func TestContract_Events(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "feed")
	other := garage.New(t, g.Process, "elsewhere")
	j := g.Start(nil)
	other.Start(nil)
	done := g.As("mechanic").Post(j.Path("/cancellation"), nil).Accepted(http.StatusOK)
	events := g.Events()
	if len(events) != 2 || events[0].Type != "RepairStarted" || events[1].Type != "RepairCancelled" || events[1].Sequence != done.Sequence {
		t.Fatalf("the garage's events are %+v", events)
	}
	for _, e := range events {
		if e.GarageID != "feed" || e.Cursor == "" || e.EventID == "" || e.RepairID != j.ID {
			t.Errorf("incomplete event %+v", e)
		}
	}
	// Each event's cursor continues with what follows it, by page and as a stream.
	integrator := g.As("integrator")
	page := client.Decode[struct{ Events []client.Event }](integrator.Get("/v1/events?after="+events[0].Cursor), http.StatusOK)
	if len(page.Events) != 1 || page.Events[0].EventID != events[1].EventID {
		t.Errorf("after the first event come %+v", page.Events)
	}
	board := integrator.Listen(events[0].Cursor)
	if e := board.Await(j.ID, "RepairCancelled"); e.EventID != events[1].EventID {
		t.Errorf("the stream says %+v", e)
	}
	next := g.Start(nil)
	board.Await(next.ID, "RepairStarted")
	integrator.Get("/v1/events?after=nonsense").Refused(http.StatusUnprocessableEntity, "invalid")
}

func TestContract_Conversations(t *testing.T) {
	t.Parallel()
	g := garage.New(t, shared(t), "inbox")
	jobs := make([]*garage.Job, 7)
	for i := range jobs {
		jobs[i] = g.Start(object{
			"vehicle":  object{"plate": fmt.Sprintf("AB-%d00-C", i), "country": "NL"},
			"customer": object{"name": fmt.Sprintf("Klant Nummer%d", i), "email": fmt.Sprintf("k%d@inbox.example", i), "phone": "+31612345678"},
		})
	}
	waiting, unreachable := jobs[2], jobs[4]
	waiting.Ask(nil)
	unreachable.As("customer_service").Patch(unreachable.Path(""), object{"contact": object{"name": "Zonder Mail", "email": nil}}).Accepted(http.StatusOK)
	unreachable.Ask(nil)
	inbox := func(query string) []string { return g.List("customer_service", "/v1/conversations?"+query).IDs() }
	expect.Until(t, "the inbox", func() string {
		if got := inbox("filter=call"); len(got) != 1 || got[0] != unreachable.ID {
			return fmt.Sprintf("to be called: %q", got)
		}
		if got := inbox("filter=waiting"); len(got) != 2 {
			return fmt.Sprintf("waiting: %q", got)
		}
		return ""
	})
	if diff := cmp.Diff([]string{waiting.ID, unreachable.ID}, inbox("filter=waiting")); diff != "" {
		t.Errorf("who waits longest comes first: %s", diff)
	}
	if got := inbox("filter=needs-reply"); len(got) != 0 {
		t.Errorf("needs reply: %q", got)
	}
	for _, q := range []string{"AB300C", "ab-300-c", "nummer3", jobs[3].Ref, strings.ToLower(jobs[3].Ref), jobs[3].ID} {
		if diff := cmp.Diff([]string{jobs[3].ID}, inbox("q="+q)); diff != "" {
			t.Errorf("searching %s: %s", q, diff)
		}
	}
	if got := inbox("q=Klant+Nummer&filter=waiting"); len(got) != 1 || got[0] != waiting.ID {
		t.Errorf("searching who waits: %q", got)
	}
	if got := inbox("q=nobody%27s+%25+name"); len(got) != 0 {
		t.Errorf("searching nobody: %q", got)
	}
	for _, query := range []string{"sort=waiting", "sort=recent"} {
		all := inbox(query)
		if len(all) != 7 {
			t.Fatalf("%s: %d conversations, want 7", query, len(all))
		}
		var paged []string
		for cursor, pages := "", 0; ; pages++ {
			page := g.List("customer_service", "/v1/conversations?limit=3&"+query+"&cursor="+cursor)
			paged = append(paged, page.IDs()...)
			if cursor = page.Cursor; cursor == "" {
				if pages != 2 {
					t.Errorf("%s: %d pages of 3", query, pages+1)
				}
				break
			}
		}
		if diff := cmp.Diff(all, paged); diff != "" {
			t.Errorf("%s page by page: %s", query, diff)
		}
	}
	if all := inbox("sort=recent"); all[0] != unreachable.ID {
		t.Errorf("the most recent is %s", all[0])
	}
	desk := g.As("customer_service")
	for _, query := range []string{"filter=nonsense", "sort=nonsense", "cursor=nonsense", "limit=0"} {
		desk.Get("/v1/conversations?"+query).Refused(http.StatusUnprocessableEntity, "invalid")
	}

	// The list of repairs is paged in the same way.
	var paged []string
	for cursor := ""; ; {
		page := g.List("mechanic", "/v1/repairs?limit=2&cursor="+cursor)
		paged = append(paged, page.IDs()...)
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	want := make([]string, 0, 7)
	for i := range jobs {
		want = append(want, jobs[6-i].ID)
	}
	if diff := cmp.Diff(want, paged); diff != "" {
		t.Errorf("repairs page by page, the last started first: %s", diff)
	}
	if got := g.List("mechanic", "/v1/repairs?state=awaiting_approval").IDs(); len(got) != 2 {
		t.Errorf("awaiting approval: %q", got)
	}
	if got := g.List("mechanic", "/v1/repairs?external_ref="+jobs[5].Ref).IDs(); len(got) != 1 || got[0] != jobs[5].ID {
		t.Errorf("by its reference: %q", got)
	}
	g.As("mechanic").Get("/v1/repairs?cursor=nonsense").Refused(http.StatusUnprocessableEntity, "invalid")
	g.As("mechanic").Get("/v1/repairs?state=nonsense").Refused(http.StatusUnprocessableEntity, "invalid")
}
