package email

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"pitstop/schemas"
	"pitstop/schemas/garage"
	"pitstop/schemas/link"
	"pitstop/schemas/locale"
	"pitstop/schemas/repair"
)

// letter is what the templates write from. Its texts come from people as they
// are: escaping is the template's business.
type letter struct {
	Lang    locale.Lang
	Garage  *garage.Profile
	Subject string // once written

	Name, Address           string // the reader's; staff are not addressed by name
	Customer, CustomerPhone string
	Apart                   bool // the reader decides about somebody else's car
	Decides                 bool // the reader decides, and pays; else only drives
	CanCall                 bool // the garage has the reader's phone number
	Car, Model, Plate, Ref  string
	Mechanic                string // who works on the car; empty: not known by name
	Link, StaffLink         string

	ReadyAt, PreviousReadyAt time.Time
	Done                     []job
	DoneTitles               string
	DeclinedTitles           string

	// All amounts are in minor units and include VAT.
	Agreed, ApprovedTotal, Total int64

	Jobs        []job
	QuoteTotal  int64
	VAT         string // contained in the quote's total; empty: there is none
	Deadline    time.Time
	AnswerAsked bool // Deadline is when an answer is asked for, not when the quote expires

	Decision       repair.Decision
	Method         repair.Method
	Answers        []job
	ApprovedTitles string
	DecidedTotal   int64 // of the approved lines of this decision
	Decider        string

	Text     []string // what somebody wrote, by line
	Callback bool
	Author   repair.Role
	Writer   string // the author's name; empty: not known

	now, since time.Time
	currency   string
}

// job is one line of work, in words.
type job struct {
	Number  int32 // 0: not shown
	Title   string
	Price   string
	Note    string
	Safety  bool
	Details string
}

// letter opens a notification for its reader. Its error is the registry's, or
// wraps schemas.ErrUndecodable.
func (r *renderer) letter(ctx context.Context, g *garage.Profile, n *schemas.NotificationRequested, now time.Time) (*letter, error) {
	o := opener{ctx: ctx, codec: r.codec}
	customer, reader := o.contact(n.Customer), repair.ContactDetails{}
	if n.Contact != nil {
		reader = o.contact(*n.Contact)
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
		Name: reader.Name, Address: strings.TrimSpace(reader.Email), CanCall: reader.Phone != "",
		Customer: customer.Name, CustomerPhone: lang.Phone(customer.Phone),
		Apart: n.Recipient.Role == repair.Approver, Decides: n.Decides,
		Car: vehicle.Description, Model: model(vehicle.Description),
		Plate: locale.Plate(vehicle.Plate, vehicle.Country), Ref: n.ExternalRef,
		Mechanic: mechanicName(g, n.Mechanic),
		ReadyAt:  n.ReadyAt, PreviousReadyAt: n.PreviousReadyAt,
		Agreed: n.AgreedTotal, ApprovedTotal: n.ApprovedTotal, Total: n.Total,
		Decision: n.Decision, Method: n.Method, Decider: evidence.Name,
		Callback: n.MessageKind == repair.Callback, Author: n.From.Role, Writer: mechanicName(g, n.From),
	}
	if l.Author == repair.Mechanic && l.Writer == "" {
		l.Author = "" // the garage writes
	}
	if text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")); text != "" {
		l.Text = strings.Split(text, "\n")
	}
	l.Deadline, l.AnswerAsked = n.AnswerBy, true
	if !l.Deadline.After(now) {
		l.Deadline, l.AnswerAsked = n.ExpiresAt, false
	}
	l.Done, l.DoneTitles, _ = l.summary(n.Done)
	_, _, l.DeclinedTitles = l.summary(n.Declined)
	if n.Quote != nil {
		l.quote(n.Quote)
		l.answers(n.Quote, n.Answers, evidence.Texts)
	}
	r.links(l, n)
	return l, nil
}

// links signs the reader's link. It expires by when the notification was first
// asked for, so that every attempt holds the same link.
func (r *renderer) links(l *letter, n *schemas.NotificationRequested) {
	if n.Recipient.Role.Staff() {
		l.StaffLink = strings.ReplaceAll(r.StaffURL, "{repair}", url.PathEscape(n.AggregateID))
		return
	}
	claims := link.Claims{
		Garage: n.GarageID, Repair: n.AggregateID, Audience: link.Customer, Lang: string(l.Lang),
		Expires: n.FirstRequestedAt.Add(r.LinkLifetime),
	}
	if n.Decides {
		claims.Audience = link.Approver
	}
	l.Link = strings.TrimRight(r.PublicURL, "/") + "/c/" + r.LinkKeys.Sign(claims)
}

