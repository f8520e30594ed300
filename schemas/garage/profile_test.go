package garage

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pitstop/schemas/locale"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// valid is a garage with nothing but what is needed.
func valid() Profile {
	return Profile{
		ID: "g", Name: "Garage G", Address: "Weg 1", City: "Assen", Phone: "+31592123456", ReplyTo: "g@garage.example",
		TimeZone: "Europe/Amsterdam", OpeningHours: []Hours{{Days: map[string]string{"mon-fri": "8:00-17:00"}}},
	}
}

func TestSample(t *testing.T) {
	book, err := Parse(Sample)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, p := range book.Garages() {
		ids = append(ids, p.ID)
	}
	if diff := cmp.Diff([]string{"de-brug", "noord"}, ids); diff != "" {
		t.Errorf("garages (-want +got):\n%s", diff)
	}
	p, ok := book.Garage("de-brug")
	if !ok || p.Name != "Garage De Brug" || locale.NL.Phone(p.Phone) != "030 – 123 45 67" || p.Lang() != locale.NL {
		t.Errorf("de-brug: %+v", p)
	}
	if m, ok := p.Mechanic("sam"); !ok || m.Name != "Sam" {
		t.Errorf("mechanic sam: %+v, %v", m, ok)
	}
	if m, ok := p.Mechanic("nobody"); ok {
		t.Errorf("mechanic nobody: %+v", m)
	}
	if p, ok := book.Garage("nowhere"); ok {
		t.Errorf("garage nowhere: %+v", p)
	}
}

func TestDefaults(t *testing.T) {
	none := valid()
	none.ID, none.Approval.RemindAfter = "none", []time.Duration{}
	book, err := NewBook(valid(), none)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := book.Garage("g")
	got := []any{p.Language, p.Currency, p.VAT, p.Approval}
	want := []any{"nl", "EUR", "21", Approval{
		AnswerWithin: time.Hour, RemindAfter: []time.Duration{time.Hour}, CallAfter: 2 * time.Hour, ExpiresOnDay: 2,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	if p, _ := book.Garage("none"); len(p.Approval.RemindAfter) != 0 {
		t.Errorf("an empty list of reminders became %v", p.Approval.RemindAfter)
	}
}

func TestMarshalIsParsedBack(t *testing.T) {
	none := valid()
	none.ID, none.Approval.RemindAfter = "none", []time.Duration{}
	none.Name = "Garage \"Quotes\": 'n #1 – äß"
	sampled, err := Parse(Sample)
	if err != nil {
		t.Fatal(err)
	}
	made, err := NewBook(valid(), none)
	if err != nil {
		t.Fatal(err)
	}
	for _, book := range []*Book{sampled, made} {
		data, err := book.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if diff := cmp.Diff(book.Garages(), again.Garages(), cmpopts.IgnoreUnexported(Profile{})); diff != "" {
			t.Errorf("parsed back (-want +got):\n%s\n%s", diff, data)
		}
	}
}

func TestOpeningHoursText(t *testing.T) {
	seven := valid()
	seven.OpeningHours[0].Days = map[string]string{"mon-sun": "0:00-24:00"}
	scattered := valid()
	scattered.ID = "scattered"
	scattered.OpeningHours[0].Days = map[string]string{"mon": "9:05-10:00", "wed": "9:05-10:00", "thu": "9:05-10:00", "sun": "9.00 – 10.00"}
	book, err := NewBook(seven, scattered)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		p    *Profile
		at   string
		want [2]string
	}{
		{sample(t, "de-brug"), "2026-05-20 12:00", [2]string{"ma–vr 8.00–17.30 uur", "Mon–Fri 8:00–17:30"}},
		{sample(t, "noord"), "2026-03-31 23:59", [2]string{
			"ma–vr 8.00–12.30 en 13.00–17.00 uur", "Mon–Fri 8:00–12:30 and 13:00–17:00",
		}},
		{sample(t, "noord"), "2026-04-01 00:00", [2]string{
			"ma–do 8.00–12.30 en 13.00–17.30, vr 8.00–12.30 en 13.00–17.00, za 9.00–13.00 uur",
			"Mon–Thu 8:00–12:30 and 13:00–17:30, Fri 8:00–12:30 and 13:00–17:00, Sat 9:00–13:00",
		}},
		{book.Garages()[0], "2026-05-20 12:00", [2]string{"ma–zo 0.00–24.00 uur", "Mon–Sun 0:00–24:00"}},
		{book.Garages()[1], "2026-05-20 12:00", [2]string{
			"ma 9.05–10.00, wo–do 9.05–10.00, zo 9.00–10.00 uur", "Mon 9:05–10:00, Wed–Thu 9:05–10:00, Sun 9:00–10:00",
		}},
	} {
		at := wall(t, tc.at)
		got := [2]string{tc.p.OpeningHoursText(locale.NL, at), tc.p.OpeningHoursText(locale.EN, at)}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s at %s (-want +got):\n%s", tc.p.ID, tc.at, diff)
		}
	}
}

// TestProblems shows the errors for mistakes in a garage file: each testdata/*.yaml
// has its own in the .golden beside it.
func TestProblems(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			book, err := Load(file)
			if err == nil || book != nil {
				t.Fatalf("taken: %+v", book)
			}
			got := err.Error() + "\n"
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s differs (-want +got); rewrite it with -update:\n%s", golden, diff)
			}
		})
	}
}

func TestAnchors(t *testing.T) {
	data := strings.NewReplacer(
		"opening_hours:\n      - days: {mon-fri: \"8:00-17:30\"}", "opening_hours: &hours\n      - days: {mon-fri: \"8:00-17:30\"}",
		"opening_hours:\n      - days:\n          mon-fri: 8:00-12:30, 13:00-17:00", "opening_hours: *hours\n    x:\n      - days:\n          mon-fri: 8:00-12:30, 13:00-17:00",
	).Replace(string(Sample))
	data, _, _ = strings.Cut(data, "    x:\n")
	book, err := Parse([]byte(data))
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	noord, _ := book.Garage("noord")
	if got := noord.OpeningHoursText(locale.NL, time.Time{}); got != "ma–vr 8.00–17.30 uur" {
		t.Errorf("noord is open %s", got)
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "garages.yaml")
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(path, Sample, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Sample)
	f.Add([]byte("garages: [{id: a, opening_hours: [{from: 2026-01-01, days: {mon: '0:00-24:00'}}]}]"))
	f.Add([]byte("a: &a\n  <<: *a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		book, err := Parse(data)
		if (book == nil) == (err == nil) {
			t.Fatalf("book %v, error %v", book, err)
		}
	})
}
