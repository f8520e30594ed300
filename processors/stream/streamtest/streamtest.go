// Package streamtest provides tests of running processors with the commands of a repair,
// members of a group, and what they told. All of it works inside a testing/synctest bubble.
package streamtest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"pitstop/processors/stream"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// Header returns a header of a repair at garage de-brug, by a mechanic.
func Header(id, key string, at time.Time) repair.Header {
	return repair.Header{
		EventID: id, AggregateID: key, GarageID: "de-brug", OccurredAt: at,
		Actor: repair.Actor{Role: repair.Mechanic, ID: "sam"}, CorrelationID: id,
	}
}

// Start returns the command that starts a repair, start-KEY, of a customer with e-mail.
func Start(key string, at time.Time) *repair.StartRepair {
	return &repair.StartRepair{
		Header: Header("start-"+key, key, at), Ask: repair.Ask{Digest: "body-" + key}, Agreed: repair.Work{Currency: "EUR"},
		Customer: repair.Contact{Language: "nl", Channels: []repair.Channel{repair.Email}},
	}
}

// Request returns the command that asks for approval of one job of 39.95, request-KEY.
func Request(key string, at, expires time.Time) *repair.RequestApproval {
	line := repair.Line{Title: "wipers", Urgency: repair.Advice, Details: []repair.Detail{
		{Kind: repair.Part, Quantity: "1", UnitPrice: 3995, VAT: repair.VAT21},
	}}
	return &repair.RequestApproval{
		Header: Header("request-"+key, key, at), ExpiresAt: expires,
		Work: repair.Work{Currency: "EUR", PricesIncludeVAT: true, Lines: []repair.Line{line}},
	}
}

// Monday sleeps until a Monday morning in opening hours: a bubble begins on a Saturday.
func Monday() time.Time {
	at := time.Date(2000, 1, 3, 9, 0, 0, 0, time.UTC)
	time.Sleep(time.Until(at)) //nolint:forbidigo // the clock of a bubble
	return at
}

// Member is a processor that runs until Stop is called or the test ends.
type Member struct {
	*stream.Monitor
	Stop func() // waits until it has stopped
}

// Run starts a member; that it ends with an error fails the test. Its options are the
// cluster's, and can be changed.
func Run[S any](t testing.TB, c *kafkatest.Cluster, p stream.Processor[S], instance string, change ...func(*stream.Options)) Member {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	monitor, done := new(stream.Monitor), make(chan error, 1)
	options := stream.Options{Kafka: c.Config, Instance: instance, Clock: time.Now, Log: c.Log, Monitor: monitor} //nolint:forbidigo // the clock of a bubble
	for _, f := range change {
		f(&options)
	}
	go func() { done <- stream.Run(ctx, p, options) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return Member{monitor, stop}
}

// Told counts what people were told, by kind, and the other records on the topic by name.
func Told(t testing.TB, c *kafkatest.Cluster) map[string]int {
	t.Helper()
	counts := make(map[string]int)
	for _, r := range c.ReadAll(t, record.Notifications) {
		if n, ok := r.(*record.NotificationRequested); ok {
			counts[string(n.Kind)]++
		} else {
			counts[record.NameOf(r)]++
		}
	}
	return counts
}

// Accepted returns what a mail server says that accepts all that was requested so far.
func Accepted(t testing.TB, c *kafkatest.Cluster) (all []record.Headed) {
	t.Helper()
	for _, r := range c.ReadAll(t, record.Notifications) {
		if n, ok := r.(*record.NotificationRequested); ok {
			h := Header("delivery-"+n.EventID, n.AggregateID, time.Now()) //nolint:forbidigo // the clock of a bubble
			all = append(all, &record.DeliveryAccepted{Header: h, Notice: n.Notice, DeliveryAttempt: record.DeliveryAttempt{Attempt: n.Attempt}})
		}
	}
	return all
}

// Unsettle makes a transaction with a position of a consumer, on partition 0 of a topic,
// and leaves it open, as a process does that is killed there. What it returns commits it.
func Unsettle(t testing.TB, c *kafkatest.Cluster, consumer record.Consumer, topic record.Topic, at int64, timeout time.Duration) (commit func()) {
	t.Helper()
	id, group := consumer.Group()+"/killed", consumer.Group()
	killed := c.Client(t, kgo.TransactionalID(id), kgo.TransactionTimeout(timeout))
	if err := killed.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	producer, epoch, err := killed.ProducerID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	add := kmsg.NewPtrAddOffsetsToTxnRequest()
	add.TransactionalID, add.ProducerID, add.ProducerEpoch, add.Group = id, producer, epoch, group
	if added, err := add.RequestWith(t.Context(), killed); err != nil || added.ErrorCode != 0 {
		t.Fatalf("%+v, %v", added, err)
	}
	topics, err := kadm.NewClient(killed).ListTopics(t.Context(), topic.Name)
	if err != nil {
		t.Fatal(err)
	}
	offsets := kmsg.NewPtrTxnOffsetCommitRequest()
	offsets.TransactionalID, offsets.ProducerID, offsets.ProducerEpoch, offsets.Group = id, producer, epoch, group
	offsets.Topics = []kmsg.TxnOffsetCommitRequestTopic{{
		Topic: topic.Name, TopicID: topics[topic.Name].ID, Partitions: []kmsg.TxnOffsetCommitRequestTopicPartition{{Partition: 0, Offset: at, LeaderEpoch: -1}},
	}}
	committed, err := offsets.RequestWith(t.Context(), killed)
	if err != nil || committed.Topics[0].Partitions[0].ErrorCode != 0 {
		t.Fatalf("%+v, %v", committed, err)
	}
	return func() {
		t.Helper()
		end := kmsg.NewPtrEndTxnRequest()
		end.TransactionalID, end.ProducerID, end.ProducerEpoch, end.Commit = id, producer, epoch, true
		if ended, err := end.RequestWith(t.Context(), killed); err != nil || ended.ErrorCode != 0 {
			t.Errorf("%+v, %v", ended, err)
		}
	}
}
