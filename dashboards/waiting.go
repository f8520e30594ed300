package dashboards

import (
	"pitstop/schemas/locale"
	"pitstop/schemas/record"
)

// Waiting is the manager's home: whom to call, and whether it gets better.
var Waiting = Dashboard{
	ID:    "waiting",
	Title: locale.Text{NL: "Wachten", EN: "Waiting"},
	For: locale.Text{
		NL: "Voor de werkplaatsmanager: wie moeten we bellen, en gaat het beter?",
		EN: "For the workshop manager: whom do we call, and is it getting better?",
	},
	Panels: []Panel{
		Freshness,
		openQuotes,
		unreachedCount, unreached,
		answeredInTime, approvalTime, approvalByDay,
		waitingToday, steps,
		unanswered,
		keptPromises, outcomes,
	},
}

var openQuotes = Panel{
	ID:       "open-quotes",
	Title:    locale.Text{NL: "Wacht nu op de klant", EN: "Waiting for the customer now"},
	Question: locale.Text{NL: "Wie moeten we bellen?", EN: "Whom do we call?"},
	Definition: locale.Text{
		NL: "Elke vraag om akkoord die nog openstaat, langst wachtend eerst. Gewacht: sinds de vraag om akkoord. Naam en telefoon zijn van wie akkoord geeft; het bedrag is incl. btw. Gezien: bekeken, of daarna een bericht geschreven. De lijst heeft hoogstens 200 regels.",
		EN: "Every request for approval that is still open, longest first. Waited: since it was made. Name and phone are those of the person who approves; the amount includes VAT. Viewed: looked at, or a message written since. The list has at most 200 rows.",
	},
	Empty: locale.Text{NL: "Niemand wacht: op elke vraag om akkoord is antwoord.", EN: "Nobody waits: every request for approval is answered."},
	Kind:  Table, Unit: Minutes, Now: true, Width: 24, Height: 9,
	Threshold: &Threshold{Good: 60, Bad: 120},
	SQL:       query("open-quotes"),
	Columns: []Column{
		plate, garage,
		{Name: "customer", Title: locale.Text{NL: "Wie geeft akkoord", EN: "Who approves"}},
		phone,
		{Name: "amount", Title: locale.Text{NL: "Bedrag", EN: "Amount"}, Unit: Money},
		currency,
		{Name: "state", Title: locale.Text{NL: "Gezien", EN: "Viewed"}, Values: map[string]locale.Text{
			"wrote":     {NL: "Ja, wacht op ons", EN: "Yes, waits for our reply"},
			"viewed":    {NL: "Ja", EN: "Yes"},
			"mailed":    {NL: "Nee, wel gemaild", EN: "No, but mailed"},
			"unreached": {NL: "Nee, mail kwam niet aan", EN: "No, mail did not arrive"},
		}},
		since, waited,
		link, total,
	},
}

var unreachedCount = Panel{
	ID:       "unreached-count",
	Title:    locale.Text{NL: "Niet bereikt, 24 uur", EN: "Not reached, 24 hours"},
	Question: locale.Text{NL: "Hoe vaak kwam een bericht niet aan?", EN: "How often did a notification not arrive?"},
	Definition: locale.Text{
		NL: "Berichten van de afgelopen 24 uur die voorgoed mislukten of waarvoor geen werkend mailadres is; ernaast de 24 uur ervoor. n: alle berichten die we wilden sturen.",
		EN: "Notifications of the last 24 hours that failed for good or had no working mail address; beside it the 24 hours before. n: all that were to be sent.",
	},
	Empty: locale.Text{NL: "De afgelopen 24 uur was er niets te berichten.", EN: "Nothing was to be sent in the last 24 hours."},
	Kind:  Figure, Unit: Count, Now: true, Width: 6, Height: 8,
	Threshold: &Threshold{Good: 0, Bad: 3},
	SQL:       query("unreached-count"),
	Columns: []Column{
		value(locale.Text{NL: "Niet bereikt", EN: "Not reached"}, Count),
		{Name: "before", Title: locale.Text{NL: "24 uur ervoor", EN: "24 hours before"}, Unit: Count, Role: Previous},
		n(locale.Text{NL: "berichten", EN: "notifications"}),
	},
}

