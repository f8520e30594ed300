package request_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pitstop/schemas/avro"
	"pitstop/schemas/locale"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// started builds the start of a repair; change alters its order.
func started(t *testing.T, change func(*request.StartRepair)) (*repair.StartRepair, *avro.Codec, error) {
	t.Helper()
	b, codec := newBuilder(t, 1)
	body := read[request.StartRepair](t, order)
	change(body)
	cmd, err := b.Build(request.Request{Garage: "de-brug", Key: "k", Actor: sam, Body: body})
	if err != nil {
		return nil, codec, err
	}
	return cmd.(*repair.StartRepair), codec, nil
}

func TestAddresses(t *testing.T) {
	label := strings.Repeat("a", 63)
	for _, tt := range []struct {
		name, address string
		ok            bool
	}{
		{"plain", "j@example.nl", true},
		{"a tag", "j+auto@mail.example.nl", true},
		{"an international domain", "j@garáge-de-brug.nl", true},
		{"in punycode", "j@xn--garge-de-brug-6db.nl", true},
		{"a domain in Cyrillic", "иван@почта.рф", true},
		{"64 bytes before the @", strings.Repeat("j", 64) + "@example.nl", true},
		{"65 bytes before the @", strings.Repeat("j", 65) + "@example.nl", false},
		{"a label of 63", "j@" + label + ".nl", true},
		{"a label of 64", "j@" + label + "a.nl", false},
		{"a label of 64 in punycode", "j@" + strings.Repeat("é", 58) + ".nl", false},
		{"255 bytes", "j@" + strings.Repeat(label+".", 3) + strings.Repeat("a", 58) + ".nl", false},
		{"no dot", "j@localhost", false},
		{"an empty label", "j@example..nl", false},
		{"a dot at the end", "j@example.nl.", false},
		{"a hyphen first", "j@-example.nl", false},
		{"an underscore", "j@ex_ample.nl", false},
		{"an address of a machine", "j@[192.0.2.1]", false},
		{"no width", "j\u200b@example.nl", false},
		{"no width in the domain", "j@exam\u200dple.nl", false},
		{"a soft hyphen", "jan\u00adsen@example.nl", false},
		{"turned around", "\u202ej@example.nl", false},
		{"a selector", "j\ufe0f@example.nl", false},
		{"a filler", "j\u3164@example.nl", false},
		{"blank Braille", "j\u2800@example.nl", false},
		{"an address of the net", "j@192.0.2.1", false},
		{"digits only", "j@1.2", false},
		{"a space that does not break", "j\u00a0@example.nl", false},
		{"a line break", "j@example.nl\nBcc: x@example.nl", false},
		{"a name with it", "Jan <j@example.nl>", false},
		{"two", "j@example.nl,k@example.nl", false},
		{"no @", "example.nl", false},
		{"not UTF-8", "j\xff@example.nl", false},
	} {
		for at, change := range map[string]func(*request.StartRepair){
			"/customer/email": func(b *request.StartRepair) { b.Customer.Email = tt.address },
			"/approver/email": func(b *request.StartRepair) { b.Approver = &request.Person{Name: "X", Email: tt.address} },
		} {
			_, _, err := started(t, change)
			if tt.ok && err != nil || !tt.ok && (err == nil || strings.Join(pointers(err), " ") != at) {
				t.Errorf("%s as %s: %v", tt.name, at, err)
			}
		}
	}
}

// The digest of an address tells whether it changed, within one repair, and nothing else.
func TestDigestsOfAddresses(t *testing.T) {
	digest := func(secret byte, repairID, address string) string {
		t.Helper()
		b, _ := newBuilder(t, secret)
		body := &request.Change{Contact: read[request.ContactChange](t, `{"name":"J. de Vries","email":"`+address+`","phone":"0612345678"}`)}
		cmd, err := b.Build(request.Request{Garage: "de-brug", RepairID: repairID, Key: "k", Actor: sam, Body: body})
		must(t, err)
		return cmd.(*repair.CorrectContact).Contact.Address
	}
	one, two := repair.RepairID("de-brug", "key", "r1"), repair.RepairID("de-brug", "key", "r2")
	is := digest(1, one, "j@example.nl")
	if is == "" || strings.Contains(is, "example") {
		t.Errorf("digest %q", is)
	}
	for name, tt := range map[string]struct {
		got  string
		same bool
	}{
		"the same": {digest(1, one, "j@example.nl"), true}, "in capitals": {digest(1, one, "J@Example.nl"), true},
		"another": {digest(1, one, "k@example.nl"), false}, "in another repair": {digest(1, two, "j@example.nl"), false},
		"with another secret": {digest(2, one, "j@example.nl"), false}, "none": {digest(1, one, ""), false},
	} {
		if (tt.got == is) != tt.same {
			t.Errorf("%s: %q, of j@example.nl %q", name, tt.got, is)
		}
	}
	if none := digest(1, one, ""); none != "" {
		t.Errorf("without an address: %q", none)
	}
	start, _, err := started(t, func(b *request.StartRepair) { b.Customer.Email = "j@example.nl" })
	must(t, err)
	if got := digest(1, start.AggregateID, "j@example.nl"); start.Customer.Address != got {
		t.Errorf("started with %q, corrected to %q", start.Customer.Address, got)
	}
}

