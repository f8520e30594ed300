package app

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/producers/deadletter"
	"pitstop/schemas/kafka"
)

// OpenDeadLetters opens the dead letters, and returns the function that closes them.
func OpenDeadLetters(ctx context.Context, cfg kafka.Config, log *slog.Logger) (deadletter.Box, func(), error) {
	opts, err := cfg.Producer("pitstop-dead-letters", log)
	if err != nil {
		return deadletter.Box{}, nil, err
	}
	cl, err := kgo.NewClient(append(opts, kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())...)
	if err != nil {
		return deadletter.Box{}, nil, fmt.Errorf("kafka client: %w", err)
	}
	codec, err := NewCodec(ctx, cfg)
	if err != nil {
		cl.Close()
		return deadletter.Box{}, nil, err
	}
	return deadletter.Box{Client: cl, Codec: codec}, cl.Close, nil
}
