package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// The codes of problems that are not a lifecycle's refusal.
const (
	codeMalformed       repair.Code = "malformed"
	codeKeyMissing      repair.Code = "key_missing"
	codeUnauthenticated repair.Code = "unauthenticated"
	codeForbidden       repair.Code = "forbidden"
	codeNotFound                    = repair.NotFound
	codeMethod          repair.Code = "method_not_allowed"
	codeTimeout         repair.Code = "request_timeout"
	codeTooLarge        repair.Code = "too_large"
	codeMediaType       repair.Code = "unsupported_media_type"
	codeInvalid                     = repair.Invalid
	codeRateLimited     repair.Code = "rate_limited"
	codeInternal        repair.Code = "internal"
	codeUnavailable     repair.Code = "unavailable"
)

// codes gives each code's status and title. A status without another code is
// answered with the first that has it.
var codes = []struct {
	code   repair.Code
	status int
	title  string
}{
	{codeMalformed, http.StatusBadRequest, "The request is not readable"},
	{codeKeyMissing, http.StatusBadRequest, "The Idempotency-Key header is missing"},
	{codeUnauthenticated, http.StatusUnauthorized, "A valid bearer token is needed"},
	{codeForbidden, http.StatusForbidden, "The token's role does not allow this"},
	{codeNotFound, http.StatusNotFound, "Not found"},
	{codeMethod, http.StatusMethodNotAllowed, "The method is not allowed here"},
	{codeTimeout, http.StatusRequestTimeout, "The request came too slowly"},
	{repair.IllegalState, http.StatusConflict, "Not possible in the repair's state"},
	{repair.Superseded, http.StatusConflict, "The quote was replaced by a newer one"},
	{repair.Expired, http.StatusConflict, "The quote has expired"},
	{repair.Withdrawn, http.StatusConflict, "The quote was withdrawn"},
	{repair.AlreadyDecided, http.StatusConflict, "The quote was decided before"},
	{repair.AlreadyStarted, http.StatusConflict, "The repair was started before"},
	{repair.TotalMismatch, http.StatusConflict, "The decider saw another total"},
	{repair.ReasonRequired, http.StatusConflict, "A reason is needed"},
	{codeTooLarge, http.StatusRequestEntityTooLarge, "The request is too large"},
	{codeMediaType, http.StatusUnsupportedMediaType, "The body must be JSON"},
	{codeInvalid, http.StatusUnprocessableEntity, "The request has mistakes"},
	{repair.KeyReused, http.StatusUnprocessableEntity, "The key was used for another request"},
	{codeRateLimited, http.StatusTooManyRequests, "Too many requests"},
	{codeInternal, http.StatusInternalServerError, "Something went wrong here"},
	{codeUnavailable, http.StatusServiceUnavailable, "Not available for now"},
}

// Problem is an error as its caller sees it (RFC 9457).
type Problem struct {
	Type   string              `json:"type" example:"urn:pitstop:problem:expired" doc:"urn:pitstop:problem: and the code."`
	Code   repair.Code         `json:"code" example:"expired" doc:"Names the problem for programs; see the list of problems."`
	Title  string              `json:"title" doc:"The kind of problem in words."`
	Status int                 `json:"status" example:"409"`
	Detail string              `json:"detail,omitempty" doc:"What is wrong this time."`
	Errors []repair.FieldError `json:"errors,omitempty" doc:"What is wrong with single fields of the body."`

	header http.Header
}

func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus, GetHeaders and ContentType are what huma asks of an error.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are sent along.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType is RFC 9457's.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func (p *Problem) with(header, value string) *Problem {
	if p.header == nil {
		p.header = make(http.Header)
	}
	p.header.Set(header, value)
	return p
}

func problem(code repair.Code, detail string, errs ...repair.FieldError) *Problem {
	for _, c := range codes {
		if c.code == code {
			return &Problem{
				Type: "urn:pitstop:problem:" + string(code), Code: code, Title: c.title, Status: c.status,
				Detail: detail, Errors: errs,
			}
		}
	}
	return problem(codeInternal, "no problem is called "+string(code))
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	for name, values := range p.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone: nobody to tell
}

// complain logs what kept a request from being answered. A client that went away
// is no error.
func (s *server) complain(what string, err error) {
	level := slog.LevelError
	if errors.Is(err, context.Canceled) {
		level = slog.LevelDebug
	}
	s.Log.Log(context.Background(), level, "cannot answer a request", "failed", what, "err", err)
}

// readError turns an error of the read model into a problem.
func (s *server) readError(err error) error {
	switch {
	case errors.Is(err, readmodel.ErrNotFound):
		return problem(codeNotFound, "it does not exist, or not in your garage")
	case errors.Is(err, readmodel.ErrCursor):
		return problem(codeInvalid, "the cursor is not one that was given out here", repair.FieldError{
			Pointer: "/cursor", Detail: "ask for the first page without a cursor",
		})
	}
	s.complain("read the read model", err)
	return problem(codeUnavailable, "the read model cannot be asked; try again in a moment").with("Retry-After", "1")
}

// missing follows the name of a property that a body lacks.
const missing = " is missing"

func init() { // huma has these as globals only
	huma.DefaultArrayNullable = false
	validation.MsgExpectedRequiredProperty = "%s" + missing
	validation.MsgUnexpectedProperty = "is not a field of this request"
	huma.NewError = newError
}

// newError makes a problem of what huma finds wrong.
func newError(status int, msg string, errs ...error) huma.StatusError {
	var fields []repair.FieldError
	for _, err := range errs {
		var d huma.ErrorDetailer
		if !errors.As(err, &d) {
			continue
		}
		f := repair.FieldError{Pointer: pointer(d.ErrorDetail().Location), Detail: d.ErrorDetail().Message}
		if name, ok := strings.CutSuffix(f.Detail, missing); ok && name != "" {
			f = repair.FieldError{Pointer: f.Pointer + "/" + name, Detail: strings.TrimSpace(missing)}
		}
		fields = append(fields, f)
	}
	slices.SortFunc(fields, func(a, b repair.FieldError) int { return strings.Compare(a.Pointer, b.Pointer) })
	for _, c := range codes {
		if c.status != status {
			continue
		}
		switch c.code {
		case codeMalformed:
			return problem(codeMalformed, join("the body is not readable as JSON", fields))
		case codeInternal:
			return problem(codeInternal, "") // what went wrong is logged, not shown
		case codeInvalid:
			return problem(codeInvalid, "see errors", fields...)
		default:
			return problem(c.code, join(msg, fields))
		}
	}
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: msg}
}

func join(detail string, fields []repair.FieldError) string {
	for _, f := range fields {
		detail += ": " + f.Detail
	}
	return detail
}

var index = regexp.MustCompile(`\[(\d+)\]`)

// pointer turns huma's location, e.g. body.lines[0].title, into a JSON pointer
// within the body, the query or the path: /lines/0/title.
func pointer(location string) string {
	_, rest, ok := strings.Cut(index.ReplaceAllString(location, ".$1"), ".")
	if !ok {
		return ""
	}
	return "/" + strings.ReplaceAll(rest, ".", "/")
}
