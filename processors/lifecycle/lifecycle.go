// Package lifecycle handles commands: one state machine per repair, one outcome per
// consumed command, and the expiry of quotes nobody answers.
//
// The state machine itself is in schemas/repair. This package adds memory: a command
// that comes again gets the same answer and changes nothing. How long it is remembered,
// and whether it is history, is a matter of when it reached the log; not of when it
// says that it occurred. Of a repair that gets too many, some are forgotten earlier (see
// Remembered.Spare), but never the command that started it.
package lifecycle

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitstop/processors/stream"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// RememberFor is how long command ids are remembered after they reached the log: seven
// days, and as much as a later command's own time may be ahead of the log's, since that
// moves the timers of its repair.
const RememberFor = 7*24*time.Hour + 10*time.Minute

// rememberBytes bounds what is kept of one repair's commands, so that nobody can
// fill its state until it no longer fits in a record. It is enough for about a
// thousand commands, and a repair sees a few dozen; beyond it, some are forgotten
// early: see Remembered.Spare.
const rememberBytes = 128_000

// What of the remembered commands is forgotten early where they take too much: all of
// a higher number before any of a lower one, and the oldest of each first.
const (
	ofTheGarage   = iota // accepted from a mechanic, customer service or an integrator
	ofTheCustomer        // accepted from the customer's side
	ofNothing            // refused, or the view of a page
)

func spare(command string, by repair.Role, code repair.Code) int32 {
	switch {
	case code != "" || command == record.NameOf(&repair.RecordView{}):
		return ofNothing
	case by.CustomerSide():
		return ofTheCustomer
	}
	return ofTheGarage
}

// State is what is kept of one repair.
type State struct {
	// The repair.
	Repair repair.Repair `avro:"repair"`
	// The commands of the last seven days, as they came; where they take more than rememberBytes, without those that are forgotten early.
	Commands []Remembered `avro:"commands"`
	// A hash of the command that started the repair, which is remembered for ever; 0: not known.
	Started int64 `avro:"started,added"`
	// A hash of that command's id alone; 0: not known.
	StartedBy int64 `avro:"started_by,added"`
}

// Remembered is a command that was answered.
type Remembered struct {
	// The command's id.
	ID string `avro:"id"`
	// Keyed digest of its plain request; empty: it started the repair, and comes again after it was forgotten.
	Digest string `avro:"digest"`
	// When it reached the log.
	At time.Time `avro:"at,required"`
	// How often it came again: each of its outcomes has an id of its own.
	Repeats int32 `avro:"repeats"`
	// How early it is forgotten where there are too many: 2 first (a refusal, or the view of a page), then 1 (what the customer's side did), 0 last (what the garage did).
	Spare int32 `avro:"spare,added"`
	// The answer.
	repair.Verdict
}

// The timers of a repair.
const (
	expire = "expire" // the open quote is over
	forget = "forget" // the oldest remembered command can be forgotten
)

// New returns the processor. What is part of a simulation is never history.
func New(simulated stream.Simulated) stream.Processor[State] {
	p := processor{simulated}
	return stream.Processor[State]{
		Consumer: record.LifecycleProcessor, MovesTime: []record.Topic{record.Commands},
		Record: p.record,
		Timer:  p.timer,
	}
}

type processor struct{ simulated stream.Simulated }

// logged returns when what occurred at a time reached the log.
func (p processor) logged(c *stream.Context, at time.Time) time.Time {
	if p.simulated.Covers(at) {
		return at
	}
	return c.LogTime()
}

func (p processor) record(c *stream.Context, s *State, rec record.Headed) error {
	cmd, ok := rec.(repair.Command)
	if !ok {
		return fmt.Errorf("a %s is no command", record.NameOf(rec))
	}
	id, digest := cmd.Head().EventID, repair.DigestOf(cmd)
	s.recall(c, id, digest)
	if known := s.remembered(id); known != nil {
		known.Repeats++
		verdict := known.Verdict
		if known.Digest != digest && !s.startedAs(*known, digest) {
			verdict = repair.Verdict{
				Code:   repair.KeyReused,
				Detail: "the same idempotency key came before with another body",
				State:  s.Repair.State, Sequence: s.Repair.Sequence,
			}
		}
		s.answer(c, cmd, repair.Duplicate, verdict, known.Repeats)
		return nil
	}

	open := s.Repair.OpenRevision()
	events, verdict := s.Repair.HandleLogged(cmd, p.logged(c, cmd.Head().OccurredAt))
	for _, e := range events {
		emit(c, e)
		if _, starts := e.(*repair.RepairStarted); starts {
			s.setStarted(id, digest)
		}
	}
	result := repair.Accepted
	if verdict.Code != "" {
		result = repair.Refused
	}
	s.answer(c, cmd, result, verdict, 0)

	s.setExpire(c, open)
	s.remember(c, cmd, verdict)
	return nil
}

