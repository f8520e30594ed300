package feed

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
)

// fetchBytes is what is fetched of a partition at a time.
const fetchBytes = 256 << 10

// fetch asks each partition once for what lies between from and to. It returns the
// records, and the offsets up to which there are no others: what was aborted is no
// record, and a consumer says nothing of it where its marker lies behind the end of
// what is stable.
func (f *Feed) fetch(ctx context.Context, from, to []int64) (records []*kgo.Record, reached []int64, err error) {
	topic := record.Events.Name
	known, err := kadm.NewClient(f.admin).Metadata(ctx, topic)
	if err != nil {
		return nil, nil, fmt.Errorf("find the leaders of the events: %w", err)
	}
	detail := known.Topics[topic]
	byLeader := make(map[int32][]kmsg.FetchRequestTopicPartition)
	for p := range from {
		if from[p] >= to[p] {
			continue
		}
		ask := kmsg.NewFetchRequestTopicPartition()
		ask.Partition, ask.FetchOffset, ask.PartitionMaxBytes = int32(p), from[p], fetchBytes
		leader := detail.Partitions[int32(p)].Leader
		byLeader[leader] = append(byLeader[leader], ask)
	}
	reached = slices.Clone(from)
	for leader, partitions := range byLeader {
		of := kmsg.NewFetchRequestTopic()
		of.Topic, of.TopicID, of.Partitions = topic, detail.ID, partitions
		request := kmsg.NewPtrFetchRequest()
		request.IsolationLevel = 1 // committed
		request.SessionEpoch = -1  // no session: brokers keep few
		request.MaxBytes = int32(fetchBytes * len(partitions))
		request.Topics = []kmsg.FetchRequestTopic{of}
		answer, err := f.admin.Broker(int(leader)).RetriableRequest(ctx, request)
		if err != nil {
			return nil, nil, fmt.Errorf("fetch events: %w", err)
		}
		response, _ := answer.(*kmsg.FetchResponse)
		if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
			return nil, nil, fmt.Errorf("fetch events: %w", err)
		}
		for _, t := range response.Topics {
			for _, p := range t.Partitions {
				if errors.Is(kerr.ErrorForCode(p.ErrorCode), kerr.OffsetOutOfRange) {
					return nil, nil, readmodel.ErrCursor
				}
				got, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
					Offset: from[p.Partition], IsolationLevel: kgo.ReadCommitted(), Topic: topic, Partition: p.Partition,
				}, &p, kgo.DefaultDecompressor(), nil)
				if got.Err != nil {
					return nil, nil, fmt.Errorf("fetch events of partition %d: %w", p.Partition, got.Err)
				}
				records = append(records, got.Records...)
				reached[p.Partition] = next
			}
		}
	}
	return records, reached, nil
}
