package locale

import (
	"fmt"
	"time"
)

type calendarNames struct {
	weekdays, short               [7]string // from Sunday, as time.Weekday counts
	months                        [12]string
	yesterday, today, tomorrow    string
	night, morning, noon, evening string // of today
	clock, sentence               string
}

var names = map[Lang]calendarNames{
	NL: {
		weekdays: [7]string{"zondag", "maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag"},
		short:    [7]string{"zo", "ma", "di", "wo", "do", "vr", "za"},
		months: [12]string{
			"januari", "februari", "maart", "april", "mei", "juni",
			"juli", "augustus", "september", "oktober", "november", "december",
		},
		yesterday: "gisteren", today: "vandaag", tomorrow: "morgen",
		night: "vannacht", morning: "vanochtend", noon: "vanmiddag", evening: "vanavond",
		clock: "%d.%02d", sentence: "%s uur",
	},
	EN: {
		weekdays: [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		short:    [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
		months: [12]string{
			"January", "February", "March", "April", "May", "June",
			"July", "August", "September", "October", "November", "December",
		},
		yesterday: "yesterday", today: "today", tomorrow: "tomorrow",
		night: "early this morning", morning: "this morning", noon: "this afternoon", evening: "this evening",
		clock: "%d:%02d", sentence: "%s",
	},
}

// ShortWeekday abbreviates a day of the week: "ma", "Mon".
func (l Lang) ShortWeekday(day time.Weekday) string { return names[l.known()].short[day%7] }

// Clock writes a time of day in minutes since midnight, without a unit:
// "8.00", "8:00".
func (l Lang) Clock(minutes int) string {
	return fmt.Sprintf(names[l.known()].clock, minutes/60, minutes%60)
}

// Oclock adds the unit that follows a time or a range of times: "8.00 uur",
// "8:00".
func (l Lang) Oclock(clock string) string { return fmt.Sprintf(names[l.known()].sentence, clock) }

// Time writes the time of day of t in a zone: "14.00 uur", "14:00".
func (l Lang) Time(t time.Time, zone *time.Location) string {
	hour, minute, _ := t.In(zone).Clock()
	return l.Oclock(l.Clock(hour*60 + minute))
}

// Date writes the day of t in a zone: "woensdag 20 mei", "Wednesday 20 May". The
// year follows if it is not that of now.
func (l Lang) Date(t, now time.Time, zone *time.Location) string {
	n, year, month, day := names[l.known()], t.In(zone).Year(), t.In(zone).Month(), t.In(zone).Day()
	date := fmt.Sprintf("%s %d %s", n.weekdays[t.In(zone).Weekday()], day, n.months[month-1])
	if year != now.In(zone).Year() {
		return fmt.Sprintf("%s %d", date, year)
	}
	return date
}

// Day names the day of t relative to now: "vandaag", "morgen", "gisteren", else its
// date.
func (l Lang) Day(t, now time.Time, zone *time.Location) string {
	if word := l.nearby(t, now, zone); word != "" {
		return word
	}
	return l.Date(t, now, zone)
}

// DayAndDate is Day with the date after the word, for promises that nobody may
// misread: "vandaag, woensdag 20 mei", else only the date.
func (l Lang) DayAndDate(t, now time.Time, zone *time.Location) string {
	if word := l.nearby(t, now, zone); word != "" {
		return word + ", " + l.Date(t, now, zone)
	}
	return l.Date(t, now, zone)
}

// PartOfDay names the part of today that t falls in: "vannacht" (before 6),
// "vanochtend" (before 12), "vanmiddag" (before 18), "vanavond". On another day it
// is Day.
func (l Lang) PartOfDay(t, now time.Time, zone *time.Location) string {
	if daysApart(t, now, zone) != 0 {
		return l.Day(t, now, zone)
	}
	n := names[l.known()]
	return [4]string{n.night, n.morning, n.noon, n.evening}[t.In(zone).Hour()/6]
}

func (l Lang) nearby(t, now time.Time, zone *time.Location) string {
	n := names[l.known()]
	return map[int]string{-1: n.yesterday, 0: n.today, 1: n.tomorrow}[daysApart(t, now, zone)]
}

// daysApart counts midnights in the zone from now's day to t's.
func daysApart(t, now time.Time, zone *time.Location) int {
	day := func(t time.Time) int64 {
		year, month, day := t.In(zone).Date()
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)
	}
	return int(day(t) - day(now))
}
