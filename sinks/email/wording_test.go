package email

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"pitstop/schemas/avro"
	"pitstop/schemas/link"
	"pitstop/schemas/locale"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// TestWording is what changes from one mail to the next: parts of the text, or of
// the subject where the part begins with "Subject: ".
func TestWording(t *testing.T) {
	type change func(s sealer, n *record.NotificationRequested)
	work := func(include bool, rates ...repair.VATRate) change {
		return func(s sealer, n *record.NotificationRequested) {
			w := repair.Work{Currency: "EUR", PricesIncludeVAT: include}
			for _, rate := range rates {
				w.Lines = append(w.Lines, repair.Line{Title: "Band", Urgency: repair.Soon, Details: []repair.Detail{
					{Kind: repair.Part, Description: "Band", Quantity: "2.50", UnitPrice: 10000, VAT: rate},
					{Kind: repair.Labour, Quantity: "1", UnitPrice: 5000, VAT: rate},
				}})
			}
			q, err := w.Price()
			if err != nil {
				s.t.Fatal(err)
			}
			n.Quote = &q
		}
	}
	tomorrow := at(10, 0).AddDate(0, 0, 1)
	saturday := morning.AddDate(0, 0, 3)
	for _, c := range []struct {
		name   string
		kind   record.NotificationKind
		lang   string
		now    time.Time
		change change
		has    []string
		lacks  []string
	}{
		{"answer by tomorrow", record.NotifyApprovalRequired, "nl", morning, func(_ sealer, n *record.NotificationRequested) {
			n.AnswerBy, n.ReadyAt = tomorrow, tomorrow.Add(7*time.Hour)
		}, []string{
			"Subject: Extra werk aan uw Golf (K-482-TR), € 387,95: graag uw antwoord vóór donderdag 21 mei, 10.00 uur\n",
			"Antwoordt u morgen, donderdag 21 mei, vóór 10.00 uur, dan is de auto rond 17.00 uur klaar.",
		}, nil},
		{"answer by tomorrow", record.NotifyApprovalRequired, "en", morning, func(_ sealer, n *record.NotificationRequested) {
			n.AnswerBy, n.ReadyAt = tomorrow, tomorrow.AddDate(0, 0, 1)
		}, []string{
			"Subject: Extra work on your Golf (K-482-TR), €387.95: please answer before 10:00 on Thursday 21 May\n",
			"If you answer tomorrow, Thursday 21 May, before 10:00, the car will be ready Friday 22 May, around 10:00.",
		}, nil},
		{"only an expiry", record.NotifyApprovalRequired, "nl", morning, func(_ sealer, n *record.NotificationRequested) { n.AnswerBy = time.Time{} }, []string{
			"vóór donderdag 21 mei, 17.30 uur\n", "Dit voorstel geldt tot morgen, donderdag 21 mei, 17.30 uur. Hoe eerder u antwoordt,",
		}, []string{"Antwoordt u"}},
		{"answered too late for answer by", record.NotifyReminder, "en", morning.Add(5 * time.Hour), nil, []string{
			": reminder, please answer before 17:30 on Thursday 21 May\n", "This proposal is valid until tomorrow, Thursday 21 May, 17:30.",
		}, nil},
		{
			"nothing promised", record.NotifyApprovalRequired, "nl", morning, func(_ sealer, n *record.NotificationRequested) { n.ReadyAt = time.Time{} },
			[]string{"vóór 14.00 uur, dan kunnen we meteen verder. Horen"},
			nil,
		},
		{"nothing agreed before", record.NotifyApprovalRequired, "nl", morning, func(_ sealer, n *record.NotificationRequested) {
			n.Done, n.AgreedTotal, n.ApprovedTotal = nil, 0, 0
		}, nil, []string{"afgesproken werk"}},
		{"nothing agreed, something approved", record.NotifyApprovalRequired, "nl", morning, func(_ sealer, n *record.NotificationRequested) {
			n.Done, n.AgreedTotal, n.ApprovedTotal = []record.DoneLine{{Title: "Accu", Total: 100_00}}, 0, 100_00
		}, []string{"Met het afgesproken werk (accu) wordt het totaal € 487,95 incl. btw."}, nil},
		{"one job", record.NotifyApprovalRequired, "en", morning, work(true, repair.VAT21), []string{
			"we found one thing. We will only do it if you agree.", "Needed soon.",
			"Band 2.5 × €100.00 = €250.00 · labour 1 hour × €50.00 = €50.00", "Together: €300.00 incl. VAT (of which VAT €52.07)",
		}, nil},
		{"prices without VAT, two rates", record.NotifyApprovalRequired, "nl", morning, work(false, repair.VAT21, repair.VAT9), []string{
			"vonden we twee dingen", "arbeid 1 uur × € 50,00 = € 50,00 (excl. btw)",
			"Samen: € 690,00 incl. btw (waarvan € 63,00 21% btw en € 27,00 9% btw)",
		}, nil},
		{"no VAT", record.NotifyApprovalRequired, "nl", morning, work(true, repair.VATNone), []string{"Samen: € 300,00 (geen btw)"}, nil},
		{"many jobs", record.NotifyApprovalRequired, "nl", morning, work(true, slices.Repeat([]repair.VATRate{repair.VAT21}, 13)...), []string{"vonden we 13 dingen"}, nil},
		{"unknown name and phone", record.NotifyApprovalRequired, "nl", morning, func(s sealer, n *record.NotificationRequested) {
			n.Contact = new(s.contact(repair.ContactDetails{Email: "a@example.nl"}))
		}, []string{"Goedendag,", "Horen we niets, dan doen we alleen het afgesproken werk."}, []string{"bellen we u"}},
		{
			"safety first", record.NotifyApprovalRequired, "nl", morning, func(_ sealer, n *record.NotificationRequested) {
				slices.Reverse(n.Quote.Lines)
			},
			[]string{"1. Remschijven en remblokken vóór vervangen: € 348,00", "2. Ruitenwissers vervangen: € 39,95"},
			nil,
		},
		{
			"a job for nothing", record.NotifyApprovalRequired, "nl", morning, func(_ sealer, n *record.NotificationRequested) {
				n.Quote.Lines[1].Total = 0
			},
			[]string{"2. Ruitenwissers vervangen: gratis"},
			nil,
		},
		{
			"all for nothing", record.NotifyApprovalRequired, "en", morning, func(_ sealer, n *record.NotificationRequested) {
				n.Quote.Lines[0].Total, n.Quote.Lines[1].Total, n.Quote.Total, n.Quote.VAT = 0, 0, 0, nil
			},
			[]string{"Subject: Extra work on your Golf (K-482-TR), free: please answer before 14:00\n", "Together: free\n"},
			[]string{"€0.00"},
		},
		{
			"a car of many words", record.NotifyApprovalRequired, "nl", morning, func(s sealer, n *record.NotificationRequested) {
				n.Vehicle = s.seal(&repair.VehicleDetails{Plate: "K482TR", Country: "NL", Description: "Škoda Octavia Combi 1.5 TSI Business"})
			},
			[]string{"Subject: Extra werk aan uw auto (K-482-TR), € 387,95: graag uw antwoord vóór 14.00 uur\n", "uw auto"},
			nil,
		},
		{
			"much to pay", record.NotifyApprovalRequired, "nl", morning, func(_ sealer, n *record.NotificationRequested) { n.Quote.Total = 123_456_78 },
			[]string{"Subject: Extra werk aan K-482-TR, € 123.456,78: graag uw antwoord vóór 14.00 uur\n"},
			nil,
		},
		{
			"begun at night", record.NotifyStarted, "nl", morning.Add(-7 * time.Hour), func(_ sealer, n *record.NotificationRequested) {
				n.FirstRequestedAt = morning.Add(-7 * time.Hour)
			},
			[]string{"Monteur Sam is vannacht begonnen aan uw auto."},
			[]string{"vanochtend"},
		},
		{"a car of few words", record.NotifyStarted, "nl", morning, func(s sealer, n *record.NotificationRequested) {
			n.Vehicle = s.seal(&repair.VehicleDetails{Plate: "ABCD123", Country: "DE"})
		}, []string{"Subject: We zijn begonnen aan uw auto (ABCD123)"}, nil},
		{
			"nothing known of the car", record.NotifyCompleted, "en", morning, func(_ sealer, n *record.NotificationRequested) { n.Vehicle = repair.Personal{} },
			[]string{"Subject: Your car is ready"},
			nil,
		},
		{"an unknown mechanic, yesterday", record.NotifyStarted, "nl", morning.AddDate(0, 0, 1), func(_ sealer, n *record.NotificationRequested) {
			n.Mechanic.ID, n.ReadyAt, n.AgreedTotal = "nobody", time.Time{}, 0
		}, []string{"We zijn gisteren begonnen aan uw auto. Wat we doen: kleine beurt en APK.\n", "groet,\nGarage De Brug"}, []string{"Verwacht", "prijs"}},
		{"Flemish is Dutch", record.NotifyStarted, "nl-BE", morning, nil, []string{"Beste mevrouw"}, nil},
		{"other languages are the garage's", record.NotifyStarted, "de", morning, nil, []string{"Beste "}, nil},
		{
			"less than agreed", record.NotifyCompleted, "nl", morning, func(_ sealer, n *record.NotificationRequested) { n.Total -= 2000 },
			[]string{"Te betalen: € 617,00 incl. btw, € 20,00 minder dan afgesproken\n"},
			nil,
		},
		{"more than agreed", record.NotifyCompleted, "nl", morning, func(s sealer, n *record.NotificationRequested) {
			n.Total += 2000
			n.Text = s.seal(&repair.FreeText{Text: "Een bout brak af."})
		}, []string{"Te betalen: € 657,00 incl. btw, € 20,00 meer dan afgesproken\n", "Toelichting:\n\n> Een bout brak af."}, nil},
		{
			"free of charge", record.NotifyCompleted, "nl", morning, func(_ sealer, n *record.NotificationRequested) { n.Total = 0 },
			[]string{"U hoeft niets te betalen.\n"},
			[]string{"Betalen kan", "minder"},
		},
		{
			"nothing was agreed", record.NotifyCompleted, "en", morning, func(_ sealer, n *record.NotificationRequested) { n.ApprovedTotal = 0 },
			[]string{"To pay: €637.00 incl. VAT\n"},
			[]string{"agreed"},
		},
		{
			"ready after hours", record.NotifyCompleted, "nl", morning.Add(9 * time.Hour), nil,
			[]string{"U kunt de auto vanaf morgen, donderdag 21 mei, 8.00 uur ophalen tijdens onze openingstijden (ma–vr 8.00–17.30 uur)."},
			nil,
		},
		{"ready before a long weekend", record.NotifyCompleted, "en", saturday, nil, // Monday is Whit Monday
			[]string{"You can collect your car from Tuesday 26 May, 8:00 during our opening hours (Mon–Fri 8:00–17:30)."}, nil},
		{
			"ready during lunch", record.NotifyCompleted, "nl", morning.Add(2*time.Hour + 40*time.Minute), func(_ sealer, n *record.NotificationRequested) { n.GarageID = "noord" },
			[]string{"U kunt de auto vandaag ophalen van 13.00 tot 17.30 uur, of vanaf morgen tijdens onze openingstijden (ma–do 8.00–12.30 en 13.00–17.30, vr 8.00–12.30 en 13.00–17.00, za 9.00–13.00 uur)."},
			nil,
		},
		{"ready later, another day", record.NotifyReadyLater, "nl", morning, func(_ sealer, n *record.NotificationRequested) { n.ReadyAt = tomorrow }, []string{
			"Subject: Uw Volkswagen Golf (K-482-TR) is later klaar: donderdag 21 mei, rond 10.00 uur",
			"Nieuwe verwachting: morgen, donderdag 21 mei, rond 10.00 uur.", "Eerder zeiden we: vandaag, woensdag 20 mei, rond 16.00 uur.",
		}, nil},
		{
			"customer service writes", record.NotifyMessage, "nl", morning, func(_ sealer, n *record.NotificationRequested) { n.From.Role = repair.CustomerService },
			[]string{"Onze klantenservice schrijft u over uw auto:", "groet,\nGarage De Brug"},
			nil,
		},
		{
			"somebody writes", record.NotifyMessage, "en", morning, func(_ sealer, n *record.NotificationRequested) { n.From.ID = "nobody" },
			[]string{"We have written to you about your car:"},
			nil,
		},
		{"approved by phone", record.NotifyDecision, "nl", morning, func(_ sealer, n *record.NotificationRequested) {
			n.Decision, n.Method, n.Evidence, n.ApprovedTotal = repair.Approved, repair.ByPhone, repair.Personal{}, 676_95
			n.Answers = []repair.Answer{{Line: 1, Answer: repair.Approve}, {Line: 2, Answer: repair.Approve}}
		}, []string{
			"Subject: Akkoord: K-482-TR, Volkswagen Golf, € 387,95", "Mevrouw De Vries is akkoord met al het extra werk", "Telefonisch doorgegeven.",
			"Akkoord voor € 387,95 incl. btw. Met het afgesproken werk: € 676,95.", "Je kunt verder met dit werk.",
		}, []string{"Niet akkoord"}},
		{"rejected at the counter", record.NotifyDecision, "nl", morning, func(_ sealer, n *record.NotificationRequested) {
			n.Decision, n.Method, n.ApprovedTotal = repair.Rejected, repair.AtCounter, 289_00
			n.Answers = []repair.Answer{{Line: 1, Answer: repair.Reject, Reason: repair.ReasonPrice}, {Line: 2, Answer: repair.Reject}}
		}, []string{
			"Subject: Niet akkoord: K-482-TR, Volkswagen Golf, € 387,95", "is niet akkoord met het extra werk", "Aan de balie doorgegeven.",
			"Niet akkoord: de prijs is te hoog\n", "Doe dit werk niet.",
		}, []string{"Akkoord voor"}}, // € 0,00
	} {
		t.Run(c.lang+"/"+c.name, func(t *testing.T) {
			codec := testCodec(t)
			n := example(t, codec, c.kind, c.lang)
			if c.change != nil {
				c.change(sealer{t, codec}, n)
			}
			m := mustRender(t, n, codec, c.now)
			got := strings.ReplaceAll("Subject: "+m.Subject+"\n\n"+m.Text, "\u00a0", " ")
			for _, part := range c.has {
				if !strings.Contains(got, part) {
					t.Errorf("lacks %q:\n%s", part, got)
				}
			}
			for _, part := range c.lacks {
				if strings.Contains(got, part) {
					t.Errorf("has %q:\n%s", part, got)
				}
			}
		})
	}
}

