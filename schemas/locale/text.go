package locale

import "fmt"

// Text is a text in every language.
type Text struct{ NL, EN string }

// In returns the text in a language.
func (t Text) In(l Lang) string {
	if l == EN {
		return t.EN
	}
	return t.NL
}

// Texts are the texts of a page or a mail, by key.
type Texts map[string]Text

// Voice returns texts in one language.
type Voice struct {
	Lang  Lang
	Texts Texts
}

// T returns the text of a key, with args filled in. A key without a text shows as
// itself, so that a gap is seen and not silently blank.
func (v Voice) T(key string, args ...any) string {
	text, ok := v.Texts[key]
	switch {
	case !ok:
		return key
	case len(args) == 0:
		return text.In(v.Lang)
	}
	return fmt.Sprintf(text.In(v.Lang), args...)
}
