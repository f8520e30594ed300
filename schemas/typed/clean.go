// Package typed says what of the texts that people type is kept, and which addresses get
// mail: at every door, and in the garage file.
package typed

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	joiner            = '\u200d'
	keycap            = '\u20e3'
	blackFlag         = '\U0001f3f4'
	endTag            = '\U000e007f'
	blankBraille      = '\u2800'
	objectReplacement = '\ufffc'
)

// Clean returns a text as it is kept and compared: composed (NFC), without white space
// around it, and without what nobody sees: characters that turn the direction of the
// text around them, or that have no width. Of these stays what makes an emoji, or chooses
// the form of an ideograph. A clean text is its own.
func Clean(s string) string {
	for {
		c := clean(s)
		if c == s {
			return c
		}
		s = c
	}
}

// clean is Clean but for what is to be seen only when it is done: that without what nobody
// sees a character composes with the next, and is no emoji then.
func clean(s string) string {
	runes := []rune(norm.NFC.String(strings.ToValidUTF8(s, "\ufffd")))
	kept := make([]rune, 0, len(runes))
	var last rune // of kept; 0: none
	for len(runes) > 0 {
		r, rest := runes[0], runes[1:]
		n := 1
		switch {
		case r == blackFlag:
			n += region(rest)
		case unseen(r) && !binds(last, r, rest):
			runes = rest
			continue
		}
		kept = append(kept, runes[:n]...)
		last, runes = runes[n-1], runes[n:]
	}
	return norm.NFC.String(strings.TrimSpace(string(kept)))
}

// region returns how many characters after a black flag make it that of a region: its
// code in tags, and the tag that ends it.
func region(after []rune) int {
	for n, r := range after[:min(len(after), maxRegion+1)] {
		switch {
		case r == endTag && n > 0:
			return n + 1
		case !tagged(r):
			return 0
		}
	}
	return 0
}

// maxRegion is how many letters and digits the code of a region has.
const maxRegion = 6

func tagged(r rune) bool {
	return '\U000e0030' <= r && r <= '\U000e0039' || '\U000e0061' <= r && r <= '\U000e007a'
}

// binds reports whether a character that is not seen belongs between what was kept last
// and what follows it.
func binds(last, r rune, rest []rune) bool {
	var next rune
	if len(rest) > 0 {
		next = rest[0]
	}
	switch {
	case r == joiner:
		return (unicode.Is(emoji, last) || styles(last)) && unicode.Is(emoji, next)
	case styles(r):
		return unicode.Is(emoji, last) || next == keycap && strings.ContainsRune("0123456789#*", last)
	case unicode.Is(unicode.Variation_Selector, r):
		return unicode.Is(unicode.Han, last)
	}
	return false
}

// styles reports whether a character shows the one before as text, or as an emoji.
func styles(r rune) bool { return r == '\ufe0e' || r == '\ufe0f' }

// emoji are the characters that are pictures, or may be.
var emoji = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x00a9, 0x00ae, 5},
		{0x203c, 0x203c, 1},
		{0x2049, 0x2049, 1},
		{0x2122, 0x2139, 23},
		{0x2194, 0x2199, 1},
		{0x21a9, 0x21aa, 1},
		{0x231a, 0x231b, 1},
		{0x2328, 0x2328, 1},
		{0x23cf, 0x23cf, 1},
		{0x23e9, 0x23fa, 1},
		{0x24c2, 0x24c2, 1},
		{0x25aa, 0x25ab, 1},
		{0x25b6, 0x25c0, 10},
		{0x25fb, 0x25fe, 1},
		{0x2600, 0x27bf, 1},
		{0x2934, 0x2935, 1},
		{0x2b05, 0x2b07, 1},
		{0x2b1b, 0x2b1c, 1},
		{0x2b50, 0x2b55, 5},
		{0x3030, 0x303d, 13},
		{0x3297, 0x3299, 2},
	},
	R32:         []unicode.Range32{{0x1f000, 0x1faff, 1}},
	LatinOffset: 1,
}

// unseen reports whether a character has no shape of its own: format characters other
// than the signs around Arabic numbers, fillers, joiners, selectors of a form.
func unseen(r rune) bool {
	return r == blankBraille || r == objectReplacement ||
		unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// Broken reports whether a character ends a line, or is a control character.
func Broken(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }
