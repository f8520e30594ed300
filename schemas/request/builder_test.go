package request_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pitstop/schemas/avro"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// now is a Wednesday, 10:00 in Utrecht.
var now = time.Date(2026, time.May, 20, 8, 0, 0, 123456789, time.UTC)

var (
	sam      = repair.Actor{Role: repair.Mechanic, ID: "sam"}
	customer = repair.Actor{Role: repair.Customer, ID: "c1"}
	someID   = repair.RepairID("de-brug", "key", "r1")
)

type tb interface {
	Helper()
	Fatal(...any)
}

func must(t tb, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newBuilder(t tb, secret byte) (*request.Builder, *avro.Codec) {
	t.Helper()
	codec, err := avro.NewCodec()
	must(t, err)
	book := garagetest.Sample(t)
	b, err := request.NewBuilder(codec, book, bytes.Repeat([]byte{secret}, request.MinSecretBytes), func() time.Time { return now })
	must(t, err)
	return b, codec
}

// read parses a body as the API does.
func read[T any](t tb, text string) *T {
	t.Helper()
	body := new(T)
	must(t, json.Unmarshal([]byte(text), body))
	return body
}

func pointers(err error) []string {
	var invalid *request.Invalid
	if !errors.As(err, &invalid) {
		return []string{fmt.Sprint("not invalid: ", err)}
	}
	var all []string
	for _, e := range invalid.Errors {
		all = append(all, e.Pointer)
	}
	return all
}

const order = `{"external_ref":"WO-1842","vehicle":{"plate":"k-482-tr","description":"Volkswagen Golf"},
	"customer":{"id":"c1","name":" J. de Vries ","email":"j@example.nl","phone":"06 - 1234 5678","language":"nl-BE"},
	"approver":null,"ready_at":"2026-05-20T16:00:00+02:00","bay":"3",
	"agreed":{"lines":[{"title":"Beurt","details":[{"kind":"labour","quantity":"1","unit_price":28900}]}]}}`

func TestBuildFillsInAndSeals(t *testing.T) {
	b, codec := newBuilder(t, 1)
	cmd, err := b.Build(request.Request{Garage: "de-brug", Key: "k1", Actor: sam, Body: read[request.StartRepair](t, order)})
	must(t, err)
	got := cmd.(*repair.StartRepair)
	id := repair.RepairID("de-brug", "external_ref", "WO-1842")
	command := repair.CommandID("de-brug", id, sam, "k1")
	wantHead := repair.Header{
		EventID: command, AggregateID: id, GarageID: "de-brug", OccurredAt: now.Truncate(time.Microsecond),
		Actor: sam, CorrelationID: command,
	}
	if diff := cmp.Diff(wantHead, got.Header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	car, err := avro.Open[repair.VehicleDetails](t.Context(), codec, got.Vehicle)
	must(t, err)
	if diff := cmp.Diff(repair.VehicleDetails{Plate: "K482TR", Country: "NL", Description: "Volkswagen Golf"}, car); diff != "" {
		t.Errorf("vehicle (-want +got):\n%s", diff)
	}
	person, err := avro.Open[repair.ContactDetails](t.Context(), codec, got.Customer.Personal)
	must(t, err)
	if diff := cmp.Diff(repair.ContactDetails{Name: "J. de Vries", Email: "j@example.nl", Phone: "+31612345678"}, person); diff != "" {
		t.Errorf("customer (-want +got):\n%s", diff)
	}
	if !got.Customer.Reachable(repair.Email) || !got.Customer.Reachable(repair.Phone) || got.Approver != nil {
		t.Errorf("customer %+v, approver %+v", got.Customer, got.Approver)
	}
	wantWork := repair.Work{Currency: "EUR", PricesIncludeVAT: true, Lines: []repair.Line{
		{Title: "Beurt", Details: []repair.Detail{{Kind: repair.Labour, Quantity: "1", UnitPrice: 28900, VAT: repair.VAT21}}},
	}}
	if diff := cmp.Diff(wantWork, got.Agreed); diff != "" {
		t.Errorf("agreed work (-want +got):\n%s", diff)
	}
	if !got.ReadyAt.Equal(time.Date(2026, 5, 20, 14, 0, 0, 0, time.UTC)) || got.ReadyAt.Location() != time.UTC {
		t.Errorf("ready at %s", got.ReadyAt)
	}
}

func TestQuoteDeadlines(t *testing.T) {
	b, _ := newBuilder(t, 1)
	const line = `"lines":[{"title":"Remmen","urgency":"safety","details":[{"kind":"part","quantity":"1","unit_price":1}]}]`
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		must(t, err)
		return v
	}
	for _, tt := range []struct{ name, body, wantExpires string }{
		{"close of the second opening day", `{` + line + `}`, "2026-05-21T15:30:00Z"},
		{"counted from when it happened", `{"occurred_at":"2026-05-15T18:00:00+02:00",` + line + `}`, "2026-05-19T15:30:00Z"},
		{"as asked", `{"expires_at":"2026-05-20T18:00:00Z",` + line + `}`, "2026-05-20T18:00:00Z"},
		{"not before the answer is due", `{"answer_by":"2026-05-29T12:00:00Z",` + line + `}`, "2026-05-29T12:00:00Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd, err := b.Build(request.Request{Garage: "de-brug", RepairID: someID, Key: "k", Actor: sam, Body: read[request.RequestApproval](t, tt.body)})
			must(t, err)
			if got := cmd.(*repair.RequestApproval).ExpiresAt; !got.Equal(at(tt.wantExpires)) {
				t.Errorf("expires at %s, want %s", got, tt.wantExpires)
			}
		})
	}
}

