package app

import (
	"context"
	"errors"
	"testing"
	"time"
)

// parts stand for what the API reads with, and for an identity provider.
type parts struct {
	wrong, heldUp error
	usable        bool
}

func (p parts) Check(time.Time) error { return p.wrong }
func (p parts) HeldUp() error         { return p.heldUp }

type asked struct{ parts }

func (asked) Run(context.Context)    {}
func (a asked) Check() (bool, error) { return a.usable, a.wrong }

// Without outcomes, schemas or anybody who can be let in, the API is not ready. While
// answers and events are only late, it is, and says so.
func TestReadinessOfTheAPI(t *testing.T) {
	wrong := errors.New("wrong")
	for name, tc := range map[string]struct {
		outcomes, events, codec parts
		auth                    any
		said, ready             bool
	}{
		"nothing is wrong":                       {ready: true},
		"outcomes are not read":                  {outcomes: parts{wrong: wrong}, said: true},
		"the registry knows no schema":           {codec: parts{wrong: wrong}, said: true},
		"outcomes are behind a transaction":      {outcomes: parts{heldUp: wrong}, said: true, ready: true},
		"events are behind":                      {events: parts{wrong: wrong}, said: true, ready: true},
		"no key of the provider is known":        {auth: asked{parts{wrong: wrong}}, said: true},
		"the provider is away, its keys stay":    {auth: asked{parts{wrong: wrong, usable: true}}, said: true, ready: true},
		"the provider is there":                  {auth: asked{parts{usable: true}}, ready: true},
		"events are behind, outcomes not read":   {outcomes: parts{wrong: wrong}, events: parts{wrong: wrong}, said: true},
		"tokens of another kind, no check of it": {auth: "tokens", ready: true},
	} {
		r := &reading{tc.outcomes, tc.events, tc.codec}
		if err := r.check(time.Now(), tc.auth); (err != nil) != tc.said || ready(err) != tc.ready {
			t.Errorf("%s: it says %v", name, err)
		}
	}
}
