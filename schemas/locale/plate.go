package locale

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// sidecodes are the Dutch plate series ("sidecodes" 1 to 14, in this order):
// the bare pattern, with X for a letter and 9 for a digit, and the same with
// its hyphens. No two have the same bare pattern.
var sidecodes = func() map[string]string {
	bare := make(map[string]string)
	for _, code := range []string{
		"XX-99-99", "99-99-XX", "99-XX-99", "XX-99-XX", "XX-XX-99", "99-XX-XX", "99-XXX-9",
		"9-XXX-99", "XX-999-X", "X-999-XX", "XXX-99-X", "X-99-XXX", "9-XX-999", "999-XX-9",
	} {
		bare[strings.ReplaceAll(code, "-", "")] = code
	}
	return bare
}()

// NormalizePlate returns a plate as it is stored and compared: upper case,
// letters and digits only ("k-482-tr" is K482TR), each letter one character however it
// was composed.
func NormalizePlate(plate string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, norm.NFKC.String(plate))
}

// Plate shows a stored plate: a Dutch one with the hyphens of its sidecode
// (K482TR is K-482-TR), any other unchanged. country is an ISO 3166 code;
// empty counts as NL.
func Plate(plate, country string) string {
	if country != "" && !strings.EqualFold(country, "NL") {
		return plate
	}
	pattern := strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return 'X'
		case '0' <= r && r <= '9':
			return '9'
		}
		return '?'
	}, plate)
	code, ok := sidecodes[pattern]
	if !ok {
		return plate
	}
	var b strings.Builder
	i := 0
	for _, r := range code {
		if r == '-' {
			b.WriteByte('-')
			continue
		}
		b.WriteByte(plate[i])
		i++
	}
	return b.String()
}
