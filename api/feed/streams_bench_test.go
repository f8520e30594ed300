package feed_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// BenchmarkStreams holds 5,000 streams of events of one garage open, over HTTP, and
// writes an event that goes to all of them. It needs 10,000 open files.
func BenchmarkStreams(b *testing.B) {
	const streams, perSubject = 5000, 16
	r := newFeedRig(b, 3)
	stop := r.run(r.feed)
	defer stop()
	w := apitest.New(b, func(c *api.Config) {
		c.Events = func(ctx context.Context, sight readmodel.Sight, after string) (api.EventReader, error) {
			return r.feed.Open(ctx, sight, after)
		}
	})
	server := httptest.NewServer(w.API)
	defer server.Close()

	before := memory()
	began := time.Now()
	got := make(chan time.Time, streams)
	var opening sync.WaitGroup
	opened := make(chan struct{}, 64) // at a time
	var token string
	for n := range streams {
		if n%perSubject == 0 {
			token = w.Token(fmt.Sprint("s", n), repair.Mechanic, "a")
		}
		opened <- struct{}{}
		opening.Add(1)
		go func(token string) {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				b.Error(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nAccept: text/event-stream\r\n\r\n", token)
			lines := bufio.NewReaderSize(conn, 512)
			for {
				line, err := lines.ReadString('\n')
				switch {
				case err != nil:
					return
				case strings.HasPrefix(line, "retry:"):
					opening.Done()
					<-opened
				case strings.HasPrefix(line, "event:"):
					got <- time.Now()
				}
			}
		}(token)
	}
	opening.Wait()
	b.Logf("%d streams were opened in %s", streams, time.Since(began).Round(time.Millisecond))
	each := float64(memory()-before) / streams / 1024

	n := 0
	var longest time.Duration
	for b.Loop() {
		written := time.Now()
		r.write("a", kgo.TryCommit, n, n+1)
		n++
		for range streams {
			longest = max(longest, (<-got).Sub(written))
		}
	}
	b.ReportMetric(each, "KiB/stream") // both ends of the connection
	b.ReportMetric(float64(longest.Milliseconds()), "ms-longest")
	server.CloseClientConnections()
}

func memory() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
