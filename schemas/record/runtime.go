package record

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