var unreached = Panel{
	ID:       "unreached",
	Title:    locale.Text{NL: "Niet bereikt: wie", EN: "Not reached: who"},
	Question: locale.Text{NL: "Wie heeft niets gehoord?", EN: "Who heard nothing?"},
	Definition: locale.Text{
		NL: "Elk bericht van de afgelopen 24 uur dat niemand bereikte: voor wie, wat het was, en waarom het niet aankwam. Eerst wie nog gebeld moet worden, dan de nieuwste. De lijst heeft hoogstens 200 regels.",
		EN: "Every notification of the last 24 hours that reached nobody: for whom, what it was, and why it did not arrive. First who is still to be called, then the newest. The list has at most 200 rows.",
	},
	Empty: locale.Text{NL: "Iedereen is bereikt.", EN: "Everybody was reached."},
	Kind:  Table, Now: true, Width: 18, Height: 8,
	SQL: query("unreached"),
	Columns: []Column{
		plate, garage,
		{Name: "todo", Title: locale.Text{NL: "Te doen", EN: "To do"}, Values: map[string]locale.Text{
			"call":    {NL: "Bel de klant", EN: "Call the customer"},
			"settled": {NL: "Niets meer", EN: "Nothing more"},
		}},
		{Name: "name", Title: locale.Text{NL: "Naam", EN: "Name"}},
		phone,
		{Name: "about", Title: locale.Text{NL: "Bericht", EN: "Notification"}, Values: kindNames},
		{Name: "reason", Title: locale.Text{NL: "Waarom niet", EN: "Why not"}, Values: losses},
		{Name: "recipient", Title: locale.Text{NL: "Aan", EN: "To"}, Values: roleNames},
		{Name: "at", Title: locale.Text{NL: "Wanneer", EN: "When"}, Unit: Instant},
		link, total,
	},
}

var answeredInTime = Panel{
	ID:       "answered-in-time",
	Title:    locale.Text{NL: "Antwoord binnen 1 uur", EN: "Answered within 1 hour"},
	Question: locale.Text{NL: "Krijgen we snel genoeg antwoord?", EN: "Do we get an answer fast enough?"},
	Definition: locale.Text{
		NL: "Van de vragen om akkoord uit de periode: het deel met akkoord of niet akkoord binnen 1 uur openingstijd; dat uur geldt voor elke garage. Verlopen, en open langer dan dat, tellen als nee. Wat nog geen uur openstaat telt niet mee; wat is ingetrokken of vervangen staat apart. Altijd in openingstijd.",
		EN: "Of the requests for approval in the period: the share answered yes or no within 1 opening hour, which is the same for every garage. Expired ones, and those open for longer than that, count as no. Those open for less than an hour are left out; withdrawn and replaced ones stand apart. Always in opening hours.",
	},
	Empty: locale.Text{NL: "Van deze periode telt nog geen vraag om akkoord mee.", EN: "No request for approval of this period counts yet."},
	Kind:  Figure, Unit: Percent, Width: 6, Height: 8,
	Threshold: &Threshold{Good: 75, Bad: 50, HigherIsBetter: true},
	SQL:       query("answered-in-time"),
	Columns: []Column{
		value(locale.Text{NL: "Op tijd beantwoord", EN: "Answered in time"}, Percent),
		before(Percent),
		n(requests),
		{Name: "young", Title: locale.Text{NL: "Nog geen uur open", EN: "Open for less than an hour"}, Unit: Count},
		{Name: "withdrawn", Title: locale.Text{NL: "Ingetrokken of geannuleerd", EN: "Withdrawn or cancelled"}, Unit: Count},
		{Name: "replaced", Title: locale.Text{NL: "Vervangen door een nieuwe", EN: "Replaced by a new one"}, Unit: Count},
	},
}

