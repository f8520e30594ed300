package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"pitstop/api/web"
	"pitstop/schemas/garage"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// route is one entry of the table that the router, the authorisation and the
// documentation derive from.
type route struct {
	id           string
	method, path string
	status       int // of success
	// users are who may use it, by their letters; empty: whoever has a token. A letter
	// with a right, as I:messages, needs that right in the garage's file.
	users   string
	summary string
}

var routes = []route{
	{"start-repair", http.MethodPost, "/v1/repairs", 201, "M I", "Register a vehicle for repair"},
	{"list-repairs", http.MethodGet, "/v1/repairs", 200, "M S W I", "List repairs, newest first"},
	{"get-repair", http.MethodGet, "/v1/repairs/{id}", 200, "M S W I", "See a repair as it stands"},
	{"change-repair", http.MethodPatch, "/v1/repairs/{id}", 200, "M S I", "Move the promised time, or correct a contact"},
	{"request-approval", http.MethodPost, "/v1/repairs/{id}/quotes", 201, "M I", "Ask for approval of extra work"},
	{"get-quote", http.MethodGet, "/v1/repairs/{id}/quotes/{revision}", 200, "M S I", "See one revision of a quote"},
	{"withdraw-quote", http.MethodPost, "/v1/repairs/{id}/quotes/{revision}/withdrawal", 200, "M I", "Take an open quote back"},
	{"decide-quote", http.MethodPost, "/v1/repairs/{id}/quotes/{revision}/decision", 200, "M S I:" + garage.MayDecide, "Record an answer given by phone or at the counter"},
	{"complete-repair", http.MethodPost, "/v1/repairs/{id}/completion", 200, "M I", "Say that the car is ready"},
	{"collect-vehicle", http.MethodPost, "/v1/repairs/{id}/collection", 200, "M S I", "Say that the car was collected"},
	{"cancel-repair", http.MethodPost, "/v1/repairs/{id}/cancellation", 200, "M S I", "Cancel a repair that will not be completed"},
	{"post-message", http.MethodPost, "/v1/repairs/{id}/messages", 201, "M S I:" + garage.MayWrite, "Write to the customer, or a note for staff"},
	{"request-link", http.MethodPost, "/v1/repairs/{id}/links", 202, "M S", "Send a fresh link by mail, to the customer or to who decides"},
	{"revoke-links", http.MethodDelete, "/v1/repairs/{id}/links", 200, "S", "End every link to a repair: the page then says whom to call"},
	{"get-timeline", http.MethodGet, "/v1/repairs/{id}/timeline", 200, "M S", "See everything that happened around a repair"},
	{"list-conversations", http.MethodGet, "/v1/conversations", 200, "S", "Find conversations"},
	{"list-events", http.MethodGet, "/v1/events", 200, "M S I", "Read events from a cursor, or as a stream"},
	{"get-command", http.MethodGet, "/v1/commands/{id}", 200, "", "See what became of a command you sent"},
	{"get-latencies", http.MethodGet, "/v1/latencies", 200, "W", "See how long things take"},
}

// examples are bodies of the routes that write, as the documentation shows them: the
// story of one repair.
var examples = map[string]string{
	"start-repair": `{
  "external_ref": "WO-1842",
  "vehicle": {"plate": "K482TR", "country": "NL", "description": "Volkswagen Golf"},
  "customer": {"name": "J. de Vries", "email": "j@example.nl", "phone": "+31612345678", "language": "nl"},
  "ready_at": "2026-05-20T16:00:00+02:00",
  "agreed": {"currency": "EUR", "lines": [
    {"title": "Kleine beurt en APK", "details": [
      {"kind": "labour", "description": "Beurt", "quantity": "1", "unit_price": 28900, "vat": "21"}]}]}
}`,
	"change-repair": `{"ready_at": "2026-05-20T17:30:00+02:00"}`,
	"request-approval": `{
  "currency": "EUR",
  "answer_by": "2026-05-20T14:00:00+02:00",
  "lines": [
    {"title": "Remblokken vóór vervangen", "urgency": "safety", "consequence": "Zonder deze reparatie keuren we de auto niet goed voor de APK.", "details": [
      {"kind": "part", "description": "Remblokken", "quantity": "1", "unit_price": 7200, "vat": "21"},
      {"kind": "labour", "description": "Arbeid", "quantity": "1.2", "unit_price": 11500, "vat": "21"}]},
    {"title": "Ruitenwissers vervangen", "urgency": "advice", "details": [
      {"kind": "part", "description": "Wissers", "quantity": "1", "unit_price": 3995, "vat": "21"}]}]
}`,
	"decide-quote": `{
  "lines": [{"line": 1, "answer": "approve"}, {"line": 2, "answer": "reject", "reason": "later"}],
  "total_seen": 21000, "method": "phone", "name": "J. de Vries"
}`,
	"post-message":    `{"kind": "text", "text": "De auto is om vijf uur klaar."}`,
	"complete-repair": `{"total": 49900}`,
	"collect-vehicle": `{}`,
	"cancel-repair":   `{"reason": "De klant laat het elders doen."}`,
	"withdraw-quote":  `{}`,
	"request-link":    `{"party": "customer"}`,
}

// letters name the roles in the table. An administrator (A) uses the command
// line; no route is for that role alone.
var letters = map[string]repair.Role{
	"M": repair.Mechanic, "S": repair.CustomerService, "W": repair.Manager, "I": repair.Integrator,
}

func (r route) roles() []repair.Role {
	var roles []repair.Role
	for _, user := range strings.Fields(r.users) {
		letter, _, _ := strings.Cut(user, ":")
		roles = append(roles, letters[letter])
	}
	return roles
}