// opener opens personal parts and keeps the first error.
type opener struct {
	ctx   context.Context //nolint:containedctx // lives as long as one call
	codec *schemas.Codec
	err   error
}

func open[T any](o *opener, p repair.Personal) T {
	t, err := schemas.Open[T](o.ctx, o.codec, p)
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("open personal data: %w", err)
	}
	return t
}

func (o *opener) contact(c repair.Contact) repair.ContactDetails {
	d := open[repair.ContactDetails](o, c.Personal)
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

// summary lists jobs below each other and in a sentence. Who only drives is not
// told what somebody else pays.
func (l *letter) summary(done []schemas.DoneLine) (jobs []job, titles, priced string) {
	var plain, withPrice []string
	for _, d := range done {
		j, title := job{Title: d.Title}, lowerFirst(d.Title)
		plain = append(plain, title)
		if l.Decides {
			j.Price = l.Money(d.Total)
			title += " (" + j.Price + ")"
		}
		jobs, withPrice = append(jobs, j), append(withPrice, title)
	}
	return jobs, l.Lang.And(plain...), l.Lang.And(withPrice...)
}

func (l *letter) quote(q *repair.Quote) {
	l.QuoteTotal, l.currency = q.Total, q.Currency
	for _, line := range q.Lines {
		l.Jobs = append(l.Jobs, job{
			Number: line.Number, Title: line.Title, Price: l.Money(line.Total),
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
			vat = append(vat, words[l.Lang].vat(l.Money(v.Amount), ""))
		default:
			vat = append(vat, words[l.Lang].vat(l.Money(v.Amount), l.Lang.VAT(string(v.Rate))))
		}
	}
	l.VAT = l.Lang.And(vat...)
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
			what = words[l.Lang].labour
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
	for _, line := range q.Lines {
		a, ok := answered[line.Number]
		if !ok {
			continue
		}
		note := words[l.Lang].approved
		if a.Answer == repair.Approve {
			l.DecidedTotal += line.Total
			approved = append(approved, lowerFirst(line.Title))
		} else {
			note = words[l.Lang].rejected
			if a.Reason != "" {
				note += ": " + lowerFirst(l.Lang.RejectReason(string(a.Reason)))
			}
		}
		l.Answers = append(l.Answers, job{Title: line.Title, Price: l.Money(line.Total), Note: note, Details: remarks[line.Number]})
	}
	l.ApprovedTitles = l.Lang.And(approved...)
}

// words are those that stand between values, where a template cannot.
var words = map[locale.Lang]struct {
	labour, approved, rejected string
	counts                     []string
	vat                        func(amount, rate string) string
}{
	locale.NL: {
		labour: "arbeid", approved: "Akkoord", rejected: "Niet akkoord",
		counts: []string{"nul", "één", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen", "tien", "elf", "twaalf"},
		vat: func(amount, rate string) string {
			if rate == "" {
				rate = "btw"
			}
			return amount + " " + rate
		},
	},
	locale.EN: {
		labour: "labour", approved: "Approved", rejected: "Rejected",
		counts: []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"},
		vat: func(amount, rate string) string {
			if rate == "" {
				rate = "VAT"
			}
			return rate + " " + amount
		},
	},
}

// Money writes an amount in the notification's currency.
func (l *letter) Money(minor int64) string { return l.Lang.Money(minor, l.currency) }

// Time, Clock, Date, Day and DayWord write a moment as the garage's clocks show it.
func (l *letter) Time(t time.Time) string { return l.Lang.Time(t, l.Garage.Location()) }

func (l *letter) Clock(t time.Time) string {
	hour, minute, _ := t.In(l.Garage.Location()).Clock()
	return l.Lang.Clock(hour*60 + minute)
}

func (l *letter) Date(t time.Time) string { return l.Lang.Date(t, l.now, l.Garage.Location()) }

func (l *letter) Day(t time.Time) string { return l.Lang.DayAndDate(t, l.now, l.Garage.Location()) }

func (l *letter) DayWord(t time.Time) string { return l.Lang.Day(t, l.now, l.Garage.Location()) }

// PartOfDay says when it began.
func (l *letter) PartOfDay() string { return l.Lang.PartOfDay(l.since, l.now, l.Garage.Location()) }

// IsToday reports whether t is on the day the mail is written.
func (l *letter) IsToday(t time.Time) bool { return l.SameDay(t, l.now) }

// SameDay reports whether two moments share a day at the garage.
func (l *letter) SameDay(a, b time.Time) bool {
	return a.In(l.Garage.Location()).Format(time.DateOnly) == b.In(l.Garage.Location()).Format(time.DateOnly)
}

// Hours are the garage's opening hours in words.
func (l *letter) Hours() string { return l.Garage.OpeningHoursText(l.Lang, l.now) }

// Phone is the garage's number for reading, Dial for dialling.
func (l *letter) Phone() string { return l.Lang.Phone(l.Garage.Phone) }

// Dial is the garage's number in E.164.
func (l *letter) Dial() string { return l.Garage.Phone }

// Count is the number of jobs in words.
func (l *letter) Count() string {
	if counts := words[l.Lang].counts; len(l.Jobs) < len(counts) {
		return counts[len(l.Jobs)]
	}
	return strconv.Itoa(len(l.Jobs))
}

// TotalThen is what there is to pay if every line is approved.
func (l *letter) TotalThen() int64 { return l.ApprovedTotal + l.QuoteTotal }

// ReadyThen reports whether an answer in time keeps a promise that is still to come.
func (l *letter) ReadyThen() bool { return l.ReadyAt.After(l.Deadline) }

// Agreement compares the total with what was agreed: same, less, more, or empty
// where nothing was.
func (l *letter) Agreement() string {
	switch {
	case l.ApprovedTotal == 0:
		return ""
	case l.Total == l.ApprovedTotal:
		return "same"
	case l.Total < l.ApprovedTotal:
		return "less"
	}
	return "more"
}

// Difference is how far the total is from what was agreed.
func (l *letter) Difference() int64 { return max(l.Total-l.ApprovedTotal, l.ApprovedTotal-l.Total) }

// Upper begins a sentence.
func (l *letter) Upper(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// pickup is when a car can be collected: today From (if not at once) Until, or Next.
type pickup struct{ From, Until, Next time.Time }

// Pickup follows the calendar: closures, lunch and all.
func (l *letter) Pickup() pickup {
	var p pickup
	c, opens := l.Garage.Calendar(), l.Garage.Calendar().NextOpen(l.now)
	if !l.IsToday(opens) {
		return pickup{Next: opens}
	}
	p.Until, _ = c.CloseOfDay(l.now)
	if opens.After(l.now) {
		p.From = opens
	}
	p.Next = c.NextOpen(p.Until)
	return p
}

// lowerFirst is a title within a sentence: "Kleine beurt" is "kleine beurt",
// but APK stays APK.
func lowerFirst(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	if second, _ := utf8.DecodeRuneInString(s[n:]); unicode.IsUpper(first) && unicode.IsLower(second) {
		return string(unicode.ToLower(first)) + s[n:]
	}
	return s
}

// makes of cars whose name is longer than the first word, and those that are
// written before a model often enough to shorten a subject by.
var makes = strings.Split("Alfa Romeo,Aston Martin,Land Rover,Audi,BMW,BYD,Citroën,Cupra,Dacia,DS,Fiat,Ford,Honda,Hyundai,Jaguar,Jeep,Kia,Lexus,"+
	"Mazda,Mercedes-Benz,Mercedes,MG,Mini,Mitsubishi,Nissan,Opel,Peugeot,Polestar,Porsche,Renault,Saab,Seat,Skoda,Škoda,Smart,Subaru,Suzuki,"+
	"Tesla,Toyota,Volkswagen,Volvo,VW", ",")

// model is a car without its make: "Volkswagen Golf" is "Golf".
func model(car string) string {
	for _, m := range makes {
		if n := len(m) + 1; len(car) > n && strings.EqualFold(car[:n], m+" ") {
			return strings.TrimSpace(car[n:])
		}
	}
	return car
}
