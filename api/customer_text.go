package api

import (
	"fmt"
	"time"

	"pitstop/schemas/locale"
)

// voice says things in a visitor's language, at a moment, in a garage's time zone.
type voice struct {
	Lang locale.Lang
	now  time.Time
	zone *time.Location
}

// T is the text of a key, with args filled in. A key without a text shows as
// itself, so that a gap is seen and not silently blank.
func (v voice) T(key string, args ...any) string {
	text, ok := texts[key]
	if !ok {
		text, ok = staffTexts[key]
	}
	if !ok {
		return key
	}
	said := text.nl
	if v.Lang == locale.EN {
		said = text.en
	}
	if len(args) == 0 {
		return said
	}
	return fmt.Sprintf(said, args...)
}

// moment is a day and a time: "vandaag, woensdag 20 mei, 14.00 uur".
func (v voice) moment(t time.Time) string {
	return v.Lang.DayAndDate(t, v.now, v.zone) + ", " + v.Lang.Time(t, v.zone)
}

// stamp is when something happened, short: "vandaag 10.05 uur".
func (v voice) stamp(t time.Time) string {
	return v.Lang.Day(t, v.now, v.zone) + " " + v.Lang.Time(t, v.zone)
}

// texts is what the customer's page says, apart from what locale words.
var texts = map[string]struct{ nl, en string }{
	"other language": {"Read this page in English", "Lees deze pagina in het Nederlands"},
	"call":           {"Bel %s", "Call %s"},

	// Headlines.
	"head decide by": {"Graag uw antwoord vóór %s", "Please answer before %s"},
	"head decide":    {"Graag uw antwoord", "Please answer"},
	"head other":     {"Er is extra werk voorgesteld", "Extra work has been proposed"},
	"head progress":  {"We zijn bezig met uw auto", "We are working on your car"},
	"head completed": {"Goed nieuws: uw auto is klaar", "Good news: your car is ready"},
	"head collected": {"Uw auto is opgehaald", "Your car has been collected"},
	"head cancelled": {"De reparatie gaat niet door", "The repair will not go ahead"},

	// What happened, and what comes next.
	"found one":       {"We vonden iets dat extra werk vraagt. We doen het alleen als u akkoord geeft.", "We found something that needs extra work. We will only do it if you agree."},
	"found many":      {"We vonden %s dingen die extra werk vragen. We doen ze alleen als u akkoord geeft.", "We found %s things that need extra work. We will only do them if you agree."},
	"waits for other": {"De beslissing hierover is aan iemand anders. U hoeft niets te doen; u krijgt bericht zodra de auto klaar is.", "Somebody else decides about it. There is nothing you need to do; you will hear from us when the car is ready."},
	"ready around":    {"We verwachten dat de auto klaar is: %s.", "We expect the car to be ready: %s."},
	"nothing to do":   {"U hoeft nu niets te doen. Vinden we iets extra’s, dan vragen we u eerst om akkoord. Zodra de auto klaar is, krijgt u bericht.", "There is nothing you need to do now. If we find anything extra, we will ask you first. You will hear from us when the car is ready."},
	"decided all":     {"U gaf akkoord voor %s. We gaan ermee aan de slag en u krijgt bericht zodra de auto klaar is.", "You agreed to %s. We are getting on with it, and you will hear from us when the car is ready."},
	"decided part":    {"U gaf akkoord voor %s; de rest doen we niet. U krijgt bericht zodra de auto klaar is.", "You agreed to %s; we will leave the rest. You will hear from us when the car is ready."},
	"decided none":    {"U wilt het extra werk niet laten doen. We maken af wat was afgesproken, en u krijgt bericht zodra de auto klaar is.", "You do not want the extra work done. We will finish what was agreed, and you will hear from us when the car is ready."},
	"decided thanks":  {"Dank u wel voor uw antwoord.", "Thank you for your answer."},
	"lapsed":          {"De prijsopgave is verlopen zonder antwoord (%s). We hebben niets extra’s gedaan. Wilt u het toch? Bel ons of stuur hieronder een bericht.", "The quote expired without an answer (%s). We did nothing extra. Would you like it after all? Call us or send a message below."},
	"withdrawn":       {"We hebben de prijsopgave ingetrokken. U hoeft niets te doen.", "We have withdrawn the quote. There is nothing you need to do."},
	"collect":         {"U kunt de auto ophalen: %s.", "You can collect the car: %s."},
	"to pay":          {"Te betalen", "To pay"},
	"as agreed":       {"precies zoals afgesproken", "exactly as agreed"},
	"thanks visit":    {"Bedankt voor uw bezoek. Hebt u nog een vraag, stuur dan gerust een bericht.", "Thank you for your visit. If you have a question, do send a message."},
	"cancelled lead":  {"Hebt u daar vragen over? Bel ons of stuur hieronder een bericht.", "Do you have questions about that? Call us or send a message below."},

	// Steps.
	"steps":          {"Hoe het ervoor staat", "Where things stand"},
	"step started":   {"Begonnen", "Started"},
	"step asked":     {"Uw antwoord gevraagd", "Your answer asked for"},
	"step asked it":  {"Om antwoord gevraagd", "An answer asked for"},
	"step decided":   {"Antwoord gekregen", "Answer received"},
	"step lapsed":    {"Prijsopgave verlopen", "Quote expired"},
	"step withdrawn": {"Prijsopgave ingetrokken", "Quote withdrawn"},
	"step replaced":  {"Prijsopgave vervangen door een nieuwe", "Quote replaced by a new one"},
	"step ready":     {"Klaar", "Ready"},
	"step collected": {"Opgehaald", "Collected"},
	"step cancelled": {"Geannuleerd", "Cancelled"},
	"expected":       {"verwacht %s", "expected %s"},
	"waiting":        {"wacht op antwoord", "waiting for an answer"},

	// The quote.
	"proposal":       {"Wat we voorstellen", "What we propose"},
	"line":           {"Onderdeel %d", "Item %d"},
	"details":        {"Waar bestaat dit uit?", "What is this made up of?"},
	"details excl":   {"Bedragen per regel zijn excl. btw; het totaal is incl. btw.", "Amounts per row exclude VAT; the total includes it."},
	"together":       {"Alles samen", "All together"},
	"of which vat":   {"waarvan %s (%s)", "of which %s (%s)"},
	"with agreed":    {"Met het werk dat al was afgesproken wordt het totaal %s %s.", "With the work agreed before, the total comes to %s %s."},
	"answer within":  {"Antwoordt u %s, vóór %s, dan kunnen we meteen verder. Horen we niets, dan bellen we u.", "If you answer %s, before %s, we can carry on straight away. If we hear nothing, we will call you."},
	"valid until":    {"U kunt antwoorden tot %s. Zonder uw akkoord doen we niets extra’s.", "You can answer until %s. We do nothing extra without your approval."},
	"yes":            {"Ja, doen", "Yes, do it"},
	"no":             {"Niet doen", "Leave it"},
	"why not":        {"Waarom niet? (mag u leeg laten)", "Why not? (you may leave this empty)"},
	"no reason":      {"Geen reden opgeven", "No reason given"},
	"remark":         {"Wilt u er iets bij zeggen? (mag u leeg laten)", "Anything you want to add? (you may leave this empty)"},
	"your name":      {"Uw naam", "Your name"},
	"your name hint": {"We bewaren bij uw antwoord wie het gaf en wanneer.", "With your answer we keep who gave it, and when."},
	"check":          {"Controleer mijn keuze", "Check my choice"},
	"all yes":        {"Alles ja", "Yes to all"},
	"all no":         {"Alles nee", "No to all"},
	"all at once":    {"Alles tegelijk:", "All at once:"},
	"agree pay":      {"Akkoord, ik betaal %s", "Agree, I will pay %s"},
	"agree none":     {"Niet akkoord, niets extra doen", "Not agreed, do nothing extra"},
	"choose each":    {"Kies eerst bij elk onderdeel ja of nee", "First choose yes or no for each item"},

	// The confirmation.
	"confirm head":  {"Klopt dit?", "Is this right?"},
	"confirm lead":  {"Dit hebt u gekozen. Uw antwoord telt pas als u op de knop drukt.", "This is what you chose. Your answer only counts once you press the button."},
	"confirm total": {"U betaalt hiervoor extra", "For this you pay extra"},
	"change":        {"Terug en wijzigen", "Go back and change"},
	"answer yes":    {"Ja", "Yes"},
	"answer no":     {"Nee", "No"},
	"once":          {"U kunt deze keuze daarna niet meer via deze pagina wijzigen. Bel ons als u zich bedenkt.", "You cannot change this choice on this page afterwards. Call us if you change your mind."},

	// What was agreed.
	"agreed":       {"Afgesproken werk", "Agreed work"},
	"agreed total": {"Totaal afgesproken", "Total agreed"},
	"your answer":  {"Uw antwoord", "Your answer"},
	"the answer":   {"Het antwoord", "The answer"},
	"answered at":  {"Gegeven %s", "Given %s"},
	"by page":      {"via deze pagina", "on this page"},
	"by phone":     {"telefonisch", "by phone"},
	"at counter":   {"aan de balie", "at the counter"},
	"agreed yes":   {"Akkoord", "Agreed"},
	"agreed no":    {"Niet akkoord", "Not agreed"},

	// Messages.
	"messages":        {"Berichten", "Messages"},
	"from you":        {"U", "You"},
	"from them":       {"De klant", "The customer"},
	"from approver":   {"Wie beslist", "Who decides"},
	"asked to call":   {"Vraagt om teruggebeld te worden.", "Asks to be called."},
	"you asked call":  {"U vroeg om teruggebeld te worden.", "You asked to be called."},
	"ask":             {"Stel een vraag", "Ask a question"},
	"ask hint":        {"Een vraag stellen is geen akkoord: er gebeurt niets extra’s.", "Asking is not agreeing: nothing extra will be done."},
	"send":            {"Verstuur bericht", "Send message"},
	"call me":         {"Bel mij terug", "Call me back"},
	"call me on":      {"We bellen het nummer dat we van u hebben (eindigt op %s).", "We will call the number we have for you (ends in %s)."},
	"call me where":   {"We hebben geen telefoonnummer van u: zet het in het bericht.", "We have no phone number for you: put it in the message."},
	"message sent":    {"Uw bericht is verstuurd; we antwoorden zo snel mogelijk.", "Your message was sent. We will answer as soon as we can."},
	"callback sent":   {"We bellen u zo snel mogelijk terug.", "We will call you back as soon as we can."},
	"contact":         {"Liever bellen?", "Would you rather call?"},
	"reach by phone":  {"Akkoord geven kan ook telefonisch.", "You can also agree by phone."},
	"number plate":    {"Kenteken", "Number plate"},
	"problem heading": {"Er is iets niet ingevuld", "Something is missing"},

	// Mistakes in a form.
	"error title":    {"Fout: ", "Error: "},
	"error line":     {"Kies bij onderdeel %d ja of nee.", "Choose yes or no for item %d."},
	"error text":     {"Schrijf eerst uw vraag, of kies ‘Bel mij terug’.", "Write your question first, or choose “Call me back”."},
	"error field":    {"Dit kunnen we niet lezen. Wilt u het anders opschrijven?", "We cannot read this. Could you write it differently?"},
	"error reason":   {"Kies een van de redenen.", "Choose one of the reasons."},
	"error unsent":   {"Het is niet gelukt om dit te versturen. Probeer het nog eens: het telt maar één keer. Lukt het niet, bel ons dan.", "This could not be sent. Please try again: it counts only once. If it does not work, call us."},
	"error unsent h": {"Nog niet verstuurd", "Not sent yet"},

	// A decision that came too late.
	"late superseded":  {"Er is een nieuwere prijsopgave. Uw antwoord op de oude telt niet; hieronder staat hoe het er nu voor staat.", "There is a newer quote. Your answer to the old one does not count; below is how things stand now."},
	"late expired":     {"De prijsopgave was al verlopen. Uw antwoord is niet verwerkt en we doen niets extra’s. Wilt u het toch? Bel ons of stuur een bericht.", "The quote had already expired. Your answer was not taken, and we do nothing extra. Would you like it after all? Call us or send a message."},
	"late withdrawn":   {"De garage heeft deze prijsopgave ingetrokken. Uw antwoord is niet nodig.", "The garage has withdrawn this quote. Your answer is not needed."},
	"late decided":     {"Op deze prijsopgave was al geantwoord. Het eerste antwoord blijft gelden; wilt u iets wijzigen, bel ons dan.", "This quote had already been answered. The first answer stands; call us if you want to change something."},
	"late state":       {"Aan deze reparatie wordt niet meer gewerkt. Uw antwoord is niet verwerkt; bel ons als u vragen hebt.", "This repair is no longer being worked on. Your answer was not taken; call us if you have questions."},
	"late total":       {"Het bedrag op uw knop klopte niet met de prijsopgave. Uw antwoord is niet verwerkt: kijk hieronder naar de bedragen en kies opnieuw.", "The amount on your button did not match the quote. Your answer was not taken: look at the amounts below and choose again."},
	"late heading":     {"Uw antwoord is niet verwerkt", "Your answer was not taken"},
	"late not allowed": {"Over de kosten beslist iemand anders. U kunt wel een bericht sturen.", "Somebody else decides about the costs. You can send a message."},

	// Pages without a repair.
	"busy head":    {"Uw antwoord wordt verwerkt", "Your answer is being processed"},
	"busy text":    {"Dit duurt meestal maar een paar seconden. Deze pagina ververst vanzelf; u hoeft niets opnieuw te versturen.", "This usually takes just a few seconds. This page refreshes by itself; there is no need to send anything again."},
	"soon head":    {"We zetten uw gegevens klaar", "We are getting your details ready"},
	"soon text":    {"Dit duurt meestal maar een paar seconden. Deze pagina ververst vanzelf.", "This usually takes just a few seconds. This page refreshes by itself."},
	"refresh":      {"Nu verversen", "Refresh now"},
	"expired head": {"Deze link is verlopen", "This link has expired"},
	"expired text": {"Links in onze mails werken een beperkte tijd. Bel ons of beantwoord de mail, dan sturen we u een nieuwe.", "Links in our mails work for a limited time. Call us or reply to the mail, and we will send you a new one."},
	"bad head":     {"Deze link werkt niet", "This link does not work"},
	"bad text":     {"Misschien is hij niet helemaal overgenomen. Open de link opnieuw vanuit de mail. Lukt het niet? Het telefoonnummer van de garage staat onder aan de mail.", "Perhaps it was not copied completely. Open the link from the mail again. If that does not help: the garage’s phone number is at the bottom of the mail."},
	"down head":    {"Even niet bereikbaar", "Not available for a moment"},
	"down text":    {"Er gaat aan onze kant iets mis. Probeer het over een minuut nog eens; dringend? Bel ons.", "Something is going wrong on our side. Try again in a minute; if it is urgent, call us."},
	"limit head":   {"Even rustig aan", "One moment, please"},
	"limit text":   {"Deze pagina is net heel vaak geopend. Probeer het over een minuut nog eens.", "This page was opened very often just now. Try again in a minute."},
	"foreign head": {"Dit kan niet vanaf deze pagina", "This cannot be done from here"},
	"foreign text": {"Open de link uit de mail opnieuw en kies daar.", "Open the link from the mail again and choose there."},
}

// counts words small numbers, as a letter would.
func (v voice) count(n int) string {
	words := map[locale.Lang][]string{
		locale.NL: {"nul", "één", "twee", "drie", "vier", "vijf", "zes"},
		locale.EN: {"no", "one", "two", "three", "four", "five", "six"},
	}[v.Lang]
	if n < len(words) {
		return words[n]
	}
	return fmt.Sprint(n)
}
