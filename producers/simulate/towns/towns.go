// Package towns invents the garages of a demonstration.
package towns

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pitstop/schemas/garage"
)

// Default is how many garages the demonstration has.
const Default = 20

// towns are where the garages of a demonstration are. Dutch subscriber numbers do
// not begin with 1, so nobody has the phone numbers made from these area codes.
var towns = []struct {
	id, name, address, city, area string
	mechanics                     string
	hours                         string
}{
	{"smit-zonen", "Smit & Zonen", "Havenstraat 14", "Rotterdam", "10", "Daan, Kees, Samira, Tim", "early"},
	{"de-linde", "Garage De Linde", "Lindelaan 8", "Amersfoort", "33", "Lotte, Mo", "lunch"},
	{"vdberg", "Autobedrijf Van den Berg", "Industrieweg 31", "Zwolle", "38", "Henk, Ruben, Fleur", "day"},
	{"zuidas", "Zuidas Auto Service", "Strawinskylaan 201", "Amsterdam", "20", "Youssef, Iris, Bram, Nina, Wout", "late"},
	{"maas", "Autohuis Maas", "Wycker Brugstraat 5", "Maastricht", "43", "Sjef, Pleun", "weekend"},
	{"polder", "Garage Polderzicht", "Dijkweg 77", "Lelystad", "320", "Arie, Joost", "day"},
	{"duin", "Duin Autotechniek", "Zeestraat 42", "Den Haag", "70", "Karim, Anouk, Rik", "early"},
	{"kanaal", "Kanaal Garage", "Kanaaldijk 19", "Eindhoven", "40", "Thijs, Esra, Guus", "late"},
	{"hof", "Garage Het Hof", "Hofplein 3", "Breda", "76", "Ilse, Tom", "lunch"},
	{"waal", "Waalstad Auto's", "Waalkade 60", "Nijmegen", "24", "Jeroen, Meryem", "weekend"},
	{"ijssel", "IJssel Autocentrum", "Rijnstraat 88", "Arnhem", "26", "Bas, Kim, Olaf", "day"},
	{"spaarne", "Spaarne Garage", "Spaarndamseweg 120", "Haarlem", "23", "Wessel, Roos", "lunch"},
	{"twente", "Twente Autoservice", "Haaksbergerstraat 9", "Enschede", "53", "Gerrit, Leyla, Stan", "early"},
	{"kempen", "De Kempen Auto", "Markt 2", "Tilburg", "13", "Nick, Sanne", "weekend"},
	{"friso", "Garage Friso", "Harlingerstraatweg 51", "Leeuwarden", "58", "Sjoerd, Hiske", "day"},
	{"molen", "Molenaar Mobiliteit", "Molenweg 16", "Alkmaar", "72", "Piet, Dewi, Cas", "late"},
	{"rijnland", "Rijnland Auto", "Hoge Rijndijk 24", "Leiden", "71", "Floor, Ahmed", "lunch"},
	{"peel", "Peelland Garage", "Kasteelweg 7", "Helmond", "492", "Frans, Eva", "day"},
}

// weeks are opening hours that garages keep.
var weeks = map[string]map[string]string{
	"day":     {"mon-fri": "8:00-17:30"},
	"early":   {"mon-fri": "7:30-17:00"},
	"lunch":   {"mon-fri": "8:00-12:30, 13:00-17:30"},
	"late":    {"mon-thu": "8:00-17:30", "fri": "8:00-21:00"},
	"weekend": {"tue-fri": "8:30-18:00", "sat": "8:30-16:00"},
}

// LastDay is the end of a history, on which every garage is open around the clock and
// busy: whatever the hour and the day are, there is something to see.
const LastDay = 24 * time.Hour

