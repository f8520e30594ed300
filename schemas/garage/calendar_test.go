package garage

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
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
func TestEndsOfTime(t *testing.T) {
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

var zones = []string{"Europe/Amsterdam", "America/New_York", "Africa/Cairo", "Pacific/Auckland", "Asia/Kolkata"}

// drawDay draws a day's intervals that begin at or after a minute of the day.
func drawDay(t *rapid.T, earliest int) string {
	edges := rapid.SliceOfNDistinct(rapid.IntRange(earliest, 24*60), 0, 4, rapid.ID[int]).Draw(t, "edges")
	slices.Sort(edges)
	var text string
	for i := 0; i+1 < len(edges); i += 2 {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%d:%02d-%d:%02d", edges[i]/60, edges[i]%60, edges[i+1]/60, edges[i+1]%60)
	}
	return text
}

// drawProfile draws a garage whose hours change and which is closed at times,
// in the years 2025 to 2027.
func drawProfile(t *rapid.T, earliest int) *Profile {
	date := func(days int) string { return time.Date(2025, 1, 1+days, 0, 0, 0, 0, time.UTC).Format(time.DateOnly) }
	given := valid()
	given.TimeZone = rapid.SampledFrom(zones).Draw(t, "zone")
	given.OpeningHours, given.Closures = nil, nil
	from := 0
	for range rapid.IntRange(1, 3).Draw(t, "versions") {
		h := Hours{From: date(from), Days: map[string]string{"wed": "9:00-17:00"}} // open at least then
		for _, day := range []string{"mon", "tue", "thu-sat", "sun"} {
			if text := drawDay(t, earliest); text != "" {
				h.Days[day] = text
			}
		}
		given.OpeningHours = append(given.OpeningHours, h)
		from += rapid.IntRange(1, 500).Draw(t, "until")
	}
	for range rapid.IntRange(0, 3).Draw(t, "closures") {
		first := rapid.IntRange(0, 3*365).Draw(t, "closed from")
		given.Closures = append(given.Closures, Closure{
			From: date(first), To: date(first + rapid.IntRange(0, 20).Draw(t, "closed days")), Reason: "closed",
		})
	}
	book, err := NewBook(given)
	if err != nil {
		t.Fatal(err)
	}
	return book.profiles[0]
}

func drawInstant(t *rapid.T, label string) time.Time {
	begin := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	end := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	return time.UnixMicro(rapid.Int64Range(begin, end).Draw(t, label)).UTC()
}

func TestCalendarLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t, 0) // nights too: intervals may begin or end where the clock jumps
		c := p.Calendar()
		for range 20 {
			at := []time.Time{drawInstant(t, "a"), drawInstant(t, "b"), drawInstant(t, "c")}
			slices.SortFunc(at, time.Time.Compare)
			ab, bc, ac := c.Open(at[0], at[1]), c.Open(at[1], at[2]), c.Open(at[0], at[2])
			switch {
			case ab+bc != ac:
				t.Fatalf("not additive: %v + %v != %v over %v", ab, bc, ac, at)
			case ab < 0 || ab > at[1].Sub(at[0]):
				t.Fatalf("%v open in %v", ab, at[1].Sub(at[0]))
			case ab > ac:
				t.Fatalf("less open in more time: %v, %v", ab, ac)
			}

			d := time.Duration(rapid.Int64Range(1, int64(100*time.Hour)).Draw(t, "d"))
			later := c.Add(at[0], d)
			switch {
			case c.Open(at[0], later) != d:
				t.Fatalf("%v after %v is %v, which is %v", d, at[0], later, c.Open(at[0], later))
			case c.Open(at[0], later.Add(-1)) >= d:
				t.Fatalf("%v after %v is not the first such moment: %v", d, at[0], later)
			case c.Add(at[0], d+1).Before(later), c.Add(at[1], d).Before(later):
				t.Fatalf("Add is not monotone at %v, %v, %v", at[0], at[1], d)
			}

			next := c.NextOpen(at[0])
			if !c.IsOpen(next) || c.Open(at[0], next) != 0 || c.IsOpen(at[0]) != next.Equal(at[0]) {
				t.Fatalf("after %v the next opening is %v", at[0], next)
			}

			n := rapid.IntRange(1, 10).Draw(t, "n")
			closing := c.CloseOfOpeningDay(at[0], n)
			if ofDay, ok := c.CloseOfDay(c.NextOpen(at[0])); n == 1 && (!ok || !ofDay.Equal(closing)) {
				t.Fatalf("the first close after %v is %v, that of its day %v", at[0], closing, ofDay)
			}
			if again := c.CloseOfOpeningDay(closing, 1); !again.Equal(c.CloseOfOpeningDay(at[0], n+1)) {
				t.Fatalf("close %d after %v is %v, then %v", n, at[0], closing, again)
			}

			// What a SQL query computes from the table is what Open computes.
			table := c.Intervals(at[0].AddDate(0, -1, 0), at[2].AddDate(0, 1, 0))
			sql := func(t time.Time) time.Duration {
				i, found := slices.BinarySearchFunc(table, t, func(in Interval, t time.Time) int { return in.Start.Compare(t) })
				if !found {
					i--
				}
				return table[i].Before + min(t.Sub(table[i].Start), table[i].End.Sub(table[i].Start))
			}
			if got := sql(at[2]) - sql(at[0]); len(table) > 0 && !at[0].Before(table[0].Start) && got != ac {
				t.Fatalf("the table says %v, Open %v", got, ac)
			}
		}
		for _, cl := range p.Closures {
			midnight := func(day string, add int) time.Time {
				at, err := time.Parse(time.DateOnly, day)
				if err != nil {
					t.Fatal(err)
				}
				return time.Date(at.Year(), at.Month(), at.Day()+add, 0, 0, 0, 0, p.Location())
			}
			if open := c.Open(midnight(cl.From, 0), midnight(cl.To, 1)); open != 0 {
				t.Fatalf("open for %v while closed %s to %s", open, cl.From, cl.To)
			}
		}
	})
}

// Minute by minute on the wall clock: the slow way to the same answer.
func TestOpenIsTheWallClocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t, 4*60) // by day, where no time comes twice
		c := p.Calendar()
		from := drawInstant(t, "from").Truncate(time.Minute)
		if rapid.Bool().Draw(t, "summer time begins or ends") {
			from = rapid.SampledFrom([]time.Time{
				time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC), time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC), // Amsterdam
				time.Date(2026, 3, 8, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), // New York
				time.Date(2026, 4, 23, 12, 0, 0, 0, time.UTC), time.Date(2026, 10, 29, 12, 0, 0, 0, time.UTC), // Cairo
				time.Date(2026, 4, 4, 6, 0, 0, 0, time.UTC), time.Date(2026, 9, 26, 6, 0, 0, 0, time.UTC), // Auckland
			}).Draw(t, "jump")
		}
		to := from.Add(time.Duration(rapid.IntRange(0, 3*24*60).Draw(t, "minutes")) * time.Minute)
		var want time.Duration
		for at := from; at.Before(to); at = at.Add(time.Minute) {
			local := at.In(p.Location())
			day := dayNumber(local.Date())
			minute := local.Hour()*60 + local.Minute()
			if !c.closed(day) && slices.ContainsFunc(c.weekOf(day)[local.Weekday()], func(s span) bool {
				return s.from <= minute && minute < s.to
			}) {
				want += time.Minute
			}
		}
		if got := c.Open(from, to); got != want {
			t.Fatalf("%v open from %v to %v, the wall clock says %v", got, from, to, want)
		}
	})
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
