// Package client calls the API as its users do, decodes the answers, and fails the
// test on an incomplete one.
package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"pitstop/deploy/e2e/expect"
)

// HTTP is the client of every test. It does not follow redirects.
var HTTP = &http.Client{
	Timeout:       time.Minute,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Client calls the API, or another server that speaks JSON, as one caller.
type Client struct {
	T     testing.TB
	Base  string // of every address, as http://127.0.0.1:8080
	Token string // empty: the caller is anonymous
}

// Object is a JSON object.
type Object = map[string]any

// Post sends a body under a new idempotency key.
func (c Client) Post(path string, body any) Answer {
	c.T.Helper()
	return c.Send(http.MethodPost, path, body, "Idempotency-Key", rand.Text())
}

// Patch sends a change under a new idempotency key.
func (c Client) Patch(path string, body any) Answer {
	c.T.Helper()
	return c.Send(http.MethodPatch, path, body, "Idempotency-Key", rand.Text())
}

// Get sends a GET.
func (c Client) Get(path string) Answer {
	c.T.Helper()
	return c.Send(http.MethodGet, path, nil)
}

// Send sends a request with headers, which are names and values in turn. A body that
// is a string is sent as is, any other as JSON. On a loaded machine the outcome may
// not be there in time, which is answered 202 or 503: then Send retries the same
// request, as clients should, unless the caller preferred 202.
func (c Client) Send(method, path string, body any, headers ...string) Answer {
	c.T.Helper()
	async := false
	for i := 0; i < len(headers); i += 2 {
		async = async || headers[i] == "Prefer"
	}
	var a Answer
	expect.Until(c.T, method+" "+path, func() string {
		a = c.SendOnce(method, path, body, headers...)
		if a.Status == http.StatusAccepted && !async || a.Status == http.StatusServiceUnavailable {
			return string(a.Body)
		}
		return ""
	})
	return a
}

// SendOnce is Send without the retry.
func (c Client) SendOnce(method, path string, body any, headers ...string) Answer {
	c.T.Helper()
	var content io.Reader
	if text, ok := body.(string); ok {
		content = bytes.NewBufferString(text)
	} else if body != nil {
		content = bytes.NewReader(Encode(c.T, body))
	}
	request, err := http.NewRequestWithContext(context.WithoutCancel(c.T.Context()), method, c.Base+path, content)
	if err != nil {
		c.T.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := HTTP.Do(request)
	if err != nil {
		c.T.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close() //nolint:errcheck // was read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.T.Fatalf("%s %s: %v", method, path, err)
	}
	return Answer{c.T, method + " " + path, response.StatusCode, response.Header, text}
}

// Encode returns a body as JSON.
func Encode(t testing.TB, body any) []byte {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Answer is the API's answer to one request.
type Answer struct {
	T      testing.TB
	Call   string // method and path
	Status int
	Header http.Header
	Body   []byte
}

// Accepted checks that a command was accepted with a status, and returns the reply.
func (a Answer) Accepted(status int) Reply {
	a.T.Helper()
	r := Decode[Reply](a, status)
	if r.Result != "accepted" || r.CommandID == "" || r.RepairID == "" || r.State == "" || r.Sequence == 0 {
		a.T.Errorf("%s: incomplete reply %s", a.Call, a.Body)
	}
	return r
}

// Refused checks that the answer is a problem with a status and code, and returns it.
func (a Answer) Refused(status int, code string) Problem {
	a.T.Helper()
	p := Decode[Problem](a, status)
	if p.Code != code || p.Type != "urn:pitstop:problem:"+code || p.Status != status || p.Title == "" {
		a.T.Errorf("%s: the problem is %s, want a complete one with code %s", a.Call, a.Body, code)
	}
	if kind := a.Header.Get("Content-Type"); kind != "application/problem+json" {
		a.T.Errorf("%s: content type %q", a.Call, kind)
	}
	return p
}

// Decode checks that an answer has a status, and decodes its body.
func Decode[T any](a Answer, status int) (v T) {
	a.T.Helper()
	if a.Status != status {
		a.T.Fatalf("%s: status %d, want %d: %s", a.Call, a.Status, status, a.Body)
	}
	if err := json.Unmarshal(a.Body, &v); err != nil {
		a.T.Fatalf("%s: %v in %s", a.Call, err, a.Body)
	}
	return v
}

// Reply is the API's answer to a command that was accepted or is pending.
type Reply struct {
	CommandID string `json:"command_id"`
	RepairID  string `json:"repair_id"`
	Result    string
	State     string
	Sequence  int64

	Revision int
	Currency string
	Total    int64
	VAT      []struct {
		Rate   string
		Amount int64
	}
	Lines []struct {
		Line  int
		Total int64
	}
	Decision      string
	ApprovedTotal int64 `json:"approved_total"`
}

// Problem is the API's refusal, as in RFC 9457.
type Problem struct {
	Type, Code, Title, Detail string
	Status                    int
	Errors                    []struct{ Pointer, Detail string }
}
