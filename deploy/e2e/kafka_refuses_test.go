package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/deploy/e2e/expect"
	"pitstop/deploy/e2e/pitstop"
	"pitstop/deploy/e2e/topics"
	"pitstop/deploy/embedded"
	"pitstop/deploy/kafka"
)

// certificate writes a self-signed certificate for the loopback address, and a file of
// it with its key.
func certificate(t *testing.T) (ca, both string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	ca, both = filepath.Join(t.TempDir(), "ca.pem"), filepath.Join(t.TempDir(), "broker.pem")
	must(os.WriteFile(ca, cert, 0o600))
	must(os.WriteFile(both, append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), cert...), 0o600))
	return ca, both
}

// loginConfig has the users of PLAIN.
const loginConfig = `org.apache.kafka.common.security.plain.PlainLoginModule required user_pitstop="right" user_stranger="right";`

// refusals are the ways a broker refuses, and what must be said about each.
var refusals = []struct {
	name     string
	listener string
	flags    []string
	says     []string
}{
	{"tls wanted", "TLS", nil, []string{"tls", "the broker wants TLS: give --kafka-tls"}},
	{"unknown authority", "TLS", []string{"--kafka-tls"}, []string{"unknown authority", "as --kafka-ca"}},
	{"tls not wanted", "PLAIN", []string{"--kafka-tls"}, []string{"the broker speaks no TLS on that port"}},
	{"login wanted", "LOGIN", nil, []string{"the broker wants a login: give --kafka-sasl, --kafka-user and PITSTOP_KAFKA_PASSWORD"}},
	{"wrong password", "LOGIN", login("plain", "pitstop", "wrong"), []string{"SASL_AUTHENTICATION_FAILED", "correct --kafka-user or PITSTOP_KAFKA_PASSWORD"}},
	{"wrong mechanism", "LOGIN", login("scram-sha-256", "pitstop", "right"), []string{"UNSUPPORTED_SASL_MECHANISM", "give another --kafka-sasl"}},
	{"not allowed", "LOGIN", login("plain", "stranger", "right"), []string{"_AUTHORIZATION_FAILED", "allow it to the user: docs/kafka.md says what each role needs"}},
}

func login(mechanism, user, password string) []string {
	return []string{"--kafka-sasl", mechanism, "--kafka-user", user, "--kafka-password", password}
}

