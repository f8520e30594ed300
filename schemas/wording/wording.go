// Package wording writes what a customer is told in a mail and on the page behind its
// link alike: what follows an answer and what follows silence, when somebody calls, when
// the car can be collected and how it can be paid. Each is a pure function of the
// garage's profile, the language and the time at which it is read; none promises what
// the garage's hours and settings do not keep.
package wording

import (
	"time"

	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
)

// Teller writes in one garage's name to customers who read it Now.
type Teller struct {
	Lang   locale.Lang
	Garage *garage.Profile
	Now    time.Time
}

var texts = locale.Texts{
	"pay": {NL: "Betalen kan %s.", EN: "You can pay %s."},

	"call soon":      {NL: "We bellen u zo snel mogelijk terug.", EN: "We will call you back as soon as we can."},
	"call then":      {NL: "We bellen u %s vanaf %s terug.", EN: "We will call you back %s from %s."},
	"answer soon":    {NL: "We antwoorden zo snel mogelijk.", EN: "We will answer as soon as we can."},
	"answer then":    {NL: "We antwoorden %s vanaf %s.", EN: "We will answer %s from %s."},
	"then carry on":  {NL: "Antwoordt u %s, vóór %s, dan kunnen we meteen verder.", EN: "If you answer %s, before %s, we can carry on straight away."},
	"then go on":     {NL: "Antwoordt u %s, vóór %s, dan gaan we %s om %s verder.", EN: "If you answer %s, before %s, we will carry on %s at %s."},
	"then ready":     {NL: "Antwoordt u %s, vóór %s, dan is de auto %s klaar.", EN: "If you answer %s, before %s, the car will be ready %s."},
	"around":         {NL: "rond %s", EN: "around %s"},
	"around on":      {NL: "%s, rond %s", EN: "%s, around %s"},
	"valid":          {NL: "Dit voorstel geldt tot %s, %s. Hoe eerder u antwoordt, hoe eerder we verder kunnen.", EN: "This proposal is valid until %s, %s. The sooner you answer, the sooner we can carry on."},
	"silence call":   {NL: "Horen we niets, dan bellen we u.", EN: "If we don’t hear from you, we will call."},
	"silence agreed": {NL: "Horen we niets, dan doen we alleen het afgesproken werk.", EN: "If we don’t hear from you, we will only do the work already agreed."},
	"nothing extra":  {NL: "Zonder uw akkoord doen we niets extra’s.", EN: "We do nothing extra without your approval."},

	"collect any time":   {NL: "U kunt de auto op elk moment ophalen: we zijn dag en nacht open.", EN: "You can collect your car at any time: we are open day and night."},
	"collect until":      {NL: "U kunt de auto vandaag ophalen tot %s, of vanaf %s tijdens onze openingstijden (%s).", EN: "You can collect your car today until %s, or from %s during our opening hours (%s)."},
	"collect from until": {NL: "U kunt de auto vandaag ophalen van %s tot %s, of vanaf %s tijdens onze openingstijden (%s).", EN: "You can collect your car today from %s to %s, or from %s during our opening hours (%s)."},
	"collect from":       {NL: "U kunt de auto vanaf %s, %s ophalen tijdens onze openingstijden (%s).", EN: "You can collect your car from %s, %s during our opening hours (%s)."},
}

// payments name the ways to pay, each as it stands in "Betalen kan …" and "You can pay …".
var payments = locale.Texts{
	"card":         {NL: "met pin", EN: "by card"},
	"cash":         {NL: "contant", EN: "in cash"},
	"credit_card":  {NL: "met creditcard", EN: "by credit card"},
	"ideal":        {NL: "met iDEAL", EN: "with iDEAL"},
	"transfer":     {NL: "per bankoverschrijving", EN: "by bank transfer"},
	"payment_link": {NL: "via een betaalverzoek", EN: "with a payment link"},
	"invoice":      {NL: "op factuur", EN: "by invoice"},
}

func (w Teller) say(key string, args ...any) string {
	return locale.Voice{Lang: w.Lang, Texts: texts}.T(key, args...)
}

func (w Teller) time(t time.Time) string { return w.Lang.Time(t, w.Garage.Location()) }

func (w Teller) clock(t time.Time) string {
	hour, minute, _ := t.In(w.Garage.Location()).Clock()
	return w.Lang.Clock(hour*60 + minute)
}

func (w Teller) day(t time.Time) string { return w.Lang.DayAndDate(t, w.Now, w.Garage.Location()) }

