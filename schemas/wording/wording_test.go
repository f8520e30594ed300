package wording

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
)

// in returns a garage of the sample in Amsterdam: de-brug is open ma–vr 8.00–17.30.
func in(t *testing.T, id string, change ...func(*garage.Profile)) *garage.Profile {
	t.Helper()
	sample, err := garage.Parse(garage.Sample)
	if err != nil {
		t.Fatal(err)
	}
	found, ok := sample.Garage(id)
	if !ok {
		t.Fatalf("no garage %s", id)
	}
	profile := *found
	for _, c := range change {
		c(&profile)
	}
	book, err := garage.NewBook(profile)
	if err != nil {
		t.Fatal(err)
	}
	return book.Garages()[0]
}

func at(day, hour, minute int) time.Time { // of May 2026 in Amsterdam; the 20th is a Wednesday
	return time.Date(2026, time.May, day, hour-2, minute, 0, 0, time.UTC)
}

func open247(p *garage.Profile) {
	p.OpeningHours, p.Closures = []garage.Hours{{Days: map[string]string{"mon-sun": "0:00-24:00"}}}, nil
}

func TestPromises(t *testing.T) {
	for name, c := range map[string]struct {
		now                  time.Time
		garage               *garage.Profile
		calls, answers, till string
		callsEN, tillEN      string
	}{
		"open": {
			at(20, 9, 0), in(t, "de-brug"),
			"We bellen u zo snel mogelijk terug.", "We antwoorden zo snel mogelijk.",
			"U kunt de auto vandaag ophalen tot 17.30 uur, of vanaf morgen tijdens onze openingstijden (ma–vr 8.00–17.30 uur).",
			"We will call you back as soon as we can.", "You can collect your car today until 17:30, or from tomorrow during our opening hours (Mon–Fri 8:00–17:30).",
		},
		"at the close": {
			at(20, 17, 30), in(t, "de-brug"),
			"We bellen u morgen, donderdag 21 mei, vanaf 8.00 uur terug.", "We antwoorden morgen, donderdag 21 mei, vanaf 8.00 uur.",
			"U kunt de auto vanaf morgen, donderdag 21 mei, 8.00 uur ophalen tijdens onze openingstijden (ma–vr 8.00–17.30 uur).",
			"We will call you back tomorrow, Thursday 21 May, from 8:00.", "You can collect your car from tomorrow, Thursday 21 May, 8:00 during our opening hours (Mon–Fri 8:00–17:30).",
		},
		"before a holiday": { // Saturday; Monday is Tweede Pinksterdag
			at(23, 12, 0), in(t, "de-brug"),
			"We bellen u dinsdag 26 mei vanaf 8.00 uur terug.", "We antwoorden dinsdag 26 mei vanaf 8.00 uur.",
			"U kunt de auto vanaf dinsdag 26 mei, 8.00 uur ophalen tijdens onze openingstijden (ma–vr 8.00–17.30 uur).",
			"We will call you back on Tuesday 26 May from 8:00.", "You can collect your car from Tuesday 26 May, 8:00 during our opening hours (Mon–Fri 8:00–17:30).",
		},
		"lunch": {
			at(20, 12, 40), in(t, "noord"),
			"We bellen u vandaag vanaf 13.00 uur terug.", "We antwoorden vandaag vanaf 13.00 uur.",
			"U kunt de auto vandaag ophalen van 13.00 tot 17.30 uur, of vanaf morgen tijdens onze openingstijden (ma–do 8.00–12.30 en 13.00–17.30, vr 8.00–12.30 en 13.00–17.00, za 9.00–13.00 uur).",
			"We will call you back today from 13:00.", "You can collect your car today from 13:00 to 17:30, or from tomorrow during our opening hours (Mon–Thu 8:00–12:30 and 13:00–17:30, Fri 8:00–12:30 and 13:00–17:00, Sat 9:00–13:00).",
		},
		"day and night": {
			at(20, 3, 0), in(t, "de-brug", open247),
			"We bellen u zo snel mogelijk terug.", "We antwoorden zo snel mogelijk.",
			"U kunt de auto op elk moment ophalen: we zijn dag en nacht open.",
			"We will call you back as soon as we can.", "You can collect your car at any time: we are open day and night.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			nl, en := Teller{locale.NL, c.garage, c.now}, Teller{locale.EN, c.garage, c.now}
			got := []string{nl.CallsBack(), nl.Answers(), nl.Collect(), en.CallsBack(), en.Collect()}
			if diff := cmp.Diff([]string{c.calls, c.answers, c.till, c.callsEN, c.tillEN}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFollows(t *testing.T) {
	asked := Question{AskedAt: at(20, 9, 0), AnswerBy: at(20, 14, 0), ExpiresAt: at(21, 17, 30), ReadyAt: at(20, 17, 0), Phone: true}
	for name, c := range map[string]struct {
		now    time.Time
		change func(*Question)
		nl, en string
	}{
		"ready today": {
			at(20, 9, 0), nil,
			"Antwoordt u vandaag, woensdag 20 mei, vóór 14.00 uur, dan is de auto rond 17.00 uur klaar. Horen we niets, dan bellen we u. Zonder uw akkoord doen we niets extra’s.",
			"If you answer today, Wednesday 20 May, before 14:00, the car will be ready around 17:00. If we don’t hear from you, we will call. We do nothing extra without your approval.",
		},
		"ready tomorrow": {
			at(20, 9, 0), func(q *Question) { q.ReadyAt = at(21, 10, 0) },
			"Antwoordt u vandaag, woensdag 20 mei, vóór 14.00 uur, dan is de auto morgen, donderdag 21 mei, rond 10.00 uur klaar. Horen we niets, dan bellen we u. Zonder uw akkoord doen we niets extra’s.",
			"If you answer today, Wednesday 20 May, before 14:00, the car will be ready tomorrow, Thursday 21 May, around 10:00. If we don’t hear from you, we will call. We do nothing extra without your approval.",
		},
		"promised before the answer": {
			at(20, 9, 0), func(q *Question) { q.ReadyAt = at(20, 13, 0) },
			"Antwoordt u vandaag, woensdag 20 mei, vóór 14.00 uur, dan kunnen we meteen verder. Horen we niets, dan bellen we u. Zonder uw akkoord doen we niets extra’s.",
			"If you answer today, Wednesday 20 May, before 14:00, we can carry on straight away. If we don’t hear from you, we will call. We do nothing extra without your approval.",
		},
		"answered after hours": {
			at(20, 9, 0), func(q *Question) { q.AnswerBy = at(20, 20, 0) },
			"Antwoordt u vandaag, woensdag 20 mei, vóór 20.00 uur, dan gaan we morgen, donderdag 21 mei, om 8.00 uur verder. Horen we niets, dan bellen we u. Zonder uw akkoord doen we niets extra’s.",
			"If you answer today, Wednesday 20 May, before 20:00, we will carry on tomorrow, Thursday 21 May, at 8:00. If we don’t hear from you, we will call. We do nothing extra without your approval.",
		},
		"too late to be in time": {
			at(20, 14, 0), nil,
			"Dit voorstel geldt tot morgen, donderdag 21 mei, 17.30 uur. Hoe eerder u antwoordt, hoe eerder we verder kunnen. Horen we niets, dan bellen we u. Zonder uw akkoord doen we niets extra’s.",
			"This proposal is valid until tomorrow, Thursday 21 May, 17:30. The sooner you answer, the sooner we can carry on. If we don’t hear from you, we will call. We do nothing extra without your approval.",
		},
		"no number": {
			at(20, 9, 0), func(q *Question) { q.Phone = false },
			"Antwoordt u vandaag, woensdag 20 mei, vóór 14.00 uur, dan is de auto rond 17.00 uur klaar. Horen we niets, dan doen we alleen het afgesproken werk. Zonder uw akkoord doen we niets extra’s.",
			"If you answer today, Wednesday 20 May, before 14:00, the car will be ready around 17:00. If we don’t hear from you, we will only do the work already agreed. We do nothing extra without your approval.",
		},
		"expired before the call": {
			at(20, 9, 0), func(q *Question) { q.AnswerBy, q.ExpiresAt = time.Time{}, at(20, 11, 0) }, // call_after is 2h
			"Dit voorstel geldt tot vandaag, woensdag 20 mei, 11.00 uur. Hoe eerder u antwoordt, hoe eerder we verder kunnen. Horen we niets, dan doen we alleen het afgesproken werk. Zonder uw akkoord doen we niets extra’s.",
			"This proposal is valid until today, Wednesday 20 May, 11:00. The sooner you answer, the sooner we can carry on. If we don’t hear from you, we will only do the work already agreed. We do nothing extra without your approval.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			q := asked
			if c.change != nil {
				c.change(&q)
			}
			for lang, want := range map[locale.Lang]string{locale.NL: c.nl, locale.EN: c.en} {
				if got := strings.Join(Teller{lang, in(t, "de-brug"), c.now}.Follows(q), " "); got != want {
					t.Errorf("%s\n got %s\nwant %s", lang, got, want)
				}
			}
		})
	}
}

func TestPayment(t *testing.T) {
	for _, c := range []struct {
		ways   []string
		nl, en string
	}{
		{nil, "", ""},
		{[]string{"card"}, "Betalen kan met pin.", "You can pay by card."},
		{[]string{"card", "cash"}, "Betalen kan met pin of contant.", "You can pay by card or in cash."},
		{[]string{"ideal", "transfer", "invoice"}, "Betalen kan met iDEAL, per bankoverschrijving of op factuur.", "You can pay with iDEAL, by bank transfer or by invoice."},
	} {
		g := in(t, "de-brug", func(p *garage.Profile) { p.Payment = c.ways })
		nl, en := Teller{locale.NL, g, at(20, 9, 0)}.Payment(), Teller{locale.EN, g, at(20, 9, 0)}.Payment()
		if nl != c.nl || en != c.en {
			t.Errorf("%q: %q, %q", c.ways, nl, en)
		}
	}
	for _, way := range garage.Payments { // each that the garage file takes has words
		if _, ok := payments[way]; !ok {
			t.Errorf("%s has no words", way)
		}
	}
}
