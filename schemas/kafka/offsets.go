package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Starts returns the first offset that each partition still holds.
func Starts(ctx context.Context, adm *kadm.Client, topics ...string) (kadm.ListedOffsets, error) {
	listed, err := adm.ListStartOffsets(ctx, topics...)
	return complete("starts", topics, listed, err)
}

// Ends returns the high watermark of each partition, which open transactions are
// below.
func Ends(ctx context.Context, adm *kadm.Client, topics ...string) (kadm.ListedOffsets, error) {
	listed, err := adm.ListEndOffsets(ctx, topics...)
	return complete("ends", topics, listed, err)
}

// StableEnds returns the last stable offset of each partition: nothing before it
// is in an open transaction.
func StableEnds(ctx context.Context, adm *kadm.Client, topics ...string) (kadm.ListedOffsets, error) {
	listed, err := adm.ListCommittedOffsets(ctx, topics...)
	return complete("stable ends", topics, listed, err)
}

// Since returns the offset of each partition's first record that is not older than
// a time, or its end.
func Since(ctx context.Context, adm *kadm.Client, at time.Time, topics ...string) (kadm.ListedOffsets, error) {
	listed, err := adm.ListOffsetsAfterMilli(ctx, at.UnixMilli(), topics...)
	return complete("offsets since "+at.Format(time.RFC3339), topics, listed, err)
}

// complete turns the error of any partition into an error of all.
func complete(what string, topics []string, listed kadm.ListedOffsets, err error) (kadm.ListedOffsets, error) {
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("list %s of %s: %w", what, strings.Join(topics, ", "), err)
	}
	return listed, nil
}

// OffsetOf returns one partition's offset; its error says that the broker did not
// tell, which must not pass for 0.
func OffsetOf(listed kadm.ListedOffsets, topic string, partition int32) (int64, error) {
	o, ok := listed.Lookup(topic, partition)
	if !ok {
		return 0, fmt.Errorf("the broker did not list %s[%d]", topic, partition)
	}
	return o.Offset, nil
}

// Committed returns the offsets that groups have committed, by group. A group that
// has not begun has committed none.
func Committed(ctx context.Context, adm *kadm.Client, groups ...string) (map[string]kadm.OffsetResponses, error) {
	committed := make(map[string]kadm.OffsetResponses, len(groups))
	answers := adm.FetchManyOffsets(ctx, groups...)
	for _, group := range groups {
		answer, answered := answers[group]
		err := answer.Err
		switch {
		case !answered:
			err = errors.New("the broker did not answer")
		case errors.Is(err, kerr.GroupIDNotFound):
			err = nil
		case err == nil:
			err = answer.Fetched.Error()
		}
		if err != nil {
			return nil, fmt.Errorf("fetch committed offsets of %s: %w", group, err)
		}
		committed[group] = answer.Fetched
	}
	return committed, nil
}
