package dashboards

// Waiting is the manager's home: whom to call, and whether it gets better.
var Waiting = Dashboard{
	ID:    "waiting",
	Title: Text{"Wachten", "Waiting"},
	For: Text{
		"Voor de werkplaatsmanager: wie moeten we bellen, en gaat het beter?",
		"For the workshop manager: whom do we call, and is it getting better?",
	},
	Panels: []Panel{openQuotes},
}

var openQuotes = Panel{
	ID:    "open-quotes",
	Title: Text{"Wacht nu op de klant", "Waiting for the customer now"},
	Question: Text{
		"Wie moeten we bellen?",
		"Whom do we call?",
	},
	Definition: Text{
		"Meerwerk waarop de klant nog niet heeft geantwoord, langst wachtend eerst, in openingsminuten sinds de vraag.",
		"Extra work that the customer has not answered yet, longest first, in opening minutes since it was asked.",
	},
	Empty: Text{"Niemand wacht: alle vragen zijn beantwoord.", "Nobody waits: every question is answered."},
	Kind:  Table, Unit: Minutes, Now: true, Width: 24, Height: 9,
	SQL: query("open-quotes"),
	Columns: []Column{
		{Name: "plate", Title: Text{"Kenteken", "Plate"}},
		{Name: "amount", Title: Text{"Bedrag", "Amount"}, Unit: Euros},
		{Name: "phone", Title: Text{"Telefoon", "Phone"}},
		{Name: "repair", Title: Text{"Gesprek", "Conversation"}, Role: Link},
	},
}