// setExpire sets the timer for the open revision, where that is not open as before.
func (s *State) setExpire(c *stream.Context, open int32) {
	switch n := s.Repair.OpenRevision(); n {
	case open: // the timer keeps the correlation id of the request that set it
	case 0:
		c.CancelTimer(expire)
	default:
		c.SetTimer(expire, s.Repair.Revisions[n-1].ExpiresAt)
	}
}

// emit emits an event. Its id holds its sequence: events never share one, whatever the
// commands' ids and times are.
func emit(c *stream.Context, e repair.Event) {
	h := e.Head()
	h.EventID = repair.DerivedID(h.OccurredAt, c.Cause().EventID, record.Events.Name, strconv.FormatInt(repair.SequenceOf(e), 10))
	c.Emit(record.Events, e)
}

// answer emits the outcome of one command record. Its id holds what the outcome says
// and the repair's sequence: one that is given after the command was forgotten never
// takes the place of the first.
func (s *State) answer(c *stream.Context, cmd repair.Command, result repair.Result, v repair.Verdict, repeats int32) {
	o := &repair.Outcome{Command: record.NameOf(cmd), Result: result, Digest: repair.DigestOf(cmd), Verdict: v}
	o.Actor = cmd.Head().Actor
	o.EventID = repair.DerivedID(c.Time(), cmd.Head().EventID, record.Outcomes.Name,
		strconv.FormatInt(s.Repair.Sequence, 10), strconv.Itoa(int(repeats)), string(result), string(v.Code))
	c.Emit(record.Outcomes, o)
}

func (p processor) timer(c *stream.Context, s *State, t stream.Timer) error {
	switch t.Name {
	case expire:
		for _, e := range s.Repair.Expire(t.Due, p.logged(c, t.Due)) {
			emit(c, e)
		}
	case forget:
		s.forget(t.Due)
		if len(s.Commands) > 0 {
			s.setForget(c)
			return nil
		}
		s.Repair.Forget()
	default:
		return fmt.Errorf("no timer is called %q", t.Name)
	}
	return nil
}

// remember remembers a command and its answer.
func (s *State) remember(c *stream.Context, cmd repair.Command, v repair.Verdict) {
	h := cmd.Head()
	s.keep(c, Remembered{
		ID: h.EventID, Digest: repair.DigestOf(cmd), At: c.LogTime(), Spare: spare(record.NameOf(cmd), h.Actor.Role, v.Code), Verdict: v,
	})
}

func (s *State) keep(c *stream.Context, r Remembered) {
	s.Commands = append(s.Commands, r)
	for s.size() > rememberBytes {
		most := slices.MaxFunc(s.Commands, func(a, b Remembered) int { return cmp.Compare(a.Spare, b.Spare) }).Spare
		i := slices.IndexFunc(s.Commands, func(r Remembered) bool { return r.Spare == most })
		s.Commands = slices.Delete(s.Commands, i, i+1)
	}
	s.setForget(c)
}

// forget forgets the commands that have been remembered for long enough by a time.
func (s *State) forget(by time.Time) {
	s.Commands = slices.DeleteFunc(s.Commands, func(r Remembered) bool { return !r.At.Add(RememberFor).After(by) })
	if len(s.Commands) == 0 {
		s.Commands = nil // not merely empty: a repair that never started leaves nothing
	}
}

// setStarted records the command that started the repair; an empty digest is not known.
func (s *State) setStarted(id, digest string) {
	if s.StartedBy = hash(id); digest != "" {
		s.Started = hash(id, digest)
	}
}

// recall remembers the command that started the repair again, where that is the one at
// hand, or one with its key, and was forgotten: it comes again, and what it led to is known.
func (s *State) recall(c *stream.Context, id, digest string) {
	if s.remembered(id) == nil && (s.StartedBy == hash(id) || s.Started == hash(id, digest)) {
		s.keep(c, Remembered{ID: id, At: c.LogTime(), Verdict: repair.Verdict{State: repair.InProgress, Sequence: 1}})
	}
}

// startedAs reports whether a command that was recalled, which has no digest, is the one
// with that digest, as far as that is known.
func (s *State) startedAs(known Remembered, digest string) bool {
	return known.Digest == "" && (s.Started == 0 || s.Started == hash(known.ID, digest))
}

// hash identifies a command by its id, or its id and the digest of its plain request.
func hash(of ...string) int64 {
	h := fnv.New64a()
	h.Write([]byte(strings.Join(of, " ")))
	return int64(h.Sum64())
}

// setForget sets the timer for the oldest remembered command, which need not be the
// first that came; without any, for what is at hand.
func (s *State) setForget(c *stream.Context) {
	oldest := c.LogTime()
	for i, r := range s.Commands {
		if i == 0 || r.At.Before(oldest) {
			oldest = r.At
		}
	}
	c.SetTimer(forget, oldest.Add(RememberFor))
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
