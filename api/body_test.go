package api_test

import (
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/api/web"
	"pitstop/schemas/repair"
)

func TestWholeNumbers(t *testing.T) {
	w := apitest.New(t)
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	at := "/v1/repairs/" + w.Started()
	for _, total := range []string{"28900.5", "1e30", "28900.0000000000000000001", `"28900"`, "9223372036854775808"} {
		a := w.Call(sam, "POST", at+"/completion", `{"total":`+total+`}`, apitest.Key(total))
		a.Problem(t, 422, "invalid")
		if diff := cmp.Diff([]string{"/total"}, pointersOf(a)); diff != "" {
			t.Errorf("%s: %s", total, a.Text)
		}
		unlike(t, a.Text)
	}
	first := w.Call(sam, "POST", at+"/completion", `{"total":28900.0}`, apitest.Key("done"))
	first.Want(t, 200, map[string]any{"state": "completed"})
	if got := w.Last().(*repair.CompleteRepair).Total; got != 28900 {
		t.Errorf("total %d", got)
	}
	for _, same := range []string{"28900", "2.89e4", "289E2"} { // the same request, however written
		if again := w.Call(sam, "POST", at+"/completion", `{"total":`+same+`}`, apitest.Key("done")); again.Text != first.Text || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: %d %s", same, again.StatusCode, again.Text)
		}
	}
}

func TestBodiesThatAreNotJSONInUTF8(t *testing.T) {
	w := apitest.New(t)
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	at := "/v1/repairs/" + w.Started()
	for _, tt := range []struct {
		name, body string
		headers    []string
		status     int
		code       string
		says       string
	}{
		{"Latin-1", "{\"kind\":\"text\",\"text\":\"caf\xe9\"}", nil, 400, "malformed", "UTF-8"},
		{"UTF-16", "\xff\xfe{\x00}\x00", nil, 400, "malformed", "UTF-8"},
		{"byte order mark", "\ufeff{}", nil, 400, "malformed", "byte order mark"},
		{"twice", `{"kind":"text","text":"a","text":"b"}`, nil, 400, "malformed", "/text is there twice"},
		{"trailing", `{"kind":"text","text":"a"} {}`, nil, 400, "malformed", "does not belong where it is, at byte 28"},
		{"deep", `{"kind":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, nil, 400, "malformed", "within each other"},
		{"very deep", strings.Repeat("[", 100_000), nil, 400, "malformed", "within each other"},
		{"another charset", `{"kind":"text","text":"a"}`, []string{"Content-Type: application/json; charset=iso-8859-1"}, 415, "unsupported_media_type", "UTF-8"},
		{"UTF-16 by name", `{"kind":"text","text":"a"}`, []string{`Content-Type: application/json; charset="UTF-16"`}, 415, "unsupported_media_type", "UTF-8"},
		{"compressed", `{"kind":"text","text":"a"}`, []string{"Content-Encoding: gzip"}, 415, "unsupported_media_type", "Content-Encoding"},
		{"no media type", `{"kind":"text","text":"a"}`, []string{"Content-Type: ;;"}, 415, "unsupported_media_type", "application/json"},
		{"text", `{"kind":"text","text":"a"}`, []string{"Content-Type: text/plain"}, 415, "unsupported_media_type", "application/json"},
	} {
		sent := len(w.Sent)
		a := w.Call(sam, "POST", at+"/messages", tt.body, append([]string{apitest.Key(tt.name)}, tt.headers...)...)
		a.Problem(t, tt.status, tt.code)
		if detail, _ := a.JSON["detail"].(string); !strings.Contains(detail, tt.says) || len(w.Sent) > sent {
			t.Errorf("%s: %s", tt.name, a.Text)
		}
		unlike(t, a.Text)
	}
	for _, fine := range []string{"application/json; charset=utf-8", "application/json;charset=UTF-8", `application/json; charset="Utf-8"`} {
		w.Call(sam, "POST", at+"/messages", `{"kind":"text","text":"a"}`, apitest.Key(fine), "Content-Type: "+fine, "Content-Encoding: identity").Want(t, 201, nil)
	}
}

// cut is a body whose connection breaks.
type cut struct{ io.Reader }

func (cut) Close() error { return nil }

func (c cut) Read(b []byte) (int, error) {
	if n, _ := c.Reader.Read(b); n > 0 {
		return n, nil
	}
	return 0, errors.New("malformed chunked encoding")
}

func TestBodyThatIsCut(t *testing.T) {
	w := apitest.New(t)
	r := httptest.NewRequest("POST", "/v1/repairs", cut{strings.NewReader(`{"vehicle"`)})
	r.Header.Set("Authorization", "Bearer "+w.Token("sam", repair.Mechanic, "de-brug"))
	r.Header.Set("Idempotency-Key", "k")
	w.Do(r).Problem(t, 400, "malformed")
}

// Where a mistake is, is said with the caller's own names.
func TestPointersToOddNames(t *testing.T) {
	w := apitest.New(t)
	a := w.Call(w.Token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs/"+w.Started()+"/completion", `{"total":1,"a.b":1,"c[0]":1,"d/e~":1,"":1}`, apitest.Key("k"))
	if diff := cmp.Diff([]string{"/", "/a.b", "/c[0]", "/d~1e~0"}, pointersOf(a)); diff != "" {
		t.Errorf("pointers (-want +got):\n%s", diff)
	}
}

// Whatever body a route gets, the problem is in the caller's words.
func FuzzBodies(f *testing.F) {
	for id, example := range api.Examples {
		f.Add(id, example)
		f.Add(id, strings.Replace(example, `"`, `7`, 1))
	}
	f.Add("complete-repair", `{"total":1e400,"occurred_at":"2026-05-20T24:00:00Z"}`)
	f.Add("change-repair", `{"ready_at":"2026-05-20T1:00:00,5Z"}`)
	f.Add("decide-quote", `{"lines":[{"line":99999999999}],"total_seen":1.5}`)
	var w *apitest.World // one for all: it is slow to make
	f.Fuzz(func(t *testing.T, id, body string) {
		if w == nil {
			w = apitest.New(t, func(c *api.Config) { c.Limits = web.Limits{Staff: -1} })
		}
		w.T = t
		for _, r := range api.Routes() {
			if r.ID != id || !r.Writes {
				continue
			}
			path, _ := sample(r, repair.RepairID("de-brug", "key", "x"))
			a := w.Call(w.Token("u", r.Roles[0], "de-brug"), r.Method, path, body, apitest.Key("k"))
			if a.StatusCode >= 500 {
				t.Errorf("%s %q: %d %s", id, body, a.StatusCode, a.Text)
			}
			if detail, _ := a.JSON["detail"].(string); a.StatusCode == 400 || a.StatusCode == 422 {
				said := detail
				errs, _ := a.JSON["errors"].([]any)
				for _, e := range errs {
					said += "\n" + e.(map[string]any)["detail"].(string)
					if p := e.(map[string]any)["pointer"].(string); p != "" && p[0] != '/' {
						t.Errorf("pointer %q", p)
					}
				}
				unlike(t, said, body)
			}
		}
	})
}
