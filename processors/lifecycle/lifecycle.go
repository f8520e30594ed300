// Package lifecycle handles commands: one state machine per repair, one outcome per
// consumed command, and the expiry of quotes nobody answers.
//
// The state machine itself is in schemas/repair. This package adds memory: a command
// that comes again gets the same answer and changes nothing.
package lifecycle

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"pitstop/processors/stream"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// RememberFor is how long command ids are remembered, in event time.
const RememberFor = 7 * 24 * time.Hour

// rememberBytes bounds what is kept of one repair's commands, so that nobody can
// fill its state until it no longer fits in a record. It is enough for about a
// thousand commands, and a repair sees a few dozen; beyond it, the oldest are
// forgotten early.
const rememberBytes = 128_000

// State is what is kept of one repair.
type State struct {
	// The repair.
	Repair repair.Repair `avro:"repair"`
	// The commands of the last seven days, as they came.
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
	// How often it came again: each of its outcomes has an id of its own.
	Repeats int32 `avro:"repeats"`
	// The answer.
	repair.Verdict
}

// The timers of a repair.
const (
	expire = "expire" // the open quote is over
	forget = "forget" // the oldest remembered command can be forgotten
)

// New returns the processor.
func New() stream.Processor[State] {
	return stream.Processor[State]{
		Consumer: record.LifecycleProcessor, MovesTime: []record.Topic{record.Commands},
		Record: handle,
		Timer:  timer,
	}
}

func handle(c *stream.Context, s *State, rec record.Headed) error {
	cmd, ok := rec.(repair.Command)
	if !ok {
		return fmt.Errorf("a %s is no command", record.NameOf(rec))
	}
	id, digest := cmd.Head().EventID, repair.DigestOf(cmd)
	if known := s.remembered(id); known != nil {
		known.Repeats++
		verdict := known.Verdict
		if known.Digest != digest {
			verdict = repair.Verdict{
				Code:   repair.KeyReused,
				Detail: "the same idempotency key came before with another body",
				State:  s.Repair.State, Sequence: s.Repair.Sequence,
			}
		}
		answer(c, cmd, repair.Duplicate, verdict, known.Repeats)
		return nil
	}

	open := s.Repair.OpenRevision()
	events, verdict := s.Repair.Handle(cmd)
	for _, e := range events {
		c.Emit(record.Events, e)
	}
	result := repair.Accepted
	if verdict.Code != "" {
		result = repair.Refused
	}
	answer(c, cmd, result, verdict, 0)

	switch n := s.Repair.OpenRevision(); n {
	case open: // the timer keeps the correlation id of the request that set it
	case 0:
		c.CancelTimer(expire)
	default:
		c.SetTimer(expire, s.Repair.Revisions[n-1].ExpiresAt)
	}
	s.Commands = append(s.Commands, Remembered{ID: id, Digest: digest, At: c.Time(), Verdict: verdict})
	for s.size() > rememberBytes {
		s.Commands = s.Commands[1:]
	}
	s.setForget(c)
	return nil
}

// answer emits the outcome of one command record.
func answer(c *stream.Context, cmd repair.Command, result repair.Result, v repair.Verdict, repeats int32) {
	o := &repair.Outcome{Command: record.NameOf(cmd), Result: result, Digest: repair.DigestOf(cmd), Verdict: v}
	o.Actor = cmd.Head().Actor
	o.EventID = repair.DerivedID(c.Time(), cmd.Head().EventID, record.Outcomes.Name, strconv.Itoa(int(repeats)))
	c.Emit(record.Outcomes, o)
}

func timer(c *stream.Context, s *State, t stream.Timer) error {
	switch t.Name {
	case expire:
		for _, e := range s.Repair.Expire(t.Due) {
			c.Emit(record.Events, e)
		}
	case forget:
		s.Commands = slices.DeleteFunc(s.Commands, func(r Remembered) bool { return !r.At.Add(RememberFor).After(t.Due) })
		if len(s.Commands) > 0 {
			s.setForget(c)
			return nil
		}
		s.Commands = nil // not merely empty: a repair that never started leaves nothing
		s.Repair.Forget()
	default:
		return fmt.Errorf("no timer is called %q", t.Name)
	}
	return nil
}

// setForget sets the timer for the oldest remembered command, which need not be the
// first that came.
func (s *State) setForget(c *stream.Context) {
	oldest := slices.MinFunc(s.Commands, func(a, b Remembered) int { return a.At.Compare(b.At) })
	c.SetTimer(forget, oldest.At.Add(RememberFor))
}

func (s *State) remembered(id string) *Remembered {
	i := slices.IndexFunc(s.Commands, func(r Remembered) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return &s.Commands[i]
}

// size returns about how many bytes the remembered commands take.
func (s *State) size() int {
	n := 0
	for _, r := range s.Commands {
		n += 60 + len(r.ID) + len(r.Digest) + len(r.Detail)
		for _, e := range r.Errors {
			n += len(e.Pointer) + len(e.Detail)
		}
	}
	return n
}
