package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
	"pitstop/deploy/e2e/pitstop"
)

// refuses runs pitstop, which must exit with code 2 and say all of this.
func refuses(t *testing.T, args []string, says ...string) {
	t.Helper()
	code, out, errOut := program.Run(t, args...)
	if code != 2 || out != "" {
		t.Errorf("pitstop %s: code %d, printed %q, want 2 and nothing", strings.Join(args, " "), code, out)
	}
	for _, want := range says {
		if !strings.Contains(errOut, want) {
			t.Errorf("pitstop %s does not say %q:\n%s", strings.Join(args, " "), want, errOut)
		}
	}
	for _, noise := range []string{"panic", "goroutine", "level=ERROR"} {
		if strings.Contains(errOut, noise) {
			t.Errorf("pitstop %s says more than it should:\n%s", strings.Join(args, " "), errOut)
		}
	}
}

func TestStart_WithoutConfiguration(t *testing.T) {
	t.Parallel()
	const (
		brokers, registry, clickhouse = "give --kafka-brokers", "give --registry-url", "give --clickhouse"
		garages, links                = "give --garages FILE", "give PITSTOP_LINK_KEYS"
	)
	for command, all := range map[string][]string{ // all problems at once, and what to do about each
		"api":                    {brokers, registry, clickhouse, garages, links, "PITSTOP_COMMAND_SECRET", "--oidc-issuer"},
		"processor lifecycle":    {brokers, registry},
		"processor notification": {brokers, registry, garages},
		"processor latency":      {brokers, registry, garages},
		"sink clickhouse":        {brokers, registry, clickhouse},
		"sink email":             {brokers, registry, garages, links, "give --smtp", "give --public-url", "give --mail-sender"},
		"topics plan":            {brokers},
		"topics apply":           {brokers},
		"migrate":                {clickhouse, garages},
		"import":                 {"<file>", "--help"},
		"dead-letters list":      {brokers, registry},
		"token":                  {"--role", "--garage", "--subject", "--help"},
		"up --nonsense":          {"--nonsense", "--help"},
		"up --public-url ftp://x --mail-sender nobody":                                         {"give --public-url", "give --mail-sender"},
		"up --smtp-user pitstop":                                                               {"an SMTP setting without --smtp"},
		"topics plan --kafka-brokers 127.0.0.1:1 --registry-url http://127.0.0.1:1":            {"unknown flag --registry-url"},
		"dead-letters list --data data --kafka-brokers 127.0.0.1:1":                            {"give --data, or --kafka-brokers and --registry-url, not both"},
		"api --token-secret 00 --oidc-jwks-url http://127.0.0.1:1 --kafka-brokers 127.0.0.1:1": {"PITSTOP_TOKEN_SECRET, not both"},
		"nonsense":           {"nonsense", "--help"},
		"processor nonsense": {"nonsense", "lifecycle", "--help"},
		"api --kafka-brokers nowhere --registry-url nowhere --clickhouse nowhere --garages nowhere --addr x": {
			"nowhere", "no such file", "--addr", "clickhouse://",
		},
	} {
		t.Run(command, func(t *testing.T) { refuses(t, strings.Fields(command), all...) })
	}
	code, out, _ := program.Run(t, "--help")
	if code != 0 || !strings.Contains(out, "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.") {
		t.Errorf("pitstop --help: code %d, %s", code, out)
	}
}

func TestStart_DataDirectory(t *testing.T) {
	t.Parallel()
	t.Run("in use", func(t *testing.T) {
		refuses(t, []string{"up", "--data", shared(t).Dir}, shared(t).Dir, "in use by process", "stop that process, or choose another")
	})
	t.Run("newer format", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "format"), []byte("999\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		refuses(t, []string{"up", "--data", dir}, dir, "format 999", "newer version of pitstop")
	})
	t.Run("something else", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "thesis.odt"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		refuses(t, []string{"up", "--data", dir}, dir, "thesis.odt", "choose a new or empty directory")
		if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
			t.Errorf("%d files are there now (%v)", len(files), err)
		}
	})
	t.Run("token before the first start", func(t *testing.T) {
		refuses(t, []string{"token", "--data", t.TempDir(), "--role", "mechanic", "--garage", "g", "--subject", "s"}, "run pitstop up --data")
	})
}

