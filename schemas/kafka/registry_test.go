package kafka_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// answers is a transport that calls a handler, which a test may replace.
type answers struct{ http.Handler }

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w.Result(), nil
}

func says(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, body, status) })
}

func registryClient(t *testing.T, transport http.RoundTripper) *sr.Client {
	t.Helper()
	cl, err := kafka.Config{RegistryURL: "http://registry", RegistryTransport: transport}.RegistryClient("test")
	must(t, err)
	return cl
}

// Two processes register the same schemas and read each other's records.
func TestRegistry(t *testing.T) {
	cl := registryClient(t, &answers{srfake.NewRegistry().Handler()})
	one, err := kafka.NewCodec(t.Context(), cl, "test")
	must(t, err)
	two, err := kafka.NewCodec(t.Context(), cl, "test")
	must(t, err)
	subjects, err := cl.Subjects(t.Context())
	must(t, err)
	if len(subjects) != len(record.Types()) {
		t.Errorf("%d subjects for %d records", len(subjects), len(record.Types()))
	}
	b, err := one.Encode(&repair.FreeText{Text: "hoi"})
	must(t, err)
	if got, err := two.Decode(t.Context(), b); err != nil || got.(*repair.FreeText).Text != "hoi" {
		t.Errorf("%v, %v", got, err)
	}
}

// failing is a transport to a registry that is away.
type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("registry refused")
}

// When broker and registry are both away, both are named at once, and the broker first:
// without it the registry is of no use.
func TestTheBrokerIsNamedBeforeTheRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here := kafkatest.Start(t, 1).Config
		away := here
		away.RegistryTransport = failing{}
		away.Dialer = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("broker refused") }
		noRegistry := here
		noRegistry.RegistryTransport = failing{}
		for _, tc := range []struct {
			name    string
			config  kafka.Config
			in, out []string
			fails   bool
		}{
			{name: "both away", config: away, in: []string{"no Kafka broker answers", "broker refused", "--kafka-brokers", "; and register schemas", "registry refused", "--registry-url"}, fails: true},
			{name: "the registry away", config: noRegistry, in: []string{"register schemas", "--registry-url"}, out: []string{"broker"}, fails: true},
			{name: "both there", config: here},
		} {
			_, err := tc.config.Codec(t.Context(), "test", "test")
			if (err != nil) != tc.fails {
				t.Fatalf("%s: %v", tc.name, err)
			}
			at := -1
			for _, want := range tc.in {
				next := strings.Index(err.Error(), want)
				if next <= at {
					t.Errorf("%s: %q does not say %q, or too early", tc.name, err, want)
				}
				at = next
			}
			for _, not := range tc.out {
				if strings.Contains(err.Error(), not) {
					t.Errorf("%s: %q says %q", tc.name, err, not)
				}
			}
		}
	})
}

func TestAnIncompatibleSchemaIsRefused(t *testing.T) {
	cl := registryClient(t, &answers{srfake.NewRegistry().Handler()})
	const other = `{"type":"record","name":"FreeText","namespace":"pitstop","fields":[{"name":"text","type":"bytes"}]}`
	_, err := cl.CreateSchema(t.Context(), record.PersonalPrefix+"-pitstop.FreeText", sr.Schema{Schema: other})
	must(t, err)
	_, err = kafka.NewCodec(t.Context(), cl, "test")
	if !errors.Is(err, avro.ErrIncompatible) || !strings.Contains(err.Error(), "pitstop.personal-pitstop.FreeText") || !strings.Contains(err.Error(), "FreeText.text: was bytes, is string") {
		t.Error(err)
	}
}

// Only the registry's own answer makes a record undecodable. A proxy that answers
// 404, 503 or with a page at its address must not make dead letters.
func TestWhatMakesARecordUndecodable(t *testing.T) { synctest.Test(t, testWhatMakesARecordUndecodable) }

func testWhatMakesARecordUndecodable(t *testing.T) {
	fake := srfake.NewRegistry().Handler()
	transport := &answers{fake}
	codec, err := kafka.NewCodec(t.Context(), registryClient(t, transport), "test")
	must(t, err)
	for name, c := range map[string]struct {
		handler     http.Handler
		undecodable bool
	}{
		"the registry does not know it":   {fake, true},
		"in another registry's words":     {says(http.StatusNotFound, `{"error_code":404,"message":"not found"}`), true},
		"nothing is at the address":       {says(http.StatusNotFound, `<html>404 page not found</html>`), false},
		"a proxy has nobody to ask":       {says(http.StatusServiceUnavailable, `{"error_code":404,"message":"no backend"}`), false},
		"the login is refused":            {says(http.StatusUnauthorized, `{"error_code":401,"message":"unauthorized"}`), false},
		"a page is where a schema was":    {says(http.StatusOK, `<html>please log in</html>`), false},
		"the registry is out of its mind": {says(http.StatusInternalServerError, `{"error_code":50001,"message":"timeout"}`), false},
	} {
		transport.Handler = c.handler
		_, err := codec.Decode(t.Context(), []byte{0, 0, 1, 2, 3, 4})
		if errors.Is(err, avro.ErrUnknownSchema) { // it is asked again
			time.Sleep(time.Minute)
			_, err = codec.Decode(t.Context(), []byte{0, 0, 1, 2, 3, 4})
		}
		if err == nil || errors.Is(err, avro.ErrUndecodable) != c.undecodable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// silent is a registry that takes requests and never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestASilentRegistryHoldsNobodyForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := kafka.NewCodec(t.Context(), registryClient(t, silent{}), "test")
		if took := time.Since(began); err == nil || errors.Is(err, avro.ErrIncompatible) || took > 10*time.Second {
			t.Errorf("%v after %s", err, took)
		}
	})
}
