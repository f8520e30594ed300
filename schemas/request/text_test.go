package request

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
		{"a stack of selectors", "❤\ufe0f\ufe0f\ufe0e", "❤\ufe0f"},
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
	odd := []rune("a é👩🏴❤\u200d\ufe0f\u202e\u2066\u200b\u00ad\u0301\U000e0067\U000e007f\u3164\n")
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
