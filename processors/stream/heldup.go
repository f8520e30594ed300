package stream

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"pitstop/schemas/kafka"
)

// heldUpAfter is how long reading may bring nothing, though there is something to be
// read, before somebody is told what holds it up.
const heldUpAfter = 2 * time.Second

// heldUpEvery is how often a member looks whether its inputs are held up: longer than any
// transaction of a processor lasts.
const heldUpEvery = kafka.TransactionTimeout + time.Second

// held is what holds up a member's inputs.
type held struct {
	looked time.Time
	stable map[string]map[int32]int64 // of partitions with open transactions, the offset that hides the rest
	by     string                     // in words; empty: nothing does
}

// look finds out, once in a while, whether an input is held up: whether the same open
// transaction hides the end of a partition as the last time.
func (m *member) look(ctx context.Context) {
	if time.Since(m.held.looked) < heldUpEvery {
		return
	}
	before := m.held.stable
	m.held = held{looked: time.Now(), stable: make(map[string]map[int32]int64)} //nolint:forbidigo // how long ago, not what time it is
	ctx, cancel := context.WithTimeout(ctx, heldUpAfter)
	defer cancel()
	inputs := m.logic.inputs()
	stable, err := kafka.StableEnds(ctx, m.adm, inputs...)
	if err != nil {
		return // whoever reads or writes hears of it
	}
	ends, err := kafka.Ends(ctx, m.adm, inputs...)
	if err != nil {
		return
	}
	for _, topic := range inputs {
		m.held.stable[topic] = make(map[int32]int64)
		for p := range m.tasks {
			at, ok := stable.Lookup(topic, p)
			if end, known := ends.Lookup(topic, p); !ok || !known || at.Offset >= end.Offset {
				continue
			}
			m.held.stable[topic][p] = at.Offset
			if last, was := before[topic][p]; was && last == at.Offset && m.held.by == "" {
				m.held.by = m.heldUp(ctx, topic, []int32{p})
			}
		}
	}
}

// heldUp says which open transaction hides the rest of a topic's partitions, and what
// can be done about it. The brokers end it when its own timeout is over, which a stranger
// may have set to a quarter of an hour.
func (m *member) heldUp(ctx context.Context, topic string, partitions []int32) string {
	ctx, cancel := context.WithTimeout(ctx, heldUpAfter)
	defer cancel()
	var set kadm.TopicsSet
	set.Add(topic, partitions...)
	described, err := m.adm.DescribeProducers(ctx, set)
	if err != nil {
		return fmt.Sprintf("%s is not read to its end, and whose transactions are open is not known: %v", topic, err)
	}
	for _, p := range described.SortedProducers() {
		if p.CurrentTxnStartOffset >= 0 {
			return fmt.Sprintf("%s[%d] is hidden from offset %d on by the open transaction of %s: end that program, or wait until the brokers end its transaction, or do so by kafka-transactions.sh --bootstrap-server … abort --topic %[1]s --partition %[2]d --start-offset %[3]d",
				p.Topic, p.Partition, p.CurrentTxnStartOffset, m.whose(ctx, p.ProducerID))
		}
	}
	return fmt.Sprintf("%s is not read to its end, and no transaction is open", topic)
}

// whose names the owner of a transaction, as far as the brokers tell.
func (m *member) whose(ctx context.Context, producer int64) string {
	listed, err := m.adm.ListTransactions(ctx, []int64{producer}, nil)
	if err != nil || len(listed) == 0 {
		return fmt.Sprintf("producer %d", producer)
	}
	return fmt.Sprintf("%s (producer %d)", listed.TransactionalIDs()[0], producer)
}
