package main

import (
	"bytes"
	"flag"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/dashboards/grafana/grafanatest"
	"pitstop/schemas/garage"
)

var update = flag.Bool("update", false, "accept what testdata/dashboards.txt should be")

// What an operator sees who manages Grafana with pitstop dashboards.
func TestDashboards(t *testing.T) {
	fake := grafanatest.New()
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	garages := filepath.Join(t.TempDir(), "garages.yaml")
	if err := os.WriteFile(garages, garage.Sample, 0o600); err != nil {
		t.Fatal(err)
	}
	var seen bytes.Buffer
	pitstop := func(code int, args ...string) {
		t.Helper()
		seen.WriteString("$ pitstop dashboards " + strings.Join(args, " ") + "\n")
		args = append([]string{"dashboards"}, args...)
		if got := run(t.Context(), args, nil, &seen, &seen); got != code {
			t.Errorf("%s: exit code %d, want %d", args, got, code)
		}
		seen.WriteString("\n")
	}

	pitstop(2, "plan")

	t.Setenv("PITSTOP_GRAFANA_URL", server.URL)
	t.Setenv("PITSTOP_GARAGES", garages)
	t.Setenv("PITSTOP_GRAFANA_CLICKHOUSE", "clickhouse:9440")
	t.Setenv("PITSTOP_READER_SECRET", strings.Repeat("5e", 32))
	t.Setenv("PITSTOP_GRAFANA_TOKEN", grafanatest.Token)
	pitstop(2, "plan", "--grafana-user", "admin")
	pitstop(2, "plan", "--organisation", "Main Org.", "--garage", "zuid")
	pitstop(2, "plan", "--organisation", "Main Org.", "--grafana-clickhouse-ca", garages)
	pitstop(1, "plan", "--organisation", "Elsewhere")
	pitstop(0, "plan", "--organisation", "Main Org.", "--garage", "noord")

	t.Setenv("PITSTOP_GRAFANA_TOKEN", "")
	t.Setenv("PITSTOP_GRAFANA_USER", grafanatest.User)
	t.Setenv("PITSTOP_GRAFANA_PASSWORD", grafanatest.Password)
	t.Setenv("PITSTOP_GRAFANA_PROMETHEUS", "http://prometheus:9090")
	pitstop(2, "plan", "--organisation", "Main Org.")
	pitstop(0, "plan")
	if len(fake.Writes) > 0 {
		t.Errorf("plan wrote %v", fake.Writes)
	}
	pitstop(0, "apply")
	fake.Writes = nil
	pitstop(0, "apply")
	if len(fake.Writes) > 0 {
		t.Errorf("the second apply wrote %v", fake.Writes)
	}

	waiting := fake.Organisation("Pitstop noord").Dashboards["pitstop-waiting"]["dashboard"].(grafanatest.Object)
	waiting["title"], waiting["refresh"] = "Mijn wachtlijst", "5s"
	old := grafanatest.Object{"uid": "pitstop-old", "title": "Old", "tags": []any{"pitstop"}}
	fake.Organisation("Pitstop").Dashboards["pitstop-old"] = grafanatest.Object{"dashboard": old}
	t.Setenv("PITSTOP_READER_SECRET", strings.Repeat("0d", 32))
	pitstop(0, "plan", "--garage", "noord")
	pitstop(0, "apply")

	fake.Organisation("Pitstop de-brug").Sources["pitstop-clickhouse"]["readOnly"] = true
	t.Setenv("PITSTOP_READER_SECRET", strings.Repeat("5e", 32))
	pitstop(1, "apply")

	dir := filepath.Join(t.TempDir(), "grafana")
	pitstop(0, "export", "--garage", "noord", "--dir", dir, "--env", dir+".env")
	info, err := os.Stat(dir + ".env")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("variables: %v, %v", info, err)
	}

	if err := os.WriteFile(dir+".all", []byte("PITSTOP_COMMAND_SECRET=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pitstop(1, "export", "--garage", "noord", "--dir", dir, "--env", dir+".all")
	if text, err := os.ReadFile(dir + ".all"); err != nil || string(text) != "PITSTOP_COMMAND_SECRET=1\n" {
		t.Errorf("a file of other variables: %s, %v", text, err)
	}
	if err := os.Chmod(dir+".env", 0o644); err != nil {
		t.Fatal(err)
	}
	pitstop(0, "export", "--garage", "noord", "--dir", dir, "--env", dir+".env")
	if info, err := os.Stat(dir + ".env"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("variables that all could read: %v, %v", info, err)
	}

	got := strings.NewReplacer(server.URL, "http://grafana:3000", dir, "DIR", garages, "garages.yaml").Replace(seen.String())
	golden := filepath.Join("testdata", "dashboards.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("run with -update to accept (-want +got):\n%s", diff)
	}
}
