package email

import (
	"cmp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"pitstop/schemas/locale"
	"pitstop/schemas/wording"
)

// words are those that stand between values, where a template cannot.
var words = locale.Texts{
	"callback": {NL: "wil teruggebeld worden", EN: "wants to be called back"},
	"labour":   {NL: "arbeid", EN: "labour"},
	"approved": {NL: "Akkoord", EN: "Approved"},
	"rejected": {NL: "Niet akkoord", EN: "Rejected"},
	"vat":      {NL: "%s btw", EN: "VAT %s"},
	"vat at":   {NL: "%[1]s %[2]s", EN: "%[2]s %[1]s"}, // amount, rate

	"was":     {NL: "%s (was %s)", EN: "%s (was %s)"},
	"new":     {NL: "%s (nieuw)", EN: "%s (new)"},
	"dropped": {NL: "vervalt", EN: "dropped"},

	"extra": {NL: "Extra werk aan", EN: "Extra work on"},
	"your":  {NL: "uw", EN: "your"},
	"the":   {NL: "de", EN: "the"},
	"car":   {NL: "auto", EN: "car"},
}

// word returns one of them in the mail's language.
func (l *letter) word(key string, args ...any) string {
	return locale.Voice{Lang: l.Lang, Texts: words}.T(key, args...)
}

// Money writes an amount in the notification's currency.
func (l *letter) Money(minor int64) string { return l.Lang.Money(minor, l.currency) }

// Price is Money of what is to be paid; nothing is free.
func (l *letter) Price(minor int64) string { return l.Lang.Price(minor, l.currency) }

// Time, Date and Day write a moment in the garage's time zone.
func (l *letter) Time(t time.Time) string { return l.Lang.Time(t, l.Garage.Location()) }

func (l *letter) Date(t time.Time) string { return l.Lang.Date(t, l.now, l.Garage.Location()) }

func (l *letter) Day(t time.Time) string { return l.Lang.DayAndDate(t, l.now, l.Garage.Location()) }

// PartOfDay says when it began.
func (l *letter) PartOfDay() string { return l.Lang.PartOfDay(l.since, l.now, l.Garage.Location()) }

// IsToday reports whether t is on the day the mail is written.
func (l *letter) IsToday(t time.Time) bool { return l.SameDay(t, l.now) }

// SameDay reports whether two moments share a day at the garage.
func (l *letter) SameDay(a, b time.Time) bool {
	return a.In(l.Garage.Location()).Format(time.DateOnly) == b.In(l.Garage.Location()).Format(time.DateOnly)
}

// Hours returns the garage's opening hours in words.
func (l *letter) Hours() string { return l.Garage.OpeningHoursText(l.Lang, l.now) }

// Phone returns the garage's number for reading, Dial for dialling.
func (l *letter) Phone() string { return l.Lang.Phone(l.Garage.Phone) }

// Dial returns the garage's number in E.164.
func (l *letter) Dial() string { return l.Garage.Phone }

// Count returns the number of jobs in words.
func (l *letter) Count() string { return l.Lang.Count(len(l.Jobs)) }

// TotalThen returns what there is to pay if every line is approved.
func (l *letter) TotalThen() int64 { return l.ApprovedTotal + l.QuoteTotal }

// inSight is how many characters of a subject a phone shows, more or less.
const inSight = 44

// ExtraWork begins the subject of a mail about a proposal: the car, as far as the price
// stays in sight, and the price.
func (l *letter) ExtraWork() string {
	whose, plate := l.word("your"), ""
	if l.Apart {
		whose = l.word("the")
	}
	if l.Plate != "" {
		plate = " (" + l.Plate + ")"
	}
	price, subject := l.Price(l.QuoteTotal), ""
	for _, car := range []string{whose + " " + cmp.Or(l.Model, l.word("car")) + plate, whose + " " + l.word("car") + plate, cmp.Or(l.Plate, whose+" "+l.word("car"))} {
		subject = l.word("extra") + " " + car + ", " + price
		if utf8.RuneCountInString(subject) <= inSight {
			break
		}
	}
	return subject
}

// teller writes what the customer's page says, too.
func (l *letter) teller() wording.Teller {
	return wording.Teller{Lang: l.Lang, Garage: l.Garage, Now: l.now}
}

// Follows says what follows an answer in time, and what follows none.
func (l *letter) Follows() string { return strings.Join(l.teller().Follows(l.question), " ") }

// Collect says when the car can be collected.
func (l *letter) Collect() string { return l.teller().Collect() }

// Payment says how the customer can pay; empty: nothing is known of it.
func (l *letter) Payment() string { return l.teller().Payment() }

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

// Difference returns how far the total is from what was agreed.
func (l *letter) Difference() int64 { return max(l.Total-l.ApprovedTotal, l.ApprovedTotal-l.Total) }

// Upper begins a sentence.
func (l *letter) Upper(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// lowerFirst returns a title as within a sentence: "Kleine beurt" is "kleine
// beurt", but APK stays APK.
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

// model returns a car without its make: "Volkswagen Golf" is "Golf".
func model(car string) string {
	for _, m := range makes {
		if n := len(m) + 1; len(car) > n && strings.EqualFold(car[:n], m+" ") {
			return strings.TrimSpace(car[n:])
		}
	}
	return car
}