var approvalTime = ofMeasure("wait-time", record.MeasureApproval, Panel{
	ID:       "approval-time",
	Title:    locale.Text{NL: "Akkoordtijd", EN: "Approval time"},
	Question: locale.Text{NL: "Hoe lang duurt het tot we antwoord hebben?", EN: "How long until we have an answer?"},
	Definition: locale.Text{
		NL: "Van de vraag om akkoord tot het antwoord (akkoord of niet) of het verlopen, van vragen om akkoord uit de periode. De helft duurt korter dan de mediaan, 9 van de 10 korter dan p90 (bij minder dan 20 niet getoond) en 99 van de 100 korter dan p99 (bij minder dan 100 niet getoond).",
		EN: "From the request for approval to the answer (yes or no) or the expiry, of requests in the period. Half take less than the median, 9 of 10 less than p90 (not shown below 20) and 99 of 100 less than p99 (not shown below 100).",
	},
	Empty: locale.Text{NL: "In deze periode is nog geen vraag om akkoord beantwoord of verlopen.", EN: "No request for approval has been answered or has expired in this period."},
	Kind:  Figure, Unit: Minutes, Width: 6, Height: 8,
	Threshold: &Threshold{Good: 60, Bad: 120},
	Columns: []Column{
		value(locale.Text{NL: "Mediaan", EN: "Median"}, Minutes),
		before(Minutes),
		n(locale.Text{NL: "antwoorden", EN: "answers"}),
		percentile(90, Minutes, Plain),
		percentile(99, Minutes, Plain),
		{Name: "open", Title: locale.Text{NL: "Nog open", EN: "Still open"}, Unit: Count},
	},
})

var approvalByDay = ofMeasure("wait-by-day", record.MeasureApproval, Panel{
	ID:       "approval-by-day",
	Title:    locale.Text{NL: "Akkoordtijd per dag", EN: "Approval time by day"},
	Question: locale.Text{NL: "Gaat het beter?", EN: "Is it getting better?"},
	Definition: locale.Text{
		NL: "De akkoordtijd van de vragen om akkoord van elke dag: mediaan en p90 (bij minder dan 20 niet getoond), met de mediaan van dezelfde dag in de periode ervoor. Wat nog openstaat heeft nog geen tijd en staat ernaast.",
		EN: "The approval time of each day's requests: median and p90 (not shown below 20), with the median of the same day in the period before. Those still open have no time yet and stand beside it.",
	},
	Empty: locale.Text{NL: "In deze periode is nog geen akkoord gevraagd.", EN: "No approval has been requested in this period."},
	Kind:  Trend, Unit: Minutes, Width: 12, Height: 8,
	Columns: []Column{
		day,
		{Name: "median", Title: locale.Text{NL: "Mediaan", EN: "Median"}, Unit: Minutes, Role: Value},
		percentile(90, Minutes, Value),
		before(Minutes),
		n(locale.Text{NL: "antwoorden", EN: "answers"}),
		{Name: "open", Title: locale.Text{NL: "Nog open", EN: "Still open"}, Unit: Count},
	},
})

var waitingToday = Panel{
	ID:       "waiting-today",
	Title:    locale.Text{NL: "Wachttijd op de klant vandaag", EN: "Waiting for customers today"},
	Question: locale.Text{NL: "Hoeveel uur gaat verloren?", EN: "How many hours are lost?"},
	Definition: locale.Text{
		NL: "De uren die auto's vandaag stilstonden omdat een vraag om akkoord openstond, bij elkaar opgeteld; wat nu nog wacht telt mee tot nu. Ernaast dezelfde dag een week geleden, tot dezelfde tijd. n: auto's die wachtten.",
		EN: "The hours that cars stood still today because a request for approval was open, added up; those that wait now count up to now. Beside it the same day a week ago, up to the same time. n: cars that waited.",
	},
	Empty: locale.Text{NL: "Vandaag wachtte nog geen auto.", EN: "No car has waited today."},
	Kind:  Figure, Unit: Hours, Now: true, Width: 6, Height: 8,
	SQL: query("waiting-today"),
	Columns: []Column{
		value(locale.Text{NL: "Gewacht", EN: "Waited"}, Hours),
		{Name: "before", Title: locale.Text{NL: "Een week geleden", EN: "A week ago"}, Unit: Hours, Role: Previous},
		n(locale.Text{NL: "auto's", EN: "cars"}),
	},
}

