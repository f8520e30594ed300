package schemas_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas"
	"pitstop/schemas/repair"
)

func TestRoundTrip(t *testing.T) {
	c, err := schemas.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	v, err := c.Seal(&repair.VehicleDetails{Plate: "K482TR", Country: "NL"})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 5, 20, 9, 0, 0, 123000, time.UTC)
	in := &repair.RepairStarted{
		Header: repair.Header{EventID: "e", AggregateID: "a", GarageID: "g", OccurredAt: at, Actor: repair.Actor{Role: repair.Mechanic, ID: "sam"}},
		Fact:   repair.Fact{Sequence: 1}, Vehicle: v, Approver: &repair.Contact{ID: "x", Channels: []repair.Channel{repair.Email}},
		ReadyAt: at.Add(time.Hour),
		Agreed:  repair.Quote{Currency: "EUR", Lines: []repair.PricedLine{{Number: 1, Total: 5, Line: repair.Line{Title: "t"}}}},
	}
	b, err := c.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.Decode(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(in, out); d != "" {
		t.Error(d)
	}
}

func BenchmarkDecodeStart(b *testing.B) {
	c, _ := schemas.NewCodec()
	in := &repair.QuoteDecided{Header: repair.Header{EventID: "e", AggregateID: "a", GarageID: "g", OccurredAt: time.Now()}, Answers: []repair.Answer{{Line: 1}, {Line: 2}}}
	buf, err := c.Encode(in)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("enc", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Encode(in)
		}
	})
	b.Run("dec", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Decode(b.Context(), buf)
		}
	})
}
