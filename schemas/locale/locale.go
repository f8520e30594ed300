// Package locale writes what customers read, in Dutch and in English: money,
// quantities, number plates, phone numbers, days and times, and the short
// labels that mails and pages share. It reads no clock and knows no garage:
// the present moment and the time zone are parameters.
package locale

import "strings"

// Lang is a language that customers are written to in.
type Lang string

// The languages every message exists in.
const (
	NL Lang = "nl"
	EN Lang = "en"
)

// Langs are all languages, the default one first.
var Langs = []Lang{NL, EN}

// Fold returns the language of the first tag that is known, comparing only
// the primary subtag ("nl-BE" is nl, "en_GB" is en). Pass the customer's
// preference first, then the garage's; if none is known it returns nl.
func Fold(tags ...string) Lang {
	for _, tag := range tags {
		primary, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(tag), "_", "-"), "-")
		for _, l := range Langs {
			if strings.EqualFold(primary, string(l)) {
				return l
			}
		}
	}
	return Langs[0]
}

// VAT names a VAT rate ("21", "9", "0" or "none"): "21% btw", "21% VAT".
func (l Lang) VAT(rate string) string { return l.label("vat.", rate) }

// InclVAT says that an amount includes VAT: "incl. btw", "incl. VAT".
func (l Lang) InclVAT() string { return l.label("vat.", "incl") }

// ExclVAT says that an amount excludes VAT: "excl. btw", "excl. VAT".
func (l Lang) ExclVAT() string { return l.label("vat.", "excl") }

// Price is Money of what somebody is asked to pay: nothing is "gratis", "free".
func (l Lang) Price(minor int64, code string) string {
	if minor == 0 {
		return l.label("", "free")
	}
	return l.Money(minor, code)
}

// Urgency returns the sentence under a line of a quote for its urgency ("safety",
// "soon" or "advice").
func (l Lang) Urgency(urgency string) string { return l.label("urgency.", urgency) }

// RejectReason names why a customer rejected a line ("price", "later",
// "elsewhere" or "other"), as the choice on the page.
func (l Lang) RejectReason(reason string) string { return l.label("reject.", reason) }

// And joins items in a sentence: "a", "a en b", "a, b and c".
func (l Lang) And(items ...string) string { return l.join("and", items) }

// Or lists items in a sentence of which one holds: "met pin, contant of met iDEAL".
func (l Lang) Or(items ...string) string { return l.join("or", items) }

func (l Lang) join(word string, items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " " + l.label("", word) + " " + items[last]
}

// label looks a label up. A code without one shows as itself, so that a gap is
// visible and not silently blank.
func (l Lang) label(kind, code string) string {
	if text, ok := labels[kind+code]; ok {
		return text.In(l)
	}
	return code
}

var labels = Texts{
	"and":              {NL: "en", EN: "and"},
	"or":               {NL: "of", EN: "or"},
	"free":             {NL: "gratis", EN: "free"},
	"vat.21":           {NL: "21% btw", EN: "21% VAT"},
	"vat.9":            {NL: "9% btw", EN: "9% VAT"},
	"vat.0":            {NL: "0% btw", EN: "0% VAT"},
	"vat.none":         {NL: "geen btw", EN: "no VAT"},
	"vat.incl":         {NL: "incl. btw", EN: "incl. VAT"},
	"vat.excl":         {NL: "excl. btw", EN: "excl. VAT"},
	"urgency.safety":   {NL: "Nodig voor uw veiligheid.", EN: "Needed for your safety."},
	"urgency.soon":     {NL: "Binnenkort nodig.", EN: "Needed soon."},
	"urgency.advice":   {NL: "Advies, kan ook later.", EN: "Advice, can wait."},
	"reject.price":     {NL: "De prijs is te hoog", EN: "The price is too high"},
	"reject.later":     {NL: "Liever een andere keer", EN: "I would rather do it another time"},
	"reject.elsewhere": {NL: "Ik laat het ergens anders doen", EN: "I will have it done elsewhere"},
	"reject.other":     {NL: "Een andere reden", EN: "Another reason"},
}