func TestCountries(t *testing.T) {
	for code, ok := range map[string]bool{
		"": true, "NL": true, "be": true, "\u00a0DE": true, "XK": true, "AQ": true, "GB": true,
		"ZZ": false, "XX": false, "EU": false, "UK": false, "SU": false, "N": false, "NLD": false, "1L": false,
	} {
		_, _, err := started(t, func(b *request.StartRepair) { b.Vehicle.Country = code })
		if ok && err != nil || !ok && (err == nil || strings.Join(pointers(err), " ") != "/vehicle/country") {
			t.Errorf("country %q: %v", code, err)
		}
	}
}

func TestCurrencies(t *testing.T) {
	for code, ok := range map[string]bool{"EUR": true, "CHF": true, "JPY": true, "XYZ": false, "EURO": false, "eur": false, "ZZZ": false} {
		_, _, err := started(t, func(b *request.StartRepair) { b.Agreed.Currency = code })
		if ok && err != nil || !ok && (err == nil || strings.Join(pointers(err), " ") != "/agreed/currency") {
			t.Errorf("currency %q: %v", code, err)
		}
	}
}

// However a keyboard composes a letter, it is the same plate.
func TestPlatesHoweverComposed(t *testing.T) {
	for _, plate := range []string{"MÜ-XY 123", "mu\u0308-xy 123", "ＭÜ-ＸＹ １２３", "M\u200bÜ XY123"} {
		cmd, codec, err := started(t, func(b *request.StartRepair) { b.Vehicle = request.Vehicle{Plate: plate, Country: "DE"} })
		must(t, err)
		car, err := avro.Open[repair.VehicleDetails](t.Context(), codec, cmd.Vehicle)
		must(t, err)
		if car.Plate != "MÜXY123" || locale.NormalizePlate(plate) != "MÜXY123" {
			t.Errorf("%+q became %+q", plate, car.Plate)
		}
	}
}

// What turns text around, or has no width, is taken out of every text that people
// read, whatever request brings it.
func TestTextsAreCleaned(t *testing.T) {
	b, codec := newBuilder(t, 1)
	const odd, clean = "\u202ea\u200bb\u2066 👩\u200d🔧 ❤\ufe0f", "ab 👩\u200d🔧 ❤\ufe0f"
	text := func(p repair.Personal) string {
		x, err := avro.Open[repair.FreeText](t.Context(), codec, p)
		must(t, err)
		return x.Text
	}
	name := func(c repair.Contact) string {
		x, err := avro.Open[repair.ContactDetails](t.Context(), codec, c.Personal)
		must(t, err)
		return x.Name
	}
	line := func(l repair.Line) []string { return []string{l.Title, l.Consequence, l.Details[0].Description} }
	work := `"lines":[{"title":"` + odd + `","consequence":"` + odd + `","urgency":"soon","details":[{"kind":"part","description":"` + odd + `","quantity":"1","unit_price":1}]}]`
	for _, tt := range []struct {
		name, command, body string
		actor               repair.Actor
		texts               func(repair.Command) []string
	}{
		{"start", "StartRepair", `{"external_ref":"` + odd + `","bay":"` + odd + `","vehicle":{"plate":"AB12","description":"` + odd + `"},"customer":{"id":"` + odd + `","name":"` + odd + `"},"approver":{"name":"` + odd + `"},"agreed":{` + strings.Replace(work, `"urgency":"soon",`, "", 1) + `}}`, sam, func(c repair.Command) []string {
			s := c.(*repair.StartRepair)
			car, err := avro.Open[repair.VehicleDetails](t.Context(), codec, s.Vehicle)
			must(t, err)
			return append(line(s.Agreed.Lines[0]), s.ExternalRef, s.Bay, car.Description, s.Customer.ID, name(s.Customer), name(*s.Approver))
		}},
		{"quote", "RequestApproval", `{` + work + `}`, sam, func(c repair.Command) []string { return line(c.(*repair.RequestApproval).Work.Lines[0]) }},
		{"decision", "DecideQuote", `{"lines":[{"line":1,"answer":"reject","reason":"other","text":"` + odd + `"}],"total_seen":0,"method":"page","name":"` + odd + `"}`, customer, func(c repair.Command) []string {
			e, err := avro.Open[repair.Evidence](t.Context(), codec, c.(*repair.DecideQuote).Evidence)
			must(t, err)
			return []string{e.Name, e.Texts[0].Text}
		}},
		{"message", "PostMessage", `{"kind":"text","text":"` + odd + `"}`, customer, func(c repair.Command) []string { return []string{text(c.(*repair.PostMessage).Text)} }},
		{"cancellation", "CancelRepair", `{"reason":"` + odd + `"}`, sam, func(c repair.Command) []string { return []string{text(c.(*repair.CancelRepair).Reason)} }},
		{"withdrawal", "WithdrawQuote", `{"reason":"` + odd + `"}`, sam, func(c repair.Command) []string { return []string{text(c.(*repair.WithdrawQuote).Reason)} }},
		{"completion", "CompleteRepair", `{"total":1,"reason":"` + odd + `"}`, sam, func(c repair.Command) []string { return []string{text(c.(*repair.CompleteRepair).Reason)} }},
	} {
		body := request.NewBody(tt.command)
		must(t, json.Unmarshal([]byte(tt.body), body))
		cmd, err := b.Build(request.Request{Garage: "de-brug", RepairID: someID, Revision: 1, Key: "k", Actor: tt.actor, Body: body})
		must(t, err)
		for _, got := range tt.texts(cmd) {
			if got != clean {
				t.Errorf("%s: %+q, want %+q", tt.name, got, clean)
			}
		}
	}
}
