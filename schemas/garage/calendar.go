package garage

import (
	"cmp"
	"slices"
	"sort"
	"sync"
	"time"
)

// Every Calendar covers the days between these two. All other time counts as
// closed: no repair is that far away, and year 1 or 9999 must not overflow.
var (
	calendarBegin = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)
	calendarEnd   = time.Date(2060, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// Calendar computes the opening time of one garage: it is open whenever the clock on
// its wall shows opening hours of a day that is no closure. Where that clock jumps, a
// time comes twice or not at all, and so does the opening time. It reads no clock, is
// deterministic, and is safe for concurrent use. Instants are returned in UTC.
//
// It is a table of the opening intervals in order, each with the opening time
// before it, so that every question is one binary search. Intervals returns that
// table, for SQL to search the same way.
type Calendar struct {
	zone     *time.Location
	versions []version // by date; the first also holds before it
	closures []dayRange

	once sync.Once
	rows []row
}

// row is an opening interval [start, end) in Unix nanoseconds, the opening
// time before it, and the day it is on (see dayNumber).
type row struct {
	start, end, before int64
	day                int
}

// Interval is a stretch of time in which a garage is open.
type Interval struct {
	Start, End time.Time     // [Start, End)
	Before     time.Duration // opening time from the calendar's beginning to Start
}

// Open returns the opening time between two instants; zero if to is not after from.
// It is additive: Open(a, b) + Open(b, c) == Open(a, c) for a ≤ b ≤ c.
func (c *Calendar) Open(from, to time.Time) time.Duration {
	if !to.After(from) {
		return 0
	}
	return time.Duration(c.before(nanos(to)) - c.before(nanos(from)))
}

// Add returns the first instant at which d of opening time has passed since t:
// Open(t, Add(t, d)) == d. It may be the moment of closing. For d ≤ 0 it is t, open
// or not. Past the calendar's end, decades away, it is that end or t if later: a
// timer set to it never fires early.
func (c *Calendar) Add(t time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return t.UTC()
	}
	want, rows := c.before(nanos(t))+int64(d), c.table()
	i := sort.Search(len(rows), func(i int) bool { return rows[i].before+rows[i].end-rows[i].start >= want })
	if i == len(rows) {
		return endOfCalendar(t)
	}
	return instant(rows[i].start + want - rows[i].before)
}

// IsOpen reports whether the garage is open at t. At the moment of closing it is
// not.
func (c *Calendar) IsOpen(t time.Time) bool {
	i := c.firstEndingAfter(t)
	return i < len(c.rows) && c.rows[i].start <= nanos(t)
}

// NextOpen returns t if the garage is open then, else when it next opens.
func (c *Calendar) NextOpen(t time.Time) time.Time {
	i := c.firstEndingAfter(t)
	if i == len(c.rows) {
		return endOfCalendar(t)
	}
	return instant(max(nanos(t), c.rows[i].start))
}

// CloseOfDay returns when the garage closes, or closed, on the day of t (by the
// garage's wall clock), and false if it is closed all day.
func (c *Calendar) CloseOfDay(t time.Time) (time.Time, bool) {
	day, rows := dayNumber(t.In(c.zone).Date()), c.table()
	i := sort.Search(len(rows), func(i int) bool { return rows[i].day > day })
	if i == 0 || rows[i-1].day != day {
		return time.Time{}, false
	}
	return instant(rows[i-1].end), true
}

// CloseOfOpeningDay returns when the garage closes on the n-th opening day, n ≥ 1.
// The day of t is the first if opening time is left on it; else the first is the
// next day with opening time. With n = 2 on a Monday to Friday garage: on Monday
// before the close it is Tuesday's close; on Monday at or after the close,
// Wednesday's; on Saturday, Tuesday's.
func (c *Calendar) CloseOfOpeningDay(t time.Time, n int) time.Time {
	for i := c.firstEndingAfter(t); i < len(c.rows); i++ {
		lastOfDay := i+1 == len(c.rows) || c.rows[i+1].day != c.rows[i].day
		if !lastOfDay {
			continue
		}
		if n--; n <= 0 {
			return instant(c.rows[i].end)
		}
	}
	return endOfCalendar(t)
}

