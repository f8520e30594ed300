package grafana

import (
	"context"
	"errors"
	"fmt"
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

// Step is one object of an organisation: what is there, compared with what
// should be.
type Step struct {
	Kind   Kind
	UID    string
	Verb   Verb
	Fields []string // of a change: "title: "Wait" -> "Waiting""
	Err    error    // why it could not be compared, or not be done
}

// Report is what became of one organisation.
type Report struct {
	Organisation string
	New          bool // it is not there yet, or was not
	Steps        []Step
	Err          error // why the rest of it was left as it is
}

// Failed says whether anything in the organisation went wrong.
func (r Report) Failed() bool {
	for _, s := range r.Steps {
		if s.Err != nil {
			return true
		}
	}
	return r.Err != nil
}

// Plan compares each organisation with what it should hold, and writes nothing.
// It tells of each when it is done with it. What goes wrong in one is in its
// report and does not keep it from the others; the error sums that up.
func (s Server) Plan(ctx context.Context, organisations []Organisation, tell func(Report)) error {
	return s.run(ctx, organisations, false, tell)
}

// Apply makes each organisation as it should be. Where nothing differs it writes
// nothing. What somebody changed by hand it puts back: the dashboards are
// Pitstop's, and say that they are read-only.
func (s Server) Apply(ctx context.Context, organisations []Organisation, tell func(Report)) error {
	return s.run(ctx, organisations, true, tell)
}

func (s Server) run(ctx context.Context, organisations []Organisation, write bool, tell func(Report)) error {
	session, err := s.open()
	if err != nil {
		return err
	}
	defer session.close()
	if err := session.reach(ctx); err != nil {
		return fmt.Errorf("reach Grafana at %s: %w", s.URL, err)
	}
	failed := 0
	for i, o := range organisations {
		r := session.organisation(ctx, o, write)
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted in organisation %s, %d of %d were done: %w", o.Name, i, len(organisations), ctx.Err())
		}
		tell(r)
		if !r.Failed() {
			continue
		}
		failed++
		if err := session.reach(ctx); err != nil && down(err) {
			return fmt.Errorf("grafana at %s went away in organisation %s, %d were not tried: %w", s.URL, o.Name, len(organisations)-i-1, err)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d organisations failed", failed, len(organisations))
	}
	return nil
}

// reach asks Grafana for the least that whoever may log in may know.
func (s *session) reach(ctx context.Context) error {
	return s.patiently(ctx, func() error {
		_, err := s.current(ctx)
		return err
	})
}

func (s *session) current(ctx context.Context) (*models.OrgDetailsDTO, error) {
	return call(func() (*models.OrgDetailsDTO, error) {
		ok, err := s.in(ctx, 0).Org.GetCurrentOrg()
		if err != nil {
			return nil, err
		}
		return ok.Payload, nil
	})
}

// patiently does something again while that may help: four times in all.
func (s *session) patiently(ctx context.Context, do func() error) error {
	for wait, left := s.server.Wait, 3; ; wait, left = 2*wait, left-1 {
		err := do()
		if err == nil || left == 0 || !passing(err) {
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
	err = s.patiently(ctx, func() error {
		id, err = s.find(ctx, o.Name)
		if absent(err) {
			r.New = true
			if id, err = 0, nil; write {
				id, err = s.create(ctx, o.Name)
			}
		}
		return err
	})
	if err != nil {
		r.Err = fmt.Errorf("organisation %s: %w", o.Name, err)
		return r
	}
	api := s.in(ctx, id)
	things, err := contents.things(api, id)
	if err != nil {
		r.Err = err
		return r
	}
	if r.New && !write {
		for _, t := range things {
			r.Steps = append(r.Steps, Step{Kind: t.kind, UID: t.uid, Verb: Create})
		}
		return r
	}
	for _, t := range things {
		step := s.settle(ctx, t, write)
		r.Steps = append(r.Steps, step)
		if step.Err != nil && t.kind == Folder {
			r.Err = errors.New("the rest was not tried, because it needs the folder")
			return r
		}
	}
	var gone []thing
	err = s.patiently(ctx, func() error {
		gone, err = call(func() ([]thing, error) { return contents.leftovers(api) })
		return err
	})
	if err != nil {
		r.Err = err
	}
	for _, t := range gone {
		r.Steps = append(r.Steps, s.settle(ctx, t, write))
	}
	return r
}

// find gives the id of an organisation. A token is of one, and needs none.
func (s *session) find(ctx context.Context, name string) (int64, error) {
	if s.server.Token != "" {
		current, err := s.current(ctx)
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

// settle compares a thing with what is there and, to write, makes it so. What
// failed and may pass is looked at again before it is done again: the answer may
// have been lost after the deed, or somebody else have changed it.
func (s *session) settle(ctx context.Context, t thing, write bool) Step {
	step := Step{Kind: t.kind, UID: t.uid}
	written := Verb("")
	step.Err = s.patiently(ctx, func() error {
		var err error
		step.Verb, step.Fields, err = t.compare()
		if err != nil || !write || step.Verb == Keep {
			return err
		}
		written = step.Verb
		_, err = call(func() (any, error) { return nil, t.do(step.Verb) })
		return err
	})
	if step.Err == nil && step.Verb == Keep && written != "" {
		step.Verb = written // the answer had been lost
	}
	return step
}

func (t thing) compare() (Verb, []string, error) {
	found, err := call(t.read)
	switch {
	case absent(err):
		return Create, nil, nil
	case err != nil:
		return "", nil, err
	case t.want == nil:
		return Delete, nil, nil
	}
	fields, err := differences(t.want, found, t.exact)
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

func (t thing) do(v Verb) error {
	switch v {
	case Create:
		return t.create()
	case Delete:
		err := t.remove()
		if absent(err) {
			return nil
		}
		return err
	default: // Change
		return t.update()
	}
}
