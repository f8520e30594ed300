package dashboards

// Notifications is about what customers are sent: does it arrive?
var Notifications = Dashboard{
	ID:    "notifications",
	Title: Text{"Berichten", "Notifications"},
	For: Text{
		"Voor de werkplaatsmanager en de klantenservice: komt aan wat we klanten vertellen?",
		"For the workshop manager and customer service: does what we tell customers arrive?",
	},
	Panels: []Panel{Freshness, funnel, arrival, suppressed, failures, callTasks},
}

var funnel = Panel{
	ID:       "funnel",
	Title:    Text{"Van vraag om akkoord tot antwoord", "From request to answer"},
	Question: Text{"Waar haken klanten af?", "Where do customers drop out?"},
	Definition: Text{
		"Van de vragen om akkoord uit de periode: voor hoeveel de mailserver een mail aannam, hoeveel er bekeken zijn en hoeveel er beantwoord zijn met akkoord of niet akkoord (ook per telefoon of aan de balie). Ingetrokken, vervangen en geannuleerde tellen niet mee.",
		"Of the requests for approval in the period: for how many the mail server accepted a mail, how many were viewed and how many were answered yes or no (by phone or at the counter, too). Withdrawn, replaced and cancelled ones do not count.",
	},
	Empty: Text{"In deze periode is nog geen akkoord gevraagd.", "No approval has been requested in this period."},
	Kind:  Bars, Unit: Count, Width: 18, Height: 8,
	SQL: query("funnel"),
	Columns: []Column{
		{Name: "step", Title: Text{"Stap", "Step"}, Role: Label, Values: map[string]Text{
			"asked":    {"Gevraagd", "Asked"},
			"accepted": {"Mail aangenomen", "Mail accepted"},
			"viewed":   {"Bekeken", "Viewed"},
			"answered": {"Beantwoord", "Answered"},
		}},
		value(Text{"Vragen om akkoord", "Requests for approval"}, Count),
		before(Count),
		{Name: "share", Title: Text{"Deel", "Share"}, Unit: Percent},
	},
}

var arrival = Panel{
	ID:       "mail-time",
	Title:    Text{"Mail onderweg", "Mail under way"},
	Question: Text{"Hoe snel neemt de mailserver een mail aan?", "How fast does the mail server accept a mail?"},
	Definition: Text{
		"Van het moment dat een bericht de deur uit moet tot de mailserver het aanneemt, van aangenomen berichten uit de periode. Altijd in alle uren: mail gaat dag en nacht. Bij minder dan 20 geen p90, bij minder dan 100 geen p99.",
		"From the moment that a notification is to leave until the mail server accepts it, of accepted ones in the period. Always in all hours: mail goes day and night. No p90 below 20, no p99 below 100.",
	},
	Empty: Text{"In deze periode is nog geen mail aangenomen.", "No mail has been accepted in this period."},
	Kind:  Figure, Unit: Seconds, Width: 6, Height: 8,
	Threshold: &Threshold{Good: 30, Bad: 300},
	SQL:       query("mail-time"),
	Columns: []Column{
		value(Text{"Mediaan", "Median"}, Seconds),
		before(Seconds),
		n(Text{"berichten", "notifications"}),
		percentile(90, Seconds, Plain),
		percentile(99, Seconds, Plain),
		{Name: "open", Title: Text{"Nog onderweg", "Still under way"}, Unit: Count},
	},
}

var suppressed = Panel{
	ID:       "suppressed",
	Title:    Text{"Niet verstuurd", "Not sent"},
	Question: Text{"Waarom is er niets verstuurd?", "Why was nothing sent?"},
	Definition: Text{
		"Berichten die in de periode niet verstuurd zijn, per reden. \"Niet meer nodig\" is goed nieuws: een herinnering voor wie al antwoordde.",
		"Notifications that were not sent in the period, by reason. \"No longer needed\" is good news: a reminder for somebody who had answered.",
	},
	Empty: Text{"Alles is verstuurd.", "Everything was sent."},
	Kind:  Bars, Unit: Count, Width: 12, Height: 8,
	SQL: query("suppressed"),
	Columns: []Column{
		{Name: "reason", Title: Text{"Reden", "Reason"}, Role: Label, Values: losses},
		value(Text{"Berichten", "Notifications"}, Count),
		before(Count),
	},
}

var failures = Panel{
	ID:       "failures",
	Title:    Text{"Mislukt en opnieuw geprobeerd", "Failed and tried again"},
	Question: Text{"Gaat er iets mis met de mail?", "Is something wrong with the mail?"},
	Definition: Text{
		"Per dag: pogingen die de mailserver voorlopig weigerde en die opnieuw gaan, mails die voorgoed geweigerd zijn, en hoe vaak iemand moest bellen.",
		"By day: attempts that the mail server refused for now and that are made again, mails that were refused for good, and how often somebody had to call.",
	},
	Empty: Text{"Niets ging mis in deze periode.", "Nothing went wrong in this period."},
	Kind:  Trend, Unit: Count, Width: 12, Height: 8,
	SQL: query("failures"),
	Columns: []Column{
		day,
		{Name: "retries", Title: Text{"Opnieuw geprobeerd", "Tried again"}, Unit: Count, Role: Value},
		{Name: "failed", Title: Text{"Mislukt", "Failed"}, Unit: Count, Role: Value},
		{Name: "calls", Title: Text{"Moest gebeld worden", "Had to be called"}, Unit: Count, Role: Value},
	},
}

var callTasks = Panel{
	ID:       "call-tasks",
	Title:    Text{"Moest gebeld worden", "Had to be called"},
	Question: Text{"Waarom moesten we bellen?", "Why did we have to call?"},
	Definition: Text{
		"Hoe vaak Pitstop in de periode vroeg om een klant te bellen, per reden.",
		"How often Pitstop asked to call a customer in the period, by reason.",
	},
	Empty: Text{"Niemand hoefde gebeld te worden.", "Nobody had to be called."},
	Kind:  Bars, Unit: Count, Width: 24, Height: 7,
	SQL: query("call-tasks"),
	Columns: []Column{
		{Name: "reason", Title: Text{"Reden", "Reason"}, Role: Label, Values: calls},
		value(Text{"Keren", "Times"}, Count),
		before(Count),
	},
}
