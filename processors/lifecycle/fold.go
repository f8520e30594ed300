package lifecycle

import (
	"fmt"
	"slices"

	"pitstop/processors/stream"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// Fold returns a processor that makes the state of New's out of what that has written:
// each repair from its events, what is remembered of commands from their outcomes. For
// rebuild.Run: commands are kept for a week only.
//
// Of commands whose outcomes are deleted nothing is remembered, but of the one that started
// the repair, which its event names: if it comes again, it is a repetition. Its digest, too,
// is in events that are new enough to have it.
func Fold() stream.Processor[State] {
	return stream.Processor[State]{
		Consumer: record.Consumer{Name: record.LifecycleProcessor.Name, Stateful: true, Reads: []record.Topic{record.Events, record.Outcomes}},
		Record: func(c *stream.Context, s *State, rec record.Headed) error {
			switch r := rec.(type) {
			case repair.Event:
				s.apply(c, r)
			case *repair.Outcome:
				s.recount(c, r)
			default:
				return fmt.Errorf("a %s is neither an event nor an outcome", record.NameOf(rec))
			}
			return nil
		},
	}
}

func (s *State) apply(c *stream.Context, e repair.Event) {
	open := s.Repair.OpenRevision()
	s.Repair.Apply(e)
	if started, ok := e.(*repair.RepairStarted); ok {
		s.setStarted(started.CausationID, started.Digest)
	}
	s.setExpire(c, open)
	s.setForget(c)
}

// recount remembers the command that an outcome answers, as it was remembered then. The
// outcome of a repetition does not say what came first: its body can be another one. Any
// other says that nothing was remembered of the command, or no longer.
func (s *State) recount(c *stream.Context, o *repair.Outcome) {
	id := o.CausationID
	s.forget(c.LogTime())
	if o.Result == repair.Duplicate {
		s.recall(c, id, o.Digest)
		if known := s.remembered(id); known != nil {
			known.Repeats++
		}
		return
	}
	s.Commands = slices.DeleteFunc(s.Commands, func(r Remembered) bool { return r.ID == id })
	s.keep(c, Remembered{ID: id, Digest: o.Digest, At: c.LogTime(), Spare: spare(o.Command, o.Actor.Role, o.Code), Verdict: o.Verdict})
	if o.Result == repair.Accepted && o.Command == record.NameOf(&repair.StartRepair{}) {
		s.setStarted(id, o.Digest)
	}
}
