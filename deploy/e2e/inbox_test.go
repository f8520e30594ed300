package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// list is a page of a list.
type list struct {
	Items  []item
	Cursor string
	AsOf   *time.Time `json:"as_of"`
}

// item is a repair or a conversation in a list.
type item struct {
	RepairID    string `json:"repair_id"`
	ExternalRef string `json:"external_ref"`
	State       string
	NeedsReply  bool `json:"needs_reply"`
	Waiting     bool
	Call        bool
	CallReason  string `json:"call_reason"`
	LastMessage string `json:"last_message"`
}

func (l list) ids() (ids []string) {
	for _, i := range l.Items {
		ids = append(ids, i.RepairID)
	}
	return ids
}

// list reads a page of a list.
func (w *world) list(role, path string) list {
	w.Helper()
	l := into[list](w.as(role).get(path), http.StatusOK)
	if l.Items == nil || l.AsOf == nil {
		w.Errorf("%s: incomplete list %+v", path, l)
	}
	return l
}

func TestContract_Conversations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared(t), "inbox")
	jobs := make([]*job, 7)
	for i := range jobs {
		jobs[i] = w.start(object{
			"vehicle":  object{"plate": fmt.Sprintf("AB-%d00-C", i), "country": "NL"},
			"customer": object{"name": fmt.Sprintf("Klant Nummer%d", i), "email": fmt.Sprintf("k%d@inbox.example", i), "phone": "+31612345678"},
		})
	}
	waiting, unreachable := jobs[2], jobs[4]
	waiting.ask(nil)
	unreachable.as("customer_service").patch(unreachable.at(""), object{"contact": object{"name": "Zonder Mail", "phone": "+31612345678"}}).taken(http.StatusOK)
	unreachable.ask(nil)
	inbox := func(query string) []string { return w.list("customer_service", "/v1/conversations?"+query).ids() }
	until(t, "the inbox", func() string {
		if got := inbox("filter=call"); len(got) != 1 || got[0] != unreachable.id {
			return fmt.Sprintf("to be called: %q", got)
		}
		if got := inbox("filter=waiting"); len(got) != 2 {
			return fmt.Sprintf("waiting: %q", got)
		}
		return ""
	})
	if diff := cmp.Diff([]string{waiting.id, unreachable.id}, inbox("filter=waiting")); diff != "" {
		t.Errorf("who waits longest comes first: %s", diff)
	}
	if got := inbox("filter=needs-reply"); len(got) != 0 {
		t.Errorf("needs reply: %q", got)
	}
	for _, q := range []string{"AB300C", "ab-300-c", "nummer3", jobs[3].ref, strings.ToLower(jobs[3].ref), jobs[3].id} {
		if diff := cmp.Diff([]string{jobs[3].id}, inbox("q="+q)); diff != "" {
			t.Errorf("searching %s: %s", q, diff)
		}
	}
	if got := inbox("q=Klant+Nummer&filter=waiting"); len(got) != 1 || got[0] != waiting.id {
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
			page := w.list("customer_service", "/v1/conversations?limit=3&"+query+"&cursor="+cursor)
			paged = append(paged, page.ids()...)
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
	if all := inbox("sort=recent"); all[0] != unreachable.id {
		t.Errorf("the most recent is %s", all[0])
	}
	desk := w.as("customer_service")
	for _, query := range []string{"filter=nonsense", "sort=nonsense", "cursor=nonsense", "limit=0"} {
		desk.get("/v1/conversations?"+query).refused(http.StatusUnprocessableEntity, "invalid")
	}

	// The list of repairs is paged the same way.
	var paged []string
	for cursor := ""; ; {
		page := w.list("mechanic", "/v1/repairs?limit=2&cursor="+cursor)
		paged = append(paged, page.ids()...)
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	want := make([]string, 0, 7)
	for i := range jobs {
		want = append(want, jobs[6-i].id)
	}
	if diff := cmp.Diff(want, paged); diff != "" {
		t.Errorf("repairs page by page, the last started first: %s", diff)
	}
	if got := w.list("mechanic", "/v1/repairs?state=awaiting_approval").ids(); len(got) != 2 {
		t.Errorf("awaiting approval: %q", got)
	}
	if got := w.list("mechanic", "/v1/repairs?external_ref="+jobs[5].ref).ids(); len(got) != 1 || got[0] != jobs[5].id {
		t.Errorf("by its reference: %q", got)
	}
	w.as("mechanic").get("/v1/repairs?cursor=nonsense").refused(http.StatusUnprocessableEntity, "invalid")
	w.as("mechanic").get("/v1/repairs?state=nonsense").refused(http.StatusUnprocessableEntity, "invalid")
}