// on names a day in the middle of a sentence.
func (w Teller) on(t time.Time) string {
	word, date := w.Lang.Day(t, w.Now, w.Garage.Location()), w.Lang.Date(t, w.Now, w.Garage.Location())
	switch {
	case w.sameDay(t, w.Now):
		return word
	case word != date:
		return word + ", " + date + ","
	case w.Lang == locale.EN:
		return "on " + date
	}
	return date
}

func (w Teller) sameDay(a, b time.Time) bool {
	return a.In(w.Garage.Location()).Format(time.DateOnly) == b.In(w.Garage.Location()).Format(time.DateOnly)
}

// Payment says how the customer can pay, as the garage file has it; empty where it says
// nothing.
func (w Teller) Payment() string {
	if len(w.Garage.Payment) == 0 {
		return ""
	}
	ways := make([]string, len(w.Garage.Payment))
	for i, way := range w.Garage.Payment {
		ways[i] = payments[way].In(w.Lang)
	}
	return w.say("pay", w.Lang.Or(ways...))
}

// CallsBack promises a call: at once while the garage is open, else from when it opens.
func (w Teller) CallsBack() string { return w.soon("call") }

// Answers promises an answer to a message, in the same way.
func (w Teller) Answers() string { return w.soon("answer") }

func (w Teller) soon(what string) string {
	opens := w.Garage.Calendar().NextOpen(w.Now)
	if !opens.After(w.Now) {
		return w.say(what + " soon")
	}
	return w.say(what+" then", w.on(opens), w.time(opens))
}

// Question is a proposal that awaits the customer's answer.
type Question struct {
	AskedAt   time.Time // when it was made
	AnswerBy  time.Time // until when an answer is asked for; zero: not said
	ExpiresAt time.Time // when it expires
	ReadyAt   time.Time // when the car is promised to be ready; zero: nothing was promised
	Phone     bool      // whether a phone number of the customer is known
}

// Asks reports whether there is still time to answer by when an answer is asked for.
func (w Teller) Asks(q Question) bool { return q.AnswerBy.After(w.Now) }

// Follows says what follows an answer in time, and what follows none. That the car will
// be ready is promised where an answer in time leaves the promise standing, that the work
// goes on straight away where the garage is open then; a call where the number is known
// and the call is due before the proposal expires.
func (w Teller) Follows(q Question) []string {
	var all []string
	switch {
	case w.Asks(q) && q.ReadyAt.After(q.AnswerBy):
		ready := w.say("around", w.time(q.ReadyAt))
		if !w.sameDay(q.ReadyAt, q.AnswerBy) {
			ready = w.say("around on", w.day(q.ReadyAt), w.time(q.ReadyAt))
		}
		all = append(all, w.say("then ready", w.day(q.AnswerBy), w.time(q.AnswerBy), ready))
	case w.Asks(q) && !w.Garage.Calendar().IsOpen(q.AnswerBy):
		opens := w.Garage.Calendar().NextOpen(q.AnswerBy)
		all = append(all, w.say("then go on", w.day(q.AnswerBy), w.time(q.AnswerBy), w.on(opens), w.time(opens)))
	case w.Asks(q):
		all = append(all, w.say("then carry on", w.day(q.AnswerBy), w.time(q.AnswerBy)))
	case q.ExpiresAt.After(w.Now):
		all = append(all, w.say("valid", w.day(q.ExpiresAt), w.time(q.ExpiresAt)))
	}
	silence := "silence agreed"
	if q.Phone && w.Garage.Calendar().Add(q.AskedAt, w.Garage.Approval.CallAfter).Before(q.ExpiresAt) {
		silence = "silence call"
	}
	return append(all, w.say(silence), w.say("nothing extra"))
}

// Collect says when a car that is ready can be collected, by the garage's calendar:
// closures, lunch and all.
func (w Teller) Collect() string {
	c, hours := w.Garage.Calendar(), w.Garage.OpeningHoursText(w.Lang, w.Now)
	opens := c.NextOpen(w.Now)
	if week := 7 * 24 * time.Hour; c.Open(w.Now, w.Now.Add(week)) == week {
		return w.say("collect any time")
	}
	if !w.sameDay(opens, w.Now) {
		return w.say("collect from", w.day(opens), w.time(opens), hours)
	}
	until, _ := c.CloseOfDay(w.Now)
	next := w.Lang.Day(c.NextOpen(until), w.Now, w.Garage.Location())
	if opens.After(w.Now) {
		return w.say("collect from until", w.clock(opens), w.time(until), next, hours)
	}
	return w.say("collect until", w.time(until), next, hours)
}
