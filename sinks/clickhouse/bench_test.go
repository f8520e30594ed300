package clickhouse

import (
	"fmt"
	"testing"
	"time"

	"pitstop/schemas/avro"
	"pitstop/schemas/record"
	"pitstop/sinks"
)

// batchOf makes a batch of about n records of ordinary stories, and their bytes.
func batchOf(d *db, n int) (batch []sinks.Message, encoded [][]byte) {
	for i := 0; len(batch) < n; i++ {
		s := d.story("brug", fmt.Sprint(i)).start("K482TR", "J. de Vries").ask(sam)
		s.decide(customer, "page", "approve", "reject")
		s.say(customer, "text", "Hoe laat is hij klaar?").add(&record.NotificationRequested{
			Notice: record.Notice{NotificationID: "n", Kind: record.NotifyDecision, Recipient: sam, Channel: "email"}, Attempt: 1,
			FirstRequestedAt: s.at, Vehicle: s.text("K482TR"), Text: s.text("akkoord"), Currency: "EUR",
		})
		for _, r := range s.records {
			batch = append(batch, sinks.Message{Timestamp: time.Unix(1, 0), Record: r})
			b, err := d.codec.Encode(r)
			must(d.t, err)
			encoded = append(encoded, b)
		}
	}
	return batch, encoded
}

// BenchmarkDecode is the cost of a record before it is a row: Avro, opening, JSON.
func BenchmarkDecode(b *testing.B) {
	codec, err := avro.NewCodec()
	must(b, err)
	_, encoded := batchOf(&db{t: b, codec: codec}, 1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		rec, err := codec.Decode(b.Context(), encoded[i%len(encoded)])
		must(b, err)
		m := sinks.Message{Timestamp: time.Unix(1, 0), Record: rec}
		must(b, reader{codec}.Prepare(b.Context(), &m))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkWrite is the cost of a full batch of rows in the engine.
func BenchmarkWrite(b *testing.B) {
	d := newDB(b)
	batch, _ := batchOf(d, Limits.Records)
	for i := range batch {
		must(b, reader{d.codec}.Prepare(b.Context(), &batch[i]))
	}
	b.ReportAllocs()
	for b.Loop() {
		_, err := writer{d.conn}.Write(b.Context(), batch)
		must(b, err)
	}
	b.ReportMetric(float64(b.N*len(batch))/b.Elapsed().Seconds(), "rows/s")
}
