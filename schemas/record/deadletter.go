package record

import "time"

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
