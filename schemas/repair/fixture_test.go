package repair_test

import (
	"reflect"
	"time"

	"pitstop/schemas/repair"
)

// noon is when the repairs of these tests start; everything later counts from it.
var noon = time.Date(2026, time.May, 20, 12, 0, 0, 0, time.UTC)

var (
	sam      = repair.Actor{Role: repair.Mechanic, ID: "sam"}
	desk     = repair.Actor{Role: repair.CustomerService, ID: "els"}
	customer = repair.Actor{Role: repair.Customer}
	lessor   = repair.Actor{Role: repair.Approver}
)

// from fills in a command's header.
func from[C repair.Command](c C, actor repair.Actor, at time.Time) C {
	*c.Head() = repair.Header{AggregateID: "r1", GarageID: "de-brug", OccurredAt: at, Actor: actor}
	return c
}

// through says which sequence the link names that a command came through.
func through(sequence int64, c repair.Command) repair.Command {
	reflect.ValueOf(c).Elem().FieldByName("LinkSequence").SetInt(sequence)
	return c
}

// brakes and wipers are the two lines of the example order: 34800 and 3995.
var (
	brakes = repair.Line{Title: "Remschijven en remblokken vóór", Urgency: repair.Safety, Details: []repair.Detail{
		{Kind: repair.Part, Description: "remschijf", Quantity: "2", UnitPrice: 6900, VAT: repair.VAT21},
		{Kind: repair.Part, Description: "remblokken", Quantity: "1", UnitPrice: 7200, VAT: repair.VAT21},
		{Kind: repair.Labour, Description: "arbeid", Quantity: "1.2", UnitPrice: 11500, VAT: repair.VAT21},
	}}
	wipers = repair.Line{Title: "Ruitenwissers", Urgency: repair.Advice, Details: []repair.Detail{
		{Kind: repair.Part, Quantity: "1", UnitPrice: 3995, VAT: repair.VAT21},
	}}
	service = repair.Line{Title: "Kleine beurt en APK", Details: []repair.Detail{
		{Kind: repair.Labour, Quantity: "1", UnitPrice: 28900, VAT: repair.VAT21},
	}}
)

func work(lines ...repair.Line) repair.Work {
	return repair.Work{Currency: "EUR", PricesIncludeVAT: true, Lines: lines}
}

func start(at time.Time) *repair.StartRepair {
	return from(&repair.StartRepair{Agreed: work(service)}, sam, at)
}

// request asks for both lines; the quote expires an hour later.
func request(at time.Time) *repair.RequestApproval {
	return from(&repair.RequestApproval{Work: work(brakes, wipers), ExpiresAt: at.Add(time.Hour)}, sam, at)
}

// decide answers both lines: it approves line 1 and answers line 2 with second.
func decide(revision int32, second repair.AnswerKind, seen int64, at time.Time) *repair.DecideQuote {
	return from(&repair.DecideQuote{
		Revision: revision, TotalSeen: seen, Method: repair.ByPage,
		Answers: []repair.Answer{{Line: 1, Answer: repair.Approve}, {Line: 2, Answer: second}},
	}, customer, at)
}
