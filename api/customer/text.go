package customer

import (
	"fmt"

	"pitstop/schemas/locale"
)

// texts are the texts of the customer's page that are not in locale.
var texts = locale.Texts{
	"other language": {NL: "Read this page in English", EN: "Lees deze pagina in het Nederlands"},
	"call":           {NL: "Bel %s", EN: "Call %s"},

	// Headlines.
	"head decide by": {NL: "Graag uw antwoord vóór %s", EN: "Please answer before %s"},
	"head decide":    {NL: "Graag uw antwoord", EN: "Please answer"},
	"head other":     {NL: "Er is extra werk voorgesteld", EN: "Extra work has been proposed"},
	"head progress":  {NL: "We zijn bezig met uw auto", EN: "We are working on your car"},
	"head completed": {NL: "Goed nieuws: uw auto is klaar", EN: "Good news: your car is ready"},
	"head collected": {NL: "Uw auto is opgehaald", EN: "Your car has been collected"},
	"head cancelled": {NL: "De reparatie gaat niet door", EN: "The repair will not go ahead"},

	// What happened, and what comes next.
	"found one":        {NL: "We vonden iets dat extra werk vraagt. We doen het alleen als u akkoord geeft.", EN: "We found something that needs extra work. We will only do it if you agree."},
	"found many":       {NL: "We vonden %s dingen die extra werk vragen. We doen ze alleen als u akkoord geeft.", EN: "We found %s things that need extra work. We will only do them if you agree."},
	"waits for other":  {NL: "Iemand anders beslist hierover. U hoeft niets te doen; u krijgt bericht zodra de auto klaar is.", EN: "Somebody else decides about it. There is nothing you need to do; you will hear from us when the car is ready."},
	"ready around":     {NL: "Verwacht klaar: %s.", EN: "We expect the car to be ready: %s."},
	"nothing to do":    {NL: "U hoeft nu niets te doen. Vinden we iets extra’s, dan vragen we u eerst om akkoord. Zodra de auto klaar is, krijgt u bericht.", EN: "There is nothing you need to do now. If we find anything extra, we will ask you first. You will hear from us when the car is ready."},
	"said all":         {NL: "U gaf akkoord voor %s", EN: "You agreed to %s"},
	"said all free":    {NL: "U gaf akkoord, en het is gratis", EN: "You agreed, and it is free of charge"},
	"said part":        {NL: "U gaf akkoord voor %s; de rest doen we niet", EN: "You agreed to %s; we will leave the rest"},
	"said part free":   {NL: "U gaf akkoord voor een deel, dat gratis is; de rest doen we niet", EN: "You agreed to part of it, which is free of charge; we will leave the rest"},
	"said none":        {NL: "U gaf geen akkoord: we doen niets extra’s", EN: "You did not agree: we will do nothing extra"},
	"next all":         {NL: "We gaan ermee aan de slag en u krijgt bericht zodra de auto klaar is.", EN: "We are getting on with it, and you will hear from us when the car is ready."},
	"next part":        {NL: "U krijgt bericht zodra de auto klaar is.", EN: "You will hear from us when the car is ready."},
	"next none":        {NL: "U wilt het extra werk niet laten doen. We maken af wat was afgesproken, en u krijgt bericht zodra de auto klaar is.", EN: "You do not want the extra work done. We will finish what was agreed, and you will hear from us when the car is ready."},
	"we do":            {NL: "Dit doen we:", EN: "We will do:"},
	"we do not":        {NL: "Dit doen we niet:", EN: "We will not do:"},
	"decided thanks":   {NL: "Dank u wel voor uw antwoord.", EN: "Thank you for your answer."},
	"lapsed":           {NL: "Het voorstel is verlopen zonder antwoord (%s). We hebben niets extra’s gedaan. Wilt u het toch? Bel ons of stuur hieronder een bericht.", EN: "The proposal expired without an answer (%s). We did nothing extra. Would you like it after all? Call us or send a message below."},
	"withdrawn":        {NL: "We hebben het voorstel ingetrokken. U hoeft niets te doen.", EN: "We have withdrawn the proposal. There is nothing you need to do."},
	"to pay":           {NL: "Te betalen", EN: "To pay"},
	"total":            {NL: "Totaal", EN: "Total"},
	"nothing to pay":   {NL: "U hoeft niets te betalen", EN: "There is nothing to pay"},
	"as agreed":        {NL: "precies zoals afgesproken", EN: "exactly as agreed"},
	"more than agreed": {NL: "%s meer dan afgesproken", EN: "%s more than agreed"},
	"less than agreed": {NL: "%s minder dan afgesproken", EN: "%s less than agreed"},
	"explained":        {NL: "Toelichting:", EN: "Explanation:"},
	"day at":           {NL: "%s om %s", EN: "%s at %s"},
	"thanks visit":     {NL: "Bedankt voor uw bezoek. Hebt u nog een vraag, stuur dan gerust een bericht.", EN: "Thank you for your visit. If you have a question, do send a message."},
	"cancelled lead":   {NL: "Hebt u daar vragen over? Bel ons of stuur hieronder een bericht.", EN: "Do you have questions about that? Call us or send a message below."},

	// Steps.
	"steps":          {NL: "Hoe het ervoor staat", EN: "Where things stand"},
	"step started":   {NL: "Begonnen", EN: "Started"},
	"step asked":     {NL: "Uw antwoord gevraagd", EN: "Your answer asked for"},
	"step asked it":  {NL: "Antwoord gevraagd", EN: "An answer asked for"},
	"step decided":   {NL: "Antwoord gekregen", EN: "Answer received"},
	"step lapsed":    {NL: "Voorstel verlopen", EN: "Proposal expired"},
	"step withdrawn": {NL: "Voorstel ingetrokken", EN: "Proposal withdrawn"},
	"labour":         {NL: "Arbeid", EN: "Labour"},
	"step replaced":  {NL: "Voorstel vervangen door een nieuw", EN: "Proposal replaced by a new one"},
	"step ready":     {NL: "Klaar", EN: "Ready"},
	"step collected": {NL: "Opgehaald", EN: "Collected"},
	"step cancelled": {NL: "Geannuleerd", EN: "Cancelled"},
	"expected":       {NL: "verwacht %s", EN: "expected %s"},
	"waiting":        {NL: "wacht op antwoord", EN: "waiting for an answer"},

	// The quote.
	"proposal":       {NL: "Wat we voorstellen", EN: "What we propose"},
	"line":           {NL: "Onderdeel %d", EN: "Item %d"},
	"details":        {NL: "Waar bestaat dit uit?", EN: "What is this made up of?"},
	"details excl":   {NL: "Bedragen per regel zijn excl. btw; het totaal is incl. btw.", EN: "Amounts per row exclude VAT; the total includes it."},
	"together":       {NL: "Alles samen", EN: "All together"},
	"of which vat":   {NL: "waarvan %s (%s)", EN: "of which %s (%s)"},
	"with agreed":    {NL: "Met het werk dat al was afgesproken wordt het totaal %s %s.", EN: "With the work already agreed, the total comes to %s %s."},
	"your choice":    {NL: "Uw keuze", EN: "Your choice"},
	"none chosen":    {NL: "nog niets extra", EN: "nothing extra yet"},
	"still open":     {NL: "nog {count} te kiezen", EN: "{count} still to choose"},
	"valid until":    {NL: "U kunt antwoorden tot %s.", EN: "You can answer until %s."},
	"yes":            {NL: "Ja, doen", EN: "Yes, do it"},
	"no":             {NL: "Nee, niet doen", EN: "No, leave it"},
	"why not":        {NL: "Waarom niet? (niet verplicht)", EN: "Why not? (optional)"},
	"no reason":      {NL: "Geen reden opgeven", EN: "No reason given"},
	"remark":         {NL: "Wilt u er iets bij zeggen? (niet verplicht)", EN: "Anything you want to add? (optional)"},
	"your name":      {NL: "Uw naam", EN: "Your name"},
	"your name hint": {NL: "We bewaren bij uw antwoord wie het gaf en wanneer.", EN: "We record who answered, and when."},
	"check":          {NL: "Controleer mijn keuze", EN: "Check my choice"},
	"all yes":        {NL: "Alles ja", EN: "Yes to all"},
	"all no":         {NL: "Alles nee", EN: "No to all"},
	"all at once":    {NL: "Alles tegelijk:", EN: "All at once:"},
	"agree pay":      {NL: "Akkoord, ik betaal %s", EN: "Agree, I will pay %s"},
	"agree free":     {NL: "Akkoord, gratis", EN: "Agree, free of charge"},
	"agree none":     {NL: "Niet akkoord, niets extra doen", EN: "Not agreed, do nothing extra"},

	// The confirmation.
	"confirm head":  {NL: "Klopt dit?", EN: "Is this right?"},
	"confirm lead":  {NL: "Dit hebt u gekozen. Uw antwoord telt pas als u op de knop drukt.", EN: "This is what you chose. Your answer only counts once you press the button."},
	"confirm none":  {NL: "U betaalt niets extra", EN: "You pay nothing extra"},
	"confirm total": {NL: "Extra te betalen", EN: "Extra to pay"},
	"change":        {NL: "Terug en wijzigen", EN: "Go back and change"},
	"answer yes":    {NL: "Ja", EN: "Yes"},
	"answer no":     {NL: "Nee", EN: "No"},
	"once":          {NL: "Dit kunt u daarna niet meer wijzigen. Bedenkt u zich, bel ons dan.", EN: "You cannot change this afterwards. If you change your mind, call us."},

	// What was agreed.
	"agreed":       {NL: "Afgesproken werk", EN: "Agreed work"},
	"done":         {NL: "Wat we hebben gedaan", EN: "What we have done"},
	"agreed total": {NL: "Totaal afgesproken", EN: "Total agreed"},
	"your answer":  {NL: "Uw antwoord", EN: "Your answer"},
	"the answer":   {NL: "Het antwoord", EN: "The answer"},
	"answered at":  {NL: "Gegeven %s", EN: "Given %s"},
	"by page":      {NL: "via deze pagina", EN: "on this page"},
	"by phone":     {NL: "telefonisch", EN: "by phone"},
	"at counter":   {NL: "aan de balie", EN: "at the counter"},

	// Messages.
	"messages":        {NL: "Berichten", EN: "Messages"},
	"from you":        {NL: "U", EN: "You"},
	"from them":       {NL: "De klant", EN: "The customer"},
	"from approver":   {NL: "Degene die beslist", EN: "Whoever decides"},
	"asked to call":   {NL: "Vraagt om teruggebeld te worden.", EN: "Asks to be called."},
	"you asked call":  {NL: "U vroeg om teruggebeld te worden.", EN: "You asked to be called."},
	"ask":             {NL: "Stel een vraag", EN: "Ask a question"},
	"ask hint":        {NL: "Een vraag stellen is geen akkoord: er gebeurt niets extra’s.", EN: "Asking is not agreeing: nothing extra will be done."},
	"send":            {NL: "Verstuur bericht", EN: "Send message"},
	"call me":         {NL: "Bel mij terug", EN: "Call me back"},
	"call me on":      {NL: "We bellen het nummer dat we van u hebben (eindigt op %s).", EN: "We will call the number we have for you (ends in %s)."},
	"call me where":   {NL: "We hebben geen telefoonnummer van u: zet het in het bericht.", EN: "We have no phone number for you: put it in the message."},
	"message sent":    {NL: "Uw bericht is verstuurd.", EN: "Your message was sent."},
	"choice kept":     {NL: "Wat u al koos, staat er nog. U hebt nog niet geantwoord op het voorstel.", EN: "What you chose is still there. You have not answered the proposal yet."},
	"contact":         {NL: "Liever bellen?", EN: "Would you rather call?"},
	"reach by phone":  {NL: "Akkoord geven kan ook telefonisch.", EN: "You can also agree by phone."},
	"number plate":    {NL: "Kenteken", EN: "Number plate"},
	"problem heading": {NL: "Er klopt nog iets niet", EN: "Something is not right yet"},

	// Mistakes in a form.
	"error title":    {NL: "Fout: ", EN: "Error: "},
	"error line":     {NL: "Kies bij onderdeel %d ja of nee.", EN: "Choose yes or no for item %d."},
	"error answer":   {NL: "Kies ja of nee.", EN: "Choose yes or no."},
	"error text":     {NL: "Schrijf eerst uw vraag, of kies ‘Bel mij terug’.", EN: "Write your question first, or choose “Call me back”."},
	"error name":     {NL: "Vul uw naam in.", EN: "Enter your name."},
	"error field":    {NL: "Dit kunnen we niet lezen. Wilt u het anders opschrijven?", EN: "We cannot read this. Could you write it differently?"},
	"error reason":   {NL: "Kies een van de redenen.", EN: "Choose one of the reasons."},
	"error long":     {NL: "Uw toelichtingen zijn samen langer dan %d tekens. Wilt u ze inkorten?", EN: "Your remarks are longer than %d characters together. Could you shorten them?"},
	"error wordy":    {NL: "Er past geen toelichting meer bij deze reparatie. Laat die weg, of bel ons.", EN: "This repair takes no more remarks. Leave this one out, or call us."},
	"error full":     {NL: "Er passen geen berichten meer bij dit gesprek. Bel ons.", EN: "This conversation takes no more messages. Please call us."},
	"error unsent":   {NL: "Het is niet gelukt om dit te versturen. Probeer het nog eens: het telt maar één keer. Lukt het niet, bel ons dan.", EN: "This could not be sent. Please try again: it counts only once. If it does not work, call us."},
	"error unsent h": {NL: "Nog niet verstuurd", EN: "Not sent yet"},

	// A decision that came too late.
	"late superseded":  {NL: "Er is een nieuwer voorstel. Uw antwoord op het oude telt niet; hieronder staat hoe het er nu voor staat.", EN: "There is a newer proposal. Your answer to the old one does not count; below is how things stand now."},
	"late expired":     {NL: "Het voorstel was al verlopen. Uw antwoord is niet verwerkt en we doen niets extra’s. Wilt u het toch? Bel ons of stuur een bericht.", EN: "The proposal had already expired. Your answer was not taken, and we do nothing extra. Would you like it after all? Call us or send a message."},
	"late withdrawn":   {NL: "De garage heeft dit voorstel ingetrokken. Uw antwoord is niet nodig.", EN: "The garage has withdrawn this proposal. Your answer is not needed."},
	"late decided":     {NL: "Op dit voorstel was al geantwoord. Het eerste antwoord blijft gelden; wilt u iets wijzigen, bel ons dan.", EN: "This proposal had already been answered. The first answer stands; call us if you want to change something."},
	"late state":       {NL: "Aan deze reparatie wordt niet meer gewerkt. Uw antwoord is niet verwerkt; bel ons als u vragen hebt.", EN: "This repair is no longer being worked on. Your answer was not taken; call us if you have questions."},
	"late total":       {NL: "Het bedrag op uw knop klopte niet met het voorstel. Uw antwoord is niet verwerkt: kijk hieronder naar de bedragen en kies opnieuw.", EN: "The amount on your button did not match the proposal. Your answer was not taken: look at the amounts below and choose again."},
	"late heading":     {NL: "Uw antwoord is niet verwerkt", EN: "Your answer was not taken"},
	"late not allowed": {NL: "Over de kosten beslist iemand anders. U kunt wel een bericht sturen.", EN: "Somebody else decides about the costs. You can send a message."},

	// Pages without a repair.
	"busy head":    {NL: "Uw antwoord wordt verwerkt", EN: "Your answer is being processed"},
	"busy text":    {NL: "Dit duurt meestal maar een paar seconden. Deze pagina ververst vanzelf; u hoeft niets opnieuw te versturen.", EN: "This usually takes just a few seconds. This page refreshes by itself; there is no need to send anything again."},
	"soon head":    {NL: "We zetten uw gegevens klaar", EN: "We are getting your details ready"},
	"soon text":    {NL: "Dit duurt meestal maar een paar seconden. Deze pagina ververst vanzelf.", EN: "This usually takes just a few seconds. This page refreshes by itself."},
	"refresh":      {NL: "Nu verversen", EN: "Refresh now"},
	"expired head": {NL: "Deze link is verlopen", EN: "This link has expired"},
	"expired text": {NL: "Links in onze mails werken een beperkte tijd. Bel ons of beantwoord de mail, dan sturen we u een nieuwe.", EN: "Links in our mails work for a limited time. Call us or reply to the mail, and we will send you a new one."},
	"ended head":   {NL: "Deze link is niet meer geldig", EN: "This link is no longer valid"},
	"ended text":   {NL: "De garage heeft de links bij deze reparatie vernieuwd of ingetrokken. Hebt u een nieuwere mail, open dan de link daarin. Hebt u die niet? Bel ons, dan helpen we u verder.", EN: "The garage has replaced or withdrawn the links for this repair. If you have a newer email from us, open the link in that one. If not, call us and we will help you."},
	"bad head":     {NL: "Deze link werkt niet", EN: "This link does not work"},
	"bad text":     {NL: "Misschien is hij niet helemaal overgenomen. Open de link opnieuw vanuit de mail. Lukt het niet? Het telefoonnummer van de garage staat onder aan de mail.", EN: "Perhaps it was not copied completely. Open the link from the mail again. If that does not help: the garage’s phone number is at the bottom of the mail."},
	"down head":    {NL: "Even niet bereikbaar", EN: "Not available for a moment"},
	"down text":    {NL: "Er gaat aan onze kant iets mis. Probeer het over een minuut nog eens; dringend? Bel ons.", EN: "Something is going wrong on our side. Try again in a minute; if it is urgent, call us."},
	"limit head":   {NL: "Even rustig aan", EN: "One moment, please"},
	"limit text":   {NL: "Deze pagina is net heel vaak geopend. Probeer het over een minuut nog eens.", EN: "This page was opened very often just now. Try again in a minute."},
	"garbled head": {NL: "Dit is niet goed aangekomen", EN: "This did not arrive properly"},
	"garbled text": {NL: "Wat u verstuurde is onderweg beschadigd en telt niet. Open de link uit de mail opnieuw en probeer het nog eens; lukt het niet, bel ons dan.", EN: "What you sent was damaged on its way and does not count. Open the link from the mail again and try once more; if it does not work, call us."},
	"cut head":     {NL: "Dit is niet helemaal aangekomen", EN: "This did not arrive completely"},
	"cut text":     {NL: "De verbinding viel weg terwijl u iets verstuurde, en het telt niet. Ga terug en probeer het nog eens, of bel ons.", EN: "The connection was lost while you were sending something, and it does not count. Go back and try again, or call us."},
	"large head":   {NL: "Dit is te lang", EN: "This is too long"},
	"large text":   {NL: "Wat u schreef is te lang om in één keer te versturen, en telt niet. Ga terug en maak het korter, of bel ons.", EN: "What you wrote is too long to send in one go, and does not count. Go back and make it shorter, or call us."},
	"slow head":    {NL: "Het versturen duurde te lang", EN: "Sending took too long"},
	"slow text":    {NL: "De verbinding was te traag: wat u verstuurde kwam niet helemaal aan en telt niet. Ga terug en probeer het nog eens, of bel ons.", EN: "The connection was too slow: what you sent did not arrive completely and does not count. Go back and try again, or call us."},
	"foreign head": {NL: "Dit kan niet vanaf deze pagina", EN: "This cannot be done from here"},
	"foreign text": {NL: "Open de link uit de mail opnieuw en kies daar.", EN: "Open the link from the mail again and choose there."},
}

// count words small numbers, as a letter would; larger ones are read sooner as digits.
func (v voice) count(n int) string {
	if n > 6 {
		return fmt.Sprint(n)
	}
	return v.Lang.Count(n)
}
