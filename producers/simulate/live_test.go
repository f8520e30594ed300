package simulate

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

func (w *town) live(seed uint64) *Live {
	client := &Client{
		URL: "http://api.test", HTTP: w, Stats: new(Stats), Log: slog.New(slog.DiscardHandler),
		Token: func(role repair.Role, garage, subject string) (string, error) {
			return strings.Join([]string{string(role), garage, subject}, "."), nil
		},
	}
	l := NewLive(client, w.book, seed, 0, time.Now)
	w.send = l.Deliver
	return l
}

// run plays for some time.
func (w *town) run(l *Live, d time.Duration) {
	ctx, stop := context.WithTimeout(w.Context(), d)
	defer stop()
	go w.ticks(ctx)
	l.Run(ctx)
}

func (w *town) open() (n int) {
	for _, s := range w.repairs {
		if s.State.Open() || s.State == repair.Completed {
			n++
		}
	}
	return n
}

func TestLiveTraffic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, planTo)
		l := w.live(1)
		w.run(l, 10*time.Minute)

		c := l.Client.Stats.Counts()
		if len(c.Unexpected) > 0 {
			t.Errorf("unexpected: %v", c.Unexpected)
		}
		if n := w.seen["RepairStarted"]; n < 290 || n > 305 {
			t.Errorf("%d repairs began in ten minutes, want one every 2 s", n)
		}
		for _, want := range []string{
			"ApprovalRequested", "QuoteViewed", "QuoteWithdrawn", "ReadyTimeChanged", "RepairCompleted", "VehicleCollected", "RepairCancelled",
			"by page in nl", "by page in en", "by phone in nl", "approved", "partly_approved", "rejected", "message by customer", "message by customer_service",
			"mail approval_reminder", "QuoteExpired", "CallTask",
		} {
			if w.seen[want] == 0 {
				t.Errorf("no %s", want)
			}
		}
		if done := w.seen["VehicleCollected"]; done < 200 {
			t.Errorf("%d of %d repairs were over in ten minutes", done, w.seen["RepairStarted"])
		}
		for _, k := range slices.Sorted(maps.Keys(w.seen)) {
			t.Logf("%4d %s", w.seen[k], k)
		}
		t.Logf("%+v", c)
	})
}

// A repair that was under way when the process ended is finished by the next one.
func TestLiveGoesOnAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, planTo)
		w.run(w.live(1), time.Minute)
		left := w.open()
		if left < 10 {
			t.Fatalf("only %d repairs are under way after a minute", left)
		}

		l := w.live(1)
		l.Every = time.Hour // nobody new but in the scenes
		w.run(l, 20*time.Minute)
		if n := w.open(); n > 0 {
			t.Errorf("%d of %d repairs are still under way", n, left)
		}
		if c := l.Client.Stats.Counts(); len(c.Unexpected) > 0 {
			t.Errorf("unexpected: %v", c.Unexpected)
		}
	})
}

// Whenever it is started, a demonstration shows one of everything within two minutes.
func TestOneOfEachWithinTwoMinutes(t *testing.T) {
	for name, start := range map[string]time.Time{
		"at 03:00":     time.Date(2026, time.June, 24, 1, 0, 0, 0, time.UTC),
		"on a Sunday":  time.Date(2026, time.June, 21, 10, 0, 0, 0, time.UTC),
		"on a holiday": time.Date(2026, time.December, 25, 11, 0, 0, 0, time.UTC), // when both garages of the sample are closed
		"by day":       time.Date(2026, time.June, 24, 9, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTown(t, start)
				l := w.live(1)
				l.Every = time.Hour // none but the scenes
				w.run(l, 2*time.Minute)
				for _, want := range []string{
					"mail " + string(record.NotifyReminder), "CallTask", "QuoteExpired",
					"message by customer", "message by customer_service", "approved", "rejected",
				} {
					if w.seen[want] == 0 {
						t.Errorf("no %s", want)
					}
				}
				if c := l.Client.Stats.Counts(); len(c.Unexpected) > 0 {
					t.Errorf("unexpected: %v", c.Unexpected)
				}
			})
		})
	}
}

func TestLinkInMail(t *testing.T) {
	const token = "k1.AQK4zKCoDQdkZS1icnVn.yDOp3ZaQ3yXRoCijyf7d6w"
	for name, c := range map[string]struct {
		mail Mail
		want string
	}{
		"text":           {Mail{Text: "Bekijk en kies:\nhttps://debrug.example/c/" + token + "\n\nLiever bellen?"}, "/c/" + token},
		"end of phrase":  {Mail{Text: "See https://debrug.example/c/" + token + "."}, "/c/" + token},
		"below a path":   {Mail{Text: "http://127.0.0.1:8080/pitstop/c/" + token}, "/c/" + token},
		"html only":      {Mail{HTML: `<a href="https://debrug.example/c/` + token + `">Bekijk</a>`}, "/c/" + token},
		"escaped":        {Mail{HTML: `<a href="https:&#47;&#47;debrug.example&#47;c&#47;` + token + `">Bekijk</a>`}, "/c/" + token},
		"another link":   {Mail{Text: "https://debrug.example/repairs/1", HTML: `<a href="tel:+31301234567">`}, ""},
		"nothing at all": {Mail{}, ""},
	} {
		if got := linkIn(c.mail); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestMailReply(t *testing.T) {
	at := time.Date(2026, time.June, 1, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		to    string
		codes []int
	}{
		{"j.dejong.1@" + goodDomain, []int{250}},
		{"sam@debrug.example", []int{250}},
		{"j.dejong.2@" + greyDomain, []int{451, 250}},
		{"j.dejong.3@" + deadDomain, []int{550}},
	} {
		var got []int
		for i := range c.codes {
			r := MailReply(c.to, "m1@debrug.example", i+1, at)
			if again := MailReply(c.to, "m1@debrug.example", i+1, at); again != r {
				t.Errorf("%s: %v, and then %v", c.to, r, again)
			}
			if took := r.At.Sub(at); took <= 0 || took > time.Minute {
				t.Errorf("%s: took %s", c.to, took)
			}
			got = append(got, r.Code)
		}
		if d := cmp.Diff(c.codes, got); d != "" {
			t.Errorf("%s: %s", c.to, d)
		}
	}
}
