package kafka

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Reach returns nil as soon as a broker answers, and why one does not when none does or
// ctx ends. It asks them at once: one that takes connections and does not answer would
// use up the time of those after it.
func Reach(ctx context.Context, cl *kgo.Client) error {
	brokers := append(cl.DiscoveredBrokers(), cl.SeedBrokers()...)
	answers := make(chan error, len(brokers))
	for _, b := range brokers {
		go func() {
			req := kmsg.NewPtrMetadataRequest()
			req.Topics = []kmsg.MetadataRequestTopic{} // none
			_, err := b.Request(ctx, req)
			answers <- err
		}()
	}
	var failed error
	for range brokers {
		err := <-answers
		if err == nil {
			return nil
		}
		failed = cmp.Or(failed, err)
	}
	return failed
}

// reachFor bounds the wait for an answer of brokers that may be away.
const reachFor = 2 * time.Second

// reach returns why no broker answers, and what to do.
func (c Config) reach(ctx context.Context, clientID string) error {
	opts, err := c.Opts(clientID, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		return fmt.Errorf("kafka client: %w", err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(ctx, reachFor)
	defer cancel()
	if err := Reach(ctx, cl); err != nil {
		return fmt.Errorf("no Kafka broker answers: %w; are --kafka-brokers right, and Kafka running?", Advise(err))
	}
	return nil
}
