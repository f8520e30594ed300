package garage

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

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
	return book.Garages()[0]
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

// Counting minute by minute on the wall clock is the slow way to the same answer.
func TestOpenCountsWallClockMinutes(t *testing.T) {
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
