package request

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	joiner            = '\u200d'
	blackFlag         = '\U0001f3f4'
	blankBraille      = '\u2800'
	objectReplacement = '\ufffc'
)

// Clean returns a text as it is kept and compared: composed (NFC), without white space
// around it, and without what nobody sees: characters that turn the direction of the
// text around them, or that have no width. Of these, what holds an emoji together stays.
func Clean(s string) string {
	runes := []rune(strings.ToValidUTF8(s, "\ufffd"))
	kept := make([]rune, 0, len(runes))
	var last rune // of kept; 0: none
	for i, r := range runes {
		switch {
		case unicode.Is(unicode.Variation_Selector, r):
			if last == 0 || unicode.IsSpace(last) || unicode.Is(unicode.Variation_Selector, last) {
				continue
			}
		case r == joiner:
			if !emoji(last) || i+1 == len(runes) || !emoji(runes[i+1]) {
				continue
			}
		case tag(r):
			if last != blackFlag && !tag(last) {
				continue
			}
		case unseen(r):
			continue
		}
		kept, last = append(kept, r), r
	}
	return norm.NFC.String(strings.TrimSpace(string(kept)))
}

// unseen reports whether a character has no shape of its own: format characters other
// than the signs around Arabic numbers, fillers, joiners.
func unseen(r rune) bool {
	return r == blankBraille || r == objectReplacement || unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// emoji reports whether a character can stand beside a joiner within an emoji.
func emoji(r rune) bool {
	return unicode.Is(unicode.So, r) || unicode.Is(unicode.Variation_Selector, r) ||
		'\U0001f3fb' <= r && r <= '\U0001f3ff' || r == '\u2194' // skin tones; a head that shakes
}

// tag reports whether a character spells the name of a region after a black flag.
func tag(r rune) bool { return '\U000e0020' <= r && r <= '\U000e007f' }

// broken reports whether a character ends a line, or is a control character.
func broken(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }
