package repair

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func sealed(text string) Personal { return Personal{Bytes: []byte(text)} }

func TestCorrectionsMerge(t *testing.T) {
	whole := Contact{ID: "c1", Language: "nl", Channels: []Channel{Email, Phone}, Personal: sealed("all"), Address: "digest"}
	phone := Contact{Channels: []Channel{Phone}, Corrected: []Correction{{ContactPhone, sealed("phone")}}}
	email := Contact{Channels: []Channel{Email}, Address: "new", Corrected: []Correction{{ContactEmail, sealed("email")}}}
	for _, tt := range []struct {
		name   string
		before Contact
		change Contact
		fields []ContactField
		want   Contact
	}{
		{"all of it, as an earlier version sent it", whole, email, nil, email},
		{"a phone number", whole, phone, []ContactField{ContactPhone}, Contact{
			ID: "c1", Language: "nl", Channels: []Channel{Email, Phone}, Personal: sealed("all"), Address: "digest", Corrected: phone.Corrected,
		}},
		{"an e-mail address after it", whole.merge(phone, []ContactField{ContactPhone}), email, []ContactField{ContactEmail}, Contact{
			ID: "c1", Language: "nl", Channels: []Channel{Phone, Email}, Personal: sealed("all"), Address: "new",
			Corrected: []Correction{{ContactPhone, sealed("phone")}, {ContactEmail, sealed("email")}},
		}},
		{"the phone number again", whole.merge(phone, []ContactField{ContactPhone}), Contact{Corrected: []Correction{{ContactPhone, Personal{}}}}, []ContactField{ContactPhone}, Contact{
			ID: "c1", Language: "nl", Channels: []Channel{Email}, Personal: sealed("all"), Address: "digest", Corrected: []Correction{{Field: ContactPhone}},
		}},
		{"the id and the language", whole, Contact{Language: "en"}, []ContactField{ContactID, ContactLanguage}, Contact{
			Language: "en", Channels: []Channel{Email, Phone}, Personal: sealed("all"), Address: "digest",
		}},
	} {
		if diff := cmp.Diff(tt.want, tt.before.merge(tt.change, tt.fields)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// Corrections of different fields come to the same in any order, and none grows the
// contact without end.
func TestCorrectionsOfDifferentFieldsCommute(t *testing.T) {
	fields := []ContactField{ContactID, ContactLanguage, ContactName, ContactEmail, ContactPhone}
	draw := func(t *rapid.T, label string) Contact {
		c := Contact{ID: rapid.String().Draw(t, label+" id"), Language: rapid.String().Draw(t, label+" language"), Address: rapid.String().Draw(t, label+" address")}
		for _, f := range fields[2:] {
			c.Corrected = append(c.Corrected, Correction{f, sealed(rapid.String().Draw(t, label+string(f)))})
		}
		if rapid.Bool().Draw(t, label+" reachable") {
			c.Channels = []Channel{Email, Phone}
		}
		return c
	}
	rapid.Check(t, func(t *rapid.T) {
		before, a, b := draw(t, "before"), draw(t, "a"), draw(t, "b")
		order := rapid.Permutation(fields).Draw(t, "order")
		cut := rapid.IntRange(1, 4).Draw(t, "cut")
		sorted := func(c Contact) Contact {
			slices.Sort(c.Channels)
			slices.SortFunc(c.Corrected, func(a, b Correction) int { return slices.Index(fields, a.Field) - slices.Index(fields, b.Field) })
			return c
		}
		one := sorted(before.merge(a, order[:cut]).merge(b, order[cut:]))
		other := sorted(before.merge(b, order[cut:]).merge(a, order[:cut]))
		if diff := cmp.Diff(one, other); diff != "" {
			t.Errorf("%v, then %v (-one +other):\n%s", order[:cut], order[cut:], diff)
		}
		if len(one.Corrected) > 3 {
			t.Errorf("%d corrections", len(one.Corrected))
		}
	})
}
