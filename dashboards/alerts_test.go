package dashboards_test

import (
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/dashboards"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// fired returns the rows of an alert at a time.
func (d database) fired(t *testing.T, id string, at time.Time) [][]any {
	t.Helper()
	for _, a := range dashboards.Alerts {
		if a.ID == id {
			_, rows, err := d.Select(t.Context(), dashboards.Expand(a.SQL, dashboards.Choice{Now: at}))
			must(t, err)
			return rows
		}
	}
	t.Fatalf("there is no alert %s", id)
	return nil
}

// unmailed has been open for 150 opening minutes, of which brug takes 60; at half
// past eight it had been for exactly 60. It fires when somebody can call: not during
// lunch or after five.
func TestQuoteOverdue(t *testing.T) {
	db := filled(t)
	want := [][]any{{"Garage brug", "JJJ-99-J", unmailed.id(), 90.}}
	if diff := cmp.Diff(want, db.fired(t, "quote-overdue", now)); diff != "" {
		t.Errorf("(-by hand +fired):\n%s", diff)
	}
	if rows := db.fired(t, "quote-overdue", brug(28, 8, 30)); rows != nil {
		t.Errorf("on time is %v", rows)
	}
	for _, closed := range []time.Time{brug(28, 12, 0), brug(28, 12, 59), brug(28, 17, 0), brug(29, 3, 0)} {
		if rows := db.fired(t, "quote-overdue", closed); rows != nil {
			t.Errorf("at %s, when brug is closed, it is %v", closed, rows)
		}
	}
	if rows := db.fired(t, "quote-overdue", brug(28, 13, 0)); len(rows) != 2 {
		t.Errorf("after the lunch it is %v", rows)
	}
}

func TestNoMail(t *testing.T) {
	db := newDatabase(t, garages(t))
	notice := func(n int, at time.Time) (repair.Header, record.Notice) {
		id := strconv.Itoa(n)
		return repair.Header{EventID: id, AggregateID: "r", GarageID: "brug", OccurredAt: at}, record.Notice{NotificationID: id}
	}
	want := func(when string, at time.Time, rows [][]any) {
		t.Helper()
		if diff := cmp.Diff(rows, db.fired(t, "no-mail", at)); diff != "" {
			t.Errorf("%s (-want +fired):\n%s", when, diff)
		}
	}
	request := func(n int) {
		h, about := notice(n, now)
		r := &record.NotificationRequested{Header: h, Notice: about, Attempt: 1, FirstRequestedAt: now}
		db.insert(t, []any{r, r})
	}
	want("nothing to send", now, nil)
	request(1)
	request(2)
	want("two mails", now.Add(20*time.Minute), nil)
	request(3)
	want("three mails, just now", now.Add(4*time.Minute), nil)
	want("three mails", now.Add(20*time.Minute), [][]any{{int64(3)}})
	want("three mails, long ago", now.Add(35*time.Minute), nil)
	h, about := notice(1, now.Add(10*time.Minute))
	db.insert(t, []any{&record.DeliveryAccepted{Header: h, Notice: about}})
	want("one was accepted", now.Add(20*time.Minute), nil)
}

// A rule names labels that its query returns; none is about a person, since whoever
// is notified keeps the labels.
func TestAlerts_Labels(t *testing.T) {
	db := newDatabase(t, garages(t))
	named := regexp.MustCompile(`\$labels\.(\w+)`)
	for _, a := range dashboards.Alerts {
		columns, _, err := db.Select(t.Context(), dashboards.Expand(a.SQL, chosen()))
		must(t, err)
		for _, label := range named.FindAllStringSubmatch(a.Summary.NL+a.Summary.EN, -1) {
			if !slices.Contains(columns, label[1]) {
				t.Errorf("%s names %s, but has %v", a.ID, label[1], columns)
			}
		}
		for _, c := range columns {
			if !slices.Contains([]string{"garage", "plate", "repair", "value"}, c) {
				t.Errorf("%s has a label %s: may everybody who is told keep it?", a.ID, c)
			}
		}
	}
}
