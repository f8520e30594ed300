package grafana

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-openapi/runtime"
	httptransport "github.com/go-openapi/runtime/client"
	"github.com/grafana/grafana-openapi-client-go/client"

	"pitstop/schemas/cafile"
)

// Server is a Grafana, and who Pitstop is there: its server's administrator, who
// may create organisations, or a service account of one organisation.
type Server struct {
	URL            string // may have a path
	User, Password string
	Token          string        // of a service account, instead
	CA             string        // file of certificates to trust, in PEM; empty: the system's
	Timeout        time.Duration // of one request, at most 30 s; 0: that
	Wait           time.Duration // before a retry, doubled each time; 0: half a second
}

// Validate reports every problem at once.
func (s Server) Validate() error {
	var errs []error
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil {
		errs = append(errs, errors.New("no address of Grafana: give --grafana-url, as https://grafana.example, without a user in it"))
	} else if s.CA != "" && u.Scheme == "http" {
		errs = append(errs, errors.New("--grafana-ca goes with an https address: the connection is not encrypted"))
	}
	switch {
	case s.Token != "" && (s.User != "" || s.Password != ""):
		errs = append(errs, errors.New("both a user and a token: give --grafana-user for all organisations, or PITSTOP_GRAFANA_TOKEN for the one it is of"))
	case s.Token == "" && (s.User == "" || s.Password == ""):
		errs = append(errs, errors.New("nobody to log in as: give --grafana-user and PITSTOP_GRAFANA_PASSWORD, or PITSTOP_GRAFANA_TOKEN"))
	}
	if s.Timeout < 0 || s.Timeout > maxTimeout {
		errs = append(errs, fmt.Errorf("--grafana-timeout %v is not between 0 and %v", s.Timeout, maxTimeout))
	}
	_, err = s.trust()
	return errors.Join(append(errs, err)...)
}

// maxTimeout is the longest that the client's operations wait.
const maxTimeout = 30 * time.Second

func (s Server) trust() (*tls.Config, error) {
	pool, err := cafile.Read("certificates to trust", s.CA)
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, nil
}

// session is a client of one Grafana, on connections that are kept.
type session struct {
	server Server
	http   *http.Client
}

func (s Server) open() (*session, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	trusted, err := s.trust()
	if err != nil {
		return nil, err
	}
	if s.Timeout == 0 {
		s.Timeout = maxTimeout
	}
	if s.Wait == 0 {
		s.Wait = 500 * time.Millisecond
	}
	return &session{s, &http.Client{
		Transport: transport{&http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: trusted, ForceAttemptHTTP2: true}, s.Timeout},
		// A redirect means that the address is wrong; and the password is for
		// nobody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func (s *session) close() { s.http.CloseIdleConnections() }

// in returns a client for an organisation, or with 0 for the one that the user or
// token is of. The client's own way to make its transport changes the settings of
// http.DefaultTransport, for everybody in the process.
func (s *session) in(ctx context.Context, organisation int64) *client.GrafanaHTTPAPI {
	u, err := url.Parse(s.server.URL)
	if err != nil {
		u = new(url.URL) // not after Validate
	}
	rt := httptransport.NewWithClient(u.Host, strings.TrimSuffix(u.Path, "/")+"/api", []string{u.Scheme}, s.http)
	rt.Consumers[runtime.JSONMime] = runtime.ConsumerFunc(func(r io.Reader, v any) error { return json.NewDecoder(r).Decode(v) })
	auth := httptransport.BasicAuth(s.server.User, s.server.Password)
	if s.server.Token != "" {
		auth = httptransport.BearerToken(s.server.Token)
	}
	if organisation != 0 && s.server.Token == "" {
		auth = httptransport.Compose(auth, httptransport.APIKeyAuth(client.OrgIDHeader, "header", strconv.FormatInt(organisation, 10)))
	}
	rt.DefaultAuthentication = auth
	return client.New(within{rt, ctx}, client.DefaultTransportConfig(), nil)
}

// within is a transport that asks in a context: the client's methods take none.
type within struct {
	*httptransport.Runtime
	ctx context.Context
}

func (t within) Submit(operation *runtime.ClientOperation) (any, error) {
	return t.SubmitContext(t.ctx, operation)
}

// call calls Grafana, by a method of the client's. The client panics on answers
// that its specification does not have, and so may we where one lacks a field: that
// becomes an error here.
func call[T any](ask func() (T, error)) (answer T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("an answer that Grafana 11 to 13 do not give: %v", p)
		}
	}()
	answer, err = ask()
	if asked := (*url.Error)(nil); errors.As(err, &asked) {
		err = asked.Err // without the address, which tells the reader nothing
	}
	return answer, err
}

