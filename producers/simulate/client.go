package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pitstop/schemas/link"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// Client sends the simulated requests to the API over HTTP. Its fields must be set.
type Client struct {
	// URL is the API's base URL, without a trailing slash.
	URL string
	// HTTP carries the requests; see [Transport].
	HTTP http.RoundTripper
	// Token issues a token of a member of staff.
	Token func(role repair.Role, garage, subject string) (string, error)
	// Link signs the token of a customer's link, as mails have it, and says when it expires.
	Link  func(link.Claims) string
	Stats *Stats
	Log   *slog.Logger
}

// concurrency is the maximum number of requests in flight.
const concurrency = 64

// Transport returns a transport that keeps a connection for each request in flight.
func Transport() *http.Transport {
	return &http.Transport{MaxIdleConnsPerHost: concurrency, MaxConnsPerHost: concurrency, IdleConnTimeout: time.Minute}
}

// A request that cannot be answered now is retried after a pause, which doubles
// from minPause to maxPause.
const (
	minPause       = 50 * time.Millisecond
	maxPause       = 5 * time.Second
	requestTimeout = 30 * time.Second
)

// answer is the response to a request.
type answer struct {
	status int
	code   repair.Code // of a refusal
	detail string
	header http.Header
	body   []byte
}

// maxAnswer is the largest answer that is read.
const maxAnswer = 4 << 20

// Do performs a step, repeating it with the same key until it is answered: the API
// may be away for a while, or have written the command without seeing its outcome.
// The error is the context's, or says why the step cannot be requested at all.
func (c *Client) Do(ctx context.Context, s Step, p Repair) error {
	a, err := c.ask(ctx, s, p)
	if err != nil {
		return err
	}
	if !s.expects(a) {
		c.unexpected(s, a)
	}
	return nil
}

func (c *Client) ask(ctx context.Context, s Step, p Repair) (answer, error) {
	again := answer.pending
	if !s.Actor.Role.Staff() {
		again = answer.formPending
	}
	a, err := c.retry(ctx, func(ctx context.Context) (*http.Request, error) { return c.request(ctx, s, p) }, again)
	if err != nil {
		return a, fmt.Errorf("%s %s: %w", s.Key, record.NameOf(s.Body), err)
	}
	c.Stats.asked(record.NameOf(s.Body))
	if a.code != "" {
		c.Stats.refused(string(a.code))
	}
	return a, nil
}

// unexpected counts and logs an answer other than the planned one.
func (c *Client) unexpected(s Step, a answer) {
	c.Stats.unexpected(string(a.code))
	c.Log.Error("a step was not answered as expected", "key", s.Key, "request", record.NameOf(s.Body), "repair", s.RepairID,
		"at", s.At, "status", a.status, "code", a.code, "detail", a.detail, "expected", s.Refused)
}

// expects reports whether an answer is the planned one. A refused form is answered
// by a page for people, which has no code.
func (s Step) expects(a answer) bool {
	if s.Refused == "" {
		return a.status < http.StatusBadRequest
	}
	return a.code == s.Refused || !s.Actor.Role.Staff() && a.code == pageRefused
}

// pageRefused stands for the code of a refusal that is a page.
const pageRefused repair.Code = "page"

// retry sends a request until its answer is no longer pending.
func (c *Client) retry(ctx context.Context, build func(context.Context) (*http.Request, error), pending func(answer) bool) (answer, error) {
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		req, err := build(ctx)
		if err != nil {
			return answer{}, err
		}
		a, err := c.send(req)
		if err == nil && !pending(a) {
			return a, nil
		}
		if ctx.Err() != nil {
			return answer{}, ctx.Err()
		}
		if pause == maxPause {
			c.Log.Warn("asking again", "because", a.unfinished(err), "status", a.status, "code", a.code, "error", err)
		}
		if !sleep(ctx, max(pause, a.retryAfter())) {
			return answer{}, ctx.Err()
		}
	}
}

func (c *Client) send(req *http.Request) (answer, error) {
	client := http.Client{Transport: c.HTTP, Timeout: requestTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // a form is answered by a redirect
	}}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err //nolint:wrapcheck // names the method; its URL may be a customer's
	}
	defer resp.Body.Close() //nolint:errcheck // was read
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer{}, fmt.Errorf("read answer: %w", err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: body}
	if resp.StatusCode < http.StatusBadRequest {
		return a, nil
	}
	var problem struct {
		Code   repair.Code
		Detail string
		Errors json.RawMessage
	}
	if json.Unmarshal(body, &problem) == nil && problem.Code != "" {
		a.code, a.detail = problem.Code, strings.TrimSpace(problem.Detail+" "+string(problem.Errors))
	} else {
		a.code, a.detail = pageRefused, http.StatusText(resp.StatusCode)
	}
	return a, nil
}

