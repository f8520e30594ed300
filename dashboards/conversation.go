package dashboards

import (
	"maps"

	"pitstop/schemas/locale"
)

// Conversation is one repair: what every Link leads to.
var Conversation = Dashboard{
	ID:          "conversation",
	Title:       locale.Text{NL: "Gesprek", EN: "Conversation"},
	AboutRepair: true,
	For: locale.Text{
		NL: "Voor wie wil weten wat er met één auto gebeurde: wie deed wat, en wanneer.",
		EN: "For whoever wants to know what happened to one car: who did what, and when.",
	},
	Panels: []Panel{Freshness, theCar, timeline},
}

var theCar = Panel{
	ID:         "car",
	Title:      locale.Text{NL: "De auto", EN: "The car"},
	Question:   locale.Text{NL: "Om welke auto gaat het, en hoe staat het ermee?", EN: "Which car is it, and where does it stand?"},
	Definition: locale.Text{NL: "De reparatie zoals die er nu voor staat. Beloofd: de eerst beloofde tijd.", EN: "The repair as it stands now. Promised: the first time promised."},
	Empty:      locale.Text{NL: "Deze reparatie is er niet.", EN: "There is no such repair."},
	Kind:       Table, Now: true, Width: 24, Height: 4,
	SQL: query("car"),
	Columns: []Column{
		plate, garage,
		{Name: "vehicle", Title: locale.Text{NL: "Auto", EN: "Car"}},
		{Name: "external_ref", Title: locale.Text{NL: "Werkorder", EN: "Job order"}},
		{Name: "state", Title: locale.Text{NL: "Status", EN: "State"}, Values: map[string]locale.Text{
			"in_progress":       {NL: "In de werkplaats", EN: "In the workshop"},
			"awaiting_approval": {NL: "Wacht op akkoord", EN: "Awaits approval"},
			"completed":         {NL: "Klaar", EN: "Completed"},
			"collected":         {NL: "Opgehaald", EN: "Collected"},
			"cancelled":         {NL: "Geannuleerd", EN: "Cancelled"},
		}},
		{Name: "waiting_for", Title: locale.Text{NL: "Wacht op", EN: "Waits for"}, Values: map[string]locale.Text{
			"customer": {NL: "Klant", EN: "Customer"},
			"mechanic": {NL: "Garage", EN: "Garage"},
			"nobody":   {NL: "Niemand", EN: "Nobody"},
		}},
		customer, phone, mechanic,
		{Name: "started", Title: locale.Text{NL: "Begonnen", EN: "Started"}, Unit: Instant},
		{Name: "promised", Title: locale.Text{NL: "Beloofd", EN: "Promised"}, Unit: Instant},
	},
}

var timeline = Panel{
	ID:       "timeline",
	Title:    locale.Text{NL: "Tijdlijn", EN: "Timeline"},
	Question: locale.Text{NL: "Wie deed wat, en wanneer?", EN: "Who did what, and when?"},
	Definition: locale.Text{
		NL: "Alles wat er met de auto gebeurde, in volgorde: het werk, de vragen om akkoord en de antwoorden, wat werd geweigerd en waarom, en hoe het met elke mail afliep: klaargezet, en bij de mailserver aangekomen of niet. Bedragen incl. btw. De tekst van berichten staat alleen in Pitstop zelf.",
		EN: "Everything that happened to the car, in order: the work, the requests for approval and the answers, what was refused and why, and each mail with what became of it: queued, and accepted by the mail server or not. Amounts include VAT. The text of messages is in Pitstop itself only.",
	},
	Empty: locale.Text{NL: "Deze reparatie is er niet.", EN: "There is no such repair."},
	Kind:  Table, Now: true, Width: 24, Height: 20,
	SQL: query("timeline"),
	Columns: []Column{
		{Name: "at", Title: locale.Text{NL: "Wanneer", EN: "When"}, Unit: Instant},
		{Name: "what", Title: locale.Text{NL: "Wat", EN: "What"}, Values: happenings},
		{Name: "who", Title: locale.Text{NL: "Wie", EN: "Who"}, Values: roleNames},
		{Name: "recipient", Title: locale.Text{NL: "Aan", EN: "To"}, Values: roleNames},
		{Name: "name", Title: locale.Text{NL: "Naam", EN: "Name"}},
		{Name: "about", Title: locale.Text{NL: "Bericht", EN: "Notification"}, Values: kindNames},
		{Name: "revision", Title: locale.Text{NL: "Vraag om akkoord nr.", EN: "Request no."}, Unit: Count},
		{Name: "amount", Title: locale.Text{NL: "Bedrag", EN: "Amount"}, Unit: Money},
		currency,
		{Name: "detail", Title: locale.Text{NL: "Toelichting", EN: "Detail"}, Values: details},
	},
}