var steps = Panel{
	ID:       "steps",
	Title:    locale.Text{NL: "Waar gaat de tijd heen?", EN: "Where does the time go?"},
	Question: locale.Text{NL: "Welke stap duurt het langst?", EN: "Which step takes longest?"},
	Definition: locale.Text{
		NL: "Van vraag om akkoord tot verder werken, in vier stappen: tot de mailserver de mail aanneemt, tot de klant kijkt, tot het antwoord, en tot de monteur verdergaat. Gemiddelden, want opgeteld vormen ze het geheel. Van vragen om akkoord uit de periode met akkoord of niet akkoord, waarna het werk verderging. Zonder mail, of zonder kijken (antwoord per telefoon of aan de balie), telt die tijd als beslissen.",
		EN: "From the request for approval to the work going on, in four steps: until the mail server accepts the mail, until the customer looks, until the answer, and until the mechanic goes on. Means, because they add up to the whole. Of requests in the period that were answered yes or no and after which the work went on. Without a mail, or without a look (answered by phone or at the counter), that time counts as deciding.",
	},
	Empty: locale.Text{NL: "In deze periode is nog geen vraag om akkoord afgehandeld.", EN: "No request for approval has been dealt with in this period."},
	Kind:  Bars, Unit: Minutes, Width: 18, Height: 8,
	SQL: query("steps"),
	Columns: []Column{
		{Name: "step", Title: locale.Text{NL: "Stap", EN: "Step"}, Role: Label, Values: map[string]locale.Text{
			"mail":   {NL: "Mail onderweg", EN: "Mail in transit"},
			"view":   {NL: "Klant moet nog kijken", EN: "Customer has not looked yet"},
			"decide": {NL: "Klant beslist", EN: "Customer decides"},
			"resume": {NL: "Monteur pakt het weer op", EN: "Mechanic takes it up again"},
		}},
		value(locale.Text{NL: "Gemiddeld", EN: "Mean"}, Minutes),
		before(Minutes),
		n(requests),
	},
}

var unanswered = Panel{
	ID:       "unanswered",
	Title:    locale.Text{NL: "Vragen zonder antwoord", EN: "Questions without an answer"},
	Question: locale.Text{NL: "Laten wij de klant wachten?", EN: "Do we keep customers waiting?"},
	Definition: locale.Text{
		NL: "Klanten die iets schreven of vroegen te bellen en nog geen bericht terug kregen, oudste eerst. Gewacht: sinds het eerste onbeantwoorde bericht. Een notitie is geen antwoord. Is de auto daarna klaar, dan is het bericht afgehandeld; wie schrijft als de auto klaar is, wacht tot die is opgehaald. Na ophalen of annuleren wacht niemand meer. De lijst heeft hoogstens 200 regels.",
		EN: "Customers who wrote or asked to be called and have had no message back, oldest first. Waited: since the first unanswered message. A note is no answer. Completion settles what was asked before it; who writes after it waits until the car is collected. After collection or cancellation nobody waits. The list has at most 200 rows.",
	},
	Empty: locale.Text{NL: "Geen: elke klant heeft antwoord.", EN: "None: every customer has an answer."},
	Kind:  Table, Unit: Minutes, Now: true, Width: 24, Height: 8,
	Threshold: &Threshold{Good: 60, Bad: 240},
	SQL:       query("unanswered"),
	Columns: []Column{
		plate, garage, customer, phone, mechanic, since, waited,
		link, total,
	},
}

