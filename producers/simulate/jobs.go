package simulate

import (
	"math/rand/v2"

	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
	"pitstop/schemas/repair"
)

// job is a line of work as a garage charges it.
type job struct {
	title   locale.Text
	urgency repair.Urgency // empty for agreed work
	without locale.Text
	details []detail
}

// detail is a part with its price, or labour, whose price is the garage's rate.
type detail struct {
	what     locale.Text
	quantity string
	price    int64 // cents including VAT; 0: labour
	vat      repair.VATRate
}

func labour(hours string) detail {
	return detail{locale.Text{NL: "Arbeid", EN: "Labour"}, hours, 0, repair.VAT21}
}

func part(what locale.Text, quantity string, price int64) detail {
	return detail{what, quantity, price, repair.VAT21}
}

// agreedJobs are what people bring their car for.
var agreedJobs = []job{
	{title: locale.Text{NL: "Kleine beurt en APK", EN: "Minor service and APK (MOT)"}, details: []detail{part(locale.Text{NL: "Olie en filter", EN: "Oil and filter"}, "1", 11650), labour("1.5")}},
	{title: locale.Text{NL: "Grote beurt", EN: "Major service"}, details: []detail{part(locale.Text{NL: "Filters, bougies en olie", EN: "Filters, spark plugs and oil"}, "1", 19850), labour("2.5")}},
	{title: locale.Text{NL: "APK-keuring", EN: "APK (MOT) test"}, details: []detail{part(locale.Text{NL: "Keuring", EN: "Test"}, "1", 4495)}},
	{title: locale.Text{NL: "Winterbanden wisselen", EN: "Change to winter tyres"}, details: []detail{part(locale.Text{NL: "Wissel met opslag", EN: "Change with storage"}, "4", 1950)}},
	{title: locale.Text{NL: "Aircoservice", EN: "Air conditioning service"}, details: []detail{part(locale.Text{NL: "Koudemiddel", EN: "Refrigerant"}, "0.45", 14900), labour("0.5")}},
	{title: locale.Text{NL: "Diagnose motorstoring", EN: "Diagnose engine fault"}, details: []detail{labour("1")}},
	{title: locale.Text{NL: "Koppeling vervangen", EN: "Replace clutch"}, details: []detail{part(locale.Text{NL: "Koppelingsset", EN: "Clutch kit"}, "1", 28900), labour("4.5")}},
	{title: locale.Text{NL: "Bumper herstellen", EN: "Repair bumper"}, details: []detail{part(locale.Text{NL: "Lak en plamuur", EN: "Paint and filler"}, "1", 12500), labour("2.2")}},
}

