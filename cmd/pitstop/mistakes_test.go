package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"pitstop/cmd/pitstop/app"
	"pitstop/cmd/pitstop/banner"
	"pitstop/deploy/embedded"
	"pitstop/schemas/garage"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/record"
)

// All that is wrong with a configuration is said at once, before anything starts.
func TestMistakesAreNamedAtOnce(t *testing.T) {
	dir := t.TempDir()
	nowhere := filepath.Join(dir, "no-garages.yaml")
	for _, tc := range []struct {
		args []string
		want []string
	}{
		{
			[]string{"up", "--data", filepath.Join(dir, "data"), "--smtp", "localhost:99999", "--garages", nowhere, "--mail-sender", "nobody", "--public-url", "ftp://x", "--clickhouse", "http://x", "--addr", "8080"},
			[]string{"localhost:99999", nowhere, "nobody", "ftp://x", "--clickhouse", `--addr "8080"`},
		},
		{
			[]string{"demo", "--data", filepath.Join(dir, "data"), "--every", "0s", "--addr", "8080"},
			[]string{"--every", `--addr "8080"`},
		},
		{
			[]string{"sink", "email", "--kafka-brokers", "x", "--registry-url", "http://localhost:1", "--smtp", "localhost:99999", "--smtp-security", "none", "--garages", nowhere, "--public-url", "ftp://x", "--mail-sender", "nobody"},
			[]string{"localhost:99999", `--smtp-security "none"`, nowhere, "nobody", "ftp://x", `broker "x"`, "PITSTOP_LINK_KEYS"},
		},
		{
			[]string{"topics", "plan", "--kafka-brokers", "x", "--partitions", "0", "--min-in-sync", "9"},
			[]string{`broker "x"`, "--partitions", "--min-in-sync 9"},
		},
		{
			[]string{
				"api", "--kafka-brokers", "x", "--registry-url", "ftp://r", "--clickhouse", "http://x", "--garages", nowhere,
				"--addr", "1:2:3", "--metrics-addr", "9", "--oidc-issuer", "ftp://idp", "--oidc-jwks-url", "keys",
			},
			[]string{`broker "x"`, "--registry-url", "--clickhouse", nowhere, "PITSTOP_LINK_KEYS", "PITSTOP_COMMAND_SECRET", `--addr "1:2:3"`, `--metrics-addr "9"`, "ftp://idp", `"keys"`},
		},
		{
			[]string{"processor", "notification", "--kafka-brokers", "x", "--registry-url", "ftp://r", "--garages", nowhere, "--metrics-addr", "9"},
			[]string{`broker "x"`, "--registry-url", nowhere, "--metrics-addr"},
		},
		{
			[]string{"sink", "clickhouse", "--kafka-brokers", "x", "--registry-url", "ftp://r", "--clickhouse", "http://x", "--metrics-addr", "9"},
			[]string{`broker "x"`, "--registry-url", "--clickhouse", "--metrics-addr"},
		},
		{
			[]string{"migrate", "--clickhouse", "http://x", "--garages", nowhere},
			[]string{"--clickhouse", nowhere},
		},
		{
			[]string{"reader", "--clickhouse", "http://x", "--garages", nowhere},
			[]string{"--clickhouse", nowhere, "PITSTOP_READER_SECRET"},
		},
		{
			[]string{"import", nowhere + "l", "--kafka-brokers", "x", "--registry-url", "ftp://r", "--garages", nowhere},
			[]string{`broker "x"`, "--registry-url", "PITSTOP_COMMAND_SECRET", nowhere, nowhere + "l"},
		},
		{
			[]string{"rebuild", "clickhouse", "--kafka-brokers", "x", "--registry-url", "ftp://r", "--clickhouse", "http://x"},
			[]string{`broker "x"`, "--registry-url", "--clickhouse"},
		},
		{
			[]string{"links", "revoke", "de-brug", "r", "--kafka-brokers", "x", "--registry-url", "ftp://r"},
			[]string{`broker "x"`, "--registry-url", "PITSTOP_COMMAND_SECRET", "--garages"},
		},
		{
			[]string{"dead-letters", "replay", "y", "z:1", "--all", "--kafka-brokers", "x", "--registry-url", "ftp://r"},
			[]string{"positions, or --all", `"y"`, `"z:1"`, `broker "x"`, "--registry-url"},
		},
		{
			[]string{"dashboards", "plan", "--grafana-url", "ftp://x", "--garages", nowhere, "--grafana-clickhouse", "x"},
			[]string{"--grafana-url", "--grafana-user", nowhere, "PITSTOP_READER_SECRET", `--grafana-clickhouse "x"`},
		},
	} {
		var said bytes.Buffer
		if code := run(t.Context(), tc.args, nil, &said, &said); code != exitUsage {
			t.Errorf("%s: exit code %d, want %d", tc.args, code, exitUsage)
		}
		for _, want := range tc.want {
			if !strings.Contains(said.String(), want) {
				t.Errorf("%s does not say %q:\n%s", strings.Join(tc.args[:2], " "), want, &said)
			}
		}
	}
}

