package simulate

import "pitstop/schemas/locale"

// What people write.
var (
	notes = []string{
		"Sleutel ligt in het kastje bij brug 2", "Klant belt liever na 16 uur", "Wielmoeren met de hand aanhalen",
		"Onderdeel komt met de middagrit",
	}
	withdrawals = []string{"Bleek bij nader inzien niet nodig", "Verkeerde onderdelen opgezocht", "Valt onder de garantie"}
	callbacks   = []locale.Text{
		{NL: "Kunt u mij even bellen? Ik zit tot 12 uur in een overleg.", EN: "Could you call me? I am in a meeting until noon."},
		{NL: "Bel me liever even.", EN: "Please call me instead."},
	}
	remarks = []locale.Text{
		{NL: "Dat doe ik liever volgende maand.", EN: "I would rather do that next month."},
		{NL: "Te duur voor deze auto.", EN: "Too expensive for this car."},
		{NL: "Mijn zwager doet dat.", EN: "My brother-in-law does that."},
	}
	thanks = []locale.Text{
		{NL: "Dank u wel, ik kom hem vanmiddag halen.", EN: "Thank you, I will pick it up this afternoon."},
		{NL: "Top, bedankt!", EN: "Great, thanks!"},
	}
	questions = []struct{ ask, reply locale.Text }{
		{
			locale.Text{NL: "Hoe lang kan ik hier nog mee rijden?", EN: "How long can I drive with this?"},
			locale.Text{NL: "We raden aan er niet meer dan een paar weken mee te rijden.", EN: "We advise not to drive more than a few weeks with it."},
		},
		{
			locale.Text{NL: "Is de auto dan vandaag nog klaar?", EN: "Will the car still be ready today?"},
			locale.Text{NL: "Ja, als we binnen een uur kunnen beginnen.", EN: "Yes, if we can begin within the hour."},
		},
		{
			locale.Text{NL: "Zit er garantie op de onderdelen?", EN: "Is there a warranty on the parts?"},
			locale.Text{NL: "Twee jaar, op onderdelen en arbeid.", EN: "Two years, on parts and labour."},
		},
		{
			locale.Text{NL: "Kan het ook met een goedkoper merk?", EN: "Is there a cheaper brand?"},
			locale.Text{NL: "Dit is al ons voordeligste merk; het houdt wel.", EN: "This is our cheapest brand already, and it lasts."},
		},
	}
)
