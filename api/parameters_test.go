package api_test

import (
	"net/url"
	"strings"
	"testing"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/schemas/repair"
)

// Every route takes each query parameter that the OpenAPI document declares, once and
// with a value, and no other.
func TestQueriesAreAsDeclared(t *testing.T) {
	w := apitest.New(t)
	id := w.Quoted()
	a := w.Call("", "GET", "/openapi.json", "")
	for _, r := range api.Routes() {
		path, body := sample(r, id)
		token := w.Token("u", anyRole(r), "de-brug")
		refused := func(query, pointer string) {
			t.Helper()
			to := path + "?" + query
			if strings.Contains(path, "?") {
				to = path + "&" + query
			}
			sent := len(w.Sent)
			a := w.Call(token, r.Method, to, body, apitest.Key("k"+query))
			a.Problem(t, 422, "invalid")
			if got := pointersOf(a); len(got) != 1 || got[0] != pointer {
				t.Errorf("%s %s: %s", r.Method, to, a.Text)
			}
			if len(w.Sent) > sent {
				t.Errorf("%s %s sent a command", r.Method, to)
			}
		}
		refused("dry_run=1", "/dry_run")
		refused("a%2Fb~=1", "/a~1b~0")
		refused("%zz=1", "")
		refused("a=1;b=2", "")
		op := a.JSON["paths"].(map[string]any)[r.Path].(map[string]any)[strings.ToLower(r.Method)].(map[string]any)
		parameters, _ := op["parameters"].([]any)
		for _, p := range parameters {
			p := p.(map[string]any)
			name := p["name"].(string)
			if p["in"] != "query" || strings.Contains(path, name+"=") {
				continue
			}
			refused(name+"=1&"+name+"=1", "/"+name)
			if name != "cursor" && name != "after" || strings.HasPrefix(r.Path, "/v1/repairs/") { // where a list begins
				refused(name+"=", "/"+name)
			}
			refused(name+"=%20%C2%A0%E2%80%8B", "/"+name) // spaces, and one without width
			refused(name+"=a%FF", "/"+name)
		}
	}
	boss := w.Token("boss", repair.Manager, "de-brug")
	w.Call(boss, "GET", "/v1/latencies?measure=approval&measure=view", "").Problem(t, 422, "invalid")
	w.Call(boss, "GET", "/v1/latencies?measure=", "").Problem(t, 422, "invalid")
}

// A filter of which nothing is left finds nothing, and never everything.
func TestFiltersOfNothing(t *testing.T) {
	w := apitest.New(t)
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	for _, filter := range []string{"plate=---", "plate=%20-%20", "plate=%CC%88", "plate=%EF%B9%B0", "plate=%CD%BA", "external_ref=%E2%80%8B", "external_ref=%C2%A0", "state=", "garage="} {
		w.Call(sam, "GET", "/v1/repairs?"+filter, "").Problem(t, 422, "invalid")
	}
	w.Call(w.Token("anna", repair.CustomerService, "de-brug"), "GET", "/v1/conversations?q=%E2%81%A0", "").Problem(t, 422, "invalid")
	if len(w.Asked) > 0 {
		t.Errorf("the read model was asked %v", w.Asked)
	}
}

// Any valid time is understood; anything else is refused in the caller's words.
func TestTimesInQueries(t *testing.T) {
	w := apitest.New(t)
	boss := w.Token("boss", repair.Manager, "de-brug")
	for from, ok := range map[string]bool{
		"1970-01-01T00:00:00Z": true, "1970-01-01T02:46:39Z": true, "1969-12-31T23:59:59Z": true, "1900-01-01T00:00:00Z": true,
		"2026-05-01T00:00:00+02:00": true, "2026-05-01T00:00:00.123456Z": true,
		"0001-01-01T00:00:00Z": false, "1899-12-31T23:59:59Z": false, "2262-01-01T00:00:00Z": false, "9999-12-31T23:59:59Z": false,
		"yesterday": false, "2026-05-01": false, "2026-02-30T00:00:00Z": false, "0": false,
	} {
		a := w.Call(boss, "GET", "/v1/latencies?measure=approval&to=2200-01-01T00:00:00Z&from="+url.QueryEscape(from), "")
		if ok {
			a.Want(t, 200, nil)
			continue
		}
		a.Problem(t, 422, "invalid")
		if got := pointersOf(a); len(got) != 1 || got[0] != "/from" {
			t.Errorf("from=%s: %s", from, a.Text)
		}
		unlike(t, a.Text)
	}
	a := w.Call(boss, "GET", "/v1/latencies?measure=approval&from=2026-05-01T00:00:00+02:00", "") // the plus is a space there
	a.Problem(t, 422, "invalid")
	if !strings.Contains(a.Text, "%2B") {
		t.Error(a.Text)
	}
}

func pointersOf(a apitest.Answer) (all []string) {
	errs, _ := a.JSON["errors"].([]any)
	for _, e := range errs {
		all = append(all, e.(map[string]any)["pointer"].(string))
	}
	return all
}

// unlike fails for what only a Go programmer understands, unless the caller gave it.
func unlike(t *testing.T, text string, given ...string) {
	t.Helper()
	for _, word := range []string{"Go ", "struct", "2006-01-02", "15:04", "json:", "unmarshal", "int64", "int32", "float64", "time.Time", "parsing time", "strconv", "goroutine", "reflect", "request."} {
		if strings.Contains(text, word) && !strings.Contains(strings.Join(given, ""), word) {
			t.Errorf("the problem says %q: %s", word, text)
		}
	}
}
