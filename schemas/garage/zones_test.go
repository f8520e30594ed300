package garage

import (
	"archive/zip"
	"bytes"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clocks returns every time zone of Go's copy of the tz database, once each.
func clocks(t *testing.T) []*time.Location {
	t.Helper()
	goroot, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(goroot)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var all []*time.Location
	seen := make(map[string]bool)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if seen[string(data)] || !bytes.HasPrefix(data, []byte("TZif")) {
			continue
		}
		seen[string(data)] = true
		zone, err := time.LoadLocationFromTZData(f.Name, data)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, zone)
	}
	return all
}

// On every clock of the world, on every day, a garage is open when the clock on its
// wall shows opening hours, and at no other time: not on a day that is closed, also
// where the clock jumps at midnight. Cumulative opening time never goes back.
func TestOpenOnEveryClockOfTheWorld(t *testing.T) {
	all := clocks(t)
	if len(all) < 300 {
		t.Fatalf("only %d zones", len(all))
	}
	nearlyAlways := []span{{0, 45}, {90, 24 * 60}}
	for _, zone := range all {
		c := &Calendar{zone: zone, versions: []version{{week: week{time.Monday: nearlyAlways, time.Wednesday: nearlyAlways, time.Friday: nearlyAlways, time.Sunday: nearlyAlways}}}}
		for _, sunday := range []int{dayNumber(2008, time.March, 9), dayNumber(2026, time.March, 29), dayNumber(2026, time.October, 25), dayNumber(2026, time.November, 1)} {
			c.closures = append(c.closures, dayRange{sunday, sunday}) // when many clocks jump
		}
		shown := func(at time.Time) bool {
			at = at.In(zone)
			minute := at.Hour()*60 + at.Minute()
			return (at.Weekday()%2 == 1 || at.Weekday() == time.Sunday) && !c.closed(dayNumber(at.Date())) && (minute < 45 || minute >= 90)
		}
		check := func(at time.Time) {
			if got, want := c.IsOpen(at), shown(at); got != want {
				t.Errorf("%s: open at %s: %v, want %v", zone, at.In(zone), got, want)
			}
		}
		var end, before int64
		for _, r := range c.table() {
			if r.start < end || r.end <= r.start || r.before < before {
				t.Errorf("%s: %s begins before the interval before it ends", zone, instant(r.start).In(zone))
			}
			end, before = r.end, r.before
			check(instant(r.start))
		}
		for day := calendarBegin.AddDate(0, 0, 2); day.Before(calendarEnd.AddDate(0, 0, -2)); day = day.AddDate(0, 0, 1) {
			_, before := day.In(zone).Zone()
			if _, after := day.AddDate(0, 0, 1).In(zone).Zone(); before == after {
				continue
			}
			year, month, d := day.In(zone).Date()
			for i := range 3 {
				begins := DayBegins(zone, year, month, d-1+i)
				want := dayNumber(year, month, d-1+i)
				if dayNumber(begins.Add(-time.Second).Date()) >= want || dayNumber(begins.Date()) < want {
					t.Errorf("%s: day %d of %s begins at %s", zone, d-1+i, month, begins)
				}
			}
			for at := day.Add(-24 * time.Hour); at.Before(day.Add(48 * time.Hour)); at = at.Add(15 * time.Minute) {
				check(at)
			}
		}
		if t.Failed() {
			return
		}
	}
}

// Where summer time begins or ends at midnight, a day keeps its hours, and one that is
// closed has none.
func TestSummerTimeAtMidnight(t *testing.T) {
	always := week{}
	for day := range always {
		always[day] = []span{{0, 24 * 60}}
	}
	for _, tc := range []struct {
		zone, day string // on which it is closed
		before    time.Duration
		after     time.Duration // opening time of the days around it
	}{
		{"America/Santiago", "2026-09-06", 24 * time.Hour, 24 * time.Hour}, // begins at 1:00
		{"America/Santiago", "2026-09-05", 24 * time.Hour, 23 * time.Hour},
		{"America/Santiago", "2026-04-04", 24 * time.Hour, 24 * time.Hour}, // its last hour comes twice
		{"America/Santiago", "2026-04-05", 25 * time.Hour, 24 * time.Hour},
		{"America/Havana", "2026-03-08", 24 * time.Hour, 24 * time.Hour}, // begins at 1:00
		{"America/Havana", "2026-03-07", 24 * time.Hour, 23 * time.Hour},
		{"America/Havana", "2026-11-01", 24 * time.Hour, 24 * time.Hour}, // its first hour comes twice
		{"America/Havana", "2026-10-31", 24 * time.Hour, 25 * time.Hour},
		{"Europe/Amsterdam", "2026-03-29", 24 * time.Hour, 24 * time.Hour},
		{"Asia/Beirut", "2026-03-29", 24 * time.Hour, 24 * time.Hour},
	} {
		zone, err := time.LoadLocation(tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		date, err := time.Parse(time.DateOnly, tc.day)
		if err != nil {
			t.Fatal(err)
		}
		day := dayNumber(date.Date())
		c := &Calendar{zone: zone, versions: []version{{week: always}}, closures: []dayRange{{day, day}}}
		open := func(day int) (sum time.Duration) {
			for _, r := range c.table() {
				if r.day == day {
					sum += time.Duration(r.end - r.start)
				}
			}
			return sum
		}
		if got := [3]time.Duration{open(day - 1), open(day), open(day + 1)}; got != [3]time.Duration{tc.before, 0, tc.after} {
			t.Errorf("%s closed on %s: %v open around it, want %v, 0, %v", tc.zone, tc.day, got, tc.before, tc.after)
		}
	}
}

func TestDayBegins(t *testing.T) {
	for _, tc := range []struct{ zone, day, want string }{
		{"Europe/Amsterdam", "2026-03-29", "2026-03-28T23:00:00Z"},
		{"America/Santiago", "2026-09-06", "2026-09-06T04:00:00Z"}, // at 1:00
		{"America/Santiago", "2026-04-05", "2026-04-05T04:00:00Z"},
		{"America/Havana", "2026-03-08", "2026-03-08T05:00:00Z"}, // at 1:00
		{"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"}, // at the first of two midnights
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},   // which they skipped
	} {
		zone, err := time.LoadLocation(tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		date, err := time.Parse(time.DateOnly, tc.day)
		if err != nil {
			t.Fatal(err)
		}
		year, month, day := date.Date()
		if got := DayBegins(zone, year, month, day).UTC().Format(time.RFC3339); got != tc.want {
			t.Errorf("%s begins at %s in %s, want %s", tc.day, got, tc.zone, tc.want)
		}
	}
}
