package dashboards

import (
	"pitstop/schemas/locale"
	"pitstop/schemas/record"
)

// Service is about those who wait for the garage.
var Service = Dashboard{
	ID:    "service",
	Title: locale.Text{NL: "Klantenservice", EN: "Customer service"},
	For: locale.Text{
		NL: "Voor de klantenservice: wie wacht op ons, en hoe snel antwoorden we?",
		EN: "For customer service: who waits for us, and how fast do we reply?",
	},
	Panels: []Panel{Freshness, toCall, unanswered, questionsByAge, replyTime, replyByDay},
}

var toCall = Panel{
	ID:       "calls",
	Title:    locale.Text{NL: "Bel de klant", EN: "Call the customer"},
	Question: locale.Text{NL: "Wie moet nu gebeld worden?", EN: "Who is to be called now?"},
	Definition: locale.Text{
		NL: "Klanten die gebeld moeten worden, langst wachtend eerst, tot er antwoord is, wij schreven of belden, of de reparatie voorbij is. Bij een open vraag om akkoord: naam en telefoon van wie akkoord geeft. De lijst heeft hoogstens 200 regels.",
		EN: "Customers who are to be called, longest first, until there is an answer, we wrote or called, or the repair is over. With an open request for approval: name and phone of the person who approves. The list has at most 200 rows.",
	},
	Empty: locale.Text{NL: "Niemand hoeft gebeld te worden.", EN: "Nobody has to be called."},
	Kind:  Table, Unit: Minutes, Now: true, Width: 24, Height: 8,
	Threshold: &Threshold{Good: 30, Bad: 120},
	SQL:       query("calls"),
	Columns: []Column{
		plate, garage, customer, phone,
		{Name: "reason", Title: locale.Text{NL: "Waarom", EN: "Why"}, Values: calls},
		mechanic, since, waited,
		link, total,
	},
}

var questionsByAge = Panel{
	ID:       "questions-by-age",
	Title:    locale.Text{NL: "Open vragen naar wachttijd", EN: "Open questions by age"},
	Question: locale.Text{NL: "Hoe lang wachten klanten al op ons?", EN: "How long have customers waited for us?"},
	Definition: locale.Text{
		NL: "Klanten die nog geen antwoord hebben, naar hoe lang geleden hun eerste onbeantwoorde bericht kwam. Na ophalen of annuleren wacht niemand meer.",
		EN: "Customers without an answer so far, by how long ago their first unanswered message came. After collection or cancellation nobody waits.",
	},
	Empty: locale.Text{NL: "Geen: elke klant heeft antwoord.", EN: "None: every customer has an answer."},
	Kind:  Bars, Unit: Count, Now: true, Width: 12, Height: 8,
	SQL: query("questions-by-age"),
	Columns: []Column{
		{Name: "age", Title: locale.Text{NL: "Wacht al", EN: "Has waited"}, Role: Label, Values: map[string]locale.Text{
			"hour":    {NL: "Korter dan 1 uur", EN: "Less than 1 hour"},
			"morning": {NL: "1 tot 4 uur", EN: "1 to 4 hours"},
			"day":     {NL: "4 tot 8 uur", EN: "4 to 8 hours"},
			"longer":  {NL: "8 uur of langer", EN: "8 hours or longer"},
		}},
		value(locale.Text{NL: "Klanten", EN: "Customers"}, Count),
	},
}

var replyTime = ofMeasure("wait-time", record.MeasureStaffResponse, Panel{
	ID:       "reply-time",
	Title:    locale.Text{NL: "Antwoordtijd", EN: "Time to reply"},
	Question: locale.Text{NL: "Hoe snel antwoorden we?", EN: "How fast do we reply?"},
	Definition: locale.Text{
		NL: "Van het eerste onbeantwoorde bericht van een klant tot ons eerste bericht terug, van berichten uit de periode. Een notitie is geen antwoord; na ophalen of annuleren wacht niemand meer. Bij minder dan 20 geen p90, bij minder dan 100 geen p99.",
		EN: "From a customer's first unanswered message until our first message back, of messages in the period. A note is no answer; after collection or cancellation nobody waits. No p90 below 20, no p99 below 100.",
	},
	Empty: locale.Text{NL: "In deze periode is nog niets beantwoord.", EN: "Nothing has been answered in this period."},
	Kind:  Figure, Unit: Minutes, Width: 12, Height: 8,
	Threshold: &Threshold{Good: 30, Bad: 120},
	Columns: []Column{
		value(locale.Text{NL: "Mediaan", EN: "Median"}, Minutes),
		before(Minutes),
		n(locale.Text{NL: "antwoorden", EN: "replies"}),
		percentile(90, Minutes, Plain),
		percentile(99, Minutes, Plain),
		{Name: "open", Title: locale.Text{NL: "Nog open", EN: "Still open"}, Unit: Count},
	},
})

var replyByDay = ofMeasure("wait-by-day", record.MeasureStaffResponse, Panel{
	ID:       "reply-by-day",
	Title:    locale.Text{NL: "Antwoordtijd per dag", EN: "Time to reply by day"},
	Question: locale.Text{NL: "Gaat het beter?", EN: "Is it getting better?"},
	Definition: locale.Text{
		NL: "De antwoordtijd van de berichten van elke dag: mediaan en p90 (bij minder dan 20 niet getoond), met de mediaan van dezelfde dag in de periode ervoor.",
		EN: "The time to reply to each day's messages: median and p90 (not shown below 20), with the median of the same day in the period before.",
	},
	Empty: locale.Text{NL: "In deze periode schreef nog geen klant.", EN: "No customer has written in this period."},
	Kind:  Trend, Unit: Minutes, Width: 24, Height: 8,
	Columns: []Column{
		day,
		{Name: "median", Title: locale.Text{NL: "Mediaan", EN: "Median"}, Unit: Minutes, Role: Value},
		percentile(90, Minutes, Value),
		before(Minutes),
		n(locale.Text{NL: "antwoorden", EN: "replies"}),
		{Name: "open", Title: locale.Text{NL: "Nog open", EN: "Still open"}, Unit: Count},
	},
})
