package grafana

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pitstop/dashboards/grafana/grafanatest"
)

func TestServerValidate(t *testing.T) {
	for name, tc := range map[string]struct {
		server Server
		want   []string // a problem each
	}{
		"fine":         {Server{URL: "https://grafana.example/sub", User: "a", Password: "b"}, nil},
		"fine token":   {Server{URL: "http://127.0.0.1:3000", Token: "t"}, nil},
		"nothing":      {Server{}, []string{"--grafana-url", "nobody to log in as"}},
		"both":         {Server{URL: "http://g", User: "a", Password: "b", Token: "t"}, []string{"both a user and a token"}},
		"no password":  {Server{URL: "http://g", User: "a"}, []string{"PITSTOP_GRAFANA_PASSWORD"}},
		"user in URL":  {Server{URL: "http://a:b@g", Token: "t"}, []string{"without a user in it"}},
		"no such CA":   {Server{URL: "http://g", Token: "t", CA: "nowhere.pem"}, []string{"read certificates to trust"}},
		"CA of naught": {Server{URL: "http://g", Token: "t", CA: "server.go"}, []string{"server.go holds no certificate"}},
		"CA for http":  {Server{URL: "http://g", Token: "t", CA: "server.go"}, []string{"--grafana-ca goes with an https address"}},
		"too patient":  {Server{URL: "http://g", Token: "t", Timeout: time.Hour}, []string{"not between 0 and 30s"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.server.Validate()
			if (err == nil) != (len(tc.want) == 0) {
				t.Fatalf("error %v", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in %v", want, err)
				}
			}
			if err != nil && strings.Contains(err.Error(), "b@") {
				t.Errorf("a password stands in %v", err)
			}
		})
	}
}

// An organisation in which the administrator is no member is named, with what to do,
// and the others are done.
func TestAdministratorWhoIsNoMember(t *testing.T) {
	fake, grafana := start(t)
	if got := outcome(grafana.Apply, of("a"), of("b")); strings.Contains(got, "failed") {
		t.Fatal(got)
	}
	fake.Organisation("Pitstop a").Closed = true
	for _, run := range []func(context.Context, []Organisation, func(Report)) error{grafana.Plan, grafana.Apply} {
		got := outcome(run, of("a"), of("b"))
		for _, want := range []string{"organisation Pitstop a: the user " + grafanatest.User + " is no member of it", "as Admin", "1 of 2 organisations failed"} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in %s", want, got)
			}
		}
		if strings.Contains(got, "organisation Pitstop b:") {
			t.Error(got)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	fake, grafana := start(t)
	grafana.Password = "wrong"
	if got := outcome(grafana.Apply, of("a")); !strings.Contains(got, "reach Grafana at "+grafana.URL+": 401 Unauthorized") || strings.Contains(got, "Pitstop a") {
		t.Errorf("with a wrong password: %s", got)
	}
	if len(fake.Writes) > 0 {
		t.Errorf("it wrote %v", fake.Writes)
	}
	closed := httptest.NewServer(fake)
	closed.Close()
	grafana.URL = closed.URL
	if got := outcome(grafana.Plan, of("a")); !strings.Contains(got, "connection refused") {
		t.Errorf("with nobody there: %s", got)
	}
	grafana.URL += "/elsewhere?x=secret"
	if got := outcome(grafana.Plan, of("a")); !strings.Contains(got, "connection refused") {
		t.Errorf("with nobody there: %s", got)
	}
}

// Grafana goes away for good: the organisations that are left are not tried.
func TestGrafanaGoesAway(t *testing.T) {
	fake, grafana := start(t)
	fake.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if fake.Organisation(NameOf("b")) == nil {
			return false
		}
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	got := outcome(grafana.Apply, of("a"), of("b"), of("c"), of("d"))
	if !strings.HasSuffix(got, "went away in organisation Pitstop b, 2 were not tried: 502 Bad Gateway\n") {
		t.Error(got)
	}
}

func TestInterrupted(t *testing.T) {
	fake, grafana := start(t)
	ctx, stop := context.WithCancel(t.Context())
	fake.Before = func(http.ResponseWriter, *http.Request) bool {
		if fake.Organisation(NameOf("b")) != nil {
			stop()
		}
		return false
	}
	told := 0
	err := grafana.Apply(ctx, []Organisation{of("a"), of("b"), of("c")}, func(Report) { told++ })
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "in organisation Pitstop b, 1 of 3 were done") || told != 1 {
		t.Errorf("told %d, %v", told, err)
	}
}

