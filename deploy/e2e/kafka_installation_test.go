package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/customer"
	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/garage"
	"pitstop/deploy/e2e/pitstop"
	"pitstop/deploy/e2e/topics"
	"pitstop/deploy/embedded"
	"pitstop/deploy/kafka"
)

// needKafka skips a test unless the tests on Apache Kafka are asked for.
func needKafka(t *testing.T) {
	t.Helper()
	if os.Getenv("PITSTOP_TEST_KAFKA") == "" {
		t.Skip("make test-kafka runs this, on Apache Kafka")
	}
}

// installation is Pitstop as an operator installs it: every role in a process of its
// own, on Apache Kafka and Apicurio Registry.
type installation struct {
	*pitstop.Process // the addresses only
	t                *testing.T
	cluster          *kafka.Cluster
	data             *embedded.Data
	sign             func(claims map[string]any) string
	args             map[string][]string // by role
	roles            map[string]*pitstop.Process
	ops              map[string]string // addresses of readiness, by role
}

// install starts everything and waits until each role is ready.
func install(t *testing.T, garages ...pitstop.GarageConfig) *installation {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	data, err := embedded.Open(filepath.Join(t.TempDir(), "parts"), log)
	must(err)
	t.Cleanup(func() { must(data.Close()) })
	under := func(name string) *embedded.Data { // a data directory of its own
		d, err := embedded.Open(filepath.Join(t.TempDir(), name), log)
		must(err)
		t.Cleanup(func() { must(d.Close()) })
		return d
	}
	cluster, err := kafka.Start(t.Context(), under("kafka"), kafka.Options{Log: log})
	must(err)
	t.Cleanup(cluster.Kill)
	engine, err := embedded.StartClickHouse(t.Context(), data, embedded.ClickHouseOptions{Exe: program.Path, Log: log})
	must(err)
	t.Cleanup(func() { must(engine.Stop(t.Context())) })
	mailbox, err := embedded.StartMailbox(t.Context(), data, embedded.MailboxOptions{Log: log})
	must(err)
	t.Cleanup(func() { must(mailbox.Stop(t.Context())) })

	i := &installation{
		Process: &pitstop.Process{Addresses: pitstop.Addresses{
			Mailbox: mailbox.URL, ClickHouse: engine.DSN, Kafka: cluster.Brokers[0], Registry: cluster.RegistryURL,
		}},
		t: t, cluster: cluster, data: data, roles: make(map[string]*pitstop.Process), ops: make(map[string]string),
	}
	issuer, sign := provider(t)
	i.sign = sign
	file := data.Path("garages.yaml")
	must(os.WriteFile(file, pitstop.GarageFile(garages...), 0o600))
	api := i.address("api")
	i.API = "http://" + api

	brokers := []string{"--kafka-brokers", strings.Join(cluster.Brokers, ",")}
	log0 := slices.Concat(brokers, []string{"--registry-url", cluster.RegistryURL})
	book, db := []string{"--garages", file}, []string{"--clickhouse", engine.DSN}
	links := []string{"--link-keys", "1:" + base64.StdEncoding.EncodeToString(random(32))}
	i.args = map[string][]string{
		"processor lifecycle":    log0,
		"processor notification": slices.Concat(log0, book),
		"processor latency":      slices.Concat(log0, book),
		"sink clickhouse":        slices.Concat(log0, db),
		"sink email": slices.Concat(log0, book, links, []string{
			"--smtp", mailbox.SMTPAddr, "--public-url", i.API, "--mail-sender", "pitstop@garage.example",
		}),
		"api": slices.Concat(log0, book, db, links, []string{
			"--addr", api, "--command-secret", hex.EncodeToString(random(32)), "--oidc-issuer", issuer,
		}),
	}
	for _, command := range [][]string{
		slices.Concat([]string{"topics", "apply"}, brokers),
		slices.Concat([]string{"migrate"}, db, book),
	} {
		if code, out, errOut := program.Run(t, command...); code != 0 {
			t.Fatalf("pitstop %s: code %d, %s%s", command[0], code, out, errOut)
		}
	}
	for role := range i.args {
		i.roles[role] = i.start(role, role)
	}
	for role := range i.args {
		expect.Until(t, role+" is ready", func() string { return i.notReady(role) })
	}
	return i
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, by its documentation
	return b
}

func (i *installation) address(name string) string {
	i.t.Helper()
	port, err := i.data.Port(strings.ReplaceAll(name, " ", "-"))
	if err != nil {
		i.t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// start starts a process of a role under a name. It is stopped when the test ends.
func (i *installation) start(role, name string, more ...string) *pitstop.Process {
	i.t.Helper()
	i.ops[name] = i.address(name + "-ops")
	args := slices.Concat(strings.Fields(role), i.args[role], []string{"--metrics-addr", i.ops[name]}, more)
	if role != "api" && !slices.Contains(more, "--instance") {
		args = append(args, "--instance", "first")
	}
	p, err := program.Launch(args...)
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() {
		p.Stop(os.Interrupt)
		if i.t.Failed() {
			i.t.Logf("what %s said at last:\n%s", name, p.Said.Tail())
		}
	})
	return p
}

// notReady returns why a role is not ready, empty when it is.
func (i *installation) notReady(name string) string {
	answer, err := client.HTTP.Get("http://" + i.ops[name] + "/readyz")
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Sprintf("%s %v", text, err)
	}
	return ""
}

