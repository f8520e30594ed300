package dashboards

import "maps"

// Conversation is one repair: what every Link leads to.
var Conversation = Dashboard{
	ID:          "conversation",
	Title:       Text{"Gesprek", "Conversation"},
	AboutRepair: true,
	For: Text{
		"Voor wie wil weten wat er met één auto gebeurde: wie deed wat, en wanneer.",
		"For whoever wants to know what happened to one car: who did what, and when.",
	},
	Panels: []Panel{Freshness, theCar, timeline},
}

var theCar = Panel{
	ID:         "car",
	Title:      Text{"De auto", "The car"},
	Question:   Text{"Om welke auto gaat het, en hoe staat het ermee?", "Which car is it, and where does it stand?"},
	Definition: Text{"De reparatie zoals die er nu voor staat. Beloofd: de eerst beloofde tijd.", "The repair as it stands now. Promised: the first time promised."},
	Empty:      Text{"Deze reparatie is er niet.", "There is no such repair."},
	Kind:       Table, Now: true, Width: 24, Height: 4,
	SQL: query("car"),
	Columns: []Column{
		plate, garage,
		{Name: "vehicle", Title: Text{"Auto", "Car"}},
		{Name: "external_ref", Title: Text{"Werkorder", "Job order"}},
		{Name: "state", Title: Text{"Status", "State"}, Values: map[string]Text{
			"in_progress":       {"In de werkplaats", "In the workshop"},
			"awaiting_approval": {"Wacht op akkoord", "Awaits approval"},
			"completed":         {"Klaar", "Completed"},
			"collected":         {"Opgehaald", "Collected"},
			"cancelled":         {"Geannuleerd", "Cancelled"},
		}},
		{Name: "waiting_for", Title: Text{"Wacht op", "Waits for"}, Values: map[string]Text{
			"customer": {"Klant", "Customer"},
			"mechanic": {"Garage", "Garage"},
			"nobody":   {"Niemand", "Nobody"},
		}},
		customer, phone, mechanic,
		{Name: "started", Title: Text{"Begonnen", "Started"}, Unit: Instant},
		{Name: "promised", Title: Text{"Beloofd", "Promised"}, Unit: Instant},
	},
}

var timeline = Panel{
	ID:       "timeline",
	Title:    Text{"Tijdlijn", "Timeline"},
	Question: Text{"Wie deed wat, en wanneer?", "Who did what, and when?"},
	Definition: Text{
		"Alles wat er met de auto gebeurde, in volgorde: het werk, de vragen om akkoord en de antwoorden, en elke mail met wat ervan werd: klaargezet, en door de mailserver aangenomen of niet. Bedragen incl. btw. De tekst van berichten staat alleen in Pitstop zelf.",
		"Everything that happened to the car, in order: the work, the requests for approval and the answers, and each mail with what became of it: queued, and accepted by the mail server or not. Amounts include VAT. The text of messages is in Pitstop itself only.",
	},
	Empty: Text{"Deze reparatie is er niet.", "There is no such repair."},
	Kind:  Table, Now: true, Width: 24, Height: 20,
	SQL: query("timeline"),
	Columns: []Column{
		{Name: "at", Title: Text{"Wanneer", "When"}, Unit: Instant},
		{Name: "what", Title: Text{"Wat", "What"}, Values: happenings},
		{Name: "who", Title: Text{"Wie", "Who"}, Values: roleNames},
		{Name: "name", Title: Text{"Naam", "Name"}},
		{Name: "about", Title: Text{"Bericht", "Notification"}, Values: kindNames},
		{Name: "revision", Title: Text{"Vraag om akkoord nr.", "Request no."}, Unit: Count},
		{Name: "amount", Title: Text{"Bedrag", "Amount"}, Unit: Money},
		currency,
		{Name: "detail", Title: Text{"Toelichting", "Detail"}, Values: details},
	},
}

// happenings name what a row of the timeline is: an event, or of a decision what it
// was and of a message its kind; a notification, or what became of it.
var happenings = map[string]Text{
	"RepairStarted":          {"Begonnen aan de auto", "Work started"},
	"ApprovalRequested":      {"Akkoord gevraagd", "Approval requested"},
	"QuoteViewed":            {"Vraag om akkoord bekeken", "Request viewed"},
	"approved":               {"Akkoord", "Approved"},
	"partly_approved":        {"Deels akkoord", "Partly approved"},
	"rejected":               {"Niet akkoord", "Rejected"},
	"QuoteExpired":           {"Vraag om akkoord verlopen", "Request expired"},
	"QuoteWithdrawn":         {"Vraag om akkoord ingetrokken", "Request withdrawn"},
	"ReadyTimeChanged":       {"Beloofde tijd gewijzigd", "Promised time changed"},
	"ContactCorrected":       {"Contactgegevens gewijzigd", "Contact corrected"},
	"RepairCompleted":        {"Auto klaar", "Car completed"},
	"VehicleCollected":       {"Auto opgehaald", "Car collected"},
	"RepairCancelled":        {"Reparatie geannuleerd", "Repair cancelled"},
	"text":                   {"Bericht geschreven", "Message written"},
	"note":                   {"Notitie van de garage", "Note of the garage"},
	"callback":               {"Vraagt om gebeld te worden", "Asks to be called"},
	"NotificationRequested":  {"Mail klaargezet voor", "Mail queued for"},
	"NotificationSuppressed": {"Mail niet verstuurd aan", "Mail not sent to"},
	"DeliveryAccepted":       {"Mail aangenomen voor", "Mail accepted for"}, // by the mail server
	"DeliveryDeferred":       {"Mail voorlopig niet aangenomen voor", "Mail deferred for"},
	"DeliveryFailed":         {"Mail geweigerd voor", "Mail refused for"},
	"CallTask":               {"Moet gebeld worden", "To be called"},
}

// details name how a decision was given, and why nothing was sent or somebody is
// to be called.
var details = func() map[string]Text {
	all := map[string]Text{
		"page":    {"Via de pagina", "By the page"},
		"phone":   {"Per telefoon", "By phone"},
		"counter": {"Aan de balie", "At the counter"},
	}
	maps.Copy(all, losses)
	maps.Copy(all, calls)
	return all
}()