// transport passes requests on, and back only the JSON of a success: every other
// answer is an error, of one of the types below, before the client sees it.
type transport struct {
	next    http.RoundTripper
	timeout time.Duration
}

// refusal is an answer that is not a success.
type refusal struct {
	status int
	said   string
	page   bool // for people: not Grafana's API
}

func (r *refusal) Error() string {
	s := fmt.Sprintf("%d %s", r.status, http.StatusText(r.status))
	if r.said != "" {
		s += ": " + r.said
	}
	if h := hints[r.status]; h != "" {
		s += " (" + h + ")"
	}
	return s
}

var hints = map[int]string{
	http.StatusMovedPermanently:   "is --grafana-url right?",
	http.StatusFound:              "is --grafana-url right?",
	http.StatusPermanentRedirect:  "is --grafana-url right?",
	http.StatusTemporaryRedirect:  "is --grafana-url right?",
	http.StatusUnauthorized:       "is the user, password or token right?",
	http.StatusForbidden:          "is the user an administrator of the server and of this organisation, or the token an administrator's? What was provisioned from files only changes there",
	http.StatusNotFound:           "is --grafana-url right?",
	http.StatusConflict:           "something else there has its name, or it was provisioned from files",
	http.StatusPreconditionFailed: "somebody changes it at the same time",
}

// connectionError says that no complete answer came.
type connectionError struct{ error }

func (e connectionError) Unwrap() error { return e.error }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	slow := connectionError{fmt.Errorf("no answer within %v", t.timeout)}
	ctx, cancel := context.WithTimeoutCause(r.Context(), t.timeout, slow)
	defer cancel()
	response, err := t.next.RoundTrip(r.WithContext(ctx))
	var body []byte
	if err == nil {
		body, err = io.ReadAll(response.Body)
		err = errors.Join(err, response.Body.Close())
	}
	switch kind := ""; {
	case err != nil && errors.Is(context.Cause(ctx), slow):
		return nil, slow
	case err != nil && r.Context().Err() != nil:
		return nil, r.Context().Err()
	case err != nil:
		return nil, connectionError{err}
	default:
		kind, _, _ = mime.ParseMediaType(response.Header.Get("Content-Type"))
		if response.StatusCode/100 != 2 || (len(body) > 0 && kind != "application/json") {
			return nil, &refusal{response.StatusCode, said(kind, response.Header.Get("Location"), body), kind == "text/html"}
		}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// said returns what an answer says, in short.
func said(kind, location string, body []byte) string {
	var answer struct{ Message string }
	switch {
	case location != "":
		return "it points to " + location
	case kind == "application/json" && json.Unmarshal(body, &answer) == nil && answer.Message != "":
		return answer.Message
	case kind == "text/html":
		return "a web page where Grafana's API should be: a proxy's, or --grafana-url is not right"
	default:
		return strings.ToValidUTF8(string(bytes.TrimSpace(body[:min(len(body), 200)])), "")
	}
}

// retryable reports whether another try, after another look, may help: nobody
// answered, Grafana had trouble, or somebody changed the object in between.
func retryable(err error) bool {
	var r *refusal
	if errors.As(err, &r) {
		return r.status >= 500 || r.status == http.StatusTooManyRequests ||
			r.status == http.StatusConflict || r.status == http.StatusPreconditionFailed
	}
	return errors.As(err, new(connectionError))
}

// unreachable reports whether it is Grafana itself that is away.
func unreachable(err error) bool {
	var r *refusal
	return errors.As(err, new(connectionError)) || (errors.As(err, &r) && (r.status >= 500 || r.status == http.StatusUnauthorized))
}

func notFound(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.status == http.StatusNotFound && !r.page
}