// extraJobs are what mechanics find.
var extraJobs = []job{
	{
		locale.Text{NL: "Remschijven en remblokken vóór vervangen", EN: "Replace front brake discs and pads"},
		repair.Safety,
		locale.Text{NL: "Zonder deze reparatie keuren we de auto niet goed voor de APK.", EN: "Without this repair we cannot pass the car for its APK (Dutch MOT)."},
		[]detail{part(locale.Text{NL: "Remschijf", EN: "Brake disc"}, "2", 6900), part(locale.Text{NL: "Remblokken", EN: "Brake pads"}, "1", 7200), labour("1.2")},
	},
	{
		locale.Text{NL: "Ruitenwissers vervangen", EN: "Replace wiper blades"},
		repair.Advice,
		locale.Text{NL: "Kan ook later.", EN: "Can wait."},
		[]detail{part(locale.Text{NL: "Set wissers", EN: "Set of blades"}, "1", 3995)},
	},
	{
		locale.Text{NL: "Twee banden achter vervangen", EN: "Replace two rear tyres"},
		repair.Safety,
		locale.Text{NL: "De profieldiepte is onder 1,6 mm.", EN: "The tread is below 1.6 mm."},
		[]detail{part(locale.Text{NL: "Band 205/55 R16", EN: "Tyre 205/55 R16"}, "2", 9450), part(locale.Text{NL: "Balanceren", EN: "Balancing"}, "2", 1250), labour("0.4")},
	},
	{
		locale.Text{NL: "Accu vervangen", EN: "Replace battery"},
		repair.Soon,
		locale.Text{NL: "De accu haalt de winter niet.", EN: "The battery will not last the winter."},
		[]detail{part(locale.Text{NL: "Accu 70 Ah", EN: "Battery 70 Ah"}, "1", 14900), {locale.Text{NL: "Statiegeld", EN: "Deposit"}, "1", 1500, repair.VAT0}, labour("0.3")},
	},
	{
		locale.Text{NL: "Distributieriem vervangen", EN: "Replace timing belt"},
		repair.Soon,
		locale.Text{NL: "Breekt de riem, dan is de motor stuk.", EN: "If the belt breaks, so does the engine."},
		[]detail{part(locale.Text{NL: "Distributieset met waterpomp", EN: "Timing belt kit with water pump"}, "1", 21500), labour("3.5")},
	},
	{
		locale.Text{NL: "Achterdemper vervangen", EN: "Replace rear silencer"},
		repair.Safety,
		locale.Text{NL: "De uitlaat lekt; dat is een afkeurpunt.", EN: "The exhaust leaks, which fails the test."},
		[]detail{part(locale.Text{NL: "Achterdemper", EN: "Silencer"}, "1", 13250), labour("0.8")},
	},
	{
		locale.Text{NL: "Koplamp vervangen", EN: "Replace headlight bulb"},
		repair.Safety,
		locale.Text{NL: "Links brandt niet.", EN: "The left one is out."},
		[]detail{part(locale.Text{NL: "Lamp H7", EN: "Bulb H7"}, "1", 1495), labour("0.2")},
	},
	{
		locale.Text{NL: "Interieurfilter vervangen", EN: "Replace cabin filter"},
		repair.Advice,
		locale.Text{NL: "Frisse lucht; kan ook bij de volgende beurt.", EN: "Fresh air; can wait for the next service."},
		[]detail{part(locale.Text{NL: "Filter", EN: "Filter"}, "1", 2750), labour("0.2")},
	},
	{
		locale.Text{NL: "Draagarm vóór vervangen", EN: "Replace front control arm"},
		repair.Safety,
		locale.Text{NL: "De rubbers zijn gescheurd.", EN: "The bushes are torn."},
		[]detail{part(locale.Text{NL: "Draagarm", EN: "Control arm"}, "1", 11800), labour("1.1"), part(locale.Text{NL: "Uitlijnen", EN: "Wheel alignment"}, "1", 6500)},
	},
	{
		locale.Text{NL: "Remvloeistof verversen", EN: "Change brake fluid"},
		repair.Soon,
		locale.Text{NL: "Er zit te veel water in.", EN: "There is too much water in it."},
		[]detail{part(locale.Text{NL: "Remvloeistof", EN: "Brake fluid"}, "0.8", 1895), labour("0.6")},
	},
	{
		locale.Text{NL: "Schokdempers achter vervangen", EN: "Replace rear shock absorbers"},
		repair.Soon,
		locale.Text{NL: "De auto remt minder goed op slecht wegdek.", EN: "The car brakes less well on bad roads."},
		[]detail{part(locale.Text{NL: "Schokdemper", EN: "Shock absorber"}, "2", 8900), labour("1.4")},
	},
	{
		locale.Text{NL: "Sterretje in voorruit repareren", EN: "Repair chip in windscreen"},
		repair.Advice,
		locale.Text{NL: "Het sterretje kan doorscheuren.", EN: "The chip may spread."},
		[]detail{part(locale.Text{NL: "Harsvulling", EN: "Resin filling"}, "1", 6500)},
	},
}

// line returns a job as a line, in a language and at a garage's hourly rate.
func (j job) line(l locale.Lang, rate int64) repair.Line {
	line := repair.Line{Title: j.title.In(l), Urgency: j.urgency, Consequence: j.without.In(l)}
	for _, d := range j.details {
		x := repair.Detail{Kind: repair.Part, Description: d.what.In(l), Quantity: d.quantity, UnitPrice: d.price, VAT: d.vat}
		if d.price == 0 {
			x.Kind, x.UnitPrice = repair.Labour, rate
		}
		line.Details = append(line.Details, x)
	}
	return line
}

// price turns jobs into work, in a language, and prices it.
func price(g *garage.Profile, l locale.Lang, includeVAT bool, jobs []job) (repair.Work, repair.Quote) {
	rate := 9500 + int64(len(g.Name)*173%13)*250 // an hour
	w := repair.Work{Currency: g.Currency, PricesIncludeVAT: includeVAT}
	for _, j := range jobs {
		w.Lines = append(w.Lines, j.line(l, rate))
	}
	q, err := w.Price()
	if err != nil {
		panic("the list of jobs has a mistake: " + err.Error()) // found by any test
	}
	return w, q
}

// some picks n different jobs.
func some(r *rand.Rand, jobs []job, n int) []job {
	var picked []job
	for _, i := range r.Perm(len(jobs))[:n] {
		picked = append(picked, jobs[i])
	}
	return picked
}
