package embedded

import (
	"context"
	"testing"
	"time"
)

func TestAllStart(t *testing.T) {
	d := openData(t, t.TempDir())
	for range 2 {
		t0 := time.Now()
		k, err := StartKafka(t.Context(), d, KafkaOptions{Log: testLog(t)})
		if err != nil {
			t.Fatal(err)
		}
		t.Log("kafka", time.Since(t0), k.Addr)
		t0 = time.Now()
		r, err := StartRegistry(t.Context(), d, testLog(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Log("registry", time.Since(t0), r.URL)
		t0 = time.Now()
		c, err := StartClickHouse(t.Context(), d, ClickHouseOptions{Log: testLog(t)})
		if err != nil {
			t.Fatal(err)
		}
		t.Log("clickhouse", time.Since(t0), c.DSN)
		t0 = time.Now()
		m, err := StartMailbox(t.Context(), d, MailboxOptions{Log: testLog(t)})
		if err != nil {
			t.Fatal(err)
		}
		t.Log("mailbox", time.Since(t0), m.URL)
		for name, stop := range map[string]interface {
			Stop(ctx context.Context) error
		}{"mailbox": m, "clickhouse": c, "registry": r, "kafka": k} {
			t0 = time.Now()
			if err := stop.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Log("stop", name, time.Since(t0))
		}
	}
}
