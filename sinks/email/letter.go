package email

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"pitstop/schemas/avro"
	"pitstop/schemas/garage"
	"pitstop/schemas/link"
	"pitstop/schemas/locale"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/schemas/wording"
)

// letter is the data of the templates. Its texts are what people wrote, not
// escaped: the templates escape them.
type letter struct {
	Lang    locale.Lang
	Garage  *garage.Profile
	Subject string // once written

	Name, Address          string // the recipient's; staff are not addressed by name
	Customer               string
	CustomerPhone          string // for reading
	CustomerDial           string // for dialling
	Apart                  bool   // the recipient decides about somebody else's car
	Decides                bool   // the recipient decides, and pays; else only drives
	Car, Model, Plate, Ref string
	Mechanic               string // who works on the car; empty: not known by name
	Link, StaffLink        string

	ReadyAt, PreviousReadyAt time.Time
	Done                     []job
	DoneTitles               string
	DeclinedTitles           string

	// All amounts are in minor units and include VAT.
	Agreed, ApprovedTotal, Total int64

	Jobs       []job
	QuoteTotal int64
	VAT        string    // contained in the quote's total; empty: there is none
	Deadline   time.Time // until when an answer is asked for, else when the quote expires
	Replaced   int64     // the total of the proposal that it replaces, of which the recipient was told
	Replaces   bool      // whether it replaces one
	Changes    []job     // what differs from that
	Cancelled  bool      // it is off because the repair is

	Decision       repair.Decision
	Method         repair.Method
	Answers        []job
	ApprovedTitles string
	DecidedTotal   int64 // of the approved lines of this decision
	Decider        string

	Text     []string // what somebody wrote, by line
	Messages int      // how many messages those are, with the omitted ones
	Omitted  int32    // how many there were before those
	Callback bool     // somebody asks to be called, in one of them
	Author   repair.Role
	Writer   string // the author's name; empty: not known

	question   wording.Question
	now, since time.Time
	currency   string
}

// job is one line of work, in words.
type job struct {
	Number  int // as on the customer's page; 0: not shown
	Title   string
	Price   string
	Note    string
	Safety  bool
	Details string
}

// letter returns a notification as a letter to its recipient. Its error is the
// registry's, or wraps avro.ErrUndecodable.
func (r *renderer) letter(ctx context.Context, g *garage.Profile, n *record.NotificationRequested, now time.Time) (*letter, error) {
	o := opener{ctx: ctx, codec: r.codec}
	customer, recipient := o.contact(n.Customer), repair.ContactDetails{}
	if n.Contact != nil {
		recipient = o.contact(*n.Contact)
	}
	vehicle := open[repair.VehicleDetails](&o, n.Vehicle)
	evidence := open[repair.Evidence](&o, n.Evidence)
	text := open[repair.FreeText](&o, n.Text).Text
	if o.err != nil {
		return nil, o.err
	}
	lang := locale.Fold(n.Language, g.Language)
	l := &letter{
		Lang: lang, Garage: g, now: now, since: n.FirstRequestedAt, currency: n.Currency,
		Name: recipient.Name, Address: strings.TrimSpace(recipient.Email),
		Customer: customer.Name, CustomerPhone: lang.Phone(customer.Phone), CustomerDial: customer.Phone,
		Apart: n.Recipient.Role == repair.Approver, Decides: n.Decides,
		Car: vehicle.Description, Model: model(vehicle.Description),
		Plate: locale.Plate(vehicle.Plate, vehicle.Country), Ref: n.ExternalRef,
		Mechanic: mechanicName(g, n.Mechanic),
		ReadyAt:  n.ReadyAt, PreviousReadyAt: n.PreviousReadyAt,
		Agreed: n.AgreedTotal, ApprovedTotal: n.ApprovedTotal, Total: n.Total,
		Decision: n.Decision, Method: n.Method, Decider: evidence.Name,
		Callback: n.MessageKind == repair.Callback, Author: n.From.Role, Writer: mechanicName(g, n.From),
	}
	if n.Kind == record.NotifyMessage {
		l.Mechanic = l.Writer // the author signs
	}
	l.Text, l.Messages, l.Omitted = lines(text), 1+len(n.Earlier)+int(n.Omitted), n.Omitted
	if len(n.Earlier) > 0 {
		l.gathered(&o, n)
	}
	if o.err != nil {
		return nil, o.err
	}
	l.question = wording.Question{
		AskedAt: n.FirstRequestedAt, AnswerBy: n.AnswerBy, ExpiresAt: n.ExpiresAt, ReadyAt: n.ReadyAt, Phone: recipient.Phone != "",
	}
	l.Deadline = n.AnswerBy
	if !l.teller().Asks(l.question) {
		l.Deadline = n.ExpiresAt
	}
	l.Done, l.DoneTitles, _ = l.summary(n.Done)
	_, _, l.DeclinedTitles = l.summary(n.Declined)
	if n.Quote != nil {
		l.quote(n.Quote)
		l.replaced(n)
		l.answers(n.Quote, n.Answers, evidence.Texts)
	}
	r.links(l, n)
	return l, nil
}