// TestAttemptsHoldTheSameLink, which opens the repair for its recipient.
func TestAttemptsHoldTheSameLink(t *testing.T) {
	codec := testCodec(t)
	for _, to := range []repair.Role{repair.Customer, repair.Approver} {
		n := example(t, codec, record.NotifyStarted, "nl")
		n.Recipient.Role, n.RestsOn, n.Sequence = to, 1, 3
		first := mustRender(t, n, codec, morning)
		n.Attempt, n.OccurredAt, n.EventID = 4, morning.Add(20*time.Minute), "other"
		again := mustRender(t, n, codec, morning.Add(21*time.Minute))
		if first.MessageID != again.MessageID || first.Text != again.Text || first.HTML != again.HTML {
			t.Error("another attempt is another mail")
		}
		url := links.FindString(first.Text)
		token, ok := strings.CutPrefix(url, "https://debrug.example/c/")
		if !ok {
			t.Fatalf("link %s", url)
		}
		got, err := testConfig(t).LinkKeys.Verify(token, morning)
		if err != nil {
			t.Fatal(err)
		}
		want := link.Claims{
			Garage: "de-brug", Repair: n.AggregateID, Audience: link.Customer, Lang: "nl",
			Expires: n.FirstRequestedAt.Add(DefaultLinkLifetime).Truncate(time.Second), Sequence: 3,
		}
		if to == repair.Approver {
			want.Audience = link.Approver
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("claims (-want +got):\n%s", diff)
		}
	}
}