// happenings name what a row of the timeline is: an event, or of a decision what it
// was and of a message its kind; a command that was refused; a notification, or what
// became of it.
var happenings = map[string]locale.Text{
	"RepairStarted":          {NL: "Begonnen aan de auto", EN: "Work started"},
	"ApprovalRequested":      {NL: "Akkoord gevraagd", EN: "Approval requested"},
	"QuoteViewed":            {NL: "Vraag om akkoord bekeken", EN: "Request viewed"},
	"approved":               {NL: "Akkoord", EN: "Approved"},
	"partly_approved":        {NL: "Deels akkoord", EN: "Partly approved"},
	"rejected":               {NL: "Niet akkoord", EN: "Declined"},
	"QuoteExpired":           {NL: "Vraag om akkoord verlopen", EN: "Request expired"},
	"QuoteWithdrawn":         {NL: "Vraag om akkoord ingetrokken", EN: "Request withdrawn"},
	"ReadyTimeChanged":       {NL: "Beloofde tijd gewijzigd", EN: "Promised time changed"},
	"ContactCorrected":       {NL: "Contactgegevens gewijzigd", EN: "Contact corrected"},
	"LinkRequested":          {NL: "Nieuwe link aangevraagd", EN: "New link requested"},
	"LinksRevoked":           {NL: "Links ingetrokken", EN: "Links withdrawn"},
	"RepairCompleted":        {NL: "Auto klaar", EN: "Car completed"},
	"VehicleCollected":       {NL: "Auto opgehaald", EN: "Car collected"},
	"RepairCancelled":        {NL: "Reparatie geannuleerd", EN: "Repair cancelled"},
	"text":                   {NL: "Bericht geschreven", EN: "Message written"},
	"callback":               {NL: "Vraagt om gebeld te worden", EN: "Asks to be called"},
	"CommandRefused":         {NL: "Actie geweigerd", EN: "Action refused"},
	"NotificationRequested":  {NL: "Mail klaargezet", EN: "Mail queued"},
	"NotificationSuppressed": {NL: "Mail niet verstuurd", EN: "Mail not sent"},
	"DeliveryAccepted":       {NL: "Mail aangekomen bij mailserver", EN: "Mail accepted by mail server"},
	"DeliveryDeferred":       {NL: "Mail voorlopig geweigerd", EN: "Mail deferred"},
	"DeliveryFailed":         {NL: "Mail geweigerd", EN: "Mail refused"},
	"CallTask":               {NL: "Te bellen", EN: "To be called"},
}

// details name how a decision was given, and why a command was refused, nothing was
// sent or somebody is to be called.
var details = func() map[string]locale.Text {
	all := map[string]locale.Text{
		"page":    {NL: "Via de pagina", EN: "By the page"},
		"phone":   {NL: "Per telefoon", EN: "By phone"},
		"counter": {NL: "Aan de balie", EN: "At the counter"},
	}
	maps.Copy(all, refusals)
	maps.Copy(all, losses)
	maps.Copy(all, calls)
	return all
}()

// refusals name the codes with which a command is refused.
var refusals = map[string]locale.Text{
	"not_found":       {NL: "Bestaat niet", EN: "Does not exist"},
	"illegal_state":   {NL: "Kan nu niet", EN: "Not possible now"},
	"superseded":      {NL: "Vraag om akkoord was vervangen", EN: "Request had been replaced"},
	"expired":         {NL: "Vraag om akkoord was verlopen", EN: "Request had expired"},
	"withdrawn":       {NL: "Vraag om akkoord was ingetrokken", EN: "Request had been withdrawn"},
	"already_decided": {NL: "Was al beantwoord", EN: "Already answered"},
	"already_started": {NL: "Was al begonnen", EN: "Already started"},
	"total_mismatch":  {NL: "Zag een ander bedrag", EN: "Saw another amount"},
	"forbidden":       {NL: "Beslist hier niet over", EN: "Does not decide about this"},
	"link_ended":      {NL: "Link was niet meer geldig", EN: "Link was no longer valid"},
	"reason_required": {NL: "Reden ontbreekt", EN: "Reason missing"},
	"invalid":         {NL: "Fouten in de invoer", EN: "Mistakes in what was entered"},
}