// pending reports whether the answer says only that there is no outcome yet.
func (a answer) pending() bool {
	switch a.status {
	case http.StatusAccepted, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// formPending is pending for a form that needs no confirmation. Once done, a form
// is answered by a redirect, or by nothing. A page means that the read model lags,
// and a redirect to a page that waits that there is no outcome yet.
func (a answer) formPending() bool {
	return a.pending() || a.status == http.StatusOK || strings.Contains(a.header.Get("Location"), "pending=")
}

// unfinished says why a request is sent again: the answer is pending, or err came instead.
func (a answer) unfinished(err error) string {
	switch {
	case err != nil:
		return "the API does not answer"
	case a.status >= http.StatusBadRequest:
		return "the API cannot do it now"
	}
	return "there is no outcome yet"
}

func (a answer) retryAfter() time.Duration {
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxPause)
}

// request makes the HTTP request with which its actor sends a step.
func (c *Client) request(ctx context.Context, s Step, p Repair) (*http.Request, error) {
	var req *http.Request
	var err error
	if s.Actor.Role.Staff() {
		req, err = c.staff(ctx, s)
	} else {
		req, err = c.form(ctx, s, p)
	}
	if err != nil {
		return nil, err
	}
	if !s.At.IsZero() {
		setTime(req, s.At)
	}
	return req, nil
}

func (c *Client) staff(ctx context.Context, s Step) (*http.Request, error) {
	repairPath := "/v1/repairs/" + s.RepairID
	quotePath := fmt.Sprintf("%s/quotes/%d", repairPath, s.Revision)
	method, path := http.MethodPost, ""
	switch s.Body.(type) {
	case *request.StartRepair:
		path = "/v1/repairs"
	case *request.Change:
		method, path = http.MethodPatch, repairPath
	case *request.RequestApproval:
		path = repairPath + "/quotes"
	case *request.WithdrawQuote:
		path = quotePath + "/withdrawal"
	case *request.DecideQuote:
		path = quotePath + "/decision"
	case *request.CompleteRepair:
		path = repairPath + "/completion"
	case *request.CollectVehicle:
		path = repairPath + "/collection"
	case *request.CancelRepair:
		path = repairPath + "/cancellation"
	case *request.PostMessage:
		path = repairPath + "/messages"
	default:
		return nil, fmt.Errorf("staff cannot request a %T", s.Body)
	}
	body, err := json.Marshal(s.Body)
	if err != nil {
		return nil, fmt.Errorf("write body: %w", err)
	}
	req, err := c.as(ctx, s.Actor, s.Garage, method, path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", s.Key)
	return req, nil
}

// as makes a request with the token of a member of staff.
func (c *Client) as(ctx context.Context, who repair.Actor, garage, method, path string, body []byte) (*http.Request, error) {
	token, err := c.Token(who.Role, garage, who.ID)
	if err != nil {
		return nil, fmt.Errorf("token for %s at %s: %w", who.Role, garage, err)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return req, nil
}

// form fills in a form of the page that a customer's link opens.
func (c *Client) form(ctx context.Context, s Step, p Repair) (*http.Request, error) {
	claims := link.Claims{Garage: s.Garage, Repair: s.RepairID, Audience: link.Customer, Lang: p.Customer.Language, Sequence: s.Link}
	if s.Actor.Role == repair.Approver {
		claims.Audience, claims.Lang = link.Approver, p.Approver.Language
	}
	page := "/c/" + c.Link(claims)
	values := url.Values{"command": {s.Key}}
	switch body := s.Body.(type) {
	case *request.RecordView:
		page += "/view"
		values.Set("revision", strconv.Itoa(int(s.Revision)))
	case *request.PostMessage:
		page += "/messages"
		values.Set("kind", string(body.Kind))
		values.Set("text", body.Text)
	case *request.DecideQuote:
		page += fmt.Sprintf("/quotes/%d/decision", s.Revision)
		values.Set("confirmed", "1")
		values.Set("total_seen", strconv.FormatInt(*body.TotalSeen, 10))
		values.Set("name", body.Name)
		for _, a := range body.Lines {
			n := strconv.Itoa(int(a.Line))
			values.Set("line."+n, string(a.Answer))
			values.Set("reason."+n, string(a.Reason))
			values.Set("text."+n, a.Text)
		}
	default:
		return nil, fmt.Errorf("customers have no form for a %T", s.Body)
	}
	return c.post(ctx, fmt.Sprintf("%s?after=%d", page, s.After), values)
}

func (c *Client) post(ctx context.Context, path string, values url.Values) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+path, strings.NewReader(values.Encode()))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}
