package dashboards

import "fmt"

// Freshness heads each dashboard: how old its figures are.
var Freshness = Panel{
	ID:       "freshness",
	Title:    Text{"Cijfers bijgewerkt", "Figures updated"},
	Question: Text{"Hoe vers zijn deze cijfers?", "How fresh are these figures?"},
	Definition: Text{
		"Alles wat er tot dat moment gebeurde, staat in de cijfers.",
		"Everything that happened until then is in the figures.",
	},
	Empty: Text{"Er is nog niets verwerkt.", "Nothing has been processed yet."},
	Kind:  Figure, Unit: Seconds, Now: true, Width: 24, Height: 3,
	Threshold: &Threshold{Good: 30, Bad: 120},
	SQL:       query("freshness"),
	Columns: []Column{
		{Name: "value", Title: Text{"Ouderdom", "Age"}, Unit: Seconds, Role: Value},
		{Name: "as_of", Title: Text{"Bijgewerkt tot", "Updated until"}, Unit: Instant},
	},
}

// The columns that several panels have.
var (
	plate    = Column{Name: "plate", Title: Text{"Kenteken", "Plate"}}
	garage   = Column{Name: "garage", Title: Text{"Garage", "Garage"}} // of use where several are chosen
	customer = Column{Name: "customer", Title: Text{"Klant", "Customer"}}
	phone    = Column{Name: "phone", Title: Text{"Telefoon", "Phone"}}
	mechanic = Column{Name: "mechanic", Title: Text{"Monteur", "Mechanic"}}
	since    = Column{Name: "since", Title: Text{"Sinds", "Since"}, Unit: Instant}
	currency = Column{Name: "currency", Title: Text{"Valuta", "Currency"}}
	link     = Column{Name: "repair", Title: Text{"Gesprek", "Conversation"}, Role: Link}
	total    = Column{Name: "total", Title: Text{"Regels in totaal", "Rows in all"}, Unit: Count, Role: N} // of a list that may be cut
	day      = Column{Name: "day", Title: Text{"Dag", "Day"}, Unit: Day, Role: Label}
)

// value, before and n are the columns of a figure.
func value(title Text, unit Unit) Column {
	return Column{Name: "value", Title: title, Unit: unit, Role: Value}
}

func before(unit Unit) Column {
	return Column{Name: "before", Title: Text{"Periode ervoor", "Period before"}, Unit: unit, Role: Previous}
}

func n(of Text) Column { return Column{Name: "n", Title: of, Unit: Count, Role: N} }

// percentile is the time within which p of 100 were done: 90 or 99.
func percentile(p int, unit Unit, role Role) Column {
	titles := map[int]Text{
		90: {"9 van de 10 binnen (p90)", "9 of 10 within (p90)"},
		99: {"99 van de 100 binnen (p99)", "99 of 100 within (p99)"},
	}
	return Column{Name: fmt.Sprintf("p%d", p), Title: titles[p], Unit: unit, Role: role}
}

// requests is what readers call quotes.
var requests = Text{"vragen om akkoord", "requests for approval"}

// What the codes in the columns mean.
var (
	kindNames = map[string]Text{
		"repair_started":    {"Begonnen", "Started"},
		"repair_completed":  {"Auto is klaar", "Car is ready"},
		"ready_later":       {"Later klaar", "Ready later"},
		"quote_withdrawn":   {"Vraag om akkoord ingetrokken", "Request withdrawn"},
		"approval_required": {"Vraag om akkoord", "Request for approval"},
		"approval_reminder": {"Herinnering", "Reminder"},
		"decision":          {"Antwoord van de klant", "The customer's answer"},
		"expiry":            {"Vraag om akkoord verlopen", "Request expired"},
		"message":           {"Bericht", "Message"},
	}
	roleNames = map[string]Text{
		"customer":         {"Klant", "Customer"},
		"approver":         {"Wie akkoord geeft", "Who approves"},
		"mechanic":         {"Monteur", "Mechanic"},
		"customer_service": {"Klantenservice", "Customer service"},
		"manager":          {"Werkplaatsmanager", "Workshop manager"},
		"integrator":       {"Garagesysteem", "Garage system"},
		"admin":            {"Beheer", "Administration"},
		"system":           {"Pitstop", "Pitstop"},
	}
	losses = map[string]Text{
		"refused":         {"Adres geweigerd", "Address refused"},
		"no_address":      {"Geen mailadres", "No mail address"},
		"address_refused": {"Adres werkte al niet", "Address had failed before"},
		"tries_used_up":   {"Alle pogingen mislukt", "Every attempt failed"},
		"moment_passed":   {"Niet meer nodig", "No longer needed"},
		"forgotten":       {"Reparatie is te lang geleden", "Repair is too long ago"},
	}
	calls = map[string]Text{
		"no_answer":     {"Geen antwoord", "No answer"},
		"no_address":    {"Geen mailadres", "No mail address"},
		"undeliverable": {"Mail komt niet aan", "Mail does not arrive"},
		"requested":     {"Vraagt om gebeld te worden", "Asks to be called"},
	}
)