// Each write is done, and its answer lost. Nothing is done twice, nothing fails.
func TestAnswersLost(t *testing.T) {
	fake, grafana := start(t)
	before := func(w http.ResponseWriter, r *http.Request) bool { return false }
	before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			return false
		}
		fake.Before = nil
		fake.ServeHTTP(httptest.NewRecorder(), r)
		fake.Before = before
		w.WriteHeader(http.StatusGatewayTimeout)
		return true
	}
	fake.Before = before
	if got := outcome(grafana.Apply, of("brug")); strings.Contains(got, "error") {
		t.Errorf("apply: %s", got)
	}
	if len(fake.Writes) != 5 {
		t.Errorf("writes: %v", fake.Writes)
	}
	fake.Before = nil
	expect(t, "plan", outcome(grafana.Plan, of("brug")), "Pitstop brug new=false\n")
}

// What was provisioned from files is not for the API to change.
func TestProvisionedFromFiles(t *testing.T) {
	fake, grafana := start(t)
	outcome(grafana.Apply, of("brug"))
	o := fake.Organisation("Pitstop brug")
	o.Dashboards["pitstop-waiting"]["provisioned"] = true
	o.Dashboards["pitstop-waiting"]["dashboard"].(grafanatest.Object)["title"] = "Old"
	o.Sources[clickhouseUID]["readOnly"] = true
	o.Sources[clickhouseUID]["name"] = "Old"
	rule := o.Rules[groupTitle]["rules"].([]any)[0].(grafanatest.Object)
	rule["provenance"], rule["title"] = "file", "Old"
	got := outcome(grafana.Apply, of("brug"))
	for _, want := range []string{
		"400 Bad Request: Cannot save provisioned dashboard",
		"403 Forbidden: Cannot update read-only data source (is the user", "only changes there)",
		"409 Conflict: cannot update with provided provenance 'api', needs 'file' (something else there has its name, or it was provisioned from files)",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

// The client panics on what its specification does not have, and on what it
// lacks; so would we.
func TestPanics(t *testing.T) {
	for path, body := range map[string]string{
		"/api/dashboards/uid/pitstop-waiting":                     `{}`,
		"/api/search":                                             `[null]`,
		"/api/v1/provisioning/alert-rules":                        `[{"uid": "pitstop-x"}]`,
		"/api/v1/provisioning/folder/pitstop/rule-groups/Pitstop": `{"rules": [null]}`,
		"/api/orgs": `{"message": "Organization created"}`,
	} {
		t.Run(path, func(t *testing.T) {
			fake, grafana := start(t)
			fake.Before = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == path {
					reply(200, body)(w, r)
				}
				return r.URL.Path == path
			}
			got := outcome(grafana.Apply, of("brug"))
			if !strings.Contains(got, "an answer that Grafana 11 to 13 do not give") || !strings.HasSuffix(got, "error: 1 of 1 organisations failed\n") {
				t.Error(got)
			}
		})
	}
}

func TestTLSAndPath(t *testing.T) {
	fake := grafanatest.New()
	h := httptest.NewUnstartedServer(http.StripPrefix("/grafana", fake))
	h.Config.ErrorLog = log.New(io.Discard, "", 0)
	h.StartTLS()
	t.Cleanup(h.Close)
	grafana := Server{URL: h.URL + "/grafana/", User: grafanatest.User, Password: grafanatest.Password, Wait: time.Millisecond}
	if got := outcome(grafana.Plan, of("brug")); !strings.Contains(got, "certificate signed by unknown authority") {
		t.Errorf("of an unknown authority: %s", got)
	}
	grafana.CA = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(grafana.CA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, "apply", outcome(grafana.Apply, of("brug")), created)
}

// Each of many organisations is reported when it is done, in their order.
func TestManyOrganisations(t *testing.T) {
	_, grafana := start(t)
	var all []Organisation
	for i := range 50 {
		all = append(all, of(fmt.Sprintf("g%02d", i)))
	}
	for _, want := range []Verb{Create, Keep} {
		told := 0
		err := grafana.Apply(t.Context(), all, func(r Report) {
			if told++; r.Organisation != all[told-1].Name || r.Failed() || r.Steps[2].Verb != want {
				t.Fatalf("report %d: %+v", told, r)
			}
		})
		if err != nil || told != len(all) {
			t.Fatalf("%d of %d told, %v", told, len(all), err)
		}
	}
}