// TestCustomersTextIsOnlyText: whatever people write, in whichever field, the
// page keeps its elements and links, and the headers their lines.
func TestCustomersTextIsOnlyText(t *testing.T) {
	codec := testCodec(t)
	plain := make(map[string]string)
	for name, n := range examples(t, codec, "en") {
		plain[name] = elements(t, mustRender(t, filled(t, codec, n, "x"), codec, morning).HTML)
	}
	check := func(t testing.TB, name, text string) {
		m := mustRender(t, filled(t, codec, examples(t, codec, "en")[name], text), codec, morning)
		if diff := cmp.Diff(plain[name], elements(t, m.HTML)); diff != "" {
			t.Errorf("%s with %q (-plain +hostile):\n%s", name, text, diff)
		}
		if strings.ContainsAny(m.Subject, "\r\n") {
			t.Errorf("%s with %q: subject %q", name, text, m.Subject)
		}
		parse(t, m)
	}
	names := slices.Sorted(maps.Keys(plain))
	for _, text := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='x`, `</style><style>`, `{{.Garage}}`, `<!--`, `]]>`,
		`javascript:alert(1)`, "\u202Egnp.exe", "a\x00b\x1b[31m", `&lt;b&gt;`, `</table></td>`, strings.Repeat("W", 3000),
		"x\r\nBcc: thief@evil.example",
	} {
		for _, name := range names {
			check(t, name, text)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.SampledFrom([]rune(`<>"'&/{}=;:\`+"`\u2028\u202e\x00")), rapid.Rune())).Draw(rt, "text")
		check(t, rapid.SampledFrom(names).Draw(rt, "name"), text+"x")
	})
}

// filled puts a text into every field that people write.
func filled(t testing.TB, codec *avro.Codec, n *record.NotificationRequested, text string) *record.NotificationRequested {
	t.Helper()
	s := sealer{t, codec}
	one := strings.NewReplacer("\n", " ", "\r", " ", "\u2028", " ", "\u2029", " ").Replace(text) // lines are elements of their own
	customer := s.contact(repair.ContactDetails{Name: text, Email: "a@example.nl", Phone: text})
	n.Customer, n.ExternalRef = customer, text
	if n.Contact != nil {
		n.Contact = &customer
	}
	n.Vehicle = s.seal(&repair.VehicleDetails{Plate: text, Country: text, Description: text})
	n.Text = s.seal(&repair.FreeText{Text: one + "x"})
	n.Evidence = s.seal(&repair.Evidence{Name: text, Texts: []repair.LineText{{Line: 1, Text: text}, {Line: 2, Text: text}}})
	for i := range n.Done {
		n.Done[i].Title = text
	}
	for i := range n.Declined {
		n.Declined[i].Title = text
	}
	if n.Quote != nil {
		for i := range n.Quote.Lines {
			l := &n.Quote.Lines[i]
			l.Title, l.Consequence = text, text
			for j := range l.Details {
				l.Details[j].Description = text
			}
		}
	}
	return n
}

// elements are the tags of a page with the names of their attributes, and where
// its links lead; numbers to dial only by their scheme.
func elements(t testing.TB, page string) string {
	t.Helper()
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(page))
	for z.Next() != html.ErrorToken {
		token := z.Token()
		if token.Type == html.TextToken {
			continue
		}
		b.WriteString(token.Type.String() + " " + token.DataAtom.String())
		for _, a := range token.Attr {
			if a.Key == "style" { // a short plate is kept on one line
				continue
			}
			b.WriteString(" " + a.Key)
			if a.Key == "href" {
				scheme, _, _ := strings.Cut(a.Val, ":")
				b.WriteString("=" + scheme)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// A phone shows the beginning of a subject: whatever the car and the price, it has both.
func TestSubjectKeepsThePriceInSight(t *testing.T) {
	codec := testCodec(t)
	rapid.Check(t, func(rt *rapid.T) {
		n := example(t, codec, rapid.SampledFrom([]record.NotificationKind{record.NotifyApprovalRequired, record.NotifyReminder}).Draw(rt, "kind"), rapid.SampledFrom([]string{"nl", "en"}).Draw(rt, "lang"))
		n.Quote.Total = rapid.Int64Range(0, 99_999_999).Draw(rt, "total")
		n.Vehicle = sealer{t, codec}.seal(&repair.VehicleDetails{
			Plate: rapid.SampledFrom([]string{"K482TR", "12ABCD", "KLE PS 1842"}).Draw(rt, "plate"), Country: "NL",
			Description: rapid.StringMatching(`[A-Z][a-z]{0,20}( [A-Za-z0-9.]{1,12}){0,4}`).Draw(rt, "car"),
		})
		subject := []rune(mustRender(t, n, codec, morning).Subject)
		seen := string(subject[:min(len(subject), inSight)])
		price := locale.Fold(n.Language).Price(n.Quote.Total, "EUR")
		if !strings.Contains(strings.ReplaceAll(seen, "\u00a0", " "), strings.ReplaceAll(price, "\u00a0", " ")) {
			rt.Errorf("of %q a phone shows %q, without %s", string(subject), seen, price)
		}
	})
}
