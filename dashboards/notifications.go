package dashboards

import "pitstop/schemas/locale"

// Notifications is about what is told to customers: does it arrive?
var Notifications = Dashboard{
	ID:    "notifications",
	Title: locale.Text{NL: "Berichten", EN: "Notifications"},
	For: locale.Text{
		NL: "Voor de werkplaatsmanager en de klantenservice: komt aan wat we klanten vertellen?",
		EN: "For the workshop manager and customer service: does what we tell customers arrive?",
	},
	Panels: []Panel{Freshness, funnel, arrival, suppressed, failures, callTasks},
}

var funnel = Panel{
	ID:       "funnel",
	Title:    locale.Text{NL: "Van vraag om akkoord tot antwoord", EN: "From request to answer"},
	Question: locale.Text{NL: "Waar haken klanten af?", EN: "Where do customers drop out?"},
	Definition: locale.Text{
		NL: "Van de vragen om akkoord uit de periode: voor hoeveel de mailserver een mail aannam, hoeveel er bekeken zijn en hoeveel er beantwoord zijn met akkoord of niet akkoord (ook per telefoon of aan de balie). Ingetrokken, vervangen en geannuleerde tellen niet mee.",
		EN: "Of the requests for approval in the period: for how many the mail server accepted a mail, how many were viewed and how many were answered yes or no (by phone or at the counter, too). Withdrawn, replaced and cancelled ones do not count.",
	},
	Empty: locale.Text{NL: "In deze periode is nog geen akkoord gevraagd.", EN: "No approval has been requested in this period."},
	Kind:  Bars, Unit: Count, Width: 18, Height: 8,
	SQL: query("funnel"),
	Columns: []Column{
		{Name: "step", Title: locale.Text{NL: "Stap", EN: "Step"}, Role: Label, Values: map[string]locale.Text{
			"asked":    {NL: "Gevraagd", EN: "Asked"},
			"accepted": {NL: "Mail aangenomen", EN: "Mail accepted"},
			"viewed":   {NL: "Bekeken", EN: "Viewed"},
			"answered": {NL: "Beantwoord", EN: "Answered"},
		}},
		value(locale.Text{NL: "Vragen om akkoord", EN: "Requests for approval"}, Count),
		before(Count),
		{Name: "share", Title: locale.Text{NL: "Deel", EN: "Share"}, Unit: Percent},
	},
}

var arrival = Panel{
	ID:       "mail-time",
	Title:    locale.Text{NL: "Mail onderweg", EN: "Mail in transit"},
	Question: locale.Text{NL: "Hoe snel neemt de mailserver een mail aan?", EN: "How fast does the mail server accept a mail?"},
	Definition: locale.Text{
		NL: "Van het moment dat een bericht de deur uit moet tot de mailserver het aanneemt, van aangenomen berichten uit de periode. Altijd in alle uren: mail gaat dag en nacht. Bij minder dan 20 geen p90, bij minder dan 100 geen p99.",
		EN: "From the moment that a notification is to leave until the mail server accepts it, of accepted ones in the period. Always in all hours: mail goes day and night. No p90 below 20, no p99 below 100.",
	},
	Empty: locale.Text{NL: "In deze periode is nog geen mail aangenomen.", EN: "No mail has been accepted in this period."},
	Kind:  Figure, Unit: Seconds, Width: 6, Height: 8,
	Threshold: &Threshold{Good: 30, Bad: 300},
	SQL:       query("mail-time"),
	Columns: []Column{
		value(locale.Text{NL: "Mediaan", EN: "Median"}, Seconds),
		before(Seconds),
		n(locale.Text{NL: "berichten", EN: "notifications"}),
		percentile(90, Seconds, Plain),
		percentile(99, Seconds, Plain),
		{Name: "open", Title: locale.Text{NL: "Nog onderweg", EN: "Still in transit"}, Unit: Count},
	},
}

var suppressed = Panel{
	ID:       "suppressed",
	Title:    locale.Text{NL: "Niet verstuurd", EN: "Not sent"},
	Question: locale.Text{NL: "Waarom is er niets verstuurd?", EN: "Why was nothing sent?"},
	Definition: locale.Text{
		NL: "Berichten die in de periode niet verstuurd zijn, per reden. \"Niet meer nodig\" is goed nieuws: een herinnering voor wie al antwoordde.",
		EN: "Notifications that were not sent in the period, by reason. \"No longer needed\" is good news: a reminder for somebody who had answered.",
	},
	Empty: locale.Text{NL: "Alles is verstuurd.", EN: "Everything was sent."},
	Kind:  Bars, Unit: Count, Width: 12, Height: 8,
	SQL: query("suppressed"),
	Columns: []Column{
		{Name: "reason", Title: locale.Text{NL: "Reden", EN: "Reason"}, Role: Label, Values: losses},
		value(locale.Text{NL: "Berichten", EN: "Notifications"}, Count),
		before(Count),
	},
}

var failures = Panel{
	ID:       "failures",
	Title:    locale.Text{NL: "Mislukt en opnieuw geprobeerd", EN: "Failed and tried again"},
	Question: locale.Text{NL: "Gaat er iets mis met de mail?", EN: "Is something wrong with the mail?"},
	Definition: locale.Text{
		NL: "Per dag: pogingen die de mailserver voorlopig weigerde en die opnieuw gaan, mails die voorgoed geweigerd zijn, en hoe vaak iemand moest bellen.",
		EN: "By day: attempts that the mail server refused for now and that are made again, mails that were refused for good, and how often somebody had to call.",
	},
	Empty: locale.Text{NL: "Niets ging mis in deze periode.", EN: "Nothing went wrong in this period."},
	Kind:  Trend, Unit: Count, Width: 12, Height: 8,
	SQL: query("failures"),
	Columns: []Column{
		day,
		{Name: "retries", Title: locale.Text{NL: "Opnieuw geprobeerd", EN: "Tried again"}, Unit: Count, Role: Value},
		{Name: "failed", Title: locale.Text{NL: "Mislukt", EN: "Failed"}, Unit: Count, Role: Value},
		{Name: "calls", Title: locale.Text{NL: "Te bellen klanten", EN: "Customers to call"}, Unit: Count, Role: Value},
	},
}

var callTasks = Panel{
	ID:       "call-tasks",
	Title:    locale.Text{NL: "Te bellen klanten", EN: "Customers to call"},
	Question: locale.Text{NL: "Waarom moesten we bellen?", EN: "Why did we have to call?"},
	Definition: locale.Text{
		NL: "Hoe vaak Pitstop in de periode vroeg om een klant te bellen, per reden.",
		EN: "How often Pitstop asked to call a customer in the period, by reason.",
	},
	Empty: locale.Text{NL: "Niemand hoefde gebeld te worden.", EN: "Nobody had to be called."},
	Kind:  Bars, Unit: Count, Width: 24, Height: 7,
	SQL: query("call-tasks"),
	Columns: []Column{
		{Name: "reason", Title: locale.Text{NL: "Reden", EN: "Reason"}, Role: Label, Values: calls},
		value(locale.Text{NL: "Keren", EN: "Times"}, Count),
		before(Count),
	},
}
