// Package stream runs stateful processors over Kafka, exactly once.
//
// A Processor is a pure function of (state of one key, record or timer) to (new
// state, outputs, timers). It does no I/O and has no clock: time reaches it as
// the event time of records and as ticks. Run consumes its inputs in a consumer
// group and, per poll, commits one transaction that holds the outputs, the
// changes of the state (a changelog) and the offsets. Without Kafka, a Driver runs the
// same processor in a test, and a Fold makes its state for package rebuild.
//
// What holds, and how:
//
//   - Partition p of every input is on one member: range assignment over topics
//     with equal partition counts (cooperative-sticky splits them).
//   - State follows assignment: every assignment rebuilds the state of its
//     partitions from the changelog, read to its end; nothing is inferred from
//     revocations, of which a GroupTransactSession reports only the first.
//   - An abort rolls state back: the changes of the open transaction live in an
//     overlay until the commit is known.
//   - Timers are state. They fire only in a transaction that consumed something,
//     so that a member that lost its partitions cannot fire them too.
//   - Timers never overtake queued input: see record.Tick, and ticker.go.
//   - A record that cannot be read or handled is a dead letter, its effects are
//     dropped and the partition goes on. An unreachable broker or registry
//     stalls the processor; it never makes dead letters.
//
// It does not window, join by time or repartition.
package stream
