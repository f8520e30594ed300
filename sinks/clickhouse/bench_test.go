package clickhouse_test

import (
	"fmt"
	"testing"
	"time"

	"pitstop/schemas/avro"
	"pitstop/schemas/record"
	"pitstop/sinks"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/clickhouse/clickhousetest"
)

// batchOf returns a batch of about n records of ordinary stories, and their bytes.
func batchOf(t testing.TB, codec *avro.Codec, n int) (batch []sinks.Message, encoded [][]byte) {
	for i := 0; len(batch) < n; i++ {
		s := clickhousetest.NewStory(t, codec, "brug", fmt.Sprint(i)).Start("K482TR", "J. de Vries").Ask(sam)
		s.Decide(customer, "page", "approve", "reject")
		s.Say(customer, "text", "Hoe laat is hij klaar?").Add(&record.NotificationRequested{
			Notice: record.Notice{NotificationID: "n", Kind: record.NotifyDecision, Recipient: sam, Channel: "email"}, Attempt: 1,
			FirstRequestedAt: s.At, Vehicle: s.Text("K482TR"), Text: s.Text("akkoord"), Currency: "EUR",
		})
		for _, r := range s.Records {
			batch = append(batch, sinks.Message{Timestamp: time.Unix(1, 0), Record: r})
			b, err := codec.Encode(r)
			must(t, err)
			encoded = append(encoded, b)
		}
	}
	return batch, encoded
}

// BenchmarkDecode measures a record's conversion to a row: Avro, opening, JSON.
func BenchmarkDecode(b *testing.B) {
	codec, err := avro.NewCodec()
	must(b, err)
	_, encoded := batchOf(b, codec, 1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		rec, err := codec.Decode(b.Context(), encoded[i%len(encoded)])
		must(b, err)
		m := sinks.Message{Timestamp: time.Unix(1, 0), Record: rec}
		must(b, clickhouse.Prepare(b.Context(), codec, &m))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkWrite measures the insert of a full batch.
func BenchmarkWrite(b *testing.B) {
	d := newDB(b)
	batch, _ := batchOf(b, d.Codec, clickhouse.Limits.Records)
	for i := range batch {
		must(b, clickhouse.Prepare(b.Context(), d.Codec, &batch[i]))
	}
	b.ReportAllocs()
	for b.Loop() {
		must(b, clickhouse.Write(b.Context(), d.Conn, batch))
	}
	b.ReportMetric(float64(b.N*len(batch))/b.Elapsed().Seconds(), "rows/s")
}
