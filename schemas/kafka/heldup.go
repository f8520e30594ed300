package kafka

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

const (
	// hiddenFor is how long an open transaction may hide the end of a partition before
	// that is said: longer than any transaction of a processor lasts.
	hiddenFor = TransactionTimeout + time.Second
	// LookEvery is how often a HeldUp asks the brokers.
	LookEvery = hiddenFor / 2
	// lookLimit is how long the brokers have to answer.
	lookLimit = 2 * time.Second
)

// HeldUp finds out whether a consumer waits for the end of somebody's transaction: what
// was written after the beginning of an open one is not read before it ends. Those of the
// processors end within TransactionTimeout; a stranger's may stay open for a quarter of an
// hour, in which nothing else tells why nothing comes. It is for one goroutine.
type HeldUp struct {
	looked time.Time
	hidden map[place]since
	err    error
}

type place struct {
	topic     string
	partition int32
}

// since is from which offset on a partition is hidden, how far it was read, and since when
// both are so: who still catches up is not held up.
type since struct {
	from, read int64
	at         time.Time
}

// Look returns what holds up a consumer that has read each of its partitions up to an
// offset, and what to do about it; nil: nothing. It asks the brokers once every LookEvery,
// and in between returns what it did before.
func (h *HeldUp) Look(ctx context.Context, adm *kadm.Client, read map[string]map[int32]int64) error {
	now := time.Now() //nolint:forbidigo // how long ago, not what time it is
	if now.Sub(h.looked) < LookEvery {
		return h.err
	}
	h.looked = now
	if ctx.Err() != nil || len(read) == 0 {
		h.hidden, h.err = nil, nil
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	hidden, err := hiddenBehind(ctx, adm, read)
	if err != nil {
		return h.err // whoever reads or writes hears of it
	}
	var long []place
	before := h.hidden
	h.hidden, h.err = make(map[place]since), nil
	for p, is := range hidden {
		if was := before[p]; was.from == is.from && was.read == is.read && !was.at.IsZero() {
			is.at = was.at
		} else {
			is.at = now
		}
		h.hidden[p] = is
		if now.Sub(is.at) >= hiddenFor {
			long = append(long, p)
		}
	}
	if len(long) > 0 {
		slices.SortFunc(long, func(a, b place) int {
			return cmp.Or(h.hidden[a].at.Compare(h.hidden[b].at), cmp.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition))
		})
		h.err = HeldUpBy(ctx, adm, long[0].topic, long[0].partition)
		if more := len(long) - 1; more > 0 {
			h.err = fmt.Errorf("%w (%d more partitions are hidden, too)", h.err, more)
		}
	}
	return h.err
}

// hiddenBehind returns the partitions of which an open transaction hides the end.
func hiddenBehind(ctx context.Context, adm *kadm.Client, read map[string]map[int32]int64) (map[place]since, error) {
	topics := slices.Sorted(maps.Keys(read))
	stable, err := StableEnds(ctx, adm, topics...)
	if err != nil {
		return nil, err
	}
	ends, err := Ends(ctx, adm, topics...)
	if err != nil {
		return nil, err
	}
	hidden := make(map[place]since)
	for topic, partitions := range read {
		for p, at := range partitions {
			from, listed := stable.Lookup(topic, p)
			end, alsoListed := ends.Lookup(topic, p)
			if listed && alsoListed && from.Offset < end.Offset {
				hidden[place{topic, p}] = since{from: from.Offset, read: at}
			}
		}
	}
	return hidden, nil
}

// HeldUpBy says which open transaction hides the rest of a topic's partitions, since when,
// and what can be done about it.
func HeldUpBy(ctx context.Context, adm *kadm.Client, topic string, partitions ...int32) error {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	var set kadm.TopicsSet
	set.Add(topic, partitions...)
	described, err := adm.DescribeProducers(ctx, set)
	if err != nil {
		return fmt.Errorf("%s%d is not read to its end, and whose transactions are open is not known: %w", topic, partitions, err)
	}
	var open []kadm.DescribedProducer
	described.EachProducer(func(p kadm.DescribedProducer) {
		if p.CurrentTxnStartOffset >= 0 {
			open = append(open, p)
		}
	})
	if len(open) > 0 {
		// What hides the rest of a partition is the one that began first.
		p := slices.MinFunc(open, func(a, b kadm.DescribedProducer) int {
			return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.CurrentTxnStartOffset, b.CurrentTxnStartOffset))
		})
		return fmt.Errorf("%s[%d] is hidden from offset %d on by the open transaction of %s: end that program, or wait until the brokers end its transaction, or do so by kafka-transactions.sh --bootstrap-server … abort --topic %[1]s --partition %[2]d --start-offset %[3]d",
			p.Topic, p.Partition, p.CurrentTxnStartOffset, whose(ctx, adm, p))
	}
	return fmt.Errorf("%s%d is not read to its end, and no transaction is open", topic, partitions)
}

// whose names the owner of a transaction, and since when it is open, as far as the brokers
// tell.
func whose(ctx context.Context, adm *kadm.Client, p kadm.DescribedProducer) string {
	listed, err := adm.ListTransactions(ctx, []int64{p.ProducerID}, nil)
	if err != nil || len(listed) == 0 {
		return fmt.Sprintf("producer %d, which wrote last at %s", p.ProducerID, stamp(p.LastTimestamp))
	}
	id := listed.TransactionalIDs()[0]
	owner := fmt.Sprintf("%s (producer %d)", id, p.ProducerID)
	described, err := adm.DescribeTransactions(ctx, id)
	if t := described[id]; err == nil && t.Err == nil && t.StartTimestamp > 0 {
		owner += fmt.Sprintf(", which began at %s and ends by itself at %s", stamp(t.StartTimestamp), stamp(t.StartTimestamp+int64(t.TimeoutMillis)))
	}
	return owner
}

func stamp(milli int64) string { return time.UnixMilli(milli).UTC().Format(time.RFC3339) }
