package locale

import (
	"testing"

	"pgregory.net/rapid"
)

func TestPlate(t *testing.T) {
	for _, tc := range []struct{ bare, country, want string }{
		{"AB1234", "NL", "AB-12-34"}, // sidecode 1
		{"1234AB", "NL", "12-34-AB"},
		{"12AB34", "NL", "12-AB-34"},
		{"AB12CD", "NL", "AB-12-CD"},
		{"ABCD12", "NL", "AB-CD-12"}, // 5
		{"12ABCD", "NL", "12-AB-CD"},
		{"12ABC3", "NL", "12-ABC-3"},
		{"1ABC23", "NL", "1-ABC-23"},
		{"AB123C", "NL", "AB-123-C"},
		{"K482TR", "NL", "K-482-TR"}, // 10
		{"ABC12D", "NL", "ABC-12-D"},
		{"A12BCD", "NL", "A-12-BCD"},
		{"1AB234", "NL", "1-AB-234"},
		{"123AB4", "NL", "123-AB-4"}, // 14

		{"K482TR", "", "K-482-TR"},
		{"K482TR", "nl", "K-482-TR"},
		{"K482TR", "DE", "K482TR"},
		{"1ABC234", "BE", "1ABC234"},
		{"1ABC234", "NL", "1ABC234"},
		{"ABCDEF", "NL", "ABCDEF"},
		{"123456", "NL", "123456"},
		{"ÄB1234", "NL", "ÄB1234"},
		{"k482tr", "NL", "k482tr"}, // not as stored
		{"", "NL", ""},
	} {
		if got := Plate(tc.bare, tc.country); got != tc.want {
			t.Errorf("Plate(%q, %q) = %q, want %q", tc.bare, tc.country, got, tc.want)
		}
	}
	if len(sidecodes) != 14 {
		t.Errorf("%d sidecodes, want 14: two have the same pattern", len(sidecodes))
	}
}

func TestNormalizePlate(t *testing.T) {
	for plate, want := range map[string]string{
		"K-482-TR": "K482TR", " k 482 tr ": "K482TR", "k–482‑tr": "K482TR", "1-abc-234": "1ABC234", "Mü·AB 12": "MÜAB12", "": "",
	} {
		if got := NormalizePlate(plate); got != want {
			t.Errorf("NormalizePlate(%q) = %q, want %q", plate, got, want)
		}
	}
}

// What the customer reads can be typed into a search box and is found.
func TestShownPlateIsTheStoredOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stored := NormalizePlate(rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Z0-9]{6}`)).Draw(t, "plate"))
		shown := Plate(stored, rapid.SampledFrom([]string{"", "NL", "BE"}).Draw(t, "country"))
		if got := NormalizePlate(shown); got != stored {
			t.Fatalf("%q is shown as %q, which is stored as %q", stored, shown, got)
		}
	})
}
