package dashboards_test

import (
	"testing"
	"time"

	"pitstop/schemas/garage"
	"pitstop/schemas/repair"
)

// brug is a time in May 2026 at brug: open from Monday to Friday, from 8 to 12 and
// from 13 to 17; closed on Monday the 25th. The 18th is a Monday. The target for
// an answer is 1 hour.
func brug(day, hour, minute int) time.Time {
	return time.Date(2026, time.May, day, hour-2, minute, 0, 0, time.UTC)
}

// oost is a time in May 2026 at oost, in Tokyo: open from 9 to 18 every day but
// Sunday. It charges in yen, which have no cents, and its target is 30 minutes.
func oost(day, hour, minute int) time.Time {
	return time.Date(2026, time.May, day, hour-9, minute, 0, 0, time.UTC)
}

// now is when the scenario is looked at: a Thursday, 10:00 at brug, 17:00 at oost.
// The period is the seven days before; that week's Monday is the closed one.
var (
	now   = brug(28, 10, 0)
	from  = brug(21, 10, 0)
	never time.Time
)

// The repairs.
var (
	lastWeek  = car{"brug", "11AAA1"} // answered in time, before the period; a question afterwards
	lastNight = car{"brug", "BB22BB"} // answered overnight, before the period
	approved  = car{"brug", "K482TR"}
	partly    = car{"brug", "4444DD"} // answered after a weekend and a closed day; a promise moved
	rejected  = car{"brug", "55EE55"} // after a question, by phone
	expired   = car{"brug", "6FFF66"} // the mail was refused for good
	withdrawn = car{"brug", "GG777G"} // and nobody heard that it was completed
	replaced  = car{"brug", "H88HHH"}
	unmailed  = car{"brug", "JJJ99J"} // open; the customer has no address
	young     = car{"brug", "KKKK10"} // open for less than an hour; a lease company decides
	asking    = car{"brug", "1LL111"} // questions, no quote
	cancelled = car{"brug", "MM1212"}
	unseen    = car{"brug", "131NN3"} // answered at the counter
	quick     = car{"oost", "品川300あ1234"}
	slow      = car{"oost", "横浜500さ5678"}
)

func garages(t testing.TB) *garage.Book {
	t.Helper()
	profile := func(id, zone string, hours map[string]string) garage.Profile {
		return garage.Profile{
			ID: id, Name: "Garage " + id, Address: "Dorpsstraat 1", City: "Utrecht", Phone: "+31301234567",
			ReplyTo: id + "@example.nl", TimeZone: zone, OpeningHours: []garage.Hours{{Days: hours}},
			Staff: garage.Staff{
				Mechanics:       []garage.Mechanic{{ID: "sam", Name: "Sam", Email: "sam@example.nl"}, {ID: "noor", Name: "Noor", Email: "noor@example.nl"}},
				CustomerService: []string{"balie@example.nl"},
			},
		}
	}
	brug := profile("brug", "Europe/Amsterdam", map[string]string{"mon-fri": "8:00-12:00, 13:00-17:00"})
	brug.Closures = []garage.Closure{{From: "2026-05-25", Reason: "Tweede Pinksterdag"}}
	oost := profile("oost", "Asia/Tokyo", map[string]string{"mon-sat": "9:00-18:00"})
	oost.Currency, oost.Approval.AnswerWithin = "JPY", 30*time.Minute
	book, err := garage.NewBook(brug, oost, profile("leeg", "Europe/Amsterdam", map[string]string{"mon-fri": "8:00-17:00"}))
	must(t, err)
	return book
}