func TestPhones(t *testing.T) {
	b, codec := newBuilder(t, 1)
	for _, tt := range []struct{ in, want string }{
		{"06 12345678", "+31612345678"},
		{"030 – 123 45 67", "+31301234567"},
		{"+31 (0)30 123 45 67", "+31301234567"},
		{"0031 6 1234 5678", "+31612345678"},
		{"+32 470 12 34 56", "+32470123456"},
		{"112", "112"}, // not clear whose: kept
		{"0800 1234", "0800 1234"},
		{"", ""},
	} {
		body := &request.Change{Contact: &request.ContactChange{Phone: request.Text(tt.in)}}
		cmd, err := b.Build(request.Request{Garage: "de-brug", RepairID: someID, Key: "k", Actor: sam, Body: body})
		must(t, err)
		got, err := avro.OpenContact(context.Background(), codec, cmd.(*repair.CorrectContact).Contact)
		must(t, err)
		if got.Phone != tt.want {
			t.Errorf("%q became %q, want %q", tt.in, got.Phone, tt.want)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	b, _ := newBuilder(t, 1)
	minute := func(n int) *time.Time { at := now.Add(time.Duration(n) * time.Minute); return &at }
	one := int64(1)
	decide := func(change func(*request.DecideQuote)) *request.DecideQuote {
		d := &request.DecideQuote{Lines: []request.Answer{{Line: 1, Answer: repair.Approve}}, TotalSeen: &one, Method: repair.ByPhone, Name: "J"}
		change(d)
		return d
	}
	for _, tt := range []struct {
		name   string
		garage string
		actor  repair.Actor
		id     string
		body   request.Body
		want   []string
	}{
		{"no such garage", "nowhere", sam, someID, new(request.CollectVehicle), []string{"/garage"}},
		{"no repair", "de-brug", sam, "x", new(request.CollectVehicle), []string{""}},
		{"empty order", "de-brug", sam, "", new(request.StartRepair), []string{"/vehicle/plate", "/customer/name"}},
		{
			"order full of mistakes", "de-brug", sam, "", &request.StartRepair{
				ExternalRef: strings.Repeat("x", 101),
				Vehicle:     request.Vehicle{Plate: "--", Country: "NLD"},
				Customer:    request.Person{Name: "a\nb", Email: "J <j@x.nl>", Phone: "bel maar", Language: "Nederlands"},
				Agreed: request.Work{Currency: "euro", Lines: []request.Line{
					{Title: " ", Urgency: "very", Details: []request.Detail{{Kind: "air", Quantity: "1,2", VAT: "6"}}},
				}},
			},
			[]string{
				"/agreed/currency", "/agreed/lines/0/details/0/kind", "/agreed/lines/0/details/0/quantity", "/agreed/lines/0/details/0/unit_price",
				"/agreed/lines/0/details/0/vat", "/agreed/lines/0/title", "/agreed/lines/0/urgency", "/customer/email", "/customer/language",
				"/customer/name", "/customer/phone", "/external_ref", "/vehicle/country", "/vehicle/plate",
			},
		},
		{"year 1", "de-brug", sam, someID, &request.CollectVehicle{When: request.When{OccurredAt: new(time.Time)}}, []string{"/occurred_at"}},
		{"ahead of the clock", "de-brug", sam, someID, &request.CollectVehicle{When: request.When{OccurredAt: minute(3)}}, []string{"/occurred_at"}},
		{"quote without lines or in time", "de-brug", sam, someID, &request.RequestApproval{When: request.When{OccurredAt: minute(0)}, ExpiresAt: minute(-1), AnswerBy: minute(5)}, []string{"/answer_by", "/expires_at", "/lines"}},
		{"quote without urgency", "de-brug", sam, someID, &request.RequestApproval{Work: request.Work{Lines: []request.Line{
			{Title: "x", Details: []request.Detail{{Kind: repair.Part, Quantity: "1", UnitPrice: &one}}},
		}}}, []string{"/lines/0/urgency"}},
		{"both changes", "de-brug", sam, someID, &request.Change{ReadyAt: minute(9), Contact: &request.ContactChange{Name: request.Text("x")}}, []string{""}},
		{"no change", "de-brug", sam, someID, new(request.Change), []string{""}},
		{"a contact that changes nothing", "de-brug", sam, someID, &request.Change{Contact: new(request.ContactChange)}, []string{"/contact"}},
		{"a name that is removed", "de-brug", sam, someID, read[request.Change](t, `{"contact":{"name":"","email":"x"}}`), []string{"/contact/name", "/contact/email"}},
		{"whose contact", "de-brug", sam, someID, &request.Change{Contact: &request.ContactChange{Name: request.Text("x")}, Party: "neighbour"}, []string{"/party"}},
		{"no total", "de-brug", sam, someID, new(request.CompleteRepair), []string{"/total"}},
		{"no words", "de-brug", sam, someID, &request.PostMessage{Kind: repair.Text, Text: " \n"}, []string{"/text"}},
		{"staff do not ask to be called", "de-brug", sam, someID, &request.PostMessage{Kind: repair.Callback}, []string{"/kind"}},
		{"customers write no notes", "de-brug", customer, someID, &request.PostMessage{Kind: repair.Note, Text: "x"}, []string{"/kind"}},
		{"too long", "de-brug", sam, someID, &request.PostMessage{Kind: repair.Text, Text: strings.Repeat("é", 5001)}, []string{"/text"}},
		{"staff decide by page", "de-brug", sam, someID, decide(func(d *request.DecideQuote) { d.Method = repair.ByPage }), []string{"/method"}},
		{"customers decide by phone", "de-brug", customer, someID, decide(func(*request.DecideQuote) {}), []string{"/method"}},
		{"nobody's decision", "de-brug", sam, someID, decide(func(d *request.DecideQuote) { d.Name = "" }), []string{"/name"}},
		{"no answers", "de-brug", sam, someID, decide(func(d *request.DecideQuote) { d.Lines, d.TotalSeen = nil, nil }), []string{"/lines", "/total_seen"}},
		{"long answers", "de-brug", sam, someID, decide(func(d *request.DecideQuote) {
			d.Lines = nil
			for n := range int32(3) {
				d.Lines = append(d.Lines, request.Answer{Line: n + 1, Answer: repair.Reject, Text: strings.Repeat("é", 1667)})
			}
		}), []string{"/lines/2/text"}},
		{"odd answers", "de-brug", sam, someID, decide(func(d *request.DecideQuote) {
			d.Lines = []request.Answer{{Line: 0, Answer: "maybe"}, {Line: 2, Answer: repair.Approve, Reason: repair.ReasonPrice}, {Line: 2, Answer: repair.Reject, Reason: "mood"}}
		}), []string{"/lines/0/answer", "/lines/0/line", "/lines/1/reason", "/lines/2/line", "/lines/2/reason"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd, err := b.Build(request.Request{Garage: tt.garage, RepairID: tt.id, Key: "k", Actor: tt.actor, Body: tt.body})
			got := pointers(err)
			slices.Sort(got)
			slices.Sort(tt.want)
			if diff := cmp.Diff(tt.want, got); diff != "" || cmd != nil {
				t.Errorf("pointers (-want +got):\n%s\n%v, command %v", diff, err, cmd)
			}
		})
	}
}

func TestBuildNeedsAKey(t *testing.T) {
	b, _ := newBuilder(t, 1)
	for _, key := range []string{"", strings.Repeat("k", 201), "a\x00b", "a\nb"} {
		if _, err := b.Build(request.Request{Garage: "de-brug", RepairID: someID, Key: key, Actor: sam, Body: new(request.CollectVehicle)}); err == nil {
			t.Errorf("key %q was taken", key)
		}
	}
}

// An import may ask for every command, and for nothing else.
func TestEveryCommandHasABody(t *testing.T) {
	for _, c := range repair.Commands {
		if name := record.NameOf(c); request.NewBody(name) == nil {
			t.Errorf("nothing can be imported for %s: it is missing in bodies", name)
		}
	}
	if b := request.NewBody("QuoteExpired"); b != nil {
		t.Errorf("%T is the body of no command", b)
	}
}

// The same request is the same command through any process; another body has
// another digest, and another secret does not tell what a body was.
func TestRetriesAreTheSameCommand(t *testing.T) {
	here, _ := newBuilder(t, 1)
	there, _ := newBuilder(t, 1)
	stranger, _ := newBuilder(t, 2)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-zA-Z0-9 é\n]{1,40}x`)
		build := func(b *request.Builder, key, words string, revision int32) repair.Command {
			cmd, err := b.Build(request.Request{
				Garage: "de-brug", RepairID: someID, Revision: revision, Key: key, Actor: sam, Body: &request.WithdrawQuote{Reason: words},
			})
			must(t, err)
			return cmd
		}
		key, words, revision := rapid.StringMatching(`[a-z0-9-]{1,36}`).Draw(t, "key"), text.Draw(t, "words"), rapid.Int32Range(1, 5).Draw(t, "revision")
		first := build(here, key, words, revision)
		again := build(there, key, words, revision)
		if diff := cmp.Diff(first, again, cmp.AllowUnexported(repair.Ask{})); diff != "" {
			t.Fatalf("a retry differs (-first +again):\n%s", diff)
		}
		other := text.Filter(func(s string) bool { return s != words }).Draw(t, "other words")
		for what, cmd := range map[string]repair.Command{
			"other words":    build(here, key, other, revision),
			"other revision": build(here, key, words, revision+1),
			"another secret": build(stranger, key, words, revision),
		} {
			if cmd.Head().EventID != first.Head().EventID {
				t.Fatalf("%s: the key gave another command", what)
			}
			if repair.DigestOf(cmd) == repair.DigestOf(first) {
				t.Fatalf("%s: the digest is the same", what)
			}
		}
		if build(here, key+"x", words, revision).Head().EventID == first.Head().EventID {
			t.Fatal("another key gave the same command")
		}
	})
}

// Named in the body or by the token, the garage makes no difference to the digest.
func TestDigestDoesNotDependOnWhereTheGarageIsNamed(t *testing.T) {
	b, _ := newBuilder(t, 1)
	plain, named := read[request.StartRepair](t, order), read[request.StartRepair](t, order)
	named.Garage = "de-brug"
	var digests []string
	for _, body := range []*request.StartRepair{plain, named} {
		cmd, err := b.Build(request.Request{Garage: "de-brug", Key: "k", Actor: sam, Body: body})
		must(t, err)
		digests = append(digests, repair.DigestOf(cmd))
	}
	if digests[0] != digests[1] {
		t.Error("the digests differ")
	}
	if named.Garage != "de-brug" {
		t.Error("the request was changed")
	}
}

// What Build accepts, the lifecycle does not call invalid.
func TestLifecycleAcceptsWhatBuildAccepts(t *testing.T) {
	b, _ := newBuilder(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		var r repair.Repair
		start, err := b.Build(request.Request{Garage: "de-brug", Key: "k", Actor: sam, Body: read[request.StartRepair](t, order)})
		must(t, err)
		r.Handle(start)
		price := rapid.Int64Range(-1, 200_000_000).Draw(t, "price")
		quote, err := b.Build(request.Request{Garage: "de-brug", RepairID: start.Head().AggregateID, Key: "q", Actor: sam, Body: &request.RequestApproval{
			Work: request.Work{Lines: []request.Line{{
				Title: rapid.SampledFrom([]string{"", " ", "Remmen"}).Draw(t, "title"), Urgency: rapid.SampledFrom([]repair.Urgency{"", "safety", "x"}).Draw(t, "urgency"),
				Details: []request.Detail{{
					Kind:     rapid.SampledFrom([]repair.DetailKind{"part", "labour", "x"}).Draw(t, "kind"),
					Quantity: rapid.SampledFrom([]string{"1", "0", "1.2345", "1.5", "-1", ""}).Draw(t, "quantity"), UnitPrice: &price,
				}},
			}}},
		}})
		if err != nil {
			return
		}
		if _, v := r.Handle(quote); v.Code != "" {
			t.Fatalf("lifecycle refuses what Build accepted: %+v", v)
		}
	})
}

// Whether people are told makes no difference to the digest: the same request is the same.
func TestDigestDoesNotDependOnTelling(t *testing.T) {
	b, _ := newBuilder(t, 1)
	for _, name := range []string{"StartRepair", "CollectVehicle", "RevokeLinks"} {
		var digests []string
		for _, tell := range []bool{false, true} {
			body := request.NewBody(name)
			if name == "StartRepair" {
				body = read[request.StartRepair](t, order)
			}
			body.At().Tell = tell
			cmd, err := b.Build(request.Request{Garage: "de-brug", RepairID: someID, Key: "k", Actor: sam, Body: body})
			must(t, err)
			digests = append(digests, repair.DigestOf(cmd))
			if told := reflect.ValueOf(cmd).Elem().FieldByName("Tell").Bool(); told != tell || body.At().Tell != tell {
				t.Errorf("%s: of a request that says %t, the command says %t; the request says %t now", name, tell, told, body.At().Tell)
			}
		}
		if digests[0] != digests[1] {
			t.Errorf("%s: the digests differ", name)
		}
	}
}
