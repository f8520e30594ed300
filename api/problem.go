package api

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"pitstop/api/web"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// missing follows the name of a property that a body lacks, and what parameter matches.
const missing = " is missing"

// parameter is what huma calls a parameter that a request lacks, at its own location.
var parameter = regexp.MustCompile(`^required (query|path|header|cookie) parameter$`)

func init() { // huma has these as globals only
	huma.DefaultArrayNullable = false
	validation.MsgExpectedRequiredProperty = "%s" + missing
	validation.MsgUnexpectedProperty = "is not a field of this request"
	validation.MsgExpectedMatchPattern = "does not match the pattern %s"
	validation.MsgExpectedInteger = "is not a whole number"
	validation.MsgExpectedString = "is not a text"
	validation.MsgExpectedArray = "is not a list"
	validation.MsgExpectedObject = "is not an object"
	validation.MsgExpectedBoolean = "is not true or false"
	validation.MsgExpectedRFC3339DateTime = "is not a time such as 2026-05-20T16:00:00Z"
	huma.NewError = newError
}

// newError turns what huma finds wrong into a problem.
func newError(status int, msg string, errs ...error) huma.StatusError {
	if msg == "cannot read request body" { // the connection is cut, or its chunks are none
		return web.NewProblem(web.CodeMalformed, "the body ends too early")
	}
	var fields []repair.FieldError
	for _, err := range errs {
		var d huma.ErrorDetailer
		if !errors.As(err, &d) {
			continue
		}
		f := repair.FieldError{Pointer: pointer(d.ErrorDetail().Location), Detail: d.ErrorDetail().Message}
		switch name, lacks := strings.CutSuffix(f.Detail, missing); {
		case lacks && parameter.MatchString(name):
			f.Detail = strings.TrimSpace(missing)
		case lacks && name != "":
			f = repair.FieldError{Pointer: f.Pointer + request.Pointer(name), Detail: strings.TrimSpace(missing)}
		}
		fields = append(fields, f)
	}
	slices.SortFunc(fields, func(a, b repair.FieldError) int { return strings.Compare(a.Pointer, b.Pointer) })
	for _, k := range web.Kinds {
		if k.Status != status {
			continue
		}
		switch k.Code {
		case web.CodeMalformed:
			return web.NewProblem(web.CodeMalformed, join("the body is not readable as JSON", fields))
		case web.CodeInternal:
			return web.NewProblem(web.CodeInternal, "") // what went wrong is logged, not shown
		case web.CodeInvalid:
			return web.NewProblem(web.CodeInvalid, "see errors", fields...)
		default:
			return web.NewProblem(k.Code, join(msg, fields))
		}
	}
	return &web.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: msg}
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
	var at string
	for name := range strings.SplitSeq(rest, ".") {
		at += request.Pointer(together.Replace(name))
	}
	return at
}
