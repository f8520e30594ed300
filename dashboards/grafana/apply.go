package grafana

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-openapi-client-go/models"
)

// Verb is what is to be done with an object, or was.
type Verb string

// The verbs.
const (
	Create Verb = "create"
	Change Verb = "change"
	Delete Verb = "delete"
	Keep   Verb = "keep" // it is as it should be
)

// Step is one object of an organisation: what is there, compared with what should
// be.
type Step struct {
	Kind   Kind
	UID    string
	Verb   Verb
	Fields []string // of a change: "title: "Wait" -> "Waiting""
	Err    error    // why it could not be compared, or not be done
}

// Report is the result for one organisation.
type Report struct {
	Organisation string
	New          bool // it does not exist yet, or did not
	Steps        []Step
	Err          error // why the rest of it was left as it is
}

// Failed reports whether anything in the organisation went wrong.
func (r Report) Failed() bool {
	for _, s := range r.Steps {
		if s.Err != nil {
			return true
		}
	}
	return r.Err != nil
}

// Plan compares each organisation with what it should hold, and writes nothing. It
// calls report for each when it is done with it. What goes wrong in one is in its
// report and does not keep the others from being done; the error sums that up.
func (s Server) Plan(ctx context.Context, organisations []Organisation, report func(Report)) error {
	return s.run(ctx, organisations, false, report)
}

// Apply makes each organisation as it should be. Where nothing differs it writes
// nothing. It reverts what somebody changed by hand: the dashboards are Pitstop's,
// and say that they are read-only.
func (s Server) Apply(ctx context.Context, organisations []Organisation, report func(Report)) error {
	return s.run(ctx, organisations, true, report)
}

func (s Server) run(ctx context.Context, organisations []Organisation, write bool, report func(Report)) error {
	session, err := s.open()
	if err != nil {
		return err
	}
	defer session.close()
	if err := session.ping(ctx); err != nil {
		return fmt.Errorf("reach Grafana at %s: %w", s.URL, err)
	}
	failed := 0
	for i, o := range organisations {
		r := session.organisation(ctx, o, write)
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted in organisation %s, %d of %d were done: %w", o.Name, i, len(organisations), ctx.Err())
		}
		report(r)
		if !r.Failed() {
			continue
		}
		failed++
		if err := session.ping(ctx); err != nil && unreachable(err) {
			return fmt.Errorf("grafana at %s went away in organisation %s, %d were not tried: %w", s.URL, o.Name, len(organisations)-i-1, err)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d organisations failed", failed, len(organisations))
	}
	return nil
}

// ping asks Grafana for what anybody who may log in can see.
func (s *session) ping(ctx context.Context) error {
	return s.retry(ctx, func() error {
		_, err := s.current(ctx, 0)
		return err
	})
}

// current returns the organisation with an id as the user sees it, or with 0 the one
// that the user or token is of.
func (s *session) current(ctx context.Context, id int64) (*models.OrgDetailsDTO, error) {
	return call(func() (*models.OrgDetailsDTO, error) {
		ok, err := s.in(ctx, id).Org.GetCurrentOrg()
		if err != nil {
			return nil, err
		}
		return ok.Payload, nil
	})
}

