package app

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/producers/command"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
	"pitstop/schemas/request"
)

// An import hears of a command that lifecycle gave up on: it waits for no outcome.
func TestAnImportReadsDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		im, release, err := OpenImporter(t.Context(), c.Config, garagetest.Sample(t), bytes.Repeat([]byte{5}, request.MinSecretBytes), c.Log)
		must(t, err)
		defer func() { must(t, release()) }()
		go func() {
			cl := c.Client(t, kgo.ConsumeTopics(record.Commands.Name))
			for t.Context().Err() == nil {
				for _, r := range cl.PollFetches(t.Context()).Records() {
					letter, err := kafka.DeadLetter(c.Codec, r, record.LifecycleProcessor.Name, kafka.Unhandled, errors.New("a bug"), time.Now())
					if err == nil {
						err = cl.ProduceSync(t.Context(), letter).FirstErr()
					}
					if err != nil {
						t.Error(err)
					}
				}
			}
		}()
		var remarks []command.Remark
		im.Remark = func(r command.Remark) { remarks = append(remarks, r) }
		line := `{"garage":"de-brug","key":"k1","command":"CollectVehicle","external_ref":"WO-7","actor":{"role":"mechanic"}}`
		if _, err := im.Import(t.Context(), strings.NewReader(line)); !errors.Is(err, command.ErrRefused) {
			t.Errorf("it ends with %v", err)
		}
		if len(remarks) != 1 || remarks[0].Code != command.DeadLetter {
			t.Errorf("it says %+v", remarks)
		}
	})
}