func TestStart_WithoutTheClickHouseLibrary(t *testing.T) {
	t.Parallel()
	refuses(t, []string{"up", "--data", t.TempDir(), "--clickhouse-library", "/nonexistent"},
		"/nonexistent", "correct the path, or give a ClickHouse server of your own with --clickhouse DSN")
}

func TestStart_GarageFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "garages.yaml")
	text := string(pitstop.GarageFile(pitstop.GarageConfig{ID: "Not An Id", Hours: "mon-fri: 17:00-8:00"}, pitstop.GarageConfig{ID: "twice"}, pitstop.GarageConfig{ID: "twice"}))
	text = strings.Replace(text, "time_zone: Europe/Amsterdam", "time_zone: Utrecht\n    colour: red", 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	refuses(t, []string{"up", "--data", t.TempDir(), "--garages", file}, file, "line 3: garages[0].id", "Not An Id", "17:00-8:00", "Utrecht", "colour", "used twice")
	refuses(t, []string{"up", "--data", t.TempDir(), "--garages", file + "x"}, file+"x", "no such file")
	refuses(t, []string{"migrate", "--clickhouse", "clickhouse://127.0.0.1:1/x", "--garages", file}, "Not An Id", "colour")
}

// A port chosen at the first start is taken by another program later.
func TestStart_PortInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := program.Up(t, dir)
	if code := p.Stop(os.Interrupt); code != 0 {
		t.Fatalf("pitstop up ended with %d", code)
	}
	for part, address := range map[string]string{
		"api": p.API, "kafka": p.Kafka, "clickhouse": p.ClickHouse, "mailbox": p.Mailbox, "registry": p.Registry, "metrics": p.Metrics,
	} {
		if u, err := url.Parse(address); err == nil && u.Host != "" {
			address = u.Host
		}
		taken, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(address)
		refuses(t, []string{"up", "--data", dir}, "port "+port, part, "taken by another program", "stop that program, or remove "+filepath.Join(dir, "ports", part))
		if err := taken.Close(); err != nil {
			t.Error(err)
		}
	}
	program.Up(t, dir) // none of this broke the data directory
}

// Without a garage file there are two garages, and pitstop up says where their file is.
func TestStart_Sample(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := program.Up(t, dir)
	expect.Until(t, "what it says at last", func() string { // it says so a moment after it is ready
		if !strings.Contains(p.Said.String(), "Ctrl-C stops.") {
			return "it says " + p.Said.String()
		}
		return ""
	})
	expect.Says(t, "pitstop up", p.Said.String(), "sample of two garages", filepath.Join(dir, "garages.yaml"), p.API, p.Mailbox, "pitstop token")
	info, err := os.Stat(filepath.Join(dir, "addresses.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("addresses.json: %v, %v, want it for the owner only", info, err)
	}
	says := client.Decode[object](client.Client{T: t, Base: p.Provider}.Get("/.well-known/openid-configuration"), http.StatusOK)
	if says["issuer"] != p.Provider {
		t.Errorf("the identity provider at %s says that it is %s", p.Provider, says["issuer"])
	}
	for _, g := range []string{"de-brug", "noord"} {
		c := client.Client{T: t, Base: p.API, Token: p.Token(t, "mechanic", "sam", g)}
		c.Post("/v1/repairs", garage.Order("WO-1842", "j@example.nl")).Accepted(http.StatusCreated)
	}
	code, _, errOut := program.Run(t, "token", "--data", dir, "--role", "boss", "--garage", "de-brug", "--subject", "x")
	if code != 2 || !strings.Contains(errOut, "mechanic") {
		t.Errorf("a token of an unknown role: code %d, %s", code, errOut)
	}
}

// The demo has weeks of history, and continues live.
func TestDemo(t *testing.T) {
	t.Parallel()
	p := program.Demo(t, t.TempDir(), "--repairs", "60")
	g := garage.New(t, p, "de-brug,noord")
	expect.Until(t, "the history", func() string {
		if list := g.List("integrator", "/v1/repairs"); len(list.Items) == 0 {
			return "no repairs yet"
		}
		rows := client.Decode[struct{ Rows []client.Figures }](g.As("manager").Get("/v1/latencies?measure=delivery"), http.StatusOK).Rows
		if len(rows) != 1 || rows[0].N == 0 || rows[0].Wall.P50 <= 0 {
			return fmt.Sprintf("the figures are %+v", rows)
		}
		return ""
	})
}
