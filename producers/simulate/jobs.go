package simulate

import (
	"math/rand/v2"

	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
	"pitstop/schemas/repair"
)

// words say the same in the two languages.
type words struct{ nl, en string }

func (w words) in(l locale.Lang) string {
	if l == locale.EN {
		return w.en
	}
	return w.nl
}

// job is a line of work as a garage charges it.
type job struct {
	title   words
	urgency repair.Urgency // empty for agreed work
	without words
	details []detail
}

// detail is a part with its price, or labour, whose price is the garage's rate.
type detail struct {
	what     words
	quantity string
	price    int64 // cents including VAT; 0: labour
	vat      repair.VATRate
}

func labour(hours string) detail { return detail{words{"Arbeid", "Labour"}, hours, 0, repair.VAT21} }

func part(nl, en, quantity string, price int64) detail {
	return detail{words{nl, en}, quantity, price, repair.VAT21}
}

// agreedJobs are what people bring their car for.
var agreedJobs = []job{
	{title: words{"Kleine beurt en APK", "Minor service and APK (MOT)"}, details: []detail{part("Olie en filter", "Oil and filter", "1", 11650), labour("1.5")}},
	{title: words{"Grote beurt", "Major service"}, details: []detail{part("Filters, bougies en olie", "Filters, spark plugs and oil", "1", 19850), labour("2.5")}},
	{title: words{"APK-keuring", "APK (MOT) test"}, details: []detail{part("Keuring", "Test", "1", 4495)}},
	{title: words{"Winterbanden wisselen", "Change to winter tyres"}, details: []detail{part("Wissel met opslag", "Change with storage", "4", 1950)}},
	{title: words{"Aircoservice", "Air conditioning service"}, details: []detail{part("Koudemiddel", "Refrigerant", "0.45", 14900), labour("0.5")}},
	{title: words{"Diagnose motorstoring", "Diagnose engine fault"}, details: []detail{labour("1")}},
	{title: words{"Koppeling vervangen", "Replace clutch"}, details: []detail{part("Koppelingsset", "Clutch kit", "1", 28900), labour("4.5")}},
	{title: words{"Bumper herstellen", "Repair bumper"}, details: []detail{part("Lak en plamuur", "Paint and filler", "1", 12500), labour("2.2")}},
}

// extraJobs are what mechanics find.
var extraJobs = []job{
	{
		words{"Remschijven en remblokken vóór vervangen", "Replace front brake discs and pads"},
		repair.Safety,
		words{"Zonder deze reparatie keuren we de auto niet goed voor de APK.", "Without this repair we cannot pass the car for its APK (Dutch MOT)."},
		[]detail{part("Remschijf", "Brake disc", "2", 6900), part("Remblokken", "Brake pads", "1", 7200), labour("1.2")},
	},
	{
		words{"Ruitenwissers vervangen", "Replace wiper blades"},
		repair.Advice,
		words{"Kan ook later.", "Can wait."},
		[]detail{part("Set wissers", "Set of blades", "1", 3995)},
	},
	{
		words{"Twee banden achter vervangen", "Replace two rear tyres"},
		repair.Safety,
		words{"De profieldiepte is onder 1,6 mm.", "The tread is below 1.6 mm."},
		[]detail{part("Band 205/55 R16", "Tyre 205/55 R16", "2", 9450), part("Balanceren", "Balancing", "2", 1250), labour("0.4")},
	},
	{
		words{"Accu vervangen", "Replace battery"},
		repair.Soon,
		words{"De accu haalt de winter niet.", "The battery will not last the winter."},
		[]detail{part("Accu 70 Ah", "Battery 70 Ah", "1", 14900), {words{"Statiegeld", "Deposit"}, "1", 1500, repair.VAT0}, labour("0.3")},
	},
	{
		words{"Distributieriem vervangen", "Replace timing belt"},
		repair.Soon,
		words{"Breekt de riem, dan is de motor stuk.", "If the belt breaks, so does the engine."},
		[]detail{part("Distributieset met waterpomp", "Timing belt kit with water pump", "1", 21500), labour("3.5")},
	},
	{
		words{"Achterdemper vervangen", "Replace rear silencer"},
		repair.Safety,
		words{"De uitlaat lekt; dat is een afkeurpunt.", "The exhaust leaks, which fails the test."},
		[]detail{part("Achterdemper", "Silencer", "1", 13250), labour("0.8")},
	},
	{
		words{"Koplamp vervangen", "Replace headlight bulb"},
		repair.Safety,
		words{"Links brandt niet.", "The left one is out."},
		[]detail{part("Lamp H7", "Bulb H7", "1", 1495), labour("0.2")},
	},
	{
		words{"Interieurfilter vervangen", "Replace cabin filter"},
		repair.Advice,
		words{"Frisse lucht; kan ook bij de volgende beurt.", "Fresh air; can wait for the next service."},
		[]detail{part("Filter", "Filter", "1", 2750), labour("0.2")},
	},
	{
		words{"Draagarm vóór vervangen", "Replace front control arm"},
		repair.Safety,
		words{"De rubbers zijn gescheurd.", "The bushes are torn."},
		[]detail{part("Draagarm", "Control arm", "1", 11800), labour("1.1"), part("Uitlijnen", "Wheel alignment", "1", 6500)},
	},
	{
		words{"Remvloeistof verversen", "Change brake fluid"},
		repair.Soon,
		words{"Er zit te veel water in.", "There is too much water in it."},
		[]detail{part("Remvloeistof", "Brake fluid", "0.8", 1895), labour("0.6")},
	},
	{
		words{"Schokdempers achter vervangen", "Replace rear shock absorbers"},
		repair.Soon,
		words{"De auto remt minder goed op slecht wegdek.", "The car brakes less well on bad roads."},
		[]detail{part("Schokdemper", "Shock absorber", "2", 8900), labour("1.4")},
	},
	{
		words{"Sterretje in voorruit repareren", "Repair chip in windscreen"},
		repair.Advice,
		words{"Het sterretje kan doorscheuren.", "The chip may spread."},
		[]detail{part("Harsvulling", "Resin filling", "1", 6500)},
	},
}

// line returns a job as a line, in a language and at a garage's hourly rate.
func (j job) line(l locale.Lang, rate int64) repair.Line {
	line := repair.Line{Title: j.title.in(l), Urgency: j.urgency, Consequence: j.without.in(l)}
	for _, d := range j.details {
		x := repair.Detail{Kind: repair.Part, Description: d.what.in(l), Quantity: d.quantity, UnitPrice: d.price, VAT: d.vat}
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
