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

// Urgency returns the sentence under a line of a quote for its urgency ("safety",
// "soon" or "advice").
func (l Lang) Urgency(urgency string) string { return l.label("urgency.", urgency) }

// RejectReason names why a customer rejected a line ("price", "later",
// "elsewhere" or "other"), as the choice on the page.
func (l Lang) RejectReason(reason string) string { return l.label("reject.", reason) }

// And joins items in a sentence: "a", "a en b", "a, b and c".
func (l Lang) And(items ...string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " " + l.label("", "and") + " " + items[last]
}

// label looks a label up. A code without one shows as itself, so that a gap is
// visible and not silently blank.
func (l Lang) label(kind, code string) string {
	if text, ok := labels[l][kind+code]; ok {
		return text
	}
	return code
}

var labels = map[Lang]map[string]string{
	NL: {
		"and":              "en",
		"vat.21":           "21% btw",
		"vat.9":            "9% btw",
		"vat.0":            "0% btw",
		"vat.none":         "geen btw",
		"vat.incl":         "incl. btw",
		"vat.excl":         "excl. btw",
		"urgency.safety":   "Nodig voor uw veiligheid.",
		"urgency.soon":     "Binnenkort nodig.",
		"urgency.advice":   "Advies, kan ook later.",
		"reject.price":     "De prijs is te hoog",
		"reject.later":     "Liever een andere keer",
		"reject.elsewhere": "Ik laat het ergens anders doen",
		"reject.other":     "Een andere reden",
	},
	EN: {
		"and":              "and",
		"vat.21":           "21% VAT",
		"vat.9":            "9% VAT",
		"vat.0":            "0% VAT",
		"vat.none":         "no VAT",
		"vat.incl":         "incl. VAT",
		"vat.excl":         "excl. VAT",
		"urgency.safety":   "Needed for your safety.",
		"urgency.soon":     "Needed soon.",
		"urgency.advice":   "Advice, can wait.",
		"reject.price":     "The price is too high",
		"reject.later":     "I would rather do it another time",
		"reject.elsewhere": "I will have it done elsewhere",
		"reject.other":     "Another reason",
	},
}
