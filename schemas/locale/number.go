package locale

import (
	"math"
	"strconv"
	"strings"

	"github.com/bojanz/currency"
)

// The CLDR formats of the two languages. A Formatter is only read once built.
var money = map[Lang]*currency.Formatter{
	NL: currency.NewFormatter(currency.NewLocale("nl")),
	EN: currency.NewFormatter(currency.NewLocale("en")),
}

// Money writes an amount in minor units of an ISO 4217 currency: "€ 387,95"
// (with a no-break space), "€387.95". A code that is no currency is written
// out beside the bare number of units, so that the amount is never wrong by a
// power of ten.
func (l Lang) Money(minor int64, code string) string {
	amount, err := currency.NewAmountFromInt64(minor, code)
	if err != nil {
		return strings.TrimSpace(code + "\u00a0" + strconv.FormatInt(minor, 10))
	}
	return money[l.known()].Format(amount)
}

// Amount writes an amount in major units, as queries compute it, the way Money
// does.
func (l Lang) Amount(major float64, code string) string {
	digits, ok := currency.GetDigits(code)
	if !ok {
		return strings.TrimSpace(code + "\u00a0" + l.Quantity(strconv.FormatFloat(major, 'f', 2, 64)))
	}
	return l.Money(int64(math.Round(major*math.Pow10(int(digits)))), code)
}

// Quantity writes a decimal such as "1.20" the way the language does, without
// trailing zeros: "1,2", "1.2".
func (l Lang) Quantity(decimal string) string {
	if strings.Contains(decimal, ".") {
		decimal = strings.TrimRight(strings.TrimRight(decimal, "0"), ".")
	}
	if l.known() == NL {
		return strings.Replace(decimal, ".", ",", 1)
	}
	return decimal
}

// Hours writes a decimal number of hours of labour: "1,2 uur", "1.2 hours".
func (l Lang) Hours(decimal string) string {
	n := l.Quantity(decimal)
	switch {
	case l.known() == NL:
		return n + " uur"
	case n == "1":
		return n + " hour"
	default:
		return n + " hours"
	}
}

// known returns l, or the default for a Lang that did not come from Fold.
func (l Lang) known() Lang { return Fold(string(l)) }

// Count returns a number as a letter has it, in words up to twelve: "drie", "three".
// Zero is "nul" in Dutch and "no" in English, as in "no jobs".
func (l Lang) Count(n int) string {
	if n < 0 || n >= len(counts) {
		return strconv.Itoa(n)
	}
	return counts[n].In(l)
}

var counts = []Text{
	{NL: "nul", EN: "no"},
	{NL: "één", EN: "one"},
	{NL: "twee", EN: "two"},
	{NL: "drie", EN: "three"},
	{NL: "vier", EN: "four"},
	{NL: "vijf", EN: "five"},
	{NL: "zes", EN: "six"},
	{NL: "zeven", EN: "seven"},
	{NL: "acht", EN: "eight"},
	{NL: "negen", EN: "nine"},
	{NL: "tien", EN: "ten"},
	{NL: "elf", EN: "eleven"},
	{NL: "twaalf", EN: "twelve"},
}