// A broker's refusal is logged in one line at each attempt, with what to do about it,
// and shown by readiness; and when it refuses no more, the role continues.
func TestKafka_Refuses(t *testing.T) {
	needKafka(t)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	data, err := embedded.Open(filepath.Join(t.TempDir(), "kafka"), log)
	if err != nil {
		t.Fatal(err)
	}
	ca, both := certificate(t)
	cluster, err := kafka.Start(t.Context(), data, kafka.Options{
		Nodes: 1, Log: log, Listeners: map[string]string{"TLS": "SSL", "LOGIN": "SASL_PLAINTEXT"},
		Properties: map[string]string{
			"listener.name.tls.ssl.keystore.type":        "PEM",
			"listener.name.tls.ssl.keystore.location":    both,
			"sasl.enabled.mechanisms":                    "PLAIN",
			"listener.name.login.plain.sasl.jaas.config": loginConfig,
			"authorizer.class.name":                      "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
			"super.users":                                "User:ANONYMOUS;User:pitstop",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Kill)
	single := []string{"--replication", "1", "--min-in-sync", "1"}
	for _, welcome := range [][]string{ // correct settings
		{"--kafka-brokers", cluster.Addr("TLS", 0), "--kafka-tls", "--kafka-ca", ca},
		append([]string{"--kafka-brokers", cluster.Addr("LOGIN", 0)}, login("plain", "pitstop", "right")...),
	} {
		if code, out, errOut := program.Run(t, slices.Concat([]string{"topics", "apply"}, single, welcome)...); code != 0 || errOut != "" {
			t.Fatalf("topics apply: code %d, %s%s", code, out, errOut)
		}
	}
	garages := data.Path("garages.yaml")
	if err := os.WriteFile(garages, pitstop.GarageFile(pitstop.Garages("refused", "")...), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("cases", func(t *testing.T) {
		for _, c := range refusals {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				reach := slices.Concat([]string{"--kafka-brokers", cluster.Addr(c.listener, 0)}, c.flags)
				code, out, errOut := program.Run(t, slices.Concat([]string{"topics", "plan"}, single, reach)...)
				if code != 1 || out != "" || strings.Count(errOut, "\n") != 1 {
					t.Errorf("topics plan: code %d, %q, and not one line:\n%s", code, out, errOut)
				}
				expect.Says(t, "topics plan", errOut, c.says...)

				i := &installation{Process: &pitstop.Process{}, t: t, cluster: cluster, data: data, roles: make(map[string]*pitstop.Process), ops: make(map[string]string)}
				reach = append(reach, "--registry-url", cluster.RegistryURL)
				i.args = map[string][]string{
					"processor lifecycle": reach,
					"sink email": slices.Concat(reach, []string{
						"--garages", garages, "--link-keys", "1:" + base64.StdEncoding.EncodeToString(random(32)),
						"--smtp", "127.0.0.1:1", "--public-url", "http://localhost", "--mail-sender", "pitstop@garage.example",
					}),
				}
				for role := range i.args {
					id := role + " " + c.name
					p := i.start(role, id)
					expect.Until(t, "readiness says why", func() string {
						why := i.notReady(id)
						if !slices.ContainsFunc(c.says, func(s string) bool { return !strings.Contains(why, s) }) {
							return ""
						}
						return "it says " + why
					})
					expect.Until(t, "the log says why", func() string {
						if !strings.Contains(p.Said.String(), "again") {
							return "it says " + p.Said.String()
						}
						return ""
					})
					for line := range strings.Lines(p.Said.String()) {
						if strings.Contains(line, "msg=started") {
							continue
						}
						expect.Says(t, role, line, append(c.says[:1:1], "again")...)
					}
					i.roles[role] = p
				}
				if c.name == "not allowed" {
					i.allowed(t, c.name)
				}
			})
		}
	})
}

// allowed grants what docs/kafka.md says, and waits until the roles have recovered by
// themselves and handled what came meanwhile.
func (i *installation) allowed(t *testing.T, name string) {
	i.Kafka = i.cluster.Brokers[0]
	log := topics.Open(t, i.Kafka)
	log.Write(&kgo.Record{Topic: "pitstop.commands", Key: []byte("k"), Value: []byte("garbage")})
	adm := kadm.NewClient(log.Client)
	allow := func() *kadm.ACLBuilder {
		return kadm.NewACLs().Allow("User:stranger").AllowHosts("*").ResourcePatternType(kadm.ACLPatternPrefixed)
	}
	for _, acl := range []*kadm.ACLBuilder{ // READ and WRITE imply DESCRIBE
		allow().Topics("pitstop.").Operations(kadm.OpRead, kadm.OpWrite),
		allow().Groups("pitstop.").Operations(kadm.OpRead),
		allow().TransactionalIDs("pitstop.").Operations(kadm.OpWrite),
	} {
		created, err := adm.CreateACLs(t.Context(), acl)
		for _, r := range created {
			err = errors.Join(err, r.Err)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	expect.Until(t, "lifecycle is ready", func() string { return i.notReady("processor lifecycle " + name) })
	expect.Until(t, "what was written meanwhile is handled", func() string {
		if n := len(log.About("pitstop.dead-letters", "")); n != 1 {
			return fmt.Sprintf("there are %d dead letters", n)
		}
		return ""
	})
	expect.Until(t, "the sink is ready", func() string { return i.notReady("sink email " + name) })

	apply := slices.Concat([]string{"topics", "apply", "--replication", "1", "--min-in-sync", "1", "--kafka-brokers", i.cluster.Addr("LOGIN", 0)}, login("plain", "stranger", "right"))
	code, out, errOut := program.Run(t, apply...)
	if code != 1 || out != "" || strings.Count(errOut, "\n") != 1 {
		t.Errorf("topics apply: code %d, %q, and not one line:\n%s", code, out, errOut)
	}
	expect.Says(t, "topics apply", errOut, "_AUTHORIZATION_FAILED", "docs/kafka.md")
	created, err := adm.CreateACLs(t.Context(), allow().Topics("pitstop.").Operations(kadm.OpCreate, kadm.OpAlterConfigs, kadm.OpDescribeConfigs))
	if err != nil || created[0].Err != nil {
		t.Fatal(err, created)
	}
	expect.Until(t, "topics apply is allowed", func() string { // by every broker, a moment after the controller
		code, out, errOut = program.Run(t, apply...)
		return errOut
	})
	if code != 0 || out != "nothing to do: every topic is as the catalogue says\n" {
		t.Errorf("topics apply: code %d, %s", code, out)
	}
}
