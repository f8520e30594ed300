package sinks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"pitstop/schemas/avro"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// ErrAway marks the error of a Writer whose target is unavailable at present: the
// same messages are retried later. Wrap it.
var ErrAway = errors.New("target is away")

// ErrUnhandled marks a message that Config.Prepare cannot handle: it becomes a dead
// letter. Wrap it, or avro.ErrUndecodable.
var ErrUnhandled = errors.New("unhandled")

// Message is a decoded record.
type Message struct {
	Topic     string
	Partition int32
	Offset    int64
	// Timestamp is Kafka's: wall time. Event time is in the record.
	Timestamp time.Time
	// Record is a pointer to one of the structs in record.Types.
	Record any
}

// Writer writes a batch to the target.
type Writer interface {
	// Write makes the messages durable in the target, in order within a
	// partition, and returns how many of them, from the first, need no retry.
	// After an error that wraps ErrAway the rest is retried after a pause; any
	// other error ends Run. A stop request does not cancel the context, which
	// has a deadline (Limits.Write).
	Write(ctx context.Context, batch []Message) (done int, err error)
}

// Limits bound a batch. Age and Write together must stay below
// kafka.RebalanceTimeout, or the group expels the member that holds a batch.
type Limits struct {
	Records int           // at most, in a batch
	Age     time.Duration // at most, from the first record of a batch until it is written
	Write   time.Duration // at most, to write and commit a batch
}

// Config says what a sink reads and how.
type Config struct {
	// Consumer is the sink: its group, what it reads, and the name on its dead letters.
	Consumer record.Consumer
	// Instance is the static name of this member; empty: a new member every start.
	Instance string
	Kafka    kafka.Config
	Codec    *avro.Codec
	// Since is from when on records are read where the group has no position within the
	// log; without effect on those that it has. Zero: it ends with kafka.ErrLost, unless
	// it starts for the first time.
	Since  time.Time
	Limits Limits
	// Prepare converts a decoded record into what the Writer accepts, by setting
	// m.Record; nil: no conversion. An error that wraps ErrUnhandled or
	// avro.ErrUndecodable makes the record a dead letter; any other is retried.
	Prepare func(ctx context.Context, m *Message) error
	// Watermarks is called about every second with the watermarks that advanced;
	// nil: they are not computed.
	Watermarks func(context.Context, []Watermark) error
	// Upstream are the groups that write what the sink reads, in the order in which
	// records pass through them, with topics that the sink reads too; with them,
	// Watermarks also gets those of EndToEnd.
	Upstream []Stage
	Progress *kafka.Progress
	Metrics  *Metrics // nil: none
	Now      func() time.Time
	Log      *slog.Logger
}

// Validate reports everything that is wrong, without connecting to anything.
func (c Config) Validate() error {
	errs := []error{c.validate()}
	if c.Limits.Records < 1 || c.Limits.Age <= 0 || c.Limits.Write <= 0 {
		errs = append(errs, fmt.Errorf("sink limits must be positive: %d records, age %s, write %s",
			c.Limits.Records, c.Limits.Age, c.Limits.Write))
	}
	if hold := c.Limits.Age + c.Limits.Write; hold >= kafka.RebalanceTimeout {
		errs = append(errs, fmt.Errorf("a batch may be held for %s (age %s + write %s), which must be less than the rebalance timeout of %s: lower them",
			hold, c.Limits.Age, c.Limits.Write, kafka.RebalanceTimeout))
	}
	return errors.Join(errs...)
}

// validate is Validate without the limits of batches.
func (c Config) validate() error {
	var err error
	if c.Consumer.Name == "" || len(c.Consumer.Reads) == 0 {
		err = errors.New("sink has no name or no topics")
	}
	return errors.Join(err, c.Kafka.Validate())
}