// A plan of which something is refused is no plan that can be carried out.
func TestTopicsPlanRefuses(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, record.Events.Name))
	must(t, err)
	defer cluster.Close()
	plan := []string{"topics", "plan", "--kafka-brokers", cluster.ListenAddrs()[0], "--replication", "1", "--min-in-sync", "1", "--partitions"}
	for partitions, want := range map[string]int{"12": exitFailed, "3": exitDone} {
		var out, said bytes.Buffer
		if code := run(t.Context(), append(plan, partitions), nil, &out, &said); code != want {
			t.Errorf("%s partitions: exit code %d, want %d:\n%s%s", partitions, code, want, &out, &said)
		}
		if refused := strings.Contains(out.String(), "refused: "); refused != (want == exitFailed) || refused && !strings.Contains(said.String(), "by hand") {
			t.Errorf("%s partitions:\n%s%s", partitions, &out, &said)
		}
	}
}

// A token is for garages that there are: another is refused, with those that exist. Which
// there are says the file that runs; where that is not known, any is taken.
func TestTokenForAGarage(t *testing.T) {
	dir := t.TempDir()
	data, err := embedded.Open(dir, slog.New(slog.DiscardHandler))
	must(t, err)
	_, err = data.Secret(app.TokensSecret)
	must(t, err)
	must(t, data.Close())
	token := func(garages string) (int, string) {
		var said bytes.Buffer
		code := run(t.Context(), []string{"token", "--data", dir, "--role", "manager", "--subject", "jan", "--garage", garages}, nil, &said, &said)
		return code, said.String()
	}
	expect := func(what, garages string, want int, says ...string) {
		t.Helper()
		code, said := token(garages)
		for _, s := range says {
			if !strings.Contains(said, s) {
				t.Errorf("%s: no %q in %s", what, s, said)
			}
		}
		if code != want {
			t.Errorf("%s: exit code %d, want %d: %s", what, code, want, said)
		}
	}
	expect("no garage file", "de-burg", exitDone)
	must(t, os.WriteFile(app.GarageFile(dir), garage.Sample, 0o600))
	expect("both of the file", "de-brug,noord", exitDone)
	expect("none of the file", "de-burg,noord,zuid", exitUsage, `--garage "de-burg" is not in`, `--garage "zuid" is not in`, "which has de-brug, noord")
	other := filepath.Join(t.TempDir(), "other.yaml")
	must(t, os.WriteFile(other, bytes.ReplaceAll(garage.Sample, []byte("id: noord"), []byte("id: zuid")), 0o600))
	must(t, embedded.Addresses{Garages: other}.Write(dir))
	expect("of the file that runs", "zuid", exitDone)
	expect("of another file", "noord", exitUsage, "other.yaml")
}

// With a relay there is no mailbox to open.
func TestUpWithARelayHasNoMailbox(t *testing.T) {
	book := garagetest.Sample(t)
	data, err := embedded.Open(t.TempDir(), slog.New(slog.DiscardHandler))
	must(t, err)
	defer func() { must(t, data.Close()) }()
	for url, want := range map[string]bool{"http://localhost:8025": true, "": false} {
		var said bytes.Buffer
		addresses := embedded.Addresses{API: "http://localhost:1", Mailbox: url, Metrics: "http://localhost:2"}
		banner.Banner{Out: &said, Pipeline: &app.Pipeline{Addresses: addresses, Data: data, Garages: book}}.Running()
		written, err := json.Marshal(addresses)
		must(t, err)
		if strings.Contains(said.String(), "\n  Mailbox  ") != want || strings.Contains(string(written), "mailbox") != want {
			t.Errorf("mailbox %q:\n%s\n%s", url, &said, written)
		}
	}
}