func lines(text string) []string {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// gathered writes the messages that are passed on together one after the other, with the
// time of each.
func (l *letter) gathered(o *opener, n *record.NotificationRequested) {
	last := record.Said{At: n.WrittenAt, Kind: n.MessageKind, Text: n.Text}
	l.Text = nil
	for _, said := range append(slices.Clone(n.Earlier), last) {
		text := lines(open[repair.FreeText](o, said.Text).Text)
		if said.Kind == repair.Callback {
			l.Callback = true
			text = append([]string{l.word("callback")}, text...)
		}
		for i, line := range text {
			if i == 0 {
				line = l.Time(said.At) + ": " + line
			}
			l.Text = append(l.Text, line)
		}
	}
}

// links signs the recipient's link. Its expiry counts from the first request of the
// notification, so that every attempt has the same link until something happens.
func (r *renderer) links(l *letter, n *record.NotificationRequested) {
	if n.Recipient.Role.Staff() {
		l.StaffLink = strings.ReplaceAll(r.StaffURL, "{repair}", url.PathEscape(n.AggregateID))
		return
	}
	claims := link.Claims{
		Garage: n.GarageID, Repair: n.AggregateID, Audience: link.Customer, Lang: string(l.Lang),
		Expires: n.FirstRequestedAt.Add(r.LinkLifetime), Sequence: max(n.Sequence, n.RestsOn),
	}
	if n.Recipient.Role == repair.Approver {
		claims.Audience = link.Approver
	}
	l.Link = strings.TrimRight(r.PublicURL, "/") + "/c/" + r.LinkKeys.Sign(claims)
}

// opener opens sealed personal data and keeps the first error.
type opener struct {
	ctx   context.Context //nolint:containedctx // lives as long as one call
	codec *avro.Codec
	err   error
}

func open[T any](o *opener, p repair.Personal) T {
	t, err := avro.Open[T](o.ctx, o.codec, p)
	o.keep(err)
	return t
}

func (o *opener) keep(err error) {
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("open personal data: %w", err)
	}
}

func (o *opener) contact(c repair.Contact) repair.ContactDetails {
	d, err := avro.OpenContact(o.ctx, o.codec, c)
	o.keep(err)
	d.Name = strings.TrimSpace(d.Name)
	return d
}

func mechanicName(g *garage.Profile, a repair.Actor) string {
	if a.Role != repair.Mechanic {
		return ""
	}
	m, _ := g.Mechanic(a.ID)
	return m.Name
}

// summary lists jobs below each other and in a sentence. Somebody who only drives
// the car does not see what somebody else pays.
func (l *letter) summary(done []record.DoneLine) (jobs []job, titles, priced string) {
	var plain, withPrice []string
	for _, d := range done {
		j, title := job{Title: d.Title}, lowerFirst(d.Title)
		plain = append(plain, title)
		if l.Decides {
			j.Price = l.Price(d.Total)
			title += " (" + j.Price + ")"
		}
		jobs, withPrice = append(jobs, j), append(withPrice, title)
	}
	return jobs, l.Lang.And(plain...), l.Lang.And(withPrice...)
}

// safetyFirst returns lines in the order in which people are told of them.
func safetyFirst(lines []repair.PricedLine) []repair.PricedLine {
	return slices.SortedStableFunc(slices.Values(lines), func(a, b repair.PricedLine) int { return a.Urgency.Compare(b.Urgency) })
}

