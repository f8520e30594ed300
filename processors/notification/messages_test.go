package notification

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// The messages of a link's holder cause six mails to staff; what is written after that comes
// in one, ten minutes after the first.
func TestMessagesAreGathered(t *testing.T) {
	w := started(t)
	say := func(minute int, words string) []string {
		return w.event(at(20, 10, minute), customer, &repair.MessagePosted{Kind: repair.Text, Text: repair.Personal{Bytes: []byte(words)}})
	}
	for minute := range 3 {
		expect(t, say(minute, fmt.Sprint(minute)), "message to mechanic sam", "message to customer_service")
	}
	for minute := 3; minute < 9; minute++ {
		expect(t, say(minute, fmt.Sprint(minute)))
	}
	expect(t, w.until(at(20, 10, 10).Add(-time.Microsecond)))
	expect(t, w.until(at(20, 10, 10)), "message to mechanic sam", "message to customer_service")
	got := w.newest(record.NotifyMessage)
	var words []string
	for _, e := range got.Earlier {
		words = append(words, string(e.Text.Bytes)+" "+e.At.Format("04"))
	}
	if diff := cmp.Diff([]string{"3 03", "4 04", "5 05", "6 06", "7 07"}, words); diff != "" || string(got.Text.Bytes) != "8" || got.RestsOn != 10 {
		t.Errorf("the last is %q, resting on %d, after -want +got\n%s", got.Text.Bytes, got.RestsOn, diff)
	}
	if s, _, _ := w.State("r1"); len(s.Known.Gathered) != 0 || len(s.Known.Heard) != 6 {
		t.Errorf("gathered %v, heard %v", s.Known.Gathered, s.Known.Heard)
	}
}

// What is gathered is bounded: the mail has the last messages, and says how many more
// there were.
func TestGatheredMessagesAreBounded(t *testing.T) {
	w := started(t)
	for range 3 + maxGathered + 7 {
		w.event(at(20, 10, 0), customer, says(repair.Text))
	}
	w.until(at(20, 10, 10))
	if got := w.newest(record.NotifyMessage); len(got.Earlier) != maxGathered-1 || got.Omitted != 7 {
		t.Errorf("%d earlier ones, %d omitted", len(got.Earlier), got.Omitted)
	}
}

// While an answer is awaited there is room for it among the six.
func TestAnAnswerIsOneOfTheSix(t *testing.T) {
	w := asked(t)
	for minute := range 3 {
		w.event(at(20, 10, minute), customer, says(repair.Text))
	}
	expect(t, w.event(at(20, 10, 3), customer, decided(1, repair.Approve, repair.Reject)),
		"no approval_reminder to customer (1): moment_passed decided", "recall approval_required to customer (1): decided", "decision to mechanic noor (1)")
	for minute := 4; minute < 9; minute++ {
		w.event(at(20, 10, minute), customer, says(repair.Text))
	}
	w.until(at(20, 10, 10).Add(-time.Microsecond))
	mails := 0
	for _, o := range w.all {
		if r, ok := o.(*record.NotificationRequested); ok && !r.Recipient.Role.CustomerSide() {
			mails++
		}
	}
	if mails != 5 { // two for each of two messages, and the decision
		t.Errorf("%d mails to staff in ten minutes", mails)
	}
	expect(t, w.until(at(20, 10, 10)), "message to mechanic noor", "message to customer_service")
}

// Whatever a link holder writes or answers, and whenever: every message is passed on, in no
// mail that is more than the sixth to staff in ten minutes; and each answer is told at once.
func TestStaffMailsAreLimited(t *testing.T) {
	book := garagetest.Sample(t)
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, book)
		w.event(at(20, 9, 0), sam, &repair.RepairStarted{Customer: contact("c", repair.Email)})
		w.all = nil
		now, written, asked, open := at(20, 9, 0), 0, int32(0), false
		var answered []time.Time
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "seconds")) * time.Second)
			switch what := rapid.SampledFrom([]string{"text", "callback", "quote"}).Draw(t, "what"); {
			case what != "quote":
				w.event(now, customer, says(repair.MessageKind(what)))
				written++
			case open:
				w.event(now, customer, decided(asked, repair.Approve, repair.Reject))
				answered, open = append(answered, now), false
			default:
				asked, open = asked+1, true
				r := request(asked)
				r.Replaces = 0
				w.event(now, noor, r)
			}
		}
		w.until(now.Add(time.Hour))
		var mails, decisions []time.Time
		passedOn := 0
		for _, o := range w.all {
			r, ok := o.(*record.NotificationRequested)
			if !ok || r.Kind != record.NotifyMessage && r.Kind != record.NotifyDecision {
				continue
			}
			mails = append(mails, r.OccurredAt)
			if r.Kind == record.NotifyDecision {
				decisions = append(decisions, r.OccurredAt)
				continue
			}
			if i := len(mails) - 1; i >= staffMails && mails[i].Sub(mails[i-staffMails]) < staffWindow {
				t.Fatalf("a message is passed on in more than %d mails in %s: %v", staffMails, staffWindow, mails[i-staffMails:])
			}
			if r.Recipient.Role == repair.Mechanic {
				passedOn += 1 + len(r.Earlier) + int(r.Omitted)
			}
		}
		if passedOn != written {
			t.Fatalf("%d of %d messages passed on", passedOn, written)
		}
		if diff := cmp.Diff(answered, decisions); diff != "" {
			t.Fatalf("answers are told late or not (-answered +told):\n%s", diff)
		}
	})
}

// What an import brings of the past does not take with it what waits to be passed on.
func TestHistoryDoesNotSwallowGatheredMessages(t *testing.T) {
	w := started(t)
	for range 5 {
		w.event(at(20, 10, 0), customer, says(repair.Text))
	}
	past := says(repair.Text)
	past.History = true
	expect(t, w.event(at(20, 10, 1), customer, past), "no message to mechanic sam: history", "no message to customer_service: history")
	expect(t, w.until(at(20, 10, 10)), "message to mechanic sam", "message to customer_service")
	if got := w.newest(record.NotifyMessage); len(got.Earlier) != 1 {
		t.Errorf("%d earlier ones, want 1", len(got.Earlier))
	}
	expect(t, w.until(at(20, 11, 0)))
}

// Nor does an answer that it brings, of which nobody is told, count against what is written.
func TestAnAnswerInHistoryIsNoneOfTheSix(t *testing.T) {
	w := started(t)
	asked, answered := request(1), decided(1, repair.Approve, repair.Reject)
	w.event(at(20, 9, 1), noor, late(&asked.Fact, false, asked))
	w.event(at(20, 9, 2), customer, late(&answered.Fact, false, answered))
	for range 3 {
		expect(t, w.event(november, customer, says(repair.Text)), "message to mechanic noor", "message to customer_service")
	}
}

// Nor does a timer that is no longer needed fire when there are fewer to write to.
func TestNothingIsGatheredTwice(t *testing.T) {
	w := started(t)
	for range 4 {
		w.event(at(20, 10, 0), customer, says(repair.Text))
	}
	w.event(at(20, 10, 1), noor, says(repair.Note)) // who acts last
	for _, timer := range w.Timers("r1") {
		if timer.Name == gatherTimer && !timer.Due.Equal(at(20, 10, 10)) {
			t.Errorf("gathered until %s", timer.Due)
		}
	}
	expect(t, w.until(at(20, 10, 10)), "message to mechanic noor", "message to customer_service")
	expect(t, w.until(at(20, 11, 0)))
}
