package sinks

import (
	"strings"
	"testing"
	"time"

	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

func TestLimitsMustFitTheRebalanceTimeout(t *testing.T) {
	for _, tc := range []struct {
		limits Limits
		want   string
	}{
		{Limits{Records: 1, Age: time.Second, Write: 58 * time.Second}, ""},
		{Limits{Records: 1, Age: time.Second, Write: 59 * time.Second}, "rebalance timeout"},
		{Limits{Records: 0, Age: time.Second, Write: time.Second}, "must be positive"},
	} {
		c := Config{
			Consumer: record.Consumer{Name: "test", Reads: []record.Topic{record.Events}}, Limits: tc.limits,
			Kafka: kafka.Config{Brokers: []string{"localhost:9092"}, RegistryURL: "http://localhost"},
		}
		err := c.Validate()
		if (tc.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: %v, want %q", tc.limits, err, tc.want)
		}
	}
}
