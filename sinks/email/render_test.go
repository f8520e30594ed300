package email

import (
	"bytes"
	"context"
	"flag"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/avro"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/link"
	"pitstop/schemas/locale"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The day of the model mails: Wednesday 20 May 2026, at ten past ten in Utrecht.
var (
	amsterdam, _ = time.LoadLocation("Europe/Amsterdam")
	morning      = time.Date(2026, 5, 20, 10, 10, 0, 0, amsterdam)
)

func at(hour, minute int) time.Time {
	return time.Date(2026, 5, 20, hour, minute, 0, 0, amsterdam).UTC()
}

func testConfig(t testing.TB) Config {
	t.Helper()
	keys, err := link.NewKeys(link.Key{ID: "k1", Secret: bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		PublicURL: "https://debrug.example", StaffURL: "https://debrug.example/v1/repairs/{repair}/timeline",
		Sender: "bericht@debrug.example", LinkKeys: keys,
	}.withDefaults()
}

func testCodec(t testing.TB) *avro.Codec {
	t.Helper()
	codec, err := avro.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	return codec
}

// sealer seals personal parts for a test.
type sealer struct {
	t     testing.TB
	codec *avro.Codec
}

func (s sealer) seal(rec any) repair.Personal {
	s.t.Helper()
	p, err := s.codec.Seal(rec)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func (s sealer) contact(d repair.ContactDetails) repair.Contact {
	c := repair.Contact{ID: "c1", Personal: s.seal(&d)}
	if d.Email != "" {
		c.Channels = append(c.Channels, repair.Email)
	}
	if d.Phone != "" {
		c.Channels = append(c.Channels, repair.Phone)
	}
	return c
}

// exampleQuote is the quote of the model mail.
func exampleQuote(t testing.TB) *repair.Quote {
	t.Helper()
	q, err := repair.Work{Currency: "EUR", PricesIncludeVAT: true, Lines: []repair.Line{
		{
			Title: "Remschijven en remblokken vóór vervangen", Urgency: repair.Safety,
			Consequence: "Zonder deze reparatie keuren we de auto niet goed voor de APK.",
			Details: []repair.Detail{
				{Kind: repair.Part, Description: "Remschijven", Quantity: "2", UnitPrice: 6900, VAT: repair.VAT21},
				{Kind: repair.Part, Description: "remblokken", Quantity: "1", UnitPrice: 7200, VAT: repair.VAT21},
				{Kind: repair.Labour, Description: "arbeid", Quantity: "1.2", UnitPrice: 11500, VAT: repair.VAT21},
			},
		},
		{
			Title: "Ruitenwissers vervangen", Urgency: repair.Advice,
			Details: []repair.Detail{{Kind: repair.Part, Description: "Ruitenwissers, set", Quantity: "1", UnitPrice: 3995, VAT: repair.VAT21}},
		},
	}}.Price()
	if err != nil {
		t.Fatal(err)
	}
	return &q
}

// A mail that shows a quote is not written without one, and every kind has a mail.
func TestKindsAndTheirMails(t *testing.T) {
	codec := testCodec(t)
	files := []string{"message_to_staff.tmpl", "shared.tmpl"}
	for _, kind := range record.NotificationKinds {
		files = append(files, string(kind)+".tmpl")
		shows := example(t, codec, kind, "nl").Quote != nil
		if needs := slices.Contains(aboutQuotes, kind); shows != needs {
			t.Errorf("%s is among aboutQuotes: %t; its example has a quote: %t", kind, needs, shows)
		}
	}
	slices.Sort(files)
	for _, lang := range []string{"nl", "en"} {
		got, err := fs.Glob(templateFiles, "templates/"+lang+"/*.tmpl")
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			got[i] = path.Base(got[i])
		}
		if diff := cmp.Diff(files, got); diff != "" {
			t.Errorf("templates in %s (-kinds +files):\n%s", lang, diff)
		}
	}
}

// example is the repair of the model mails, as each kind of notification tells it.
func example(t testing.TB, codec *avro.Codec, kind record.NotificationKind, lang string) *record.NotificationRequested {
	t.Helper()
	s := sealer{t, codec}
	name := "mevrouw De Vries"
	if lang == "en" {
		name = "Mrs De Vries"
	}
	customer := s.contact(repair.ContactDetails{Name: name, Email: "j.devries@example.nl", Phone: "+31612345678"})
	n := &record.NotificationRequested{
		Header: repair.Header{
			EventID: repair.DerivedID(at(10, 10), "n", string(kind)), AggregateID: repair.RepairID("de-brug", "external_ref", "WO-1842"),
			GarageID: "de-brug", OccurredAt: at(10, 9), Actor: repair.Actor{Role: repair.System}, CorrelationID: "c", CausationID: "e",
		},
		Notice: record.Notice{
			NotificationID: repair.DerivedID(at(10, 9), "notification", string(kind)), Kind: kind, RestsOn: 2,
			Recipient: repair.Actor{Role: repair.Customer}, Channel: repair.Email,
		},
		Attempt: 1, FirstRequestedAt: at(10, 9), Contact: &customer, Decides: true, Language: lang, Customer: customer,
		Vehicle:  s.seal(&repair.VehicleDetails{Plate: "K482TR", Country: "NL", Description: "Volkswagen Golf"}),
		Mechanic: repair.Actor{Role: repair.Mechanic, ID: "sam"}, ExternalRef: "WO-1842", ReadyAt: at(16, 0), Currency: "EUR",
		Done: []record.DoneLine{{Title: "Kleine beurt en APK", Total: 28900}}, AgreedTotal: 28900, ApprovedTotal: 28900,
	}
	quoted := func() {
		n.Revision, n.Quote, n.ReadyAt = 1, exampleQuote(t), at(17, 0)
		n.AnswerBy, n.ExpiresAt = at(14, 0), at(17, 30).AddDate(0, 0, 1)
	}
	staff := func() { n.Recipient, n.Contact, n.Decides = n.Mechanic, nil, false }
	switch kind {
	case record.NotifyApprovalRequired, record.NotifyReminder:
		quoted()
	case record.NotifyCompleted:
		n.Done = append(n.Done, record.DoneLine{Title: "Remschijven en remblokken vóór", Total: 34800})
		n.Declined = []record.DoneLine{{Title: "Ruitenwissers", Total: 3995}}
		n.ApprovedTotal, n.Total, n.ReadyAt = 63700, 63700, at(10, 5)
	case record.NotifyReadyLater:
		n.PreviousReadyAt, n.ReadyAt = at(16, 0), at(17, 15)
	case record.NotifyQuoteWithdrawn:
		quoted()
		n.Text = s.seal(&repair.FreeText{Text: "De remmen blijken toch nog goed."})
	case record.NotifyDecision:
		quoted()
		staff()
		n.Decision, n.ApprovedTotal, n.Method = repair.PartlyApproved, 63700, repair.ByPage
		n.Answers = []repair.Answer{{Line: 1, Answer: repair.Approve}, {Line: 2, Answer: repair.Reject, Reason: repair.ReasonLater}}
		n.Evidence = s.seal(&repair.Evidence{Name: name, IP: "192.0.2.1", Texts: []repair.LineText{{Line: 2, Text: "Doe ik zelf wel."}}})
	case record.NotifyExpiry:
		quoted()
		staff()
	case record.NotifyMessage:
		n.From = repair.Actor{Role: repair.Mechanic, ID: "sam"}
		n.MessageKind, n.Text = repair.Text, s.seal(&repair.FreeText{Text: "De onderdelen zijn binnen.\nZullen we ook de olie verversen?"})
	}
	return n
}

// fromCustomer turns a message into one of the customer to the garage's side.
func fromCustomer(t testing.TB, codec *avro.Codec, lang string, kind repair.MessageKind, text string) *record.NotificationRequested {
	t.Helper()
	n := example(t, codec, record.NotifyMessage, lang)
	n.Recipient, n.Contact, n.Decides = n.Mechanic, nil, false
	n.From, n.MessageKind = repair.Actor{Role: repair.Customer}, kind
	n.Text = sealer{t, codec}.seal(&repair.FreeText{Text: text})
	return n
}

// gathered are several messages of the customer in one.
func gathered(t testing.TB, codec *avro.Codec, lang string) *record.NotificationRequested {
	t.Helper()
	n, s := fromCustomer(t, codec, lang, repair.Text, "Of toch overmorgen?"), sealer{t, codec}
	n.WrittenAt, n.Omitted = n.OccurredAt.Add(-time.Minute), 7
	n.Earlier = []record.Said{
		{At: n.OccurredAt.Add(-9 * time.Minute), Kind: repair.Text, Text: s.seal(&repair.FreeText{Text: "Hallo?\nBent u daar?"})},
		{At: n.OccurredAt.Add(-5 * time.Minute), Kind: repair.Callback, Text: s.seal(&repair.FreeText{})},
	}
	return n
}

// leased is an example where one drives the car and another decides and pays.
func leased(t testing.TB, codec *avro.Codec, kind record.NotificationKind, lang string) *record.NotificationRequested {
	t.Helper()
	n := example(t, codec, kind, lang)
	n.Decides = false
	if n.Quote != nil || kind == record.NotifyLink {
		lease := sealer{t, codec}.contact(repair.ContactDetails{Name: "Lease & Co", Email: "akkoord@lease.example"})
		n.Recipient.Role, n.Contact, n.Decides = repair.Approver, &lease, true
	}
	return n
}

// examples are every kind of mail, by the name of its golden files.
func examples(t testing.TB, codec *avro.Codec, lang string) map[string]*record.NotificationRequested {
	t.Helper()
	all := map[string]*record.NotificationRequested{
		toStaff:    fromCustomer(t, codec, lang, repair.Text, "Kan ik de auto ook morgen ophalen?"),
		"callback": fromCustomer(t, codec, lang, repair.Callback, ""),
		"gathered": gathered(t, codec, lang),
	}
	replacing := example(t, codec, record.NotifyApprovalRequired, lang)
	replacing.Revision = 2
	replacing.Replaced = []record.DoneLine{
		{Title: "Luchtfilter", Total: 2450}, {Title: "Remschijven en remblokken vóór vervangen", Total: 37600},
	}
	all["replacing"] = replacing
	cancelled := example(t, codec, record.NotifyQuoteWithdrawn, lang)
	cancelled.Ended, cancelled.Text = repair.StatusCancelled, repair.Personal{}
	all["cancelled"] = cancelled
	for _, kind := range []record.NotificationKind{record.NotifyStarted, record.NotifyCompleted, record.NotifyApprovalRequired, record.NotifyLink} {
		all["leased_"+string(kind)] = leased(t, codec, kind, lang)
	}
	for _, kind := range record.NotificationKinds {
		all[string(kind)] = example(t, codec, kind, lang)
	}
	return all
}

// theRenderer is made once: parsing every template takes a while.
var theRenderer = sync.OnceValues(func() (*renderer, error) {
	codec, err := avro.NewCodec()
	if err != nil {
		return nil, err
	}
	return newRenderer(Config{}, codec)
})

func mustRender(t testing.TB, n *record.NotificationRequested, codec *avro.Codec, now time.Time) Mail {
	t.Helper()
	shared, err := theRenderer()
	if err != nil {
		t.Fatal(err)
	}
	r := *shared
	r.Config, r.codec = testConfig(t), codec
	g, _ := garagetest.Sample(t).Garage(n.GarageID)
	l, err := r.letter(context.Background(), g, n, now)
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.render(l, n, []netmail.Address{{Name: "J. de Vries", Address: "j.devries@example.nl"}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMailsGolden(t *testing.T) {
	codec := testCodec(t)
	for _, lang := range locale.Langs {
		for name, n := range examples(t, codec, string(lang)) {
			t.Run(string(lang)+"/"+name, func(t *testing.T) {
				m := mustRender(t, n, codec, morning)
				base := filepath.Join("testdata", string(lang)+"_"+name)
				golden(t, base+".html", m.HTML)
				golden(t, base+".txt", headers(t, m)+"\n"+m.Text)
			})
		}
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

// headers are those of the message as it goes out, decoded.
func headers(t testing.TB, m Mail) string {
	t.Helper()
	var b strings.Builder
	h := parse(t, m).Header
	for _, k := range []string{"From", "Reply-To", "To", "Subject", "Date", "Message-Id", "Auto-Submitted", "Content-Language", "Mime-Version", "Content-Type"} {
		v, err := new(mime.WordDecoder).DecodeHeader(h.Get(k))
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(k + ": " + v + "\n")
		delete(h, k)
	}
	for k := range h {
		t.Errorf("unexpected header %s", k)
	}
	return b.String()
}

func parse(t testing.TB, m Mail) *netmail.Message {
	t.Helper()
	b, err := m.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	msg, err := netmail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

func TestBytesHoldBothPartsUnchanged(t *testing.T) {
	codec := testCodec(t)
	m := mustRender(t, example(t, codec, record.NotifyApprovalRequired, "nl"), codec, morning)
	msg := parse(t, m)
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for _, want := range []struct{ contentType, body string }{{"text/plain; charset=UTF-8", m.Text}, {"text/html; charset=UTF-8", m.HTML}} {
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Header.Get("Content-Type"); got != want.contentType {
			t.Errorf("content type %q, want %q", got, want.contentType)
		}
		raw, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
			if len(line) > 76 {
				t.Errorf("a line of %d characters: %q", len(line), line)
			}
		}
		got, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(raw)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.body, strings.ReplaceAll(string(got), "\r\n", "\n")); diff != "" {
			t.Errorf("part differs (-want +got):\n%s", diff)
		}
	}
}

var (
	headOrTag = regexp.MustCompile(`(?s)<head>.*</head>|<[^>]*>`)
	notWords  = regexp.MustCompile(`[\s:>]+`)
	links     = regexp.MustCompile(`https://\S+`)
)

// TestTextAndHTMLSayTheSame: nobody gets less for reading plain text.
func TestTextAndHTMLSayTheSame(t *testing.T) {
	codec := testCodec(t)
	for _, lang := range locale.Langs {
		for name, n := range examples(t, codec, string(lang)) {
			m := mustRender(t, n, codec, morning)
			page := strings.TrimSpace(headOrTag.ReplaceAllString(m.HTML, " "))
			page = strings.NewReplacer("&#39;", "'", "&#43;", "+", "&amp;", "&", "&lt;", "<", "&gt;", ">", "&#34;", `"`).Replace(page)
			page = strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(page, "<!doctype html>")), "Garage De Brug")
			words := func(s string) string { return notWords.ReplaceAllString(links.ReplaceAllString(s, ""), "") }
			if diff := cmp.Diff(words(m.Text), words(page)); diff != "" {
				t.Errorf("%s/%s (-text +html):\n%s", lang, name, diff)
			}
		}
	}
}
