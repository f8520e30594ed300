package locale

import "strings"

// shortAreas are the Dutch two-digit area codes (after the trunk 0) and the
// business prefixes written like them; all other areas have three digits.
const shortAreas = " 10 13 14 15 20 23 24 26 30 33 35 36 38 40 43 45 46 50 53 55 58" +
	" 70 71 72 73 74 75 76 77 78 79 85 88 "

// Phone shows a Dutch number stored in E.164 form the way a Dutch reader
// dials it, "030 – 123 45 67", and an English reader anywhere, "+31 30 123 45 67".
// What is not a Dutch subscriber number in that form is returned unchanged.
func (l Lang) Phone(number string) string {
	digits, dutch := strings.CutPrefix(number, "+31")
	if !dutch || len(digits) != 9 || strings.Trim(digits, "0123456789") != "" || digits[0] == '0' {
		return number
	}
	area, groups := digits[:3], []int{3, 3} // 0513 – 123 456
	switch {
	case digits[0] == '6':
		area, groups = digits[:1], []int{2, 2, 2, 2} // 06 – 12 34 56 78
	case strings.HasPrefix(digits, "80"), strings.HasPrefix(digits, "90"), strings.HasPrefix(digits, "97"):
		return number // service numbers have no fixed grouping
	case strings.Contains(shortAreas, " "+digits[:2]+" "):
		area, groups = digits[:2], []int{3, 2, 2} // 030 – 123 45 67
	}
	rest, parts := digits[len(area):], make([]string, 0, len(groups))
	for _, n := range groups {
		parts, rest = append(parts, rest[:n]), rest[n:]
	}
	if l.known() == NL {
		return "0" + area + " – " + strings.Join(parts, " ")
	}
	return "+31 " + area + " " + strings.Join(parts, " ")
}
