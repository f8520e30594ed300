package schemas

import "time"

// Tick tells a processor what time it is. Its owner writes it when a timer is
// due; it takes effect when the processor's inputs have been read up to Ends.
type Tick struct {
	// The processor it is for.
	Processor string `avro:"processor"`
	// The time it is.
	Time time.Time `avro:"time,required"`
	// Offset per input topic up to which this partition must have been read first.
	Ends map[string]int64 `avro:"ends"`
}

// Change is one entry of a processor's changelog: the state of one key.
type Change struct {
	// The processor's own encoding of the key's state, in the Confluent wire format; empty: forget the key.
	State []byte `avro:"state"`
	// The key's timers.
	Timers []TimerEntry `avro:"timers"`
}

// TimerEntry is a timer that is set.
type TimerEntry struct {
	// Its name within the key.
	Name string `avro:"name"`
	// When it is due.
	Due time.Time `avro:"due,required"`
	// The correlation id of the record that set it.
	CorrelationID string `avro:"correlation_id"`
}

// DeadLetterHeader is one Kafka header of a dead letter's record.
type DeadLetterHeader struct {
	// The header's key.
	Key string `avro:"key"`
	// The header's value.
	Value []byte `avro:"value"`
}

// DeadLetter keeps a record that somebody could not read or handle: the
// original bytes, and where and why.
type DeadLetter struct {
	// Who gave up on it: the processor's or sink's name.
	Consumer string `avro:"consumer"`
	// A bounded class: undecodable, unhandled, too_large or misplaced.
	Reason string `avro:"reason"`
	// The error in words.
	Detail string `avro:"detail"`
	// Where the record was.
	Topic string `avro:"topic"`
	// Its partition.
	Partition int32 `avro:"partition"`
	// Its offset.
	Offset int64 `avro:"offset"`
	// When the consumer gave up; processors have no clock and give the record's Kafka timestamp.
	At time.Time `avro:"at,required"`
	// The record's key.
	Key []byte `avro:"key"`
	// The record's value.
	Value []byte `avro:"value"`
	// The record's Kafka headers.
	Headers []DeadLetterHeader `avro:"headers"`
}
