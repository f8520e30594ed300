package garage

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sample(t testing.TB, id string) *Profile {
	t.Helper()
	book, err := Parse(Sample)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := book.Garage(id)
	if !ok {
		t.Fatalf("no garage %q in the sample", id)
	}
	return p
}

// wall reads a time on the wall clock of Amsterdam.
func wall(t testing.TB, text string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestOpen(t *testing.T) {
	for _, tc := range []struct {
		name, garage, from, to string
		want                   time.Duration
	}{
		{"within a day", "de-brug", "2026-05-20 09:00", "2026-05-20 10:30", 90 * time.Minute},
		{"a whole day", "de-brug", "2026-05-20 00:00", "2026-05-21 00:00", 9*time.Hour + 30*time.Minute},
		{"before opening", "de-brug", "2026-05-20 06:00", "2026-05-20 08:00", 0},
		{"over a night", "de-brug", "2026-05-20 17:00", "2026-05-21 08:30", time.Hour},
		{"over a weekend", "de-brug", "2026-05-22 17:00", "2026-05-26 08:15", 45 * time.Minute}, // Monday is Pinksteren
		{"a holiday", "de-brug", "2026-05-14 00:00", "2026-05-15 00:00", 0},
		{"the last day of a closure", "de-brug", "2027-01-01 00:00", "2027-01-02 00:00", 0},
		{"backwards", "de-brug", "2026-05-20 10:00", "2026-05-20 09:00", 0},
		{"a week", "de-brug", "2026-06-01 00:00", "2026-06-08 00:00", 5 * (9*time.Hour + 30*time.Minute)},
		{"the week the clock jumps", "de-brug", "2026-03-23 00:00", "2026-03-30 00:00", 5 * (9*time.Hour + 30*time.Minute)},
		{"lunch", "noord", "2026-05-20 12:00", "2026-05-20 13:30", time.Hour},
		{"a Saturday", "noord", "2026-05-23 00:00", "2026-05-24 00:00", 4 * time.Hour},
		{"a Saturday under the old hours", "noord", "2026-03-28 00:00", "2026-03-29 00:00", 0},
		{"the last day of the old hours", "noord", "2026-03-31 00:00", "2026-04-01 00:00", 8*time.Hour + 30*time.Minute},
		{"the first day of the new hours", "noord", "2026-04-01 00:00", "2026-04-02 00:00", 9 * time.Hour},
		{"long before the first entry", "noord", "2012-03-05 00:00", "2012-03-06 00:00", 8*time.Hour + 30*time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := sample(t, tc.garage).Calendar().Open(wall(t, tc.from), wall(t, tc.to)); got != tc.want {
				t.Errorf("%v open, want %v", got, tc.want)
			}
		})
	}
}

func TestMoments(t *testing.T) {
	brug, noord := sample(t, "de-brug").Calendar(), sample(t, "noord").Calendar()
	for _, tc := range []struct {
		what string
		got  time.Time
		want string
	}{
		{"an hour later", brug.Add(wall(t, "2026-05-20 09:00"), time.Hour), "2026-05-20 10:00"},
		{"an hour over the night", brug.Add(wall(t, "2026-05-20 17:00"), time.Hour), "2026-05-21 08:30"},
		{"exactly until the close", brug.Add(wall(t, "2026-05-20 16:30"), time.Hour), "2026-05-20 17:30"},
		{"an hour from a closed moment", brug.Add(wall(t, "2026-05-23 12:00"), time.Hour), "2026-05-26 09:00"},
		{"nothing from a closed moment", brug.Add(wall(t, "2026-05-23 12:00"), 0), "2026-05-23 12:00"},
		{"two hours over lunch", noord.Add(wall(t, "2026-05-20 11:30"), 2*time.Hour), "2026-05-20 14:00"},

		{"next open, open", brug.NextOpen(wall(t, "2026-05-20 09:00")), "2026-05-20 09:00"},
		{"next open, opening", brug.NextOpen(wall(t, "2026-05-20 08:00")), "2026-05-20 08:00"},
		{"next open, at the close", brug.NextOpen(wall(t, "2026-05-20 17:30")), "2026-05-21 08:00"},
		{"next open, lunch", noord.NextOpen(wall(t, "2026-05-20 12:30")), "2026-05-20 13:00"},
		{"next open, Christmas", brug.NextOpen(wall(t, "2026-12-24 09:00")), "2027-01-04 08:00"},

		{"second opening day", brug.CloseOfOpeningDay(wall(t, "2026-05-18 10:00"), 2), "2026-05-19 17:30"},
		{"second, asked before opening", brug.CloseOfOpeningDay(wall(t, "2026-05-18 06:00"), 2), "2026-05-19 17:30"},
		{"second, asked at the close", brug.CloseOfOpeningDay(wall(t, "2026-05-18 17:30"), 2), "2026-05-20 17:30"},
		{"second, asked on Saturday", brug.CloseOfOpeningDay(wall(t, "2026-05-16 10:00"), 2), "2026-05-19 17:30"},
		{"second, over Pinksteren", brug.CloseOfOpeningDay(wall(t, "2026-05-22 10:00"), 2), "2026-05-26 17:30"},
		{"first", brug.CloseOfOpeningDay(wall(t, "2026-05-20 10:00"), 1), "2026-05-20 17:30"},
		{"first, in the morning of a day with lunch", noord.CloseOfOpeningDay(wall(t, "2026-05-20 10:00"), 1), "2026-05-20 17:30"},
		{"second, asked at lunch on Friday", noord.CloseOfOpeningDay(wall(t, "2026-05-22 12:45"), 2), "2026-05-23 13:00"},
	} {
		if want := wall(t, tc.want); !tc.got.Equal(want) {
			t.Errorf("%s: %s, want %s", tc.what, tc.got.In(want.Location()), want)
		}
	}

	for day, want := range map[string]string{
		"2026-05-20 00:00": "17:30", "2026-05-20 23:59": "17:30", "2026-05-22 09:00": "17:00", "2026-05-23 18:00": "13:00",
		"2026-05-24 12:00": "closed", "2026-08-05 12:00": "closed",
	} {
		got := "closed"
		if at, ok := noord.CloseOfDay(wall(t, day)); ok {
			got = at.In(noord.zone).Format("15:04")
		}
		if got != want {
			t.Errorf("close of %s: %s, want %s", day, got, want)
		}
	}

	for at, want := range map[string]bool{
		"2026-05-20 07:59": false, "2026-05-20 08:00": true, "2026-05-20 12:29": true, "2026-05-20 12:30": false,
		"2026-05-20 13:00": true, "2026-05-20 17:30": false, "2026-05-24 10:00": false,
	} {
		if got := noord.IsOpen(wall(t, at)); got != want {
			t.Errorf("open at %s: %v, want %v", at, got, want)
		}
	}
}

