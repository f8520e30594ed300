package staff

import "pitstop/schemas/locale"

// texts are the texts of the pages around the dashboards.
var texts = locale.Texts{
	"sign in":           {NL: "Inloggen", EN: "Sign in"},
	"not signed in":     {NL: "Je bent niet ingelogd", EN: "You are not signed in"},
	"token label":       {NL: "Je token", EN: "Your token"},
	"token hint":        {NL: "Plak hier het token dat je van je beheerder kreeg.", EN: "Paste the token you got from your administrator here."},
	"token own":         {NL: "Zelf een token maken, op de machine waar Pitstop draait:", EN: "To make one yourself, on the machine that Pitstop runs on:"},
	"session text":      {NL: "Je blijft ingelogd zolang het token geldig is. Het blijft in deze browser en komt nooit in een adres te staan.", EN: "You stay signed in as long as the token is good. It stays in this browser, and never becomes part of an address."},
	"token missing":     {NL: "Plak eerst je token in het veld.", EN: "Paste your token into the field first."},
	"token invalid":     {NL: "Dit token is hier niet geldig. Plak het hele token, of vraag een nieuw.", EN: "This token is not valid here. Paste all of it, or ask for a new one."},
	"token slow":        {NL: "Het versturen duurde te lang. Probeer het nog eens.", EN: "Sending took too long. Try again."},
	"token expired":     {NL: "Dit token is verlopen. Vraag een nieuw.", EN: "This token has expired. Ask for a new one."},
	"token long":        {NL: "Dit token is te lang voor een cookie: %d tekens, en meer dan %d bewaart een browser niet. Laat de identiteitsprovider weglaten wat Pitstop niet nodig heeft, zoals groepen.", EN: "This token is too long for a cookie: %d characters, and browsers keep no more than %d. Have the identity provider leave out what Pitstop does not need, such as groups."},
	"session over":      {NL: "Je token is verlopen of niet meer geldig. Log opnieuw in; daarna zie je deze pagina weer.", EN: "Your token has expired or is no longer valid. Sign in again, and you will see this page."},
	"moment":            {NL: "Een ogenblik", EN: "One moment"},
	"go on":             {NL: "Verder", EN: "Go on"},
	"to dashboards":     {NL: "Naar de dashboards", EN: "To the dashboards"},
	"sign in otherwise": {NL: "Als iemand anders inloggen", EN: "Sign in as somebody else"},

	"no page":               {NL: "Deze pagina bestaat niet", EN: "There is no such page"},
	"no page text":          {NL: "Misschien is het adres verkeerd overgenomen.", EN: "The address may have been copied wrongly."},
	"no dashboard":          {NL: "Er is geen dashboard voor jou", EN: "There is no dashboard for you"},
	"no dashboard text":     {NL: "De dashboards zijn voor de werkplaatsmanager en de klantenservice.", EN: "The dashboards are for the workshop manager and customer service."},
	"not yours":             {NL: "Deze pagina is niet voor jou", EN: "This page is not for you"},
	"not yours text":        {NL: "Ze is er voor %s, en je token noemt die rol niet.", EN: "It is for %s, and your token does not name that role."},
	"role mechanic":         {NL: "de monteur", EN: "the mechanic"},
	"role customer_service": {NL: "de klantenservice", EN: "customer service"},
	"role manager":          {NL: "de werkplaatsmanager", EN: "the workshop manager"},

	"no garage":            {NL: "Je token noemt geen garage", EN: "Your token names no garage"},
	"no garage text":       {NL: "Vraag een token waar je garage in staat.", EN: "Ask for a token that names your garage."},
	"unknown garage":       {NL: "Pitstop kent deze garage niet", EN: "Pitstop does not know this garage"},
	"unknown garage text":  {NL: "Je token noemt %s. Vraag een token met het id uit het garagebestand.", EN: "Your token names %s. Ask for a token with the id in the garage file."},
	"not your garage":      {NL: "Deze garage is niet van jou", EN: "This garage is not yours"},
	"not your garage text": {NL: "Je token noemt deze garage niet; daarom zie je haar cijfers niet.", EN: "Your token does not name this garage, so you do not see its figures."},
	"foreign form":         {NL: "Dit formulier kwam van een andere site", EN: "This form came from another site"},
	"foreign form text":    {NL: "Log in op de pagina van Pitstop zelf.", EN: "Sign in on Pitstop’s own page."},
	"slow down":            {NL: "Even rustig aan", EN: "Slow down"},
	"slow down text":       {NL: "Er kwamen te veel verzoeken in korte tijd. Probeer het zo nog eens.", EN: "Too many requests came in a short time. Try again in a moment."},
	"provider away":        {NL: "Inloggen lukt nu niet", EN: "Signing in does not work now"},
	"provider away text":   {NL: "De identiteitsprovider antwoordt niet. Wie al ingelogd is, blijft dat; probeer het over een minuut nog eens.", EN: "The identity provider does not answer. Who is signed in stays so; try again in a minute."},
	"dashboard down":       {NL: "De cijfers zijn nu niet te lezen", EN: "The figures cannot be read now"},
	"dashboard down text":  {NL: "De database antwoordt niet. Probeer het over een minuut nog eens.", EN: "The database does not answer. Try again in a minute."},
}
