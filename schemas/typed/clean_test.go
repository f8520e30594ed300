package typed

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestClean(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"plain", "J. de Vries", "J. de Vries"},
		{"spaces around it", " \u00a0J. de Vries\u2003\n", "J. de Vries"},
		{"an override of the direction", "J. de Vries \u202efdp.exe\u202c", "J. de Vries fdp.exe"},
		{"isolates and marks", "\u2066a\u2069\u200eb\u200f\u061cc", "abc"},
		{"no width", "Vol\u200bks\u2060wa\ufeffgen\u00ad \u180eGolf\u200c", "Volkswagen Golf"},
		{"nothing to be seen", "\u200b \ufe0f", ""},
		{"fillers", "\u115f\u1160\u3164\uffa0\u034f", ""},
		{"decomposed", "Rene\u0301", "René"},
		{"a heart", "❤\ufe0f", "❤\ufe0f"},
		{"a family", "👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"},
		{"a pride flag", "🏳\ufe0f\u200d🌈", "🏳\ufe0f\u200d🌈"},
		{"a mechanic with a skin tone", "👩\U0001f3fd\u200d🔧", "👩\U0001f3fd\u200d🔧"},
		{"a head that shakes", "🙂\u200d↔\ufe0f", "🙂\u200d↔\ufe0f"},
		{"the flag of Scotland", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"},
		{"a joiner between letters", "a\u200db", "ab"},
		{"a joiner at the end", "👩\u200d", "👩"},
		{"a hidden message after a letter", "a\U000e0067\U000e0062", "a"},
		{"a flag of a region without an end", "🏴\U000e0067\U000e0062", "🏴"},
		{"one with a code too long", "🏴" + strings.Repeat("\U000e0061", 7) + "\U000e007f!", "🏴!"},
		{"one without a code", "🏴\U000e007f", "🏴"},
		{"a message in tags after a region", "🏴\U000e0075\U000e0073\U000e0063\U000e0061\U000e007f\U000e0068\U000e007f", "🏴\U000e0075\U000e0073\U000e0063\U000e0061\U000e007f"},
		{"tags that are neither letters nor digits", "🏴\U000e0020\U000e007f", "🏴"},
		{"a pirate's flag", "🏴\u200d☠\ufe0f", "🏴\u200d☠\ufe0f"},
		{"a selector after a letter", "a\ufe0fb\ufe01c\U000e0100", "abc"},
		{"a key on a telephone", "Toets 1\ufe0f\u20e3 of #\ufe0f\u20e3", "Toets 1\ufe0f\u20e3 of #\ufe0f\u20e3"},
		{"a digit as no key", "1\ufe0f5", "15"},
		{"the form of an ideograph", "葛\U000e0100城", "葛\U000e0100城"},
		{"a message in selectors after an emoji", "😊\U000e0158\U000e0155\ufe00", "😊"},
		{"a joiner between an ideograph and an emoji", "葛\U000e0100\u200d👧", "葛\U000e0100👧"},
		{"joiners in a row", "👩\u200d\u200d👧", "👩\u200d👧"},
		{"a joiner before a selector", "👩\u200d\ufe0f👧", "👩\ufe0f👧"},
		{"a stack of selectors", "❤\ufe0f\ufe0f\ufe0e", "❤\ufe0f"},
		{"a joiner before what composes to no emoji", "👩\u200d↔\u200b\u0338", "👩↮"},
		{"an Arabic number sign", "\u0601123", "\u0601123"},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
	} {
		if got := Clean(tt.text); got != tt.want {
			t.Errorf("%s: %+q became %+q, want %+q", tt.name, tt.text, got, tt.want)
		}
	}
}

// Whatever is cleaned is clean, UTF-8 and composed, and holds nothing that turns the
// text around it.
func TestCleanIsClean(t *testing.T) {
	odd := []rune("a1 é👩🏴❤↔葛\u200d\ufe0f\ufe00\u20e3\u202e\u2066\u200b\u00ad\u0301\u0338\U000e0067\U000e007f\U000e0100\u3164\n")
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.OneOf(rapid.SampledFrom(odd), rapid.Rune())).Draw(t, "text"))
		got := Clean(s)
		if again := Clean(got); again != got {
			t.Errorf("%+q became %+q, then %+q", s, got, again)
		}
		if !utf8.ValidString(got) || !norm.NFC.IsNormalString(got) || strings.ContainsFunc(got, func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }) {
			t.Errorf("%+q became %+q", s, got)
		}
	})
}

// FuzzClean looks for texts that are not clean after all.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"J. de Vries", "👩🏽\u200d🔧", "🏴\U000e0067\U000e0062\U000e007f", "葛\U000e0100", "1\ufe0f\u20e3", "a\u200d\ufe0f\u0301\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if again := Clean(got); again != got || !utf8.ValidString(got) || len(got) > 3*len(s) {
			t.Errorf("%+q became %+q, then %+q", s, got, again)
		}
	})
}
