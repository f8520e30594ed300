package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"
)

// object is a JSON object.
type object = map[string]any

// web is the client of every test: no answer is followed to another page unasked.
var web = &http.Client{
	Timeout:       time.Minute,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// door is the API as one caller uses it.
type door struct {
	t           testing.TB
	base, token string
}

// answer is what the API answered.
type answer struct {
	t      testing.TB
	call   string
	status int
	header http.Header
	body   []byte
}

// post sends a body under a new key.
func (d door) post(path string, body any) answer {
	d.t.Helper()
	return d.send(http.MethodPost, path, body, "Idempotency-Key", rand.Text())
}

func (d door) patch(path string, body any) answer {
	d.t.Helper()
	return d.send(http.MethodPatch, path, body, "Idempotency-Key", rand.Text())
}

func (d door) get(path string) answer {
	d.t.Helper()
	return d.send(http.MethodGet, path, nil)
}

// send sends a request with headers, given as names and values. On a machine
// under load the outcome may not be there in time, which is answered 202: then
// the same request is sent again, as its sender should, unless it asked for that.
func (d door) send(method, path string, body any, headers ...string) answer {
	d.t.Helper()
	async := false
	for i := 0; i < len(headers); i += 2 {
		async = async || headers[i] == "Prefer"
	}
	var a answer
	until(d.t, method+" "+path, func() string {
		a = d.once(method, path, body, headers...)
		if a.status == http.StatusAccepted && !async || a.status == http.StatusServiceUnavailable {
			return string(a.body)
		}
		return ""
	})
	return a
}

func (d door) once(method, path string, body any, headers ...string) answer {
	d.t.Helper()
	var content io.Reader
	if text, ok := body.(string); ok {
		content = bytes.NewBufferString(text)
	} else if body != nil {
		content = bytes.NewReader(encode(d.t, body))
	}
	request, err := http.NewRequestWithContext(context.WithoutCancel(d.t.Context()), method, d.base+path, content)
	if err != nil {
		d.t.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if d.token != "" {
		request.Header.Set("Authorization", "Bearer "+d.token)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := web.Do(request)
	if err != nil {
		d.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		d.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{d.t, method + " " + path, response.StatusCode, response.Header, text}
}

func encode(t testing.TB, body any) []byte {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// reply is what a command is answered with.
type reply struct {
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

// problem is RFC 9457's.
type problem struct {
	Type, Code, Title, Detail string
	Status                    int
	Errors                    []struct{ Pointer, Detail string }
}

// taken is the reply to a command that was accepted.
func (a answer) taken(status int) reply {
	a.t.Helper()
	r := into[reply](a, status)
	if r.Result != "accepted" || r.CommandID == "" || r.RepairID == "" || r.State == "" || r.Sequence == 0 {
		a.t.Errorf("%s: incomplete reply %s", a.call, a.body)
	}
	return r
}

// refused checks that the answer is a problem with this status and code.
func (a answer) refused(status int, code string) problem {
	a.t.Helper()
	p := into[problem](a, status)
	if p.Code != code || p.Type != "urn:pitstop:problem:"+code || p.Status != status || p.Title == "" {
		a.t.Errorf("%s: the problem is %s, want a complete one with code %s", a.call, a.body, code)
	}
	if kind := a.header.Get("Content-Type"); kind != "application/problem+json" {
		a.t.Errorf("%s: content type %q", a.call, kind)
	}
	return p
}

// into decodes an answer with this status.
func into[T any](a answer, status int) (v T) {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: status %d, want %d: %s", a.call, a.status, status, a.body)
	}
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%s: %v in %s", a.call, err, a.body)
	}
	return v
}
