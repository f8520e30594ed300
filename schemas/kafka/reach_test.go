package kafka_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

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
			if !strings.HasPrefix(host, "silent") {
				return c.Dialer(ctx, network, host)
			}
			silent, other := net.Pipe()
			broker, err := c.Dialer(ctx, network, c.Brokers[0])
			t.Cleanup(func() { other.Close() })
			if host == "silent-later:9092" {
				go forwardVersions(other, broker)
			} else {
				go io.Copy(io.Discard, other)
			}
			return silent, err
		}
		for _, o := range []struct {
			brokers []string
			want    error
		}{
			{append([]string{"silent:9092"}, c.Brokers...), nil},
			{[]string{"silent:9092"}, context.DeadlineExceeded},
			{append([]string{"silent-later:9092"}, c.Brokers...), nil},
			{[]string{"silent-later:9092"}, context.DeadlineExceeded},
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

// forwardVersions passes on to a broker what asks for the versions that it speaks, and the
// answer; what else comes from a client gets none.
func forwardVersions(client, broker net.Conn) {
	defer broker.Close()
	go io.Copy(client, broker)
	for {
		size := make([]byte, 4)
		if _, err := io.ReadFull(client, size); err != nil {
			return
		}
		request := make([]byte, binary.BigEndian.Uint32(size))
		if _, err := io.ReadFull(client, request); err != nil {
			return
		}
		if kmsg.Key(binary.BigEndian.Uint16(request)) != kmsg.ApiVersions {
			continue
		}
		if _, err := broker.Write(append(size, request...)); err != nil {
			return
		}
	}
}
