package sinks

import "testing"

func TestOutcomesAreBounded(t *testing.T) {
	m := newOutcomes(2)
	for _, id := range []string{"a", "b", "a", "c"} {
		m.put(id, nil, true)
	}
	for id, want := range map[string]bool{"a": false, "b": true, "c": true} {
		if _, got := m.get(id); got != want {
			t.Errorf("%s is remembered: %t, want %t", id, got, want)
		}
	}
	if len(m.byID) != 2 || len(m.order) != 2 {
		t.Errorf("%d outcomes, %d in order", len(m.byID), len(m.order))
	}
}
