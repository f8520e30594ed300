package garage

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"pitstop/schemas/locale"
)

// span is an opening interval of a day, in minutes of wall time since
// midnight: [from, to).
type span struct{ from, to int }

// week holds the spans of each time.Weekday, in order and without overlap.
type week [7][]span

// version is a week and the first day (see dayNumber) it holds for.
type version struct {
	from int
	week week
}

// dayRange is a range of days (see dayNumber), both ends inclusive.
type dayRange struct{ from, to int }

// weekdays are the names in the file, from Monday, as garages count.
var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// dayNumber counts days of the civil calendar from 1970-01-01.
func dayNumber(year int, month time.Month, day int) int {
	return int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// DayBegins returns the first instant at which the clocks of a zone show a day; of one
// that they skip, the first after it. Summer time may begin or end at midnight, which
// then comes twice or not at all.
func DayBegins(zone *time.Location, year int, month time.Month, day int) time.Time {
	want := dayNumber(year, month, day)
	first := time.Unix(int64(want)*24*60*60-furthest, 0).In(zone)
	return first.Add(time.Duration(sort.Search(2*furthest+25*60*60, func(n int) bool {
		return dayNumber(first.Add(time.Duration(n)*time.Second).Date()) >= want
	})) * time.Second)
}

func (c *checker) date(path, text string) (int, bool) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		c.report(path, "%q is no date: write it like 2026-12-25", text)
	}
	return dayNumber(t.Date()), err == nil
}

func (c *checker) hours(at string, hours []Hours) []version {
	if len(hours) == 0 {
		c.report(at, "no opening hours: write at least `- days: {mon-fri: 8:00-17:30}`")
	}
	versions := make([]version, len(hours))
	for i, h := range hours {
		path, latest := fmt.Sprintf("%s[%d]", at, i), math.MinInt
		if i > 0 {
			latest = versions[i-1].from
		}
		versions[i] = version{from: latest, week: c.week(path+".days", h.Days)}
		if i == 0 && h.From == "" {
			continue
		}
		from, ok := c.date(path+".from", h.From)
		if ok && from <= latest {
			c.report(path+".from", "%q is not after the one before: list opening hours by date", h.From)
		}
		versions[i].from = max(from, latest)
	}
	return versions
}

func (c *checker) week(at string, days map[string]string) week {
	if len(days) == 0 {
		c.report(at, "no day is open: use closures for a garage that is closed for a while")
	}
	var (
		w       week
		claimed [7]string
	)
	for _, name := range slices.Sorted(maps.Keys(days)) {
		path := at + "." + name
		first, last, isRange := strings.Cut(name, "-")
		if !isRange {
			last = first
		}
		from, to := slices.Index(weekdays, first), slices.Index(weekdays, last)
		if from < 0 || to < from {
			c.report(path, "use a day of %s, or a range like mon-fri", strings.Join(weekdays, ", "))
			continue
		}
		spans := c.spans(path, days[name])
		for d := from; d <= to; d++ {
			if claimed[d] != "" {
				c.report(path, "%s is also in %s: name each day once", weekdays[d], claimed[d])
			}
			claimed[d] = name
			w[(d+1)%7] = spans
		}
	}
	return w
}

var spanPattern = regexp.MustCompile(`^(\d{1,2})[:.](\d\d) *[-–] *(\d{1,2})[:.](\d\d)$`)

func (c *checker) spans(path, text string) []span {
	var spans []span
	for part := range strings.SplitSeq(text, ",") {
		m := spanPattern.FindStringSubmatch(strings.TrimSpace(part))
		if m == nil {
			c.report(path, "%q: write hours like 8:00-17:30, or 8:00-12:30, 13:00-17:30 around lunch", text)
			return nil
		}
		var n [5]int
		for i := 1; i < 5; i++ {
			n[i], _ = strconv.Atoi(m[i]) // two digits
		}
		s := span{n[1]*60 + n[2], n[3]*60 + n[4]}
		switch {
		case n[2] > 59 || n[4] > 59 || s.to > 24*60:
			c.report(path, "%q: times go from 0:00 to 24:00", text)
		case s.from >= s.to:
			c.report(path, "%q: an interval ends after it begins; split one that passes midnight", text)
		case len(spans) > 0 && s.from < spans[len(spans)-1].to:
			c.report(path, "%q: intervals may not overlap and must be in order", text)
		}
		spans = append(spans, s)
	}
	return spans
}

func (c *checker) closures(at string, closures []Closure) []dayRange {
	ranges := make([]dayRange, 0, len(closures))
	for i, cl := range closures {
		path := fmt.Sprintf("%s[%d]", at, i)
		from, ok := c.date(path+".from", cl.From)
		r := dayRange{from, from}
		if cl.To != "" {
			var valid bool
			r.to, valid = c.date(path+".to", cl.To)
			ok = ok && valid
		}
		if ok && r.to < r.from {
			c.report(path+".to", "%s is before %s: the last day comes second", cl.To, cl.From)
		}
		if cl.Reason == "" {
			c.report(path+".reason", "missing: say why, for people who read this later")
		}
		ranges = append(ranges, r)
	}
	return ranges
}

// OpeningHoursText writes the opening hours of an ordinary week as they are
// on the day of at: "ma–vr 8.00–17.30 uur", "Mon–Fri 8:00–17:30". Closures
// are left out.
func (p *Profile) OpeningHoursText(lang locale.Lang, at time.Time) string {
	w := p.calendar.weekOf(dayNumber(at.In(p.calendar.zone).Date()))
	var parts []string
	for first := 0; first < 7; {
		day := func(d int) time.Weekday { return time.Weekday((d + 1) % 7) }
		last := first
		for last+1 < 7 && slices.Equal(w[day(last+1)], w[day(first)]) {
			last++
		}
		if spans := w[day(first)]; len(spans) > 0 {
			days := lang.ShortWeekday(day(first))
			if last > first {
				days += "–" + lang.ShortWeekday(day(last))
			}
			var times []string
			for _, s := range spans {
				times = append(times, lang.Clock(s.from)+"–"+lang.Clock(s.to))
			}
			parts = append(parts, days+" "+lang.And(times...))
		}
		first = last + 1
	}
	return lang.Oclock(strings.Join(parts, ", "))
}