func (l *letter) quote(q *repair.Quote) {
	l.QuoteTotal, l.currency = q.Total, q.Currency
	for i, line := range safetyFirst(q.Lines) {
		l.Jobs = append(l.Jobs, job{
			Number: i + 1, Title: line.Title, Price: l.Price(line.Total),
			Note:    strings.TrimSpace(l.Lang.Urgency(string(line.Urgency)) + " " + line.Consequence),
			Safety:  line.Urgency == repair.Safety,
			Details: l.details(line, q.PricesIncludeVAT),
		})
	}
	var vat []string
	for _, v := range q.VAT {
		switch {
		case v.Amount == 0:
		case len(q.VAT) == 1:
			vat = append(vat, l.word("vat", l.Money(v.Amount)))
		default:
			vat = append(vat, l.word("vat at", l.Money(v.Amount), l.Lang.VAT(string(v.Rate))))
		}
	}
	l.VAT = l.Lang.And(vat...)
}

// replaced says what the earlier proposal was that its recipient knows: the one that this one
// replaces, or the one that is off as this one is.
func (l *letter) replaced(n *record.NotificationRequested) {
	switch l.Cancelled = n.Ended == repair.StatusCancelled; {
	case len(n.Replaced) == 0:
	case n.Kind == record.NotifyQuoteWithdrawn:
		l.Jobs, _, _ = l.summary(n.Replaced)
	default:
		l.Replaces, l.Changes = true, l.changes(n.Replaced, safetyFirst(n.Quote.Lines))
		for _, d := range n.Replaced {
			l.Replaced += d.Total
		}
	}
}

// changes lists, in the order of the new proposal, the jobs that have another price or are
// new; then those that are no longer in it.
func (l *letter) changes(before []record.DoneLine, now []repair.PricedLine) (changes []job) {
	before = slices.Clone(before)
	take := func(is func(record.DoneLine) bool) (was record.DoneLine, found bool) {
		i := slices.IndexFunc(before, is)
		if i < 0 {
			return was, false
		}
		was = before[i]
		before = slices.Delete(before, i, i+1)
		return was, true
	}
	now = slices.DeleteFunc(now, func(line repair.PricedLine) bool {
		_, same := take(func(d record.DoneLine) bool { return d == record.DoneLine{Title: line.Title, Total: line.Total} })
		return same
	})
	for _, line := range now {
		title := l.word("new", line.Title)
		if was, found := take(func(d record.DoneLine) bool { return d.Title == line.Title }); found {
			title = l.word("was", line.Title, l.Price(was.Total))
		}
		changes = append(changes, job{Title: title, Price: l.Price(line.Total)})
	}
	for _, d := range before {
		changes = append(changes, job{Title: l.word("was", d.Title, l.Price(d.Total)), Price: l.word("dropped")})
	}
	return changes
}

// details writes the parts and labour of a line the way one checks an invoice.
func (l *letter) details(line repair.PricedLine, includeVAT bool) string {
	var parts []string
	for _, d := range line.Details {
		amount, err := d.Amount()
		if err != nil { // only for a detail that no quote can have
			continue
		}
		what := strings.TrimSpace(d.Description)
		if what == "" && d.Kind == repair.Labour {
			what = l.word("labour")
		}
		quantity := l.Lang.Quantity(d.Quantity)
		switch {
		case d.Kind == repair.Labour:
			what += " " + l.Lang.Hours(d.Quantity) + " × " + l.Money(d.UnitPrice) + " = "
		case quantity != "1":
			what += " " + quantity + " × " + l.Money(d.UnitPrice) + " = "
		default:
			what += " "
		}
		parts = append(parts, strings.TrimSpace(what+l.Money(amount)))
	}
	text := strings.Join(parts, " · ")
	if !includeVAT && text != "" {
		text += " (" + l.Lang.ExclVAT() + ")"
	}
	return text
}

func (l *letter) answers(q *repair.Quote, answers []repair.Answer, texts []repair.LineText) {
	remarks := make(map[int32]string)
	for _, t := range texts {
		remarks[t.Line] = strings.TrimSpace(t.Text)
	}
	answered := make(map[int32]repair.Answer)
	for _, a := range answers {
		answered[a.Line] = a
	}
	var approved []string
	for i, line := range safetyFirst(q.Lines) {
		a, ok := answered[line.Number]
		if !ok {
			continue
		}
		note := l.word("approved")
		if a.Answer == repair.Approve {
			l.DecidedTotal += line.Total
			approved = append(approved, lowerFirst(line.Title))
		} else {
			note = l.word("rejected")
			if a.Reason != "" {
				note += ": " + lowerFirst(l.Lang.RejectReason(string(a.Reason)))
			}
		}
		l.Answers = append(l.Answers, job{Number: i + 1, Title: line.Title, Price: l.Price(line.Total), Note: note, Details: remarks[line.Number]})
	}
	l.ApprovedTitles = l.Lang.And(approved...)
}
