package dashboards

// Waiting is the manager's home: whom to call, and whether it gets better.
var Waiting = Dashboard{
	ID:    "waiting",
	Title: Text{"Wachten", "Waiting"},
	For: Text{
		"Voor de werkplaatsmanager: wie moeten we bellen, en gaat het beter?",
		"For the workshop manager: whom do we call, and is it getting better?",
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
	Title:    Text{"Wacht nu op de klant", "Waiting for the customer now"},
	Question: Text{"Wie moeten we bellen?", "Whom do we call?"},
	Definition: Text{
		"Elke vraag om akkoord die nog openstaat, langst wachtend eerst. Gewacht: sinds de vraag om akkoord. Naam en telefoon zijn van wie akkoord geeft; het bedrag is incl. btw. Gezien: bekeken, of daarna een bericht geschreven. De lijst heeft hoogstens 200 regels.",
		"Every request for approval that is still open, longest first. Waited: since it was made. Name and phone are those of the person who approves; the amount includes VAT. Viewed: looked at, or a message written since. The list has at most 200 rows.",
	},
	Empty: Text{"Niemand wacht: op elke vraag om akkoord is antwoord.", "Nobody waits: every request for approval is answered."},
	Kind:  Table, Unit: Minutes, Now: true, Width: 24, Height: 9,
	Threshold: &Threshold{Good: 60, Bad: 120},
	SQL:       query("open-quotes"),
	Columns: []Column{
		plate, garage,
		{Name: "customer", Title: Text{"Wie geeft akkoord", "Who approves"}},
		phone,
		{Name: "amount", Title: Text{"Bedrag", "Amount"}, Unit: Money},
		currency,
		{Name: "state", Title: Text{"Gezien", "Viewed"}, Values: map[string]Text{
			"wrote":     {"Ja, en wacht op ons antwoord", "Yes, and waits for our reply"},
			"viewed":    {"Ja", "Yes"},
			"mailed":    {"Nee, wel gemaild", "No, but mailed"},
			"unreached": {"Nee, mail niet aangenomen", "No, mail not accepted"},
		}},
		since,
		{Name: "waiting", Title: Text{"Gewacht", "Waited"}, Unit: Minutes, Role: Value},
		link, total,
	},
}

var unreachedCount = Panel{
	ID:       "unreached-count",
	Title:    Text{"Niet bereikt, 24 uur", "Not reached, 24 hours"},
	Question: Text{"Hoe vaak kwam een bericht niet aan?", "How often did a notification not arrive?"},
	Definition: Text{
		"Berichten van de afgelopen 24 uur die voorgoed mislukten of waarvoor geen werkend mailadres is; ernaast de 24 uur ervoor. n: alle berichten die we wilden sturen.",
		"Notifications of the last 24 hours that failed for good or had no working mail address; beside it the 24 hours before. n: all that were to be sent.",
	},
	Empty: Text{"De afgelopen 24 uur was er niets te berichten.", "Nothing was to be sent in the last 24 hours."},
	Kind:  Figure, Unit: Count, Now: true, Width: 6, Height: 8,
	Threshold: &Threshold{Good: 0, Bad: 3},
	SQL:       query("unreached-count"),
	Columns: []Column{
		value(Text{"Niet bereikt", "Not reached"}, Count),
		{Name: "before", Title: Text{"24 uur ervoor", "24 hours before"}, Unit: Count, Role: Previous},
		n(Text{"berichten", "notifications"}),
	},
}

var unreached = Panel{
	ID:       "unreached",
	Title:    Text{"Niet bereikt: wie", "Not reached: who"},
	Question: Text{"Wie heeft niets gehoord?", "Who heard nothing?"},
	Definition: Text{
		"Elk bericht van de afgelopen 24 uur dat niemand bereikte: voor wie, wat het was, en waarom het niet aankwam. Eerst wie nog gebeld moet worden, dan de nieuwste. De lijst heeft hoogstens 200 regels.",
		"Every notification of the last 24 hours that reached nobody: for whom, what it was, and why it did not arrive. First who is still to be called, then the newest. The list has at most 200 rows.",
	},
	Empty: Text{"Iedereen is bereikt.", "Everybody was reached."},
	Kind:  Table, Now: true, Width: 18, Height: 8,
	SQL: query("unreached"),
	Columns: []Column{
		plate, garage,
		{Name: "todo", Title: Text{"Te doen", "To do"}, Values: map[string]Text{
			"call":    {"Bel de klant", "Call the customer"},
			"settled": {"Niets meer", "Nothing more"},
		}},
		{Name: "name", Title: Text{"Naam", "Name"}},
		phone,
		{Name: "about", Title: Text{"Bericht", "Notification"}, Values: kindNames},
		{Name: "reason", Title: Text{"Waarom niet", "Why not"}, Values: losses},
		{Name: "recipient", Title: Text{"Aan", "To"}, Values: roleNames},
		{Name: "at", Title: Text{"Wanneer", "When"}, Unit: Instant},
		link, total,
	},
}

var answeredInTime = Panel{
	ID:       "answered-in-time",
	Title:    Text{"Antwoord binnen 1 uur", "Answered within 1 hour"},
	Question: Text{"Krijgen we snel genoeg antwoord?", "Do we get an answer fast enough?"},
	Definition: Text{
		"Van de vragen om akkoord uit de periode: het deel met akkoord of niet akkoord binnen 1 uur openingstijd; dat uur geldt voor elke garage. Verlopen, en open langer dan dat, tellen als nee. Wat nog geen uur openstaat telt niet mee; wat is ingetrokken of vervangen staat apart. Altijd in openingstijd.",
		"Of the requests for approval in the period: the share answered yes or no within 1 opening hour, which is the same for every garage. Expired ones, and those open for longer than that, count as no. Those open for less than an hour are left out; withdrawn and replaced ones stand apart. Always in opening hours.",
	},
	Empty: Text{"Van deze periode telt nog geen vraag om akkoord mee.", "No request for approval of this period counts yet."},
	Kind:  Figure, Unit: Percent, Width: 6, Height: 8,
	Threshold: &Threshold{Good: 75, Bad: 50, HigherIsBetter: true},
	SQL:       query("answered-in-time"),
	Columns: []Column{
		value(Text{"Op tijd beantwoord", "Answered in time"}, Percent),
		before(Percent),
		n(requests),
		{Name: "young", Title: Text{"Nog geen uur open", "Open for less than an hour"}, Unit: Count},
		{Name: "withdrawn", Title: Text{"Ingetrokken of geannuleerd", "Withdrawn or cancelled"}, Unit: Count},
		{Name: "replaced", Title: Text{"Vervangen door een nieuwe", "Replaced by a new one"}, Unit: Count},
	},
}

var approvalTime = Panel{
	ID:       "approval-time",
	Title:    Text{"Akkoordtijd", "Approval time"},
	Question: Text{"Hoe lang duurt het tot we antwoord hebben?", "How long until we have an answer?"},
	Definition: Text{
		"Van de vraag om akkoord tot het antwoord (akkoord of niet) of het verlopen, van vragen om akkoord uit de periode. De helft duurt korter dan de mediaan, 9 van de 10 korter dan p90 (bij minder dan 20 niet getoond) en 99 van de 100 korter dan p99 (bij minder dan 100 niet getoond).",
		"From the request for approval to the answer (yes or no) or the expiry, of requests in the period. Half take less than the median, 9 of 10 less than p90 (not shown below 20) and 99 of 100 less than p99 (not shown below 100).",
	},
	Empty: Text{"In deze periode is nog geen vraag om akkoord beantwoord of verlopen.", "No request for approval has been answered or has expired in this period."},
	Kind:  Figure, Unit: Minutes, Width: 6, Height: 8,
	Threshold: &Threshold{Good: 60, Bad: 120},
	SQL:       query("approval-time"),
	Columns: []Column{
		value(Text{"Mediaan", "Median"}, Minutes),
		before(Minutes),
		n(Text{"antwoorden", "answers"}),
		percentile(90, Minutes, Plain),
		percentile(99, Minutes, Plain),
		{Name: "open", Title: Text{"Nog open", "Still open"}, Unit: Count},
	},
}

var approvalByDay = Panel{
	ID:       "approval-by-day",
	Title:    Text{"Akkoordtijd per dag", "Approval time by day"},
	Question: Text{"Gaat het beter?", "Is it getting better?"},
	Definition: Text{
		"De akkoordtijd van de vragen om akkoord van elke dag: mediaan en p90 (bij minder dan 20 niet getoond), met de mediaan van dezelfde dag in de periode ervoor. Wat nog openstaat heeft nog geen tijd en staat ernaast.",
		"The approval time of each day's requests: median and p90 (not shown below 20), with the median of the same day in the period before. Those still open have no time yet and stand beside it.",
	},
	Empty: Text{"In deze periode is nog geen akkoord gevraagd.", "No approval has been requested in this period."},
	Kind:  Trend, Unit: Minutes, Width: 12, Height: 8,
	SQL: query("approval-by-day"),
	Columns: []Column{
		day,
		{Name: "median", Title: Text{"Mediaan", "Median"}, Unit: Minutes, Role: Value},
		percentile(90, Minutes, Value),
		before(Minutes),
		n(Text{"antwoorden", "answers"}),
		{Name: "open", Title: Text{"Nog open", "Still open"}, Unit: Count},
	},
}

var waitingToday = Panel{
	ID:       "waiting-today",
	Title:    Text{"Wachttijd op de klant vandaag", "Waiting for customers today"},
	Question: Text{"Hoeveel uur gaat verloren?", "How many hours are lost?"},
	Definition: Text{
		"De uren die auto's vandaag stilstonden omdat een vraag om akkoord openstond, bij elkaar opgeteld; wat nu nog wacht telt mee tot nu. Ernaast dezelfde dag een week geleden, tot dezelfde tijd. n: auto's die wachtten.",
		"The hours that cars stood still today because a request for approval was open, added up; those that wait now count up to now. Beside it the same day a week ago, up to the same time. n: cars that waited.",
	},
	Empty: Text{"Vandaag wachtte nog geen auto.", "No car has waited today."},
	Kind:  Figure, Unit: Hours, Now: true, Width: 6, Height: 8,
	SQL: query("waiting-today"),
	Columns: []Column{
		value(Text{"Gewacht", "Waited"}, Hours),
		{Name: "before", Title: Text{"Een week geleden", "A week ago"}, Unit: Hours, Role: Previous},
		n(Text{"auto's", "cars"}),
	},
}

var steps = Panel{
	ID:       "steps",
	Title:    Text{"Waar gaat de tijd heen?", "Where does the time go?"},
	Question: Text{"Welke stap duurt het langst?", "Which step takes longest?"},
	Definition: Text{
		"Van vraag om akkoord tot verder werken, in vier stappen: tot de mailserver de mail aanneemt, tot de klant kijkt, tot het antwoord, en tot de monteur verdergaat. Gemiddelden, want die tellen samen op tot het geheel. Van vragen om akkoord uit de periode met akkoord of niet akkoord, waarna het werk verderging. Zonder mail, of zonder kijken (antwoord per telefoon of aan de balie), telt die tijd als beslissen.",
		"From the request for approval to the work going on, in four steps: until the mail server accepts the mail, until the customer looks, until the answer, and until the mechanic goes on. Means, because they add up to the whole. Of requests in the period that were answered yes or no and after which the work went on. Without a mail, or without a look (answered by phone or at the counter), that time counts as deciding.",
	},
	Empty: Text{"In deze periode is nog geen vraag om akkoord afgehandeld.", "No request for approval has been dealt with in this period."},
	Kind:  Bars, Unit: Minutes, Width: 18, Height: 8,
	SQL: query("steps"),
	Columns: []Column{
		{Name: "step", Title: Text{"Stap", "Step"}, Role: Label, Values: map[string]Text{
			"mail":   {"Mail onderweg", "Mail under way"},
			"view":   {"Klant moet nog kijken", "Customer has yet to look"},
			"decide": {"Klant beslist", "Customer decides"},
			"resume": {"Monteur pakt het weer op", "Mechanic takes it up again"},
		}},
		value(Text{"Gemiddeld", "Mean"}, Minutes),
		before(Minutes),
		n(requests),
	},
}

var unanswered = Panel{
	ID:       "unanswered",
	Title:    Text{"Vragen zonder antwoord", "Questions without an answer"},
	Question: Text{"Laten wij de klant wachten?", "Do we keep customers waiting?"},
	Definition: Text{
		"Klanten die iets schreven of vroegen te bellen en nog geen bericht terug kregen, oudste eerst. Gewacht: sinds het eerste onbeantwoorde bericht. Een notitie is geen antwoord. Is de auto daarna klaar, dan is het bericht afgehandeld; wie schrijft als de auto klaar is, wacht tot die is opgehaald. Na ophalen of annuleren wacht niemand meer. De lijst heeft hoogstens 200 regels.",
		"Customers who wrote or asked to be called and have had no message back, oldest first. Waited: since the first unanswered message. A note is no answer. Completion settles what was asked before it; who writes after it waits until the car is collected. After collection or cancellation nobody waits. The list has at most 200 rows.",
	},
	Empty: Text{"Geen: elke klant heeft antwoord.", "None: every customer has an answer."},
	Kind:  Table, Unit: Minutes, Now: true, Width: 24, Height: 8,
	Threshold: &Threshold{Good: 60, Bad: 240},
	SQL:       query("unanswered"),
	Columns: []Column{
		plate, garage, customer, phone, mechanic, since,
		{Name: "waiting", Title: Text{"Gewacht", "Waited"}, Unit: Minutes, Role: Value},
		link, total,
	},
}

var keptPromises = Panel{
	ID:       "kept-promises",
	Title:    Text{"Klaar op beloofde tijd", "Ready when promised"},
	Question: Text{"Houden we ons woord?", "Do we keep our word?"},
	Definition: Text{
		"Van de auto's die in de periode klaar waren en waarvoor een tijd beloofd was: het deel dat klaar was op de eerst beloofde tijd. Een later verschoven belofte telt dus niet. Auto's zonder belofte staan apart.",
		"Of the cars completed in the period for which a time was promised: the share that was ready by the first time promised. A promise moved later does not count. Cars without a promise stand apart.",
	},
	Empty: Text{"In deze periode was nog geen auto met een belofte klaar.", "No car with a promise was completed in this period."},
	Kind:  Figure, Unit: Percent, Width: 6, Height: 9,
	Threshold: &Threshold{Good: 90, Bad: 75, HigherIsBetter: true},
	SQL:       query("kept-promises"),
	Columns: []Column{
		value(Text{"Op tijd klaar", "Ready in time"}, Percent),
		before(Percent),
		n(Text{"auto's met een belofte", "cars with a promise"}),
		{Name: "unpromised", Title: Text{"Zonder belofte", "Without a promise"}, Unit: Count},
	},
}

var outcomes = Panel{
	ID:       "outcomes",
	Title:    Text{"Uitkomst", "Outcome"},
	Question: Text{"Wat zeggen klanten?", "What do customers say?"},
	Definition: Text{
		"Wat er werd van de vragen om akkoord uit de periode: akkoord, deels akkoord, niet akkoord (met de eerst genoemde reden) of verlopen. Bedragen incl. btw: gevraagd en akkoord. Wat open, ingetrokken of vervangen is telt niet mee.",
		"What became of the requests for approval in the period: approved, partly approved, rejected (by the first reason given) or expired. Amounts include VAT: asked and agreed. Open, withdrawn and replaced ones do not count.",
	},
	Empty: Text{"In deze periode is nog geen vraag om akkoord beantwoord of verlopen.", "No request for approval has been answered or has expired in this period."},
	Kind:  Bars, Unit: Count, Width: 18, Height: 9,
	SQL: query("outcomes"),
	Columns: []Column{
		{Name: "answer", Title: Text{"Antwoord", "Answer"}, Role: Label, Values: map[string]Text{
			"approved":           {"Akkoord", "Approved"},
			"partly_approved":    {"Deels akkoord", "Partly approved"},
			"rejected_price":     {"Niet akkoord: prijs te hoog", "Rejected: price too high"},
			"rejected_later":     {"Niet akkoord: liever later", "Rejected: rather later"},
			"rejected_elsewhere": {"Niet akkoord: laat het elders doen", "Rejected: has it done elsewhere"},
			"rejected_other":     {"Niet akkoord: andere reden", "Rejected: another reason"},
			"rejected":           {"Niet akkoord: zonder reden", "Rejected: no reason given"},
			"expired":            {"Verlopen: geen antwoord", "Expired: no answer"},
		}},
		value(Text{"Vragen om akkoord", "Requests for approval"}, Count),
		before(Count),
		{Name: "asked", Title: Text{"Gevraagd", "Asked"}, Unit: Money},
		{Name: "agreed", Title: Text{"Akkoord", "Agreed"}, Unit: Money},
		currency,
	},
}