// Garages invents garages, n in all, of which the two of [garage.Sample] are the
// first. Some close for a day or a week, and some change their opening hours, in
// the month before now: the same garages for the same now, to the day. From the day
// before now on, none ever closes.
func Garages(n int, now time.Time) (*garage.Book, error) {
	sample, err := garage.Parse(garage.Sample)
	if err != nil {
		return nil, fmt.Errorf("sample garages: %w", err)
	}
	var profiles []garage.Profile
	for _, p := range sample.Garages() {
		profiles = append(profiles, *p)
	}
	day := func(ago int) string { return now.AddDate(0, 0, -ago).Format(time.DateOnly) }
	for i := 0; len(profiles) < n; i++ {
		p := inventGarage(i)
		switch i % 6 {
		case 1:
			p.Closures = []garage.Closure{{From: day(9), Reason: "Personeelsuitje"}}
		case 3:
			p.OpeningHours = append(p.OpeningHours, garage.Hours{From: day(15), Days: map[string]string{
				"mon-fri": "8:00-18:00", "sat": "9:00-13:00",
			}})
		case 5:
			p.Closures = []garage.Closure{{From: day(22), To: day(16), Reason: "Vakantie"}}
		}
		profiles = append(profiles, p)
	}
	profiles = profiles[:max(1, min(n, len(profiles)))]
	zone, err := time.LoadLocation(profiles[0].TimeZone)
	if err != nil {
		return nil, fmt.Errorf("time zone of the garages: %w", err)
	}
	for i := range profiles {
		neverClose(&profiles[i], now.Add(-LastDay).In(zone))
	}
	return garage.NewBook(profiles...)
}

// neverClose has a garage open around the clock from the day of a time on.
func neverClose(p *garage.Profile, since time.Time) {
	day, before := since.Format(time.DateOnly), since.AddDate(0, 0, -1).Format(time.DateOnly)
	hours := slices.DeleteFunc(slices.Clone(p.OpeningHours[1:]), func(h garage.Hours) bool { return h.From >= day })
	p.OpeningHours = append(append(p.OpeningHours[:1:1], hours...), garage.Hours{From: day, Days: map[string]string{"mon-sun": "0:00-24:00"}})
	p.Closures = slices.DeleteFunc(slices.Clone(p.Closures), func(c garage.Closure) bool { return c.From >= day })
	for i, c := range p.Closures {
		if c.To >= day {
			p.Closures[i].To = before
		}
	}
}

// Hurried returns the garages at the pace of live traffic: who does not answer is
// reminded, and called, within a minute.
func Hurried(book *garage.Book) (*garage.Book, error) {
	var profiles []garage.Profile
	for _, p := range book.Garages() {
		hurried := *p
		hurried.Approval.RemindAfter, hurried.Approval.CallAfter = []time.Duration{30 * time.Second}, time.Minute
		profiles = append(profiles, hurried)
	}
	return garage.NewBook(profiles...)
}

// inventGarage returns the i-th invented garage; when the towns are used up, each
// gets another.
func inventGarage(i int) garage.Profile {
	town, round := towns[i%len(towns)], i/len(towns)+1
	if round > 1 {
		town.id = fmt.Sprintf("%s-%d", town.id, round)
		town.name = fmt.Sprintf("%s %d", town.name, round)
	}
	domain := town.id + ".example"
	p := garage.Profile{
		ID: town.id, Name: town.name, Address: town.address, City: town.city,
		Phone:    "+31" + town.area + fmt.Sprint(1234567 + round)[:9-len(town.area)],
		ReplyTo:  "werkplaats@" + domain,
		TimeZone: "Europe/Amsterdam", Language: "nl", Currency: "EUR", VAT: "21", Payment: []string{"card", "cash"},
		OpeningHours: []garage.Hours{{Days: weeks[town.hours]}},
		Staff:        garage.Staff{CustomerService: []string{"balie@" + domain}, Manager: "manager@" + domain},
	}
	if i%4 == 2 {
		p.Approval.RemindAfter = []time.Duration{time.Hour, 3 * time.Hour}
	}
	for name := range strings.SplitSeq(town.mechanics, ", ") {
		id := strings.ToLower(name)
		p.Staff.Mechanics = append(p.Staff.Mechanics, garage.Mechanic{ID: id, Name: name, Email: id + "@" + domain})
	}
	return p
}
