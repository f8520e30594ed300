package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/repair"
)

var update = flag.Bool("update", false, "write the golden files")

// sample gives a request that every route takes, about a repair with quote 1 open.
func (r route) sample(id string) (path, body string) {
	path = strings.NewReplacer("{id}", id, "{revision}", "1").Replace(r.path)
	body = map[string]string{
		"start-repair":     `{"vehicle":{"plate":"AB12"},"customer":{"name":"X"},"agreed":{"lines":[]}}`,
		"change-repair":    `{"ready_at":"2026-05-20T17:00:00+02:00"}`,
		"request-approval": quoteBody,
		"decide-quote":     `{"lines":[{"line":1,"answer":"approve"},{"line":2,"answer":"approve"}],"total_seen":38795,"method":"phone","name":"J"}`,
		"complete-repair":  `{"total":1}`,
		"post-message":     `{"kind":"text","text":"x"}`,
	}[r.id]
	if r.id == "get-latencies" {
		path += "?measure=approval"
	}
	return path, body
}

// Every route, for every role, at home, abroad, and without a token.
func TestEveryRouteForEveryRole(t *testing.T) {
	// Who may do what, as the design's table has it.
	allowed := map[string]string{
		"POST /v1/repairs": "MI", "GET /v1/repairs": "MSWI", "GET /v1/repairs/{id}": "MSWI", "PATCH /v1/repairs/{id}": "MSI",
		"POST /v1/repairs/{id}/quotes": "MI", "GET /v1/repairs/{id}/quotes/{revision}": "MSI",
		"POST /v1/repairs/{id}/quotes/{revision}/withdrawal": "MI", "POST /v1/repairs/{id}/quotes/{revision}/decision": "MS",
		"POST /v1/repairs/{id}/completion": "MI", "POST /v1/repairs/{id}/collection": "MSI", "POST /v1/repairs/{id}/cancellation": "MSI",
		"POST /v1/repairs/{id}/messages": "MS", "GET /v1/repairs/{id}/timeline": "MS", "GET /v1/conversations": "S",
		"GET /v1/events": "MSI", "GET /v1/commands/{id}": "MSWIA", "GET /v1/latencies": "W",
	}
	roles := map[string]repair.Role{
		"M": repair.Mechanic, "S": repair.CustomerService, "W": repair.Manager, "I": repair.Integrator, "A": repair.Admin,
	}
	if len(allowed) != len(routes) {
		t.Errorf("%d routes, the design has %d", len(routes), len(allowed))
	}
	for _, r := range routes {
		name := r.method + " " + r.path
		t.Run(strings.ReplaceAll(name, "/", "|"), func(t *testing.T) {
			w := newWorld(t)
			path, body := r.sample(w.quoted())
			for letter, role := range roles {
				a := w.call(w.token("u", role, "de-brug"), r.method, path, body, key("k"+letter))
				if strings.Contains(allowed[name], letter) {
					if a.StatusCode >= 300 && a.StatusCode != 409 {
						t.Errorf("%s may: got %d %s", role, a.StatusCode, a.text)
					}
				} else {
					a.problem(t, 403, "forbidden")
					if !strings.Contains(a.Header.Get("WWW-Authenticate"), "insufficient_scope") {
						t.Errorf("challenge %q", a.Header.Get("WWW-Authenticate"))
					}
				}
				w.call(w.token("u", role), r.method, path, body, key("k2")).problem(t, 403, "forbidden") // no garage
			}
			before := len(w.sent)
			for _, token := range []string{"", "nonsense", w.token("u", repair.Mechanic, "de-brug") + "x"} {
				a := w.call(token, r.method, path, body, key("k"))
				a.problem(t, 401, "unauthenticated")
				if !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer ") {
					t.Errorf("challenge %q", a.Header.Get("WWW-Authenticate"))
				}
			}
			if strings.Contains(r.path, "/repairs/{id}") {
				role := r.roles()[0]
				w.call(w.token("u", role, "noord"), r.method, path, body, key("k3")).problem(t, 404, "not_found")
				bad, _ := r.sample("nonsense")
				w.call(w.token("u", role, "de-brug"), r.method, bad, body, key("k4")).problem(t, 404, "not_found")
			}
			if r.writes() {
				a := w.call(w.token("u", r.roles()[0], "de-brug"), r.method, path, body)
				a.problem(t, 400, "key_missing")
				w.call(w.token("u", r.roles()[0], "de-brug"), r.method, path, body, key(" ")).problem(t, 400, "key_missing")
			}
			for _, cmd := range w.sent[before:] {
				if cmd.Head().GarageID == "de-brug" {
					t.Errorf("a refused request sent %T", cmd)
				}
			}
		})
	}
}

func TestOpenAPIDocument(t *testing.T) {
	w := newWorld(t)
	a := w.call("", "GET", "/openapi.json", "")
	a.want(t, 200, map[string]any{"openapi": "3.1.0"})
	var pretty bytes.Buffer
	must(t, json.Indent(&pretty, []byte(a.text), "", "  "))
	pretty.WriteByte('\n')
	golden := "openapi.json"
	if *update {
		must(t, os.WriteFile(golden, pretty.Bytes(), 0o644))
	}
	want, err := os.ReadFile(filepath.Clean(golden))
	must(t, err)
	if diff := cmp.Diff(string(want), pretty.String()); diff != "" {
		t.Errorf("openapi.json is out of date; look at the difference, then run with -update (-file +now):\n%s", diff)
	}
	var documented, served []string
	for path, item := range a.json["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			documented = append(documented, strings.ToUpper(method)+" "+path)
		}
	}
	for _, r := range routes {
		served = append(served, r.method+" "+r.path)
	}
	slices.Sort(documented)
	slices.Sort(served)
	if diff := cmp.Diff(served, documented); diff != "" {
		t.Errorf("routes (-served +documented):\n%s", diff)
	}
}

// Every reference of the document leads somewhere.
func TestOpenAPIReferences(t *testing.T) {
	a := newWorld(t).call("", "GET", "/openapi.json", "")
	schemas := a.json["components"].(map[string]any)["schemas"].(map[string]any)
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				if name := strings.TrimPrefix(ref, "#/components/schemas/"); schemas[name] == nil {
					t.Errorf("%s leads nowhere", ref)
				}
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(a.json)
}

func TestDocumentationPage(t *testing.T) {
	w := newWorld(t)
	a := w.call("", "GET", "/docs", "")
	if a.StatusCode != 200 || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("%d %v", a.StatusCode, a.Header)
	}
	for _, r := range routes {
		if !strings.Contains(a.text, r.path) || !strings.Contains(a.text, r.summary) {
			t.Errorf("%s is not documented", r.path)
		}
	}
	for _, c := range codes {
		if !strings.Contains(a.text, string(c.code)) {
			t.Errorf("problem %s is not documented", c.code)
		}
	}
	for _, foreign := range []string{"http://", "https://", "//cdn", "<script"} {
		if strings.Contains(a.text, foreign) {
			t.Errorf("the page loads or links %q", foreign)
		}
	}
}