func TestIntervals(t *testing.T) {
	noord := sample(t, "noord").Calendar()
	var got []string
	var offset time.Duration
	for i, in := range noord.Intervals(wall(t, "2026-05-22 13:00"), wall(t, "2026-05-25 08:00")) {
		if i == 0 {
			offset = in.Before
		}
		got = append(got, fmt.Sprintf("%s-%s after %v",
			in.Start.In(noord.zone).Format("Mon 15:04"), in.End.In(noord.zone).Format("15:04"), in.Before-offset))
	}
	want := []string{"Fri 13:00-17:00 after 0s", "Sat 09:00-13:00 after 4h0m0s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("intervals (-want +got):\n%s", diff)
	}
}

// Far outside the calendar nothing overflows, and no timer is set too early.
func TestFarOutsideTheCalendar(t *testing.T) {
	c := sample(t, "de-brug").Calendar()
	first, last := time.Time{}, time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)
	total := c.Open(first, last)
	if want := c.Open(calendarBegin, calendarEnd); total != want || total <= 0 {
		t.Errorf("%v open in all time, want the calendar's %v", total, want)
	}
	for _, at := range []time.Time{
		c.Add(last, time.Hour), c.NextOpen(last), c.CloseOfOpeningDay(last, 2), c.Add(first, 1<<62), c.Add(last, 1<<62),
	} {
		if at.Before(calendarEnd) {
			t.Errorf("%v is before the calendar's end", at)
		}
	}
	if got := c.Add(last, time.Hour); !got.Equal(last) {
		t.Errorf("an hour after %v is %v", last, got)
	}
	if c.IsOpen(first) || c.IsOpen(last) {
		t.Error("open outside the calendar")
	}
}

// Where the clock jumps, a time of the file may come twice or not at all.
func TestOpenWhereTheClockJumps(t *testing.T) {
	night := valid()
	night.OpeningHours[0].Days = map[string]string{"sun": "1:00-2:30, 3:15-4:00"}
	book, err := NewBook(night)
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string]time.Duration{
		"2026-03-22": 2*time.Hour + 15*time.Minute, // an ordinary Sunday
		"2026-03-29": 1*time.Hour + 45*time.Minute, // after 2:00 comes 3:00
		"2026-10-25": 2*time.Hour + 45*time.Minute, // after 3:00 comes 2:00 again
	} {
		if got := book.Garages()[0].Calendar().Open(wall(t, day+" 00:00"), wall(t, day+" 12:00")); got != want {
			t.Errorf("%s: %v open, want %v", day, got, want)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	c := sample(b, "noord").Calendar()
	from := wall(b, "2026-05-18 10:00")
	to := from.Add(6 * 24 * time.Hour)
	c.Open(from, to)
	b.ReportAllocs()
	for b.Loop() {
		c.Open(from, to)
	}
}

func BenchmarkAdd(b *testing.B) {
	c := sample(b, "noord").Calendar()
	from := wall(b, "2026-05-18 10:00")
	c.Open(from, from)
	b.ReportAllocs()
	for b.Loop() {
		c.Add(from, 20*time.Hour)
	}
}

func BenchmarkCloseOfOpeningDay(b *testing.B) {
	c := sample(b, "noord").Calendar()
	from := wall(b, "2026-05-18 10:00")
	c.Open(from, from)
	b.ReportAllocs()
	for b.Loop() {
		c.CloseOfOpeningDay(from, 2)
	}
}

func BenchmarkTable(b *testing.B) {
	p := sample(b, "noord")
	for b.Loop() {
		c := &Calendar{zone: p.calendar.zone, versions: p.calendar.versions, closures: p.calendar.closures}
		c.table()
	}
}
