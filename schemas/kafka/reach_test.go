package kafka_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
)

// A broker that takes connections and does not answer hides no other, and keeps nobody
// waiting for longer than they want to.
func TestReachASilentBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		config := c.Config
		config.Dialer = func(ctx context.Context, network, host string) (net.Conn, error) {
			if host == "silent:9092" {
				silent, other := net.Pipe()
				t.Cleanup(func() { other.Close() })
				go func() { // reads, and says nothing
					for b := make([]byte, 1<<10); ; {
						if _, err := other.Read(b); err != nil {
							return
						}
					}
				}()
				return silent, nil
			}
			return c.Dialer(ctx, network, host)
		}
		for _, o := range []struct {
			brokers []string
			want    error
		}{
			{append([]string{"silent:9092"}, c.Brokers...), nil},
			{[]string{"silent:9092"}, context.DeadlineExceeded},
		} {
			config.Brokers = o.brokers
			opts, err := config.Opts("test", slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			cl, err := kgo.NewClient(opts...)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				began := time.Now()
				err := kafka.Reach(ctx, cl)
				cancel()
				if took := time.Since(began); !errors.Is(err, o.want) || took > 2*time.Second {
					t.Errorf("%v: %v after %s, want %v", o.brokers, err, took, o.want)
				}
			}
			cl.Close()
		}
	})
}
