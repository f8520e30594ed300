package simulate

// What people write.
var (
	notes = []string{
		"Sleutel ligt in het kastje bij brug 2", "Klant belt liever na 16 uur", "Wielmoeren met de hand aanhalen",
		"Onderdeel komt met de middagrit",
	}
	withdrawals = []string{"Bleek bij nader inzien niet nodig", "Verkeerde onderdelen opgezocht", "Valt onder de garantie"}
	callbacks   = []words{
		{"Kunt u mij even bellen? Ik zit tot 12 uur in een overleg.", "Could you call me? I am in a meeting until noon."},
		{"Bel me liever even.", "Please call me instead."},
	}
	remarks = []words{
		{"Dat doe ik liever volgende maand.", "I would rather do that next month."},
		{"Te duur voor deze auto.", "Too expensive for this car."},
		{"Mijn zwager doet dat.", "My brother-in-law does that."},
	}
	thanks = []words{
		{"Dank u wel, ik kom hem vanmiddag halen.", "Thank you, I will pick it up this afternoon."},
		{"Top, bedankt!", "Great, thanks!"},
	}
	questions = []struct{ ask, reply words }{
		{
			words{"Hoe lang kan ik hier nog mee rijden?", "How long can I drive with this?"},
			words{"We raden aan er niet meer dan een paar weken mee te rijden.", "We advise not to drive more than a few weeks with it."},
		},
		{
			words{"Is de auto dan vandaag nog klaar?", "Will the car still be ready today?"},
			words{"Ja, als we binnen een uur kunnen beginnen.", "Yes, if we can begin within the hour."},
		},
		{
			words{"Zit er garantie op de onderdelen?", "Is there a warranty on the parts?"},
			words{"Twee jaar, op onderdelen en arbeid.", "Two years, on parts and labour."},
		},
		{
			words{"Kan het ook met een goedkoper merk?", "Is there a cheaper brand?"},
			words{"Dit is al ons voordeligste merk; het houdt wel.", "This is our cheapest brand already, and it lasts."},
		},
	}
)