// scenario is what the pipeline makes of two weeks. Mails are accepted a minute
// after they are requested, unless another answer is said.
func scenario(t testing.TB) []any {
	w := newWorld(t, garages(t), brug(18, 8, 0))
	const mail = "klant@example.nl"

	w.start(brug(19, 9, 0), lastWeek, brug(19, 16, 0), mail, nil)
	w.ask(brug(19, 10, 0), lastWeek, sam, brug(20, 17, 0), 34800, 3995)
	w.view(brug(19, 10, 5), lastWeek, 1)
	w.decide(brug(19, 10, 31), lastWeek, customer, repair.ByPage, 1, 34800, 3995)
	w.complete(brug(19, 15, 0), lastWeek)
	w.do(brug(20, 9, 0), lastWeek, desk, &repair.CollectVehicle{})
	w.say(brug(27, 16, 0), lastWeek, customer, repair.Text)

	w.start(brug(20, 15, 0), lastNight, brug(21, 9, 0), mail, nil)
	w.ask(brug(20, 16, 30), lastNight, noor, brug(21, 17, 0), 10000)
	w.view(brug(20, 16, 40), lastNight, 1)
	w.decide(brug(21, 8, 30), lastNight, customer, repair.ByPage, 1, 10000)
	w.complete(brug(21, 9, 30), lastNight)

	w.start(brug(21, 10, 30), approved, brug(21, 17, 0), mail, nil)
	w.ask(brug(21, 11, 0), approved, sam, brug(22, 17, 0), 34800, 3995)
	w.view(brug(21, 11, 21), approved, 1)
	w.decide(brug(21, 11, 41), approved, customer, repair.ByPage, 1, 34800, 3995)
	w.say(brug(21, 13, 30), approved, sam, repair.Note)
	w.complete(brug(21, 16, 0), approved)

	w.start(brug(22, 9, 0), partly, brug(22, 15, 0), mail, nil)
	w.do(brug(22, 14, 30), partly, sam, &repair.ChangeReadyTime{ReadyAt: brug(26, 12, 0)})
	w.ask(brug(22, 16, 0), partly, sam, brug(26, 17, 0), 34800, 3995)
	w.view(brug(22, 16, 20), partly, 1)
	w.say(brug(22, 16, 30), partly, customer, repair.Text)
	w.say(brug(26, 8, 30), partly, desk, repair.Text)
	w.decide(brug(26, 8, 50), partly, customer, repair.ByPage, 1, 34800, repair.ReasonLater)
	w.complete(brug(26, 10, 0), partly)

	w.start(brug(26, 8, 15), rejected, never, mail, nil)
	w.ask(brug(26, 9, 0), rejected, sam, brug(27, 17, 0), 20000, 5000)
	w.view(brug(26, 9, 2), rejected, 1)
	w.say(brug(26, 9, 10), rejected, customer, repair.Text)
	w.say(brug(26, 9, 40), rejected, desk, repair.Text)
	w.decide(brug(26, 10, 30), rejected, desk, repair.ByPhone, 1, repair.ReasonPrice, repair.ReasonLater)
	w.complete(brug(26, 11, 0), rejected)

	w.answers[expired.id()] = []string{"accepted", "failed"}
	w.start(brug(26, 8, 30), expired, brug(27, 12, 0), mail, nil)
	w.ask(brug(26, 10, 0), expired, sam, brug(27, 10, 0), 15000)
	w.decide(brug(27, 10, 5), expired, customer, repair.ByPage, 1, 15000) // too late
	w.refused()

	w.answers[withdrawn.id()] = []string{"accepted", "accepted", "accepted", "failed"}
	w.start(brug(27, 8, 10), withdrawn, never, mail, nil)
	w.ask(brug(27, 9, 0), withdrawn, sam, brug(28, 17, 0), 9000)
	w.do(brug(27, 9, 20), withdrawn, sam, &repair.WithdrawQuote{Revision: 1})
	w.complete(brug(28, 9, 0), withdrawn)

	w.start(brug(27, 8, 20), replaced, brug(27, 14, 0), mail, nil)
	w.ask(brug(27, 10, 0), replaced, noor, brug(28, 17, 0), 8000)
	w.ask(brug(27, 10, 15), replaced, noor, brug(28, 17, 0), 8500)
	w.view(brug(27, 10, 20), replaced, 2)
	w.decide(brug(27, 10, 45), replaced, customer, repair.ByPage, 2, 8500)
	w.complete(brug(27, 14, 0), replaced)

	w.start(brug(27, 8, 40), cancelled, never, mail, nil)
	w.ask(brug(27, 11, 0), cancelled, sam, brug(28, 17, 0), 1000)
	w.do(brug(27, 11, 30), cancelled, desk, &repair.CancelRepair{})

	w.start(brug(27, 9, 0), unmailed, never, "", nil)
	w.ask(brug(27, 16, 30), unmailed, sam, brug(28, 17, 0), 12345)

	w.start(brug(27, 13, 0), unseen, brug(27, 16, 0), mail, nil)
	w.ask(brug(27, 13, 10), unseen, sam, brug(28, 17, 0), 6000)
	w.decide(brug(27, 14, 20), unseen, desk, repair.AtCounter, 1, 6000)
	w.complete(brug(27, 16, 30), unseen)

	lease := w.person("Lease BV", "lease@example.nl", "+31201234567")
	w.start(brug(28, 8, 5), young, never, mail, &lease)
	w.ask(brug(28, 9, 20), young, noor, brug(29, 17, 0), 45000)
	w.view(brug(28, 9, 25), young, 1)

	w.start(brug(28, 8, 30), asking, brug(28, 17, 0), mail, nil)
	w.say(brug(28, 9, 30), asking, customer, repair.Text)
	w.say(brug(28, 9, 40), asking, customer, repair.Callback)

	w.answers[quick.id()] = []string{"accepted", "deferred"}
	w.start(oost(27, 9, 30), quick, oost(28, 12, 0), mail, nil)
	w.ask(oost(27, 10, 0), quick, noor, oost(28, 18, 0), 5000)
	w.view(oost(27, 10, 20), quick, 1)
	w.decide(oost(27, 10, 25), quick, customer, repair.ByPage, 1, 5000)
	w.say(oost(27, 10, 40), quick, noor, repair.Note)
	w.complete(oost(28, 11, 30), quick)

	w.start(oost(27, 10, 30), slow, never, mail, nil)
	w.ask(oost(27, 11, 0), slow, noor, oost(28, 18, 0), 7000)
	w.view(oost(27, 11, 10), slow, 1)
	w.decide(oost(27, 11, 45), slow, customer, repair.ByPage, 1, repair.ReasonElsewhere)

	w.play(now)
	return w.records
}
