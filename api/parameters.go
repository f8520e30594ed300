package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"pitstop/api/web"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
	"pitstop/schemas/typed"
)

// asDeclared refuses requests whose query has what their operation does not declare, a
// parameter twice, a header twice that names one thing, or a filter without a value: one
// that is not understood must never answer everything. An empty cursor is where every list
// begins.
func asDeclared(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		at := ctx.URL()
		r, _ := humachi.Unwrap(ctx)
		if errs := append(undeclared(ctx.Operation(), at.RawQuery), ambiguous(r.Header)...); len(errs) > 0 {
			write(ctx, api, web.NewProblem(web.CodeInvalid, "see errors", errs...))
			return
		}
		next(ctx)
	}
}

func undeclared(op *huma.Operation, query string) (errs []repair.FieldError) {
	given, err := url.ParseQuery(query)
	if err != nil {
		return []repair.FieldError{{Detail: "what follows ? in the address is not readable: % is written %25 there, and ; is written %3B"}}
	}
	declared := make(map[string]*huma.Param)
	for _, p := range op.Parameters {
		if p.In == "query" {
			declared[p.Name] = p
		}
	}
	bad := func(name, format string, args ...any) {
		errs = append(errs, repair.FieldError{Pointer: request.Pointer(strings.ToValidUTF8(name, "\uFFFD")), Detail: fmt.Sprintf(format, args...)})
	}
	for _, name := range sortedKeys(given) {
		values, p := given[name], declared[name]
		switch {
		case p == nil && len(declared) == 0:
			bad(name, "is not a parameter of this address, which has none")
		case p == nil:
			bad(name, "is not a parameter of this address, which has %s", strings.Join(sortedKeys(declared), ", "))
		case len(values) > 1 && (p.Explode == nil || !*p.Explode):
			bad(name, "is given %d times", len(values))
		case slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) }):
			bad(name, "is not UTF-8")
		case values[0] == "" && slices.Contains(cursors, name) && p.Schema.Type == huma.TypeString:
		case slices.ContainsFunc(values, func(v string) bool { return typed.Clean(v) == "" }):
			bad(name, "is empty: leave it out, or give it a value")
		}
	}
	return errs
}

// ambiguous returns the headers that name one thing, and name several.
func ambiguous(h http.Header) (errs []repair.FieldError) {
	for _, name := range []string{"Idempotency-Key", "Last-Event-ID"} {
		if n := len(h.Values(name)); n > 1 {
			errs = append(errs, repair.FieldError{Pointer: request.Pointer(name), Detail: fmt.Sprintf("is given %d times", n)})
		}
	}
	return errs
}

// cursors are the parameters that say where to go on.
var cursors = []string{"after", "cursor"}

// moment is a time in a query; absent, it is zero.
type moment time.Time

// Schema implements huma.SchemaProvider.
func (moment) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[time.Time](), true, "")
}

// UnmarshalText reads an RFC 3339 time that the read model can hold.
func (m *moment) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return errors.New("give a time such as 2026-05-20T16:00:00Z; a + is written %2B in an address")
	}
	if y := t.UTC().Year(); y < 1900 || y > 2261 {
		return errors.New("give a time in the years 1900 to 2261")
	}
	*m = moment(t)
	return nil
}
