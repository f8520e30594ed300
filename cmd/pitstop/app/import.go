package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"pitstop/producers/command"
	"pitstop/schemas/garage"
	"pitstop/schemas/kafka"
	"pitstop/schemas/request"
)

// outcomesWithin bounds how long an import waits until it can see outcomes.
const outcomesWithin = 30 * time.Second

// OpenImporter returns an importer that sends to the brokers and sees the outcomes. What
// it holds is released by the function.
func OpenImporter(ctx context.Context, cfg kafka.Config, book *garage.Book, secret []byte, log *slog.Logger) (*command.Importer, func() error, error) {
	codec, err := NewCodec(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	requests, err := request.NewBuilder(codec, book, secret, time.Now)
	if err != nil {
		return nil, nil, err
	}
	client, err := command.NewClient(cfg, codec, log)
	if err != nil {
		return nil, nil, err
	}
	client.ReadDeadLetters()
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running errgroup.Group
	running.Go(func() error { return client.Run(reading) })
	release := func() error {
		stop()
		closing, cancel := context.WithTimeout(context.Background(), ShutdownTimeout)
		defer cancel()
		return errors.Join(running.Wait(), client.Close(closing))
	}
	if err := seesOutcomes(ctx, client); err != nil {
		return nil, nil, errors.Join(err, release())
	}
	return &command.Importer{Requests: requests, AskAll: client.AskAll}, release, nil
}

// seesOutcomes waits until the client reads outcomes.
func seesOutcomes(ctx context.Context, client *command.Client) error {
	ctx, cancel := context.WithTimeout(ctx, outcomesWithin)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		why := client.Check(time.Now())
		if why == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("cannot read outcomes, nothing was sent: %w", why)
		case <-look.C:
		}
	}
}
