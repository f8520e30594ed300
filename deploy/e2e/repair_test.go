package e2e

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// world is one garage on a pipeline, as one test uses it.
type world struct {
	*process
	testing.TB
	garage string
	doors  map[string]door
}

func newWorld(t testing.TB, p *process, garage string) *world {
	return &world{process: p, TB: t, garage: garage, doors: make(map[string]door)}
}

// subjects are who holds the tokens of a garage's staff.
var subjects = map[string]string{
	"mechanic": "sam", "customer_service": "els", "manager": "baas", "integrator": "dms", "admin": "root",
}

// as is the API as a member of the garage's staff.
func (w *world) as(role string) door {
	w.Helper()
	d, ok := w.doors[role]
	if !ok {
		d = door{w.TB, w.API, w.token(w.TB, role, subjects[role], w.garage)}
		w.doors[role] = d
	}
	return d
}

// order is a repair like the contract's example, and extraWork its quote.
func order(ref, email string) object {
	return object{
		"external_ref": ref,
		"vehicle":      object{"plate": "K-482-TR", "country": "NL", "description": "Volkswagen Golf"},
		"customer":     object{"id": "c1", "name": "J. de Vries", "email": email, "phone": "+31612345678", "language": "nl"},
		"approver":     nil, "ready_at": "2098-05-20T16:00:00+02:00", "bay": "3",
		"agreed": object{"currency": "EUR", "prices_include_vat": true, "lines": []object{{
			"title": "Kleine beurt en APK", "details": []object{part("Kleine beurt en APK", "1", 28900)},
		}}},
	}
}

func extraWork() object {
	return object{
		"currency": "EUR", "prices_include_vat": true,
		"lines": []object{
			{
				"title": "Remschijven en remblokken vóór vervangen", "urgency": "safety",
				"consequence": "Zonder deze reparatie keuren we de auto niet goed voor de APK.",
				"details": []object{
					part("Remschijven", "2", 6900), part("Remblokken", "1", 7200),
					{"kind": "labour", "description": "Arbeid", "quantity": "1.2", "unit_price": 11500, "vat": "21"},
				},
			},
			{"title": "Ruitenwissers vervangen", "urgency": "advice", "details": []object{part("Ruitenwissers, set", "1", 3995)}},
		},
	}
}

func part(description, quantity string, price int64) object {
	return object{"kind": "part", "description": description, "quantity": quantity, "unit_price": price, "vat": "21"}
}

// with is a body with some fields changed.
func with(body object, fields object) object {
	for name, value := range fields {
		body[name] = value
	}
	return body
}

// job is one repair, driven through the doors.
type job struct {
	*world
	id, ref, to string   // its id, its garage's number, and the customer's address
	told        []string // what its timeline says so far
}

// start registers a vehicle as the mechanic; fields replace those of the order.
func (w *world) start(fields object) *job {
	w.Helper()
	ref := "WO-" + rand.Text()[:8]
	body := with(order(ref, strings.ToLower(ref)+"@example.nl"), fields)
	j := &job{world: w, ref: ref}
	j.to, _ = body["customer"].(object)["email"].(string)
	a := w.as("mechanic").post("/v1/repairs", body)
	r := a.taken(http.StatusCreated)
	if r.State != "in_progress" || r.Sequence != 1 || a.header.Get("Location") != "/v1/repairs/"+r.RepairID {
		w.Errorf("started as %+v, at %q", r, a.header.Get("Location"))
	}
	j.id = r.RepairID
	return j
}

// at is a path below the repair.
func (j *job) at(path string) string { return "/v1/repairs/" + j.id + path }

// ask asks for approval of the extra work as the mechanic.
func (j *job) ask(fields object) reply {
	j.Helper()
	return j.as("mechanic").post(j.at("/quotes"), with(extraWork(), fields)).taken(http.StatusCreated)
}

// entry is an entry of a timeline.
type entry struct {
	At    time.Time
	Kind  string
	Actor struct{ Role, ID string }
	Data  json.RawMessage
}

// data is what the tests look at in an entry's data.
type data struct {
	Kind, Reason, Because string
	Code                  any // of a refusal a word, of a delivery a number
	Recipient             struct{ Role, ID string }
	Revision, Attempt     int
	Reply                 string
	MessageID             string `json:"message_id"`
	NotificationID        string `json:"notification_id"`
	Text                  string
}

func (e entry) data(t testing.TB) (d data) {
	t.Helper()
	if err := json.Unmarshal(e.Data, &d); err != nil {
		t.Fatalf("%s: %v in %s", e.Kind, err, e.Data)
	}
	return d
}

// label is an entry in a few words.
func (e entry) label(t testing.TB) string {
	d := e.data(t)
	switch {
	case e.Kind == "CommandRefused":
		return fmt.Sprintf("%s %v", e.Kind, d.Code)
	case e.Kind == "CallTask":
		return e.Kind + " " + d.Reason
	case strings.HasPrefix(e.Kind, "Notification"), strings.HasPrefix(e.Kind, "Delivery"):
		return strings.TrimSpace(fmt.Sprintf("%s %s to %s %s %s", e.Kind, d.Kind, d.Recipient.Role, d.Reason, d.Because))
	}
	return e.Kind
}

// timeline is what is readable of it by now.
func (j *job) timeline() []entry {
	j.Helper()
	a := j.as("customer_service").get(j.at("/timeline"))
	if a.status == http.StatusNotFound {
		return nil
	}
	return into[struct{ Entries []entry }](a, http.StatusOK).Entries
}

// labels are the timeline in words.
func (j *job) labels() []string {
	j.Helper()
	var labels []string
	for _, e := range j.timeline() {
		labels = append(labels, e.label(j))
	}
	return labels
}

// happens waits until the timeline says more than it did, in this order and
// nothing else.
func (j *job) happens(labels ...string) {
	j.Helper()
	j.told = append(j.told, labels...)
	until(j, "timeline of "+j.ref, func() string { return cmp.Diff(j.told, j.labels()) })
	last := time.Time{}
	for _, e := range j.timeline() {
		if e.At.Before(last) {
			j.Errorf("the timeline goes back in time, to %s at %s", e.Kind, e.At)
		}
		last = e.At
	}
}

// happensAtOnce is happens for what may come in any order.
func (j *job) happensAtOnce(labels ...string) {
	j.Helper()
	until(j, "timeline of "+j.ref, func() string {
		all := j.labels()
		if len(all) < len(j.told) {
			return fmt.Sprintf("it is %q", all)
		}
		sorted := slices.Sorted(slices.Values(all[len(j.told):]))
		return cmp.Diff(slices.Sorted(slices.Values(labels)), sorted)
	})
	j.told = j.labels()
}

// when is the time of the first entry of the timeline with this label.
func (j *job) when(label string) time.Time {
	j.Helper()
	for _, e := range j.timeline() {
		if e.label(j) == label {
			return e.At
		}
	}
	j.Fatalf("the timeline has no %q: %q", label, j.labels())
	return time.Time{}
}
