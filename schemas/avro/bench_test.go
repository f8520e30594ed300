package avro

import (
	"testing"
	"time"

	"pitstop/schemas/repair"
)

// typical returns records of the size that garages write.
func typical(tb testing.TB, c *Codec) map[string]any {
	tb.Helper()
	evidence, err := c.Seal(&repair.Evidence{Name: "J. de Vries", IP: "192.0.2.7", UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)"})
	if err != nil {
		tb.Fatal(err)
	}
	header := repair.Header{
		EventID: repair.DerivedID(epoch, "event"), AggregateID: repair.RepairID("de-brug", "external_ref", "WO-1842"), GarageID: "de-brug",
		OccurredAt: epoch, Actor: repair.Actor{Role: repair.Customer}, CorrelationID: repair.DerivedID(epoch, "chain"), CausationID: repair.DerivedID(epoch, "cause"),
	}
	answers := []repair.Answer{{Line: 1, Answer: repair.Approve}, {Line: 2, Answer: repair.Reject, Reason: repair.ReasonLater}}
	part := func(description, quantity string, price int64) repair.Detail {
		return repair.Detail{Kind: repair.Part, Description: description, Quantity: quantity, UnitPrice: price, VAT: repair.VAT21}
	}
	quote, err := repair.Work{Currency: "EUR", PricesIncludeVAT: true, Lines: []repair.Line{
		{
			Title: "Remschijven en remblokken vóór", Urgency: repair.Safety, Consequence: "Zonder deze reparatie keuren we de auto niet goed voor de APK.",
			Details: []repair.Detail{part("remschijf", "2", 6900), part("remblokken", "1", 7200), part("arbeid", "1.2", 11500)},
		},
		{Title: "Ruitenwissers", Urgency: repair.Advice, Details: []repair.Detail{part("wissers", "1", 3995)}},
	}}.Price()
	if err != nil {
		tb.Fatal(err)
	}
	return map[string]any{
		"command=DecideQuote": &repair.DecideQuote{
			Header: header, Ask: repair.Ask{Digest: "x4Cn1TKRbm1VfXAuP9hAkJcGZqVVhFmxm3o3OJcKzCQ"}, Revision: 1, Answers: answers, TotalSeen: 34800, Method: repair.ByPage, Evidence: evidence,
		},
		"event=QuoteDecided": &repair.QuoteDecided{
			Header: header, Fact: repair.Fact{Sequence: 3}, Revision: 1, Decision: repair.PartlyApproved, Answers: answers, ApprovedTotal: 34800, Method: repair.ByPage, Evidence: evidence,
		},
		"event=ApprovalRequested": &repair.ApprovalRequested{
			Header: header, Fact: repair.Fact{Sequence: 2}, Revision: 1, Quote: quote, AnswerBy: epoch.Add(2 * time.Hour), ExpiresAt: epoch.Add(30 * time.Hour), AskedBy: header.Actor,
		},
	}
}

func BenchmarkEncode(b *testing.B) {
	c := codecOf(b)
	for name, rec := range typical(b, c) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Encode(rec); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	c := codecOf(b)
	for name, rec := range typical(b, c) {
		value, err := c.Encode(rec)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(value)))
			for b.Loop() {
				if _, err := c.Decode(b.Context(), value); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
