package web

import (
	"encoding/json"
	"net/http"

	"pitstop/schemas/repair"
)

// The codes of problems other than the lifecycle's refusals.
const (
	CodeMalformed       repair.Code = "malformed"
	CodeKeyMissing      repair.Code = "key_missing"
	CodeUnauthenticated repair.Code = "unauthenticated"
	CodeForbidden                   = repair.Forbidden
	CodeNotFound                    = repair.NotFound
	CodeMethod          repair.Code = "method_not_allowed"
	CodeTimeout         repair.Code = "request_timeout"
	CodeTooLarge        repair.Code = "too_large"
	CodeMediaType       repair.Code = "unsupported_media_type"
	CodeInvalid                     = repair.Invalid
	CodeRateLimited     repair.Code = "rate_limited"
	CodeInternal        repair.Code = "internal"
	CodeUnavailable     repair.Code = "unavailable"
)

// Kind is what problems with one code have in common.
type Kind struct {
	Code   repair.Code
	Status int
	Title  string
}

// Kinds are all kinds of problems. Where only a status is known, its first kind
// is the answer.
var Kinds = []Kind{
	{CodeMalformed, http.StatusBadRequest, "The request is not readable"},
	{CodeKeyMissing, http.StatusBadRequest, "The Idempotency-Key header is missing"},
	{CodeUnauthenticated, http.StatusUnauthorized, "A valid bearer token is needed"},
	{CodeForbidden, http.StatusForbidden, "The token's role does not allow this"},
	{CodeNotFound, http.StatusNotFound, "Not found"},
	{CodeMethod, http.StatusMethodNotAllowed, "The method is not allowed here"},
	{CodeTimeout, http.StatusRequestTimeout, "The request came too slowly"},
	{repair.IllegalState, http.StatusConflict, "Not possible in the repair's state"},
	{repair.Superseded, http.StatusConflict, "The quote was replaced by a newer one"},
	{repair.Expired, http.StatusConflict, "The quote has expired"},
	{repair.Withdrawn, http.StatusConflict, "The quote was withdrawn"},
	{repair.AlreadyDecided, http.StatusConflict, "The quote was decided before"},
	{repair.AlreadyStarted, http.StatusConflict, "The repair was started before"},
	{repair.TotalMismatch, http.StatusConflict, "The decider saw another total"},
	{repair.ReasonRequired, http.StatusConflict, "A reason is needed"},
	{repair.LinkEnded, http.StatusGone, "The customer's link has ended"},
	{CodeTooLarge, http.StatusRequestEntityTooLarge, "The request is too large"},
	{CodeMediaType, http.StatusUnsupportedMediaType, "The body must be JSON"},
	{CodeInvalid, http.StatusUnprocessableEntity, "The request has mistakes"},
	{repair.KeyReused, http.StatusUnprocessableEntity, "The key was used for another request"},
	{CodeRateLimited, http.StatusTooManyRequests, "Too many requests"},
	{CodeInternal, http.StatusInternalServerError, "Something went wrong here"},
	{CodeUnavailable, http.StatusServiceUnavailable, "Not available for now"},
}

// ProblemType is the media type of problems.
const ProblemType = "application/problem+json"

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

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType implements huma.ContentTypeFilter with RFC 9457's type.
func (p *Problem) ContentType(string) string { return ProblemType }

// With adds a header to the answer and returns the problem.
func (p *Problem) With(header, value string) *Problem {
	if p.header == nil {
		p.header = make(http.Header)
	}
	p.header.Set(header, value)
	return p
}

// NewProblem returns a problem of the kind with a code.
func NewProblem(code repair.Code, detail string, errs ...repair.FieldError) *Problem {
	for _, k := range Kinds {
		if k.Code == code {
			return &Problem{
				Type: "urn:pitstop:problem:" + string(code), Code: code, Title: k.Title, Status: k.Status,
				Detail: detail, Errors: errs,
			}
		}
	}
	return NewProblem(CodeInternal, "no problem is called "+string(code))
}

// Write answers with the problem.
func (p *Problem) Write(w http.ResponseWriter) {
	for name, values := range p.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone: nobody to tell
}
