package simulate

import (
	"sort"
	"time"

	"pitstop/schemas/garage"
)

// windowLength is how far the clock steps at a time while a garage is open. All
// of a window is under way at once, and then the clock moves to its end.
const windowLength = 2 * time.Hour

// A Window is a stretch of history that is performed at once.
type Window struct{ Start, End time.Time } // [Start, End)

// windows cut the time between two instants: in pieces while any garage is open,
// in one piece while all are closed. They follow each other without gaps.
type windows []Window

func cut(book *garage.Book, from, to time.Time) windows {
	open := func(at time.Time) bool {
		for _, g := range book.Garages() {
			if g.Calendar().Open(at, at.Add(windowLength)) > 0 {
				return true
			}
		}
		return false
	}
	var ws windows
	start := from
	for at := from.Truncate(windowLength).Add(windowLength); at.Before(to); at = at.Add(windowLength) {
		if open(at) || open(at.Add(-windowLength)) {
			ws = append(ws, Window{start, at})
			start = at
		}
	}
	if start.Before(to) {
		ws = append(ws, Window{start, to})
	}
	return ws
}

// end is when the window of an instant ends; past the last one, it is the instant.
func (ws windows) end(t time.Time) time.Time {
	i := sort.Search(len(ws), func(i int) bool { return ws[i].End.After(t) })
	if i == len(ws) {
		return t
	}
	return ws[i].End
}