var keptPromises = Panel{
	ID:       "kept-promises",
	Title:    locale.Text{NL: "Klaar op beloofde tijd", EN: "Ready when promised"},
	Question: locale.Text{NL: "Houden we ons woord?", EN: "Do we keep our word?"},
	Definition: locale.Text{
		NL: "Van de auto's die in de periode klaar waren en waarvoor een tijd beloofd was: het deel dat klaar was op de eerst beloofde tijd. Een later verschoven belofte telt dus niet. Auto's zonder belofte staan apart.",
		EN: "Of the cars completed in the period for which a time was promised: the share that was ready by the first time promised. A promise moved later does not count. Cars without a promise stand apart.",
	},
	Empty: locale.Text{NL: "In deze periode was nog geen auto met een belofte klaar.", EN: "No car with a promise was completed in this period."},
	Kind:  Figure, Unit: Percent, Width: 6, Height: 9,
	Threshold: &Threshold{Good: 90, Bad: 75, HigherIsBetter: true},
	SQL:       query("kept-promises"),
	Columns: []Column{
		value(locale.Text{NL: "Op tijd klaar", EN: "Ready in time"}, Percent),
		before(Percent),
		n(locale.Text{NL: "auto's met een belofte", EN: "cars with a promise"}),
		{Name: "unpromised", Title: locale.Text{NL: "Zonder belofte", EN: "Without a promise"}, Unit: Count},
	},
}

var outcomes = Panel{
	ID:       "outcomes",
	Title:    locale.Text{NL: "Uitkomst", EN: "Outcome"},
	Question: locale.Text{NL: "Wat zeggen klanten?", EN: "What do customers say?"},
	Definition: locale.Text{
		NL: "Hoe het afliep met de vragen om akkoord uit de periode: akkoord, deels akkoord, niet akkoord (met de eerst genoemde reden) of verlopen. Bedragen incl. btw: gevraagd en akkoord. Wat open, ingetrokken of vervangen is telt niet mee.",
		EN: "What became of the requests for approval in the period: approved, partly approved, declined (by the first reason given) or expired. Amounts include VAT: asked and agreed. Open, withdrawn and replaced ones do not count.",
	},
	Empty: locale.Text{NL: "In deze periode is nog geen vraag om akkoord beantwoord of verlopen.", EN: "No request for approval has been answered or has expired in this period."},
	Kind:  Bars, Unit: Count, Width: 18, Height: 9,
	SQL: query("outcomes"),
	Columns: []Column{
		{Name: "answer", Title: locale.Text{NL: "Antwoord", EN: "Answer"}, Role: Label, Values: map[string]locale.Text{
			"approved":           {NL: "Akkoord", EN: "Approved"},
			"partly_approved":    {NL: "Deels akkoord", EN: "Partly approved"},
			"rejected_price":     {NL: "Niet akkoord: prijs te hoog", EN: "Declined: price too high"},
			"rejected_later":     {NL: "Niet akkoord: liever later", EN: "Declined: prefers later"},
			"rejected_elsewhere": {NL: "Niet akkoord: laat het elders doen", EN: "Declined: going elsewhere"},
			"rejected_other":     {NL: "Niet akkoord: andere reden", EN: "Declined: another reason"},
			"rejected":           {NL: "Niet akkoord: zonder reden", EN: "Declined: no reason given"},
			"expired":            {NL: "Verlopen: geen antwoord", EN: "Expired: no answer"},
		}},
		value(locale.Text{NL: "Vragen om akkoord", EN: "Requests for approval"}, Count),
		before(Count),
		{Name: "asked", Title: locale.Text{NL: "Gevraagd", EN: "Asked"}, Unit: Money},
		{Name: "agreed", Title: locale.Text{NL: "Akkoord", EN: "Agreed"}, Unit: Money},
		currency,
	},
}
