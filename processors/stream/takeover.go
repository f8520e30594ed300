package stream

import (
	"context"
	"fmt"

	"pitstop/schemas/kafka"
)

// name returns the member's transactional id, which is also its instance id in the
// group.
func (m *member) name() string { return m.logic.consumer.Group() + "/" + m.Instance }

// takeOver ends the transaction that a killed process left open under this
// instance's name. The first transaction would do so too, but state is restored
// before that, which waits for the old transaction to end.
func (m *member) takeOver(ctx context.Context) error {
	if _, _, err := m.session.Client().ProducerID(ctx); err != nil {
		return fmt.Errorf("take over transactional id: %w", err)
	}
	return nil
}

// replaced reports whether another process joined the group under this instance's
// name. A fenced transaction does not prove it: the broker also fences one that took
// too long, say because the machine slept.
func (m *member) replaced(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, kafka.SessionTimeout)
	defer cancel()
	before, _ := m.session.Client().GroupMetadata()
	groups, err := m.adm.DescribeGroups(ctx, m.logic.consumer.Group())
	if err != nil {
		return false // it will learn when it joins
	}
	// A member that joins again meanwhile, with another id, is this one.
	if after, _ := m.session.Client().GroupMetadata(); after == "" || after != before {
		return false
	}
	for _, other := range groups[m.logic.consumer.Group()].Members {
		if other.InstanceID != nil && *other.InstanceID == m.name() && other.MemberID != before {
			return true
		}
	}
	return false
}
