package staff

import "pitstop/schemas/locale"

// texts are the texts of the pages around the dashboards.
var texts = locale.Texts{
	"sign in":       {NL: "Inloggen", EN: "Sign in"},
	"sign out":      {NL: "Uitloggen", EN: "Sign out"},
	"signed in":     {NL: "Ingelogd als %s.", EN: "Signed in as %s."},
	"moment":        {NL: "Een ogenblik", EN: "One moment"},
	"go on":         {NL: "Verder", EN: "Go on"},
	"to dashboards": {NL: "Naar de dashboards", EN: "To the dashboards"},

	"signed out":           {NL: "Je bent uitgelogd", EN: "You are signed out"},
	"signed out text":      {NL: "Tot de volgende keer.", EN: "See you next time."},
	"sign-in refused":      {NL: "Inloggen is niet gelukt", EN: "Signing in did not work"},
	"sign-in refused text": {NL: "Je bent niet ingelogd. Probeer het nog eens; lukt het weer niet, vraag dan je beheerder.", EN: "You are not signed in. Try again; if it fails again, ask your administrator."},
	"sign-in lost":         {NL: "Deze poging om in te loggen is verlopen", EN: "This attempt to sign in has expired"},
	"sign-in lost text":    {NL: "Ze duurde te lang, was al klaar of begon in een andere browser. Begin opnieuw.", EN: "It took too long, was finished already or began in another browser. Start again."},
	"no sign-in":           {NL: "Inloggen is hier niet ingesteld", EN: "Signing in is not set up here"},
	"no sign-in text":      {NL: "Vraag je beheerder om het in te stellen (--oidc-issuer en PITSTOP_SESSION_KEYS).", EN: "Ask your administrator to set it up (--oidc-issuer and PITSTOP_SESSION_KEYS)."},

	"no page":               {NL: "Deze pagina bestaat niet", EN: "There is no such page"},
	"no page text":          {NL: "Misschien is het adres verkeerd overgenomen.", EN: "The address may have been copied wrongly."},
	"no dashboard":          {NL: "Er is geen dashboard voor jou", EN: "There is no dashboard for you"},
	"no dashboard text":     {NL: "De dashboards zijn voor de werkplaatsmanager en de klantenservice.", EN: "The dashboards are for the workshop manager and customer service."},
	"not yours":             {NL: "Deze pagina is niet voor jou", EN: "This page is not for you"},
	"not yours text":        {NL: "Deze pagina is voor %s; je hebt die rol niet.", EN: "This page is for %s; you do not have that role."},
	"role mechanic":         {NL: "de monteur", EN: "the mechanic"},
	"role customer_service": {NL: "de klantenservice", EN: "customer service"},
	"role manager":          {NL: "de werkplaatsmanager", EN: "the workshop manager"},

	"no garage":            {NL: "Je hoort nog bij geen garage", EN: "You do not belong to a garage yet"},
	"no garage text":       {NL: "Vraag je beheerder om je garage bij je account te zetten, en log dan opnieuw in.", EN: "Ask your administrator to add your garage to your account, then sign in again."},
	"unknown garage":       {NL: "Pitstop kent deze garage niet", EN: "Pitstop does not know this garage"},
	"unknown garage text":  {NL: "Bij je account staat %s. Vraag je beheerder om het id uit het garagebestand.", EN: "Your account names %s. Ask your administrator for the id in the garage file."},
	"not your garage":      {NL: "Deze garage is niet van jou", EN: "This garage is not yours"},
	"not your garage text": {NL: "Je account hoort niet bij deze garage; daarom zie je haar cijfers niet.", EN: "Your account does not belong to this garage, so you do not see its figures."},
	"foreign form":         {NL: "Dit formulier kwam van een andere site", EN: "This form came from another site"},
	"foreign form text":    {NL: "Er is niets veranderd. Ga terug naar de pagina van Pitstop zelf.", EN: "Nothing has changed. Go back to Pitstop’s own page."},
	"slow down":            {NL: "Even rustig aan", EN: "Slow down"},
	"slow down text":       {NL: "Er kwamen te veel verzoeken in korte tijd. Probeer het zo nog eens.", EN: "Too many requests came in a short time. Try again in a moment."},
	"provider away":        {NL: "Inloggen lukt nu niet", EN: "Signing in does not work now"},
	"provider away text":   {NL: "De inlogdienst antwoordt niet. Wie al is ingelogd, blijft dat; probeer het over een minuut nog eens.", EN: "The sign-in service does not answer. Anyone already signed in stays signed in; try again in a minute."},
	"dashboard down":       {NL: "De cijfers zijn nu niet te lezen", EN: "The figures cannot be read now"},
	"dashboard down text":  {NL: "De database antwoordt niet. Probeer het over een minuut nog eens.", EN: "The database does not answer. Try again in a minute."},
}