// retry calls do until it succeeds or another try does not help: four times in all.
func (s *session) retry(ctx context.Context, do func() error) error {
	for wait, left := s.server.Wait, 3; ; wait, left = 2*wait, left-1 {
		err := do()
		if err == nil || left == 0 || !retryable(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (s *session) organisation(ctx context.Context, o Organisation, write bool) Report {
	r := Report{Organisation: o.Name}
	contents, err := o.contents()
	if err != nil {
		r.Err = err
		return r
	}
	var id int64
	err = s.retry(ctx, func() error {
		id, err = s.find(ctx, o.Name)
		if notFound(err) {
			r.New = true
			if id, err = 0, nil; write {
				id, err = s.create(ctx, o.Name)
			}
		}
		return err
	})
	if err == nil && id != 0 {
		err = s.retry(ctx, func() error { return s.member(ctx, id) })
	}
	if err != nil {
		r.Err = fmt.Errorf("organisation %s: %w", o.Name, err)
		return r
	}
	api := s.in(ctx, id)
	objects, err := contents.objects(api, id)
	if err != nil {
		r.Err = err
		return r
	}
	if r.New && !write {
		for _, obj := range objects {
			r.Steps = append(r.Steps, Step{Kind: obj.kind, UID: obj.uid, Verb: Create})
		}
		return r
	}
	for _, obj := range objects {
		step := s.reconcile(ctx, obj, write)
		r.Steps = append(r.Steps, step)
		if step.Err != nil && obj.kind == Folder {
			r.Err = errors.New("the rest was not tried, because it needs the folder")
			return r
		}
	}
	var gone []object
	err = s.retry(ctx, func() error {
		gone, err = call(func() ([]object, error) { return contents.leftovers(api) })
		return err
	})
	if err != nil {
		r.Err = err
	}
	for _, obj := range gone {
		r.Steps = append(r.Steps, s.reconcile(ctx, obj, write))
	}
	return r
}

// member reports whether the user may work in an organisation: an administrator of the
// server sees all of them, and still can change only those that list them as members.
func (s *session) member(ctx context.Context, id int64) error {
	seen, err := s.current(ctx, id)
	var r *refusal
	outside := errors.As(err, &r) && slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}, r.status)
	if outside || err == nil && seen.ID != id {
		return fmt.Errorf("the user %s is no member of it: add them to it in Grafana, as Admin (Administration, Organizations), or log in as an administrator who is one", s.server.User)
	}
	return err
}

// find returns the id of an organisation. A token belongs to one.
func (s *session) find(ctx context.Context, name string) (int64, error) {
	if s.server.Token != "" {
		current, err := s.current(ctx, 0)
		if err != nil {
			return 0, err
		}
		if current.Name != name {
			return 0, fmt.Errorf("the token is of organisation %q: give --organisation %q if that is meant, or another token", current.Name, current.Name)
		}
		return current.ID, nil
	}
	found, err := call(func() (*models.OrgDetailsDTO, error) {
		ok, err := s.in(ctx, 0).Orgs.GetOrgByName(name)
		if err != nil {
			return nil, err
		}
		return ok.Payload, nil
	})
	if err != nil {
		return 0, err
	}
	return found.ID, nil
}

func (s *session) create(ctx context.Context, name string) (int64, error) {
	return call(func() (int64, error) {
		ok, err := s.in(ctx, 0).Orgs.CreateOrg(&models.CreateOrgCommand{Name: name})
		if err != nil {
			return 0, err
		}
		return *ok.Payload.OrgID, nil
	})
}

// reconcile compares an object with what is there and, to write, makes it so. After
// a temporary failure it compares again before it writes again: the answer to a
// write may have been lost, or somebody else have changed the object.
func (s *session) reconcile(ctx context.Context, obj object, write bool) Step {
	step := Step{Kind: obj.kind, UID: obj.uid}
	written := Verb("")
	step.Err = s.retry(ctx, func() error {
		var err error
		step.Verb, step.Fields, err = obj.compare()
		if err != nil || !write || step.Verb == Keep {
			return err
		}
		written = step.Verb
		_, err = call(func() (any, error) { return nil, obj.do(step.Verb) })
		return err
	})
	if step.Err == nil && step.Verb == Keep && written != "" {
		step.Verb = written // the answer had been lost
	}
	return step
}

func (obj object) compare() (Verb, []string, error) {
	found, err := call(obj.read)
	switch {
	case notFound(err):
		return Create, nil, nil
	case err != nil:
		return "", nil, err
	case obj.want == nil:
		return Delete, nil, nil
	}
	fields, err := differences(obj.want, found, obj.exact)
	if err != nil || len(fields) == 0 {
		return Keep, nil, err
	}
	for i, f := range fields {
		if strings.HasPrefix(f, "settings."+secretDigest+":") {
			fields[i] = "password, or certificates to trust"
		}
	}
	return Change, fields, nil
}

func (obj object) do(v Verb) error {
	switch v {
	case Create:
		return obj.create()
	case Delete:
		err := obj.remove()
		if notFound(err) {
			return nil
		}
		return err
	default: // Change
		return obj.update()
	}
}
