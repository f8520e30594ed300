package dashboards

// Service is about those who wait for the garage.
var Service = Dashboard{
	ID:    "service",
	Title: Text{"Klantenservice", "Customer service"},
	For: Text{
		"Voor de klantenservice: wie wacht op ons, en hoe snel antwoorden we?",
		"For customer service: who waits for us, and how fast do we reply?",
	},
	Panels: []Panel{Freshness, toCall, unanswered, questionsByAge, replyTime, replyByDay},
}

var toCall = Panel{
	ID:       "calls",
	Title:    Text{"Bel de klant", "Call the customer"},
	Question: Text{"Wie moet nu gebeld worden?", "Who is to be called now?"},
	Definition: Text{
		"Klanten die gebeld moeten worden, langst wachtend eerst, tot er antwoord is, wij schreven of belden, of de reparatie voorbij is. Bij een open vraag om akkoord: naam en telefoon van wie akkoord geeft. De lijst heeft hoogstens 200 regels.",
		"Customers who are to be called, longest first, until there is an answer, we wrote or called, or the repair is over. With an open request for approval: name and phone of the person who approves. The list has at most 200 rows.",
	},
	Empty: Text{"Niemand hoeft gebeld te worden.", "Nobody has to be called."},
	Kind:  Table, Unit: Minutes, Now: true, Width: 24, Height: 8,
	Threshold: &Threshold{Good: 30, Bad: 120},
	SQL:       query("calls"),
	Columns: []Column{
		plate, garage, customer, phone,
		{Name: "reason", Title: Text{"Waarom", "Why"}, Values: calls},
		mechanic, since,
		{Name: "waiting", Title: Text{"Gewacht", "Waited"}, Unit: Minutes, Role: Value},
		link, total,
	},
}

var questionsByAge = Panel{
	ID:       "questions-by-age",
	Title:    Text{"Open vragen naar wachttijd", "Open questions by age"},
	Question: Text{"Hoe lang wachten klanten al op ons?", "How long have customers waited for us?"},
	Definition: Text{
		"Klanten die nog geen antwoord hebben, naar hoe lang geleden hun eerste onbeantwoorde bericht kwam. Na ophalen of annuleren wacht niemand meer.",
		"Customers without an answer so far, by how long ago their first unanswered message came. After collection or cancellation nobody waits.",
	},
	Empty: Text{"Geen: elke klant heeft antwoord.", "None: every customer has an answer."},
	Kind:  Bars, Unit: Count, Now: true, Width: 12, Height: 8,
	SQL: query("questions-by-age"),
	Columns: []Column{
		{Name: "age", Title: Text{"Wacht al", "Has waited"}, Role: Label, Values: map[string]Text{
			"hour":    {"Korter dan 1 uur", "Less than 1 hour"},
			"morning": {"1 tot 4 uur", "1 to 4 hours"},
			"day":     {"4 tot 8 uur", "4 to 8 hours"},
			"longer":  {"8 uur of langer", "8 hours or longer"},
		}},
		value(Text{"Klanten", "Customers"}, Count),
	},
}

var replyTime = Panel{
	ID:       "reply-time",
	Title:    Text{"Antwoordtijd", "Time to reply"},
	Question: Text{"Hoe snel antwoorden we?", "How fast do we reply?"},
	Definition: Text{
		"Van het eerste onbeantwoorde bericht van een klant tot ons eerste bericht terug, van berichten uit de periode. Een notitie is geen antwoord; na ophalen of annuleren wacht niemand meer. Bij minder dan 20 geen p90, bij minder dan 100 geen p99.",
		"From a customer's first unanswered message until our first message back, of messages in the period. A note is no answer; after collection or cancellation nobody waits. No p90 below 20, no p99 below 100.",
	},
	Empty: Text{"In deze periode is nog niets beantwoord.", "Nothing has been answered in this period."},
	Kind:  Figure, Unit: Minutes, Width: 12, Height: 8,
	Threshold: &Threshold{Good: 30, Bad: 120},
	File:      "wait-time", SQL: ofMeasure("wait-time", "staff_response"),
	Columns: []Column{
		value(Text{"Mediaan", "Median"}, Minutes),
		before(Minutes),
		n(Text{"antwoorden", "replies"}),
		percentile(90, Minutes, Plain),
		percentile(99, Minutes, Plain),
		{Name: "open", Title: Text{"Nog open", "Still open"}, Unit: Count},
	},
}

var replyByDay = Panel{
	ID:       "reply-by-day",
	Title:    Text{"Antwoordtijd per dag", "Time to reply by day"},
	Question: Text{"Gaat het beter?", "Is it getting better?"},
	Definition: Text{
		"De antwoordtijd van de berichten van elke dag: mediaan en p90 (bij minder dan 20 niet getoond), met de mediaan van dezelfde dag in de periode ervoor.",
		"The time to reply to each day's messages: median and p90 (not shown below 20), with the median of the same day in the period before.",
	},
	Empty: Text{"In deze periode schreef nog geen klant.", "No customer has written in this period."},
	Kind:  Trend, Unit: Minutes, Width: 24, Height: 8,
	File: "wait-by-day", SQL: ofMeasure("wait-by-day", "staff_response"),
	Columns: []Column{
		day,
		{Name: "median", Title: Text{"Mediaan", "Median"}, Unit: Minutes, Role: Value},
		percentile(90, Minutes, Value),
		before(Minutes),
		n(Text{"antwoorden", "replies"}),
		{Name: "open", Title: Text{"Nog open", "Still open"}, Unit: Count},
	},
}