// Intervals returns, in order, the opening intervals that end after from and
// begin before to. With C(t) = Before + min(t, End) − Start of the last
// interval that begins at or before t, the opening time between two instants
// is C(b) − C(a), as Open computes it, for any a and b from the first
// interval's start to the last one's end. Rewrite the whole table when the
// file changes: a change in the past moves every Before after it.
func (c *Calendar) Intervals(from, to time.Time) []Interval {
	var intervals []Interval
	for i, last := c.firstEndingAfter(from), nanos(to); i < len(c.rows) && c.rows[i].start < last; i++ {
		r := c.rows[i]
		intervals = append(intervals, Interval{instant(r.start), instant(r.end), time.Duration(r.before)})
	}
	return intervals
}

// before returns the opening time from the calendar's beginning to ns.
func (c *Calendar) before(ns int64) int64 {
	rows := c.table()
	i := sort.Search(len(rows), func(i int) bool { return rows[i].start > ns })
	if i == 0 {
		return 0
	}
	r := &rows[i-1]
	return r.before + min(ns, r.end) - r.start
}

// firstEndingAfter returns the index of the first row that ends after t.
func (c *Calendar) firstEndingAfter(t time.Time) int {
	rows, ns := c.table(), nanos(t)
	return sort.Search(len(rows), func(i int) bool { return rows[i].end > ns })
}

// table builds the rows on first use: some 20,000 of them, within milliseconds.
func (c *Calendar) table() []row {
	c.once.Do(func() {
		for day := dayNumber(calendarBegin.Date()) + 1; day < dayNumber(calendarEnd.Date())-1; day++ {
			if c.closed(day) {
				continue
			}
			weekday := (day + int(time.Thursday)) % 7 // 1970-01-01 was a Thursday
			for _, s := range c.weekOf(day)[weekday] {
				c.show(day, s)
			}
		}
		// Days follow each other but where a clock goes back over midnight.
		slices.SortFunc(c.rows, func(a, b row) int { return cmp.Compare(a.start, b.start) })
		for i := 1; i < len(c.rows); i++ {
			last := c.rows[i-1]
			c.rows[i].before, c.rows[i].day = last.before+last.end-last.start, max(last.day, c.rows[i].day)
		}
	})
	return c.rows
}

// furthest is how far a zone may be from UTC, in seconds.
const furthest = 15 * 60 * 60

// show appends when the clock on the wall shows the times of s on a day: once, but
// where it jumps.
func (c *Calendar) show(day int, s span) {
	east := func(second int) int {
		_, offset := time.Unix(int64(second), 0).In(c.zone).Zone()
		return offset
	}
	from, to := day*24*60*60+s.from*60, day*24*60*60+s.to*60 // on the wall
	first, last := from-furthest, to+furthest
	before, after, jump := east(first), east(last), last
	if before != after {
		jump = first + sort.Search(last-first, func(n int) bool { return east(first+n) != before })
	}
	for _, r := range [2][2]int{{from - before, min(to-before, jump)}, {max(from-after, jump), to - after}} {
		if r[0] < r[1] {
			c.rows = append(c.rows, row{start: int64(r[0]) * 1e9, end: int64(r[1]) * 1e9, day: day})
		}
	}
}

// weekOf returns the week in force on a day.
func (c *Calendar) weekOf(day int) *week {
	i := sort.Search(len(c.versions), func(i int) bool { return c.versions[i].from > day })
	return &c.versions[max(i-1, 0)].week
}

func (c *Calendar) closed(day int) bool {
	for _, r := range c.closures {
		if r.from <= day && day <= r.to {
			return true
		}
	}
	return false
}

// nanos returns t in Unix nanoseconds, clamped to the calendar.
func nanos(t time.Time) int64 {
	switch {
	case t.Before(calendarBegin):
		t = calendarBegin
	case t.After(calendarEnd):
		t = calendarEnd
	}
	return t.UnixNano()
}

func instant(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// endOfCalendar returns when something happens that the calendar does not reach: at
// its end, or at t if later.
func endOfCalendar(t time.Time) time.Time {
	if t.After(calendarEnd) {
		return t.UTC()
	}
	return calendarEnd
}