// garage returns a garage of the installation.
func (i *installation) garage(name string) *garage.Garage {
	g := garage.New(i.t, i.Process, name)
	for role, subject := range garage.Subjects {
		g.Clients[role] = client.Client{T: i.t, Base: i.API, Token: i.sign(map[string]any{
			"sub": subject, "aud": "pitstop", "exp": time.Now().Add(time.Hour).Unix(), "roles": []string{role}, "garages": []string{name},
		})}
	}
	return g
}

// provider starts an identity provider with one key.
func provider(t *testing.T) (issuer string, sign func(claims map[string]any) string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	answer := func(path string, body any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(body) })
	}
	answer("/.well-known/openid-configuration", map[string]any{
		"issuer": server.URL, "jwks_uri": server.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
	})
	answer("/keys", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	return server.URL, func(claims map[string]any) string {
		claims["iss"] = server.URL
		token, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
}

// On separate servers, a repair gets from the mechanic's request to the customer's
// mail and answer, and to the manager's figures; also while the schema registry is
// unavailable, and after each role was started a second time under its name.
func TestKafka_Installation(t *testing.T) {
	needKafka(t)
	i := install(t, pitstop.Garages("servers", "remind_after: [], call_after: 10000h")...)
	g := i.garage("servers")
	if n := topics.Open(t, i.Kafka).Partitions("pitstop.commands"); n != 12 {
		t.Errorf("there are %d partitions", n)
	}
	began := time.Now()
	repaired(g)
	t.Logf("from the mechanic's first request to the measured waits: %s", time.Since(began).Round(time.Millisecond))

	t.Run("registry away", func(t *testing.T) { i.withoutRegistry(t, g) })
	t.Run("two with one name", func(t *testing.T) { i.twice(t, g) })
}

// repaired runs a repair with extra work that the customer approves, and follows it
// through every part.
func repaired(g *garage.Garage) {
	g.Helper()
	j := g.Start(nil)
	j.Happens(garage.Started...)
	j.Ask(nil)
	j.Happens(garage.Asked...)
	action, form := garage.DecisionForm(j.MailTo(j.To, "Extra werk").Link(g), "1", "38795")
	if p := customer.Fetch(g, http.MethodPost, action, form); p.Status != http.StatusSeeOther {
		g.Fatalf("the customer's answer: status %d: %.2000s", p.Status, p.Body)
	}
	j.Happens("QuoteViewed", "QuoteDecided", "NotificationRequested decision to mechanic", "DeliveryAccepted decision to mechanic")
	j.Complete(67695)
	j.Measured(j.Decided("approved")...)
}

// withoutRegistry stops the registry: roles that run continue; roles that start wait,
// say why, and lose nothing.
func (i *installation) withoutRegistry(t *testing.T, g *garage.Garage) {
	if err := i.cluster.StopRegistry(); err != nil {
		t.Fatal(err)
	}
	repaired(g)
	const role = "processor lifecycle"
	i.roles[role].Stop(os.Kill)
	i.roles[role] = i.start(role, role)
	expect.Until(t, "readiness says why", func() string {
		why := i.notReady(role)
		if strings.Contains(why, "register schemas") && strings.Contains(why, "is --registry-url right, and the schema registry running?") {
			return ""
		}
		return "it says " + why
	})
	c := g.As("mechanic")
	waiting := c.SendOnce(http.MethodPost, "/v1/repairs", garage.Order("WO-WAITS", "wo-waits@example.nl"), "Idempotency-Key", "waits")
	if waiting.Status != http.StatusAccepted {
		t.Errorf("a command that nobody decides: status %d, %s", waiting.Status, waiting.Body)
	}
	for line := range strings.Lines(i.roles[role].Said.String()) {
		if !strings.Contains(line, "msg=started") {
			expect.Says(t, role, line, "role failed, starting it again", "register schemas", "the schema registry running?")
		}
	}
	began := time.Now()
	if err := i.cluster.StartRegistry(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect.Until(t, role+" is ready", func() string { return i.notReady(role) })
	t.Logf("%s was ready %s after the start of the registry", role, time.Since(began).Round(time.Millisecond))
	r := c.Send(http.MethodPost, "/v1/repairs", garage.Order("WO-WAITS", "wo-waits@example.nl"), "Idempotency-Key", "waits").Accepted(http.StatusCreated)
	j := &garage.Job{Garage: g, ID: r.RepairID, Ref: "WO-WAITS", To: "wo-waits@example.nl"}
	j.Happens(garage.Started...)
	j.Measured(garage.Waited("turnaround", "", 0, "", j.When("RepairStarted"), time.Time{}), j.Delivery("repair_started", "customer", 0))
}

// twice starts a second process of each role under the name of the first: the first
// must end and say why, in one line; the second takes over. The pipeline is idle then,
// because an interrupted transaction would be reported first.
func (i *installation) twice(t *testing.T, g *garage.Garage) {
	for role, first := range i.roles {
		if role == "api" { // it has no instance name
			continue
		}
		before := first.Said.String()
		i.roles[role] = i.start(role, role+" again")
		select {
		case <-first.Ended:
		case <-time.After(expect.Patience):
			t.Fatalf("%s goes on beside a second one", role)
		}
		said := strings.TrimPrefix(first.Said.String(), before)
		if code := first.Cmd.ProcessState.ExitCode(); code != 1 || strings.Count(said, "\n") != 1 {
			t.Errorf("%s ended with %d and not one line:\n%s", role, code, said)
		}
		expect.Says(t, role, said, "another process runs the same instance (first): give every process its own --instance")
		expect.Until(t, role+" is ready", func() string { return i.notReady(role + " again") })
	}
	repaired(g)
}
