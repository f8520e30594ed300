package sinks

import "github.com/twmb/franz-go/pkg/kgo"

// outcomes keeps the outcomes of recent attempts: the record while it is not
// known to be on the topic, then only that it is.
type outcomes struct {
	byID  map[string]*kgo.Record // nil: recorded
	order []string
	limit int
}

func newOutcomes(limit int) *outcomes {
	return &outcomes{byID: make(map[string]*kgo.Record), limit: limit}
}

func (m *outcomes) get(id string) (outcome *kgo.Record, recorded bool) {
	outcome, known := m.byID[id]
	return outcome, known && outcome == nil
}

func (m *outcomes) put(id string, outcome *kgo.Record, recorded bool) {
	if _, known := m.byID[id]; !known {
		m.order = append(m.order, id)
	}
	if recorded {
		outcome = nil
	}
	m.byID[id] = outcome
	if len(m.order) > m.limit {
		delete(m.byID, m.order[0])
		m.order = m.order[1:]
	}
}
