package locale

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestWords shows everything a customer can be told, in each language. A
// no-break space is written as ~.
func TestWords(t *testing.T) {
	amsterdam, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, time.May, 20, 12, 0, 0, 0, time.UTC) // 14.00 in Amsterdam
	for _, l := range Langs {
		t.Run(string(l), func(t *testing.T) {
			var b strings.Builder
			row := func(call, text string) {
				fmt.Fprintf(&b, "%-28s %s\n", call, strings.ReplaceAll(text, "\u00a0", "~"))
			}
			for _, m := range []struct {
				minor int64
				code  string
			}{
				{38795, "EUR"},
				{6733, "EUR"},
				{5, "EUR"},
				{0, "EUR"},
				{-500, "EUR"},
				{123456789, "EUR"},
				{38795, "USD"},
				{38795, "GBP"},
				{38795, "JPY"},
				{38795, "KWD"},
				{38795, "???"},
			} {
				row(fmt.Sprintf("Money %d %s", m.minor, m.code), l.Money(m.minor, m.code))
			}
			for _, code := range []string{"EUR", "JPY", "KWD", "???"} {
				row("Amount 387.95 "+code, l.Amount(387.95, code))
			}
			for _, q := range []string{"1.2", "1.20", "2", "2.0", "10", "0.25"} {
				row("Quantity "+q, l.Quantity(q))
			}
			for _, q := range []string{"1", "1.0", "1.2", "10"} {
				row("Hours "+q, l.Hours(q))
			}
			for _, p := range []string{
				"+31301234567", "+31612345678", "+31513123456", "+31851234567", "+318001234", "+31900123456",
				"+3222222222", "+313012345678", "030-1234567", "+3130123456x", "",
			} {
				row("Phone "+p, l.Phone(p))
			}
			for _, at := range []time.Time{
				now, now.Add(-6 * time.Hour), now.Add(-11 * time.Hour), now.Add(5 * time.Hour),
				now.Add(9*time.Hour + 59*time.Minute), now.Add(10 * time.Hour), now.AddDate(0, 0, -1), now.AddDate(0, 0, 2),
				time.Date(2026, time.January, 5, 7, 5, 0, 0, time.UTC), time.Date(2026, time.December, 31, 23, 0, 0, 0, time.UTC),
			} {
				when := at.In(amsterdam).Format("Jan 02 15:04")
				row(when+" Time", l.Time(at, amsterdam))
				row(when+" Date", l.Date(at, now, amsterdam))
				row(when+" Day", l.Day(at, now, amsterdam))
				row(when+" DayAndDate", l.DayAndDate(at, now, amsterdam))
				row(when+" PartOfDay", l.PartOfDay(at, now, amsterdam))
			}
			for day := range 7 {
				row("ShortWeekday", l.ShortWeekday(time.Weekday(day)))
			}
			for _, rate := range []string{"21", "9", "0", "none"} {
				row("VAT "+rate, l.VAT(rate))
			}
			row("And 1", l.And("a"))
			row("And 2", l.And("a", "b"))
			row("And 3", l.And("a", "b", "c"))
			row("InclVAT", l.InclVAT())
			row("ExclVAT", l.ExclVAT())
			for _, u := range []string{"safety", "soon", "advice", "other"} {
				row("Urgency "+u, l.Urgency(u))
			}
			for _, r := range []string{"price", "later", "elsewhere", "other", "whim"} {
				row("RejectReason "+r, l.RejectReason(r))
			}

			golden := filepath.Join("testdata", string(l)+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), b.String()); diff != "" {
				t.Errorf("%s differs (-want +got); rewrite it with -update:\n%s", golden, diff)
			}
		})
	}
}

func TestEveryWordIsInEveryLanguage(t *testing.T) {
	for _, l := range Langs {
		for code, text := range labels {
			if text.In(l) == "" {
				t.Errorf("%s has no label %q", l, code)
			}
		}
		for n, text := range counts {
			if text.In(l) == "" {
				t.Errorf("%s has no word for %d", l, n)
			}
		}
		if money[l] == nil {
			t.Errorf("%s has no money format", l)
		}
		n := reflect.ValueOf(names[l])
		for i := range n.NumField() {
			field := n.Field(i)
			if field.Kind() == reflect.String {
				if field.Len() == 0 {
					t.Errorf("%s has no %s", l, n.Type().Field(i).Name)
				}
				continue
			}
			for j := range field.Len() {
				if field.Index(j).Len() == 0 {
					t.Errorf("%s has no %s[%d]", l, n.Type().Field(i).Name, j)
				}
			}
		}
	}
}

// What a page or a mail says, and what it shows of a gap.
func TestVoice(t *testing.T) {
	texts := Texts{"found": {NL: "%s dingen van 100%%", EN: "%s things of 100%%"}, "rate": {NL: "100%", EN: "100%"}}
	for _, tc := range []struct{ got, want string }{
		{Voice{NL, texts}.T("found", NL.Count(3)), "drie dingen van 100%"},
		{Voice{EN, texts}.T("found", EN.Count(0)), "no things of 100%"},
		{Voice{EN, texts}.T("found", EN.Count(13)), "13 things of 100%"},
		{Voice{NL, texts}.T("found", NL.Count(-1)), "-1 dingen van 100%"},
		{Voice{EN, texts}.T("rate"), "100%"},
		{Voice{EN, texts}.T("lost", 1), "lost"},
	} {
		if tc.got != tc.want {
			t.Errorf("%q, want %q", tc.got, tc.want)
		}
	}
}

func TestFold(t *testing.T) {
	for _, tc := range []struct {
		tags []string
		want Lang
	}{
		{nil, NL},
		{[]string{""}, NL},
		{[]string{"nl-BE"}, NL},
		{[]string{"en-GB", "nl"}, EN},
		{[]string{"EN_us"}, EN},
		{[]string{" en ", "nl"}, EN},
		{[]string{"", "en"}, EN},
		{[]string{"pl", "en-GB"}, EN},
		{[]string{"pl", "tr"}, NL},
		{[]string{"english", "en"}, EN},
		{[]string{"nlx"}, NL},
	} {
		if got := Fold(tc.tags...); got != tc.want {
			t.Errorf("Fold(%q) = %q, want %q", tc.tags, got, tc.want)
		}
	}
}
