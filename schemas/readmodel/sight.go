package readmodel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"pitstop/schemas/repair"
)

// Sight is what somebody may see: whose records, and how much of each. It is the one
// place that says what a role may see of a record; every read is for a Sight.
//
// Confidential are the notes of staff, and the address and the browser from which a
// customer decided: they are for mechanics and customer service. The readers of
// ClickHouse, whom managers have too, get neither (sinks/clickhouse/access).
type Sight struct {
	Garages      []string // the garages whose records may be seen
	Confidential bool
}

// SightOf returns what somebody who has these roles in these garages may see.
func SightOf(garages []string, roles ...repair.Role) Sight {
	return Sight{garages, slices.ContainsFunc(roles, func(r repair.Role) bool {
		return r == repair.Mechanic || r == repair.CustomerService
	})}
}

// Sees reports whether the garage's records may be seen.
func (s Sight) Sees(garage string) bool { return slices.Contains(s.Garages, garage) }

// Repair takes out of a repair what may not be seen.
func (s Sight) Repair(r *Repair) {
	r.Messages = slices.DeleteFunc(r.Messages, func(m Message) bool { return s.hides(m.Kind) })
}

// Timeline takes out of a timeline what may not be seen.
func (s Sight) Timeline(t *Timeline) {
	t.Entries = slices.DeleteFunc(t.Entries, func(e TimelineEntry) bool { return !s.fields(e.Data) })
}

// Conversation takes out of a conversation what may not be seen.
func (s Sight) Conversation(c *Conversation) {
	if s.hides(c.LastKind) {
		c.LastMessage, c.LastKind = "", ""
	}
}

// Event returns as much of an event as may be seen; false: nothing.
func (s Sight) Event(e Event) (Event, bool, error) {
	if !s.Sees(e.GarageID) {
		return Event{}, false, nil
	}
	if s.Confidential {
		return e, true, nil
	}
	var data map[string]any
	from := json.NewDecoder(bytes.NewReader(e.Data))
	from.UseNumber()
	if err := from.Decode(&data); err != nil {
		return Event{}, false, fmt.Errorf("event %s: %w", e.EventID, err)
	}
	if !s.fields(data) {
		return Event{}, false, nil
	}
	var err error
	e.Data, err = json.Marshal(data)
	return e, true, err
}

func (s Sight) hides(k repair.MessageKind) bool { return k == repair.Note && !s.Confidential }

// fields takes out of a record's fields what may not be seen, and reports whether the
// record may be seen at all.
func (s Sight) fields(of map[string]any) bool {
	if kind, ok := of["kind"].(string); ok && s.hides(repair.MessageKind(kind)) {
		return false
	}
	if !s.Confidential {
		delete(of, "ip")
		delete(of, "user_agent")
	}
	for _, holder := range []string{"evidence", "request"} { // of a command that was refused
		if inner, ok := of[holder].(map[string]any); ok && !s.fields(inner) {
			delete(of, holder)
		}
	}
	return true
}
