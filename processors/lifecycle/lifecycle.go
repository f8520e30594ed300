// Package lifecycle decides about commands: one state machine per repair, one
// outcome per consumed command, and the expiry of quotes nobody answers.
//
// The state machine itself is in schemas/repair; what is added here is memory:
// a command that comes again gets the same answer and changes nothing.
package lifecycle

import (
	"fmt"
	"slices"
	"time"

	"pitstop/processors/stream"
	"pitstop/schemas"
	"pitstop/schemas/repair"
)

// Name is the processor's.
const Name = "lifecycle"

// Remember is how long command ids are remembered, in event time.
const Remember = 7 * 24 * time.Hour

// State is what is kept of one repair.
type State struct {
	// The repair.
	Repair repair.Repair `avro:"repair"`
	// The commands of the last seven days, oldest first.
	Commands []Remembered `avro:"commands"`
}

// Remembered is a command that was answered.
type Remembered struct {
	// The command's id.
	ID string `avro:"id"`
	// Keyed digest of its plain request.
	Digest string `avro:"digest"`
	// When it occurred.
	At time.Time `avro:"at,required"`
	// The answer.
	repair.Verdict
}

// The timers of a repair.
const (
	expire = "expire" // the open quote is over
	forget = "forget" // the oldest remembered command can be forgotten
)

// New gives the processor.
func New() stream.Processor[State] {
	return stream.Processor[State]{
		Name:   Name,
		Inputs: []stream.Input{{Topic: schemas.Commands, MovesTime: true}},
		Record: record,
		Timer:  timer,
	}
}

func record(c *stream.Context, s *State, rec schemas.Headed) error {
	cmd, ok := rec.(repair.Command)
	if !ok {
		return fmt.Errorf("a %s is no command", schemas.NameOf(rec))
	}
	outcome := &repair.Outcome{Command: schemas.NameOf(rec), Digest: repair.DigestOf(cmd)}
	outcome.Actor = cmd.Head().Actor
	if known := s.remembered(cmd.Head().EventID); known != nil {
		outcome.Result, outcome.Verdict = repair.Duplicate, known.Verdict
		if known.Digest != repair.DigestOf(cmd) {
			outcome.Verdict = repair.Verdict{
				Code:   repair.KeyReused,
				Detail: "the same idempotency key came before with another body",
				State:  s.Repair.State, Sequence: s.Repair.Sequence,
			}
		}
		c.Emit(schemas.Outcomes, outcome)
		return nil
	}

	events, verdict := s.Repair.Handle(cmd)
	for _, e := range events {
		c.Emit(schemas.Events, e)
	}
	outcome.Result, outcome.Verdict = repair.Accepted, verdict
	if verdict.Code != "" {
		outcome.Result = repair.Refused
	}
	c.Emit(schemas.Outcomes, outcome)

	s.setExpiry(c)
	if len(s.Commands) == 0 {
		c.Set(forget, c.Time().Add(Remember))
	}
	s.Commands = append(s.Commands, Remembered{
		ID: cmd.Head().EventID, Digest: repair.DigestOf(cmd), At: c.Time(), Verdict: verdict,
	})
	return nil
}

func timer(c *stream.Context, s *State, t stream.Timer) error {
	switch t.Name {
	case expire:
		for _, e := range s.Repair.Expire(t.Due) {
			c.Emit(schemas.Events, e)
		}
		s.setExpiry(c)
	case forget:
		s.Commands = slices.DeleteFunc(s.Commands, func(r Remembered) bool { return !r.At.Add(Remember).After(t.Due) })
		if len(s.Commands) > 0 {
			oldest := slices.MinFunc(s.Commands, func(a, b Remembered) int { return a.At.Compare(b.At) })
			c.Set(forget, oldest.At.Add(Remember))
			return nil
		}
		s.Repair.Forget()
	default:
		return fmt.Errorf("no timer is called %q", t.Name)
	}
	return nil
}

// setExpiry keeps the timer in step with the open quote.
func (s *State) setExpiry(c *stream.Context) {
	if n := s.Repair.OpenRevision(); n > 0 {
		c.Set(expire, s.Repair.Revisions[n-1].ExpiresAt)
		return
	}
	c.Cancel(expire)
}

func (s *State) remembered(id string) *Remembered {
	i := slices.IndexFunc(s.Commands, func(r Remembered) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return &s.Commands[i]
}
