package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
)

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
	unreachable.As("customer_service").Patch(unreachable.Path(""), object{"contact": object{"name": "Zonder Mail", "phone": "+31612345678"}}).Accepted(http.StatusOK)
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

	// The list of repairs is paged the same way.
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
