package kafka

import (
	"cmp"
	"context"

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
