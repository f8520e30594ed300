package towns

import (
	"bytes"
	"testing"
	"time"

	"pitstop/schemas/garage"
)

func mustGarages(t *testing.T, n int) *garage.Book {
	t.Helper()
	book, err := Garages(n, time.Date(2026, time.June, 24, 13, 20, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return book
}

func TestGarages(t *testing.T) {
	a, b := mustGarages(t, 45), mustGarages(t, 45)
	am, err := a.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	bm, err := b.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(am, bm) {
		t.Error("the same now gives other garages")
	}
	if n := len(a.Garages()); n != 45 {
		t.Errorf("%d garages", n)
	}
	for i, id := range []string{"de-brug", "noord"} {
		if a.Garages()[i].ID != id {
			t.Errorf("garage %d is %s", i, a.Garages()[i].ID)
		}
	}
	if n := len(mustGarages(t, 1).Garages()); n != 1 {
		t.Errorf("%d garages, asked for 1", n)
	}
}

// From the day before now on, no garage closes, whatever its hours, closures and holidays
// are; before, it keeps them. At the pace of live traffic that is still so.
func TestGaragesNeverCloseNow(t *testing.T) {
	for name, now := range map[string]time.Time{
		"at 03:00":     time.Date(2026, time.June, 24, 1, 0, 0, 0, time.UTC),
		"on a Sunday":  time.Date(2026, time.June, 21, 10, 0, 0, 0, time.UTC),
		"on a holiday": time.Date(2026, time.December, 25, 11, 0, 0, 0, time.UTC),
		"long ago":     time.Date(2026, time.February, 3, 11, 0, 0, 0, time.UTC), // before hours of the sample
	} {
		book, err := Garages(Default, now)
		if err != nil {
			t.Fatal(err)
		}
		hurried, err := Hurried(book)
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range book.Garages() {
			if c := g.Calendar(); c.Open(now.Add(-LastDay), now.AddDate(1, 0, 0)) != now.AddDate(1, 0, 0).Sub(now.Add(-LastDay)) {
				t.Errorf("%s, %s closes", name, g.ID)
			}
			if open := g.Calendar().Open(now.AddDate(0, 0, -30), now.AddDate(0, 0, -3)); open == 0 || open > 27*11*time.Hour {
				t.Errorf("%s, %s was open for %s", name, g.ID, open)
			}
			if h := hurried.Garages()[i]; h.ID != g.ID || h.Approval.RemindAfter[0] >= time.Minute || h.Approval.CallAfter > time.Minute || !h.Calendar().IsOpen(now) {
				t.Errorf("%s, %s is not hurried: %+v", name, g.ID, h.Approval)
			}
		}
	}
}
