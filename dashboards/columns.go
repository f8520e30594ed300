package dashboards

import (
	"fmt"

	"pitstop/schemas/locale"
)

// Freshness heads each dashboard: how old its figures are.
var Freshness = Panel{
	ID:       "freshness",
	Title:    locale.Text{NL: "Cijfers bijgewerkt", EN: "Figures updated"},
	Question: locale.Text{NL: "Hoe vers zijn deze cijfers?", EN: "How fresh are these figures?"},
	Definition: locale.Text{
		NL: "Alles wat er tot dat moment gebeurde, staat in de cijfers.",
		EN: "Everything that happened until then is in the figures.",
	},
	Empty: locale.Text{NL: "Er is nog niets verwerkt.", EN: "Nothing has been processed yet."},
	Kind:  Figure, Unit: Seconds, Now: true, Width: 24, Height: 3,
	Threshold: &Threshold{Good: 30, Bad: 120},
	SQL:       query("freshness"),
	Columns: []Column{
		{Name: "value", Title: locale.Text{NL: "Ouderdom", EN: "Age"}, Unit: Seconds, Role: Value},
		{Name: "as_of", Title: locale.Text{NL: "Bijgewerkt tot", EN: "Updated until"}, Unit: Instant},
	},
}

// closed is said instead of a wait of 0 minutes, which is one in which no opening time has
// passed, however long it was. By all hours no wait is 0.
var closed = map[string]locale.Text{"0": {NL: "buiten openingstijd", EN: "outside opening hours"}}

// The columns that several panels have.
var (
	plate    = Column{Name: "plate", Title: locale.Text{NL: "Kenteken", EN: "Plate"}}
	garage   = Column{Name: "garage", Title: locale.Text{NL: "Garage", EN: "Garage"}} // of use where several are chosen
	customer = Column{Name: "customer", Title: locale.Text{NL: "Klant", EN: "Customer"}}
	phone    = Column{Name: "phone", Title: locale.Text{NL: "Telefoon", EN: "Phone"}}
	mechanic = Column{Name: "mechanic", Title: locale.Text{NL: "Monteur", EN: "Mechanic"}}
	since    = Column{Name: "since", Title: locale.Text{NL: "Sinds", EN: "Since"}, Unit: Instant}
	waited   = Column{Name: "waiting", Title: locale.Text{NL: "Gewacht", EN: "Waited"}, Unit: Minutes, Role: Value, Values: closed}
	currency = Column{Name: "currency", Title: locale.Text{NL: "Valuta", EN: "Currency"}}
	link     = Column{Name: "repair", Title: locale.Text{NL: "Gesprek", EN: "Conversation"}, Role: Link}
	total    = Column{Name: "total", Title: locale.Text{NL: "Regels in totaal", EN: "Rows in all"}, Unit: Count, Role: N} // of a list that may be cut
	day      = Column{Name: "day", Title: locale.Text{NL: "Dag", EN: "Day"}, Unit: Day, Role: Label}
)

// value, before and n are the columns of a figure.
func value(title locale.Text, unit Unit) Column {
	return Column{Name: "value", Title: title, Unit: unit, Role: Value}
}

func before(unit Unit) Column {
	return Column{Name: "before", Title: locale.Text{NL: "Periode ervoor", EN: "Period before"}, Unit: unit, Role: Previous}
}

func n(of locale.Text) Column { return Column{Name: "n", Title: of, Unit: Count, Role: N} }

// percentile is the time within which p of 100 were done: 90 or 99.
func percentile(p int, unit Unit, role Role) Column {
	titles := map[int]locale.Text{
		90: {NL: "9 van de 10 binnen (p90)", EN: "9 of 10 within (p90)"},
		99: {NL: "99 van de 100 binnen (p99)", EN: "99 of 100 within (p99)"},
	}
	return Column{Name: fmt.Sprintf("p%d", p), Title: titles[p], Unit: unit, Role: role}
}

// requests are what quotes are called by their readers.
var requests = locale.Text{NL: "vragen om akkoord", EN: "requests for approval"}

// What the codes in the columns mean.
var (
	kindNames = map[string]locale.Text{
		"repair_started":    {NL: "Begonnen", EN: "Started"},
		"repair_completed":  {NL: "Auto is klaar", EN: "Car is ready"},
		"ready_later":       {NL: "Later klaar", EN: "Ready later"},
		"quote_withdrawn":   {NL: "Vraag om akkoord ingetrokken", EN: "Request withdrawn"},
		"approval_required": {NL: "Vraag om akkoord", EN: "Request for approval"},
		"approval_reminder": {NL: "Herinnering", EN: "Reminder"},
		"decision":          {NL: "Antwoord van de klant", EN: "The customer's answer"},
		"expiry":            {NL: "Vraag om akkoord verlopen", EN: "Request expired"},
		"message":           {NL: "Bericht", EN: "Message"},
		"link":              {NL: "Nieuwe link", EN: "New link"},
	}
	roleNames = map[string]locale.Text{
		"customer":         {NL: "Klant", EN: "Customer"},
		"approver":         {NL: "Wie akkoord geeft", EN: "Who approves"},
		"mechanic":         {NL: "Monteur", EN: "Mechanic"},
		"customer_service": {NL: "Klantenservice", EN: "Customer service"},
		"manager":          {NL: "Werkplaatsmanager", EN: "Workshop manager"},
		"integrator":       {NL: "Garagesysteem", EN: "Garage system"},
		"admin":            {NL: "Beheer", EN: "Administration"},
		"system":           {NL: "Pitstop", EN: "Pitstop"},
	}
	losses = map[string]locale.Text{
		"refused":         {NL: "Adres geweigerd", EN: "Address refused"},
		"no_address":      {NL: "Geen mailadres", EN: "No mail address"},
		"address_refused": {NL: "Adres werkte al niet", EN: "Address had failed before"},
		"tries_used_up":   {NL: "Alle pogingen mislukt", EN: "Every attempt failed"},
		"not_told":        {NL: "Er viel niets in te trekken", EN: "There was nothing to take back"},
		"reply_owed":      {NL: "Klant wachtte op ons antwoord", EN: "Customer was awaiting our reply"},
		"moment_passed":   {NL: "Niet meer nodig", EN: "No longer needed"},
		"forgotten":       {NL: "Reparatie is te lang geleden", EN: "Repair is too long ago"},
		"history":         {NL: "Achteraf ingevoerd", EN: "Entered afterwards"},
	}
	calls = map[string]locale.Text{
		"no_answer":     {NL: "Geen antwoord", EN: "No answer"},
		"no_address":    {NL: "Geen mailadres", EN: "No mail address"},
		"undeliverable": {NL: "Mail komt niet aan", EN: "Mail does not arrive"},
		"requested":     {NL: "Vraagt om gebeld te worden", EN: "Asks to be called"},
	}
)