// right names the right that a role needs in the garage's file to use a route; empty: none.
func (r route) right(role repair.Role) string {
	for _, user := range strings.Fields(r.users) {
		if letter, right, _ := strings.Cut(user, ":"); letters[letter] == role {
			return right
		}
	}
	return ""
}

// writes reports whether a route sends a command.
func (r route) writes() bool { return r.method != http.MethodGet }

// keyed reports whether a request needs an idempotency key: what deletes is idempotent.
func (r route) keyed() bool { return r.writes() && r.method != http.MethodDelete }

// allowed names who may use a route.
func (r route) allowed() string {
	var names []string
	for _, role := range r.roles() {
		name := string(role)
		if right := r.right(role); right != "" {
			name += " (where the garage file lists " + right + " under integrators)"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "whoever sent the command"
	}
	return strings.Join(names, ", ")
}

// register registers every route with its handler and returns their documentation.
func register(api huma.API, c Config) (document, error) {
	streams, err := newStreams(c.Metrics)
	if err != nil {
		return document{}, err
	}
	read := reads{c.Store, c.Commands, c.Patience, c.Log}
	write := commands{read, c.Requests, c.Garages}
	handle(api, "start-repair", write.startRepair)
	handle(api, "change-repair", about[request.Change](write))
	handle(api, "request-approval", write.requestApproval)
	handle(api, "withdraw-quote", write.withdrawQuote)
	handle(api, "decide-quote", write.decideQuote)
	handle(api, "complete-repair", about[request.CompleteRepair](write))
	handle(api, "collect-vehicle", aboutOptional[request.CollectVehicle](write))
	handle(api, "cancel-repair", aboutOptional[request.CancelRepair](write))
	handle(api, "post-message", write.postMessage)
	handle(api, "request-link", write.requestLink)
	handle(api, "revoke-links", write.revokeLinks)
	handle(api, "get-command", read.getCommand)
	handle(api, "get-repair", read.getRepair)
	handle(api, "get-quote", read.getQuote)
	handle(api, "list-repairs", read.listRepairs)
	handle(api, "get-timeline", read.getTimeline)
	handle(api, "list-conversations", read.listConversations)
	handle(api, "get-latencies", read.getLatencies)
	handle(api, "list-events", events{read, c.Events, c.Clock, c.Stopping, streams}.listEvents)
	doc := document{api.OpenAPI()}
	return doc, doc.complete()
}

// maxBodyBytes is the largest body that is read.
const maxBodyBytes = 256 << 10

// handle registers the handler of a route of the table.
func handle[I, O any](api huma.API, id string, h func(context.Context, *I) (*O, error)) {
	for _, r := range routes {
		if r.id == id {
			huma.Register(api, r.operation(api), h)
			return
		}
	}
	panic("no route is called " + id) // a mistake in register, found by any test
}

func (r route) operation(api huma.API) huma.Operation {
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: r.path, DefaultStatus: r.status,
		Summary: r.summary, Description: "For: " + r.allowed() + ".",
		Tags:         []string{tag(r.path)},
		MaxBodyBytes: maxBodyBytes,
		Errors:       r.refusals(),
		Middlewares:  huma.Middlewares{authorise(api, r), asDeclared(api)},
		Extensions:   map[string]any{"x-roles": r.roles()},
	}
	if r.writes() {
		op.Middlewares = append(op.Middlewares, inJSON(api))
		op.Description += " Waits up to 2 s for the outcome; with `Prefer: respond-async`, or past that, it answers 202 and Location says where to look."
	}
	return op
}

// refusals lists the statuses of a route's problems.
func (r route) refusals() []int {
	all := []int{401, 403, 422, 429, 500, 503}
	if strings.Contains(r.path, "{id}") {
		all = append(all, 404)
	}
	if r.writes() {
		all = append(all, 400, 408, 409, 413, 415)
	}
	return all
}

// authorise lets through whoever has one of the route's roles, in that role, and
// of what writes only requests with a key.
func authorise(api huma.API, r route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		caller := web.CallerOf(ctx.Context())
		role, ok := caller.As(r.roles())
		right := r.right(role)
		granted, _ := ctx.Context().Value(grantedKey{}).(func(string) bool)
		var refusal *web.Problem
		switch {
		case !ok:
			refusal = forbidden("this is for: %s", r.allowed())
		case len(caller.Garages) == 0:
			refusal = web.NewProblem(web.CodeForbidden, "the token names no garage")
		case right != "" && !granted(right):
			refusal = notGranted(strings.Join(caller.Garages, ", "), right)
		case r.keyed() && strings.TrimSpace(ctx.Header("Idempotency-Key")) == "":
			refusal = web.NewProblem(web.CodeKeyMissing, "choose a key per request, such as a UUID, and repeat it when you repeat the request")
		}
		if refusal != nil {
			write(ctx, api, refusal)
			return
		}
		ctx = huma.WithValue(ctx, rightKey{}, right)
		next(huma.WithValue(ctx, actorKey{}, repair.Actor{Role: role, ID: caller.Subject}))
	}
}

// forbidden is the refusal of a role.
func forbidden(format string, args ...any) *web.Problem {
	return web.NewProblem(web.CodeForbidden, fmt.Sprintf(format, args...)).
		With("WWW-Authenticate", `Bearer realm="pitstop", error="insufficient_scope"`)
}

func write(ctx huma.Context, api huma.API, p *web.Problem) {
	for name, values := range p.GetHeaders() {
		ctx.SetHeader(name, values[0])
	}
	ctx.SetHeader("Content-Type", p.ContentType(""))
	ctx.SetStatus(p.Status)
	_ = api.Marshal(ctx.BodyWriter(), "application/json", p) // the client is gone: nobody to tell
}
