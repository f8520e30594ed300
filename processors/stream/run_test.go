package stream_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pitstop/processors/lifecycle"
	"pitstop/processors/stream"
	"pitstop/schemas"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/repair"
)

var noon = time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)

func header(id, key string, at time.Time) repair.Header {
	return repair.Header{
		EventID: id, AggregateID: key, GarageID: "de-brug", OccurredAt: at,
		Actor: repair.Actor{Role: repair.Mechanic, ID: "sam"}, CorrelationID: id,
	}
}

func start(key string, at time.Time) *repair.StartRepair {
	return &repair.StartRepair{Header: header("start-"+key, key, at), Agreed: repair.Work{Currency: "EUR"}}
}

func request(key string, at, expires time.Time) *repair.RequestApproval {
	line := repair.Line{Title: "wipers", Urgency: repair.Advice, Details: []repair.Detail{
		{Kind: repair.Part, Quantity: "1", UnitPrice: 3995, VAT: repair.VAT21},
	}}
	return &repair.RequestApproval{
		Header:    header("request-"+key, key, at),
		Work:      repair.Work{Currency: "EUR", PricesIncludeVAT: true, Lines: []repair.Line{line}},
		ExpiresAt: expires,
	}
}

// running is a member that runs until stop is called or the test ends.
type running struct {
	*stream.Monitor
	stop func()
}

func runLifecycle(t *testing.T, c *kafkatest.Cluster, instance string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	monitor := new(stream.Monitor)
	done := make(chan error, 1)
	go func() {
		done <- stream.Run(ctx, lifecycle.New(), stream.Options{
			Kafka: c.Config, Instance: instance, Clock: time.Now, Log: c.Log, Monitor: monitor,
		})
	}()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return running{monitor, stop}
}

func TestOneOutcomePerCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 4)
		runLifecycle(t, c, "a")
		cl := c.Client(t)
		now := time.Now()
		for i := range 20 {
			key := fmt.Sprintf("r%d", i)
			c.Produce(t, cl, schemas.Commands, start(key, now), request(key, now, now.Add(time.Hour)), start(key, now))
		}
		time.Sleep(10 * time.Second)
		if got := len(c.ReadAll(t, schemas.Outcomes)); got != 60 {
			t.Errorf("%d outcomes, want 60", got)
		}
		if got := len(c.ReadAll(t, schemas.Events)); got != 40 {
			t.Errorf("%d events, want 40", got)
		}
		time.Sleep(time.Hour)
		if got := len(c.ReadAll(t, schemas.Events)); got != 60 {
			t.Errorf("%d events after the quotes expired, want 60", got)
		}
	})
}
