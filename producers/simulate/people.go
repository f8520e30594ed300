package simulate

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"pitstop/schemas/locale"
	"pitstop/schemas/request"
)

var (
	surnames = strings.Split("De Jong,Jansen,De Vries,Van den Berg,Van Dijk,Bakker,Janssen,Visser,Smit,Meijer,De Boer,Mulder,De Groot,Bos,"+
		"Vos,Peters,Hendriks,Van Leeuwen,Dekker,Brouwer,De Wit,Dijkstra,Smits,De Graaf,Van der Meer,Yılmaz,El Idrissi,Kaya,Tran,Kowalska", ",")
	foreigners = strings.Split("Taylor,O'Brien,Müller,Rossi,García,Singh,Nakamura,Dubois,Andersson,Okafor,Novák,Silva", ",")
	cars       = strings.Split("Volkswagen Golf,Volkswagen Polo,Opel Corsa,Opel Astra,Peugeot 208,Peugeot 308,Renault Clio,Renault Zoe,Ford Fiesta,"+
		"Ford Focus,Toyota Yaris,Toyota Aygo,Kia Picanto,Kia Niro,Hyundai i10,Škoda Octavia,Volvo V60,Volvo XC40,BMW 3 Serie,Audi A3,Fiat 500,"+
		"Citroën C3,Dacia Sandero,Suzuki Swift,Seat Ibiza,Nissan Leaf,Tesla Model 3,Mini Cooper,Mercedes-Benz A-Klasse,Mazda 2", ",")
	leasing = []string{"Ardent Lease", "Noordzee Autolease", "Tulp Mobility"}
)

// The domains of customers' addresses say how their mail servers behave; see [MailReply].
const (
	goodDomain = "post.example"
	// greyDomain refuses the first attempt of every mail for now.
	greyDomain = "grijs.example"
	// deadDomain refuses everything for good.
	deadDomain = "weg.example"
)

// customer is somebody with a car.
type customer struct {
	request.Person
	request.Vehicle
	lang     locale.Lang
	approver *request.Person // of a lease car
}

// newCustomer invents the i-th customer.
func newCustomer(r *rand.Rand, i int) customer {
	c := customer{lang: locale.NL}
	surname := pick(r, surnames)
	if r.Float64() < 0.22 {
		c.lang, surname = locale.EN, pick(r, foreigners)
	}
	initial := string(rune('A' + r.IntN(23)))
	c.Person = request.Person{
		ID: fmt.Sprintf("c%d", i), Name: initial + ". " + surname, Language: string(c.lang),
		// Mobile numbers begin with 06-1 at the least: nobody has these.
		Phone: fmt.Sprintf("+3160%07d", r.IntN(10_000_000)),
	}
	domain := goodDomain
	switch x := r.Float64(); {
	case x < 0.014:
		domain = greyDomain
	case x < 0.028:
		domain = deadDomain
	}
	c.Email = address(initial+"."+surname, i, domain)
	if r.Float64() < 0.05 {
		c.Email = ""
	}
	if c.Email != "" && r.Float64() < 0.06 {
		c.Phone = ""
	}
	c.Vehicle = request.Vehicle{Plate: plate(r, i), Country: "NL", Description: pick(r, cars)}
	if r.Float64() < 0.03 {
		c.Plate, c.Country = fmt.Sprintf("KLE PS %d", 100+i%900), "DE"
	}
	if r.Float64() < 0.05 {
		lease := pick(r, leasing)
		c.approver = &request.Person{
			ID: "lease", Name: lease, Phone: "+31201234500", Language: string(locale.NL),
			Email: "akkoord@" + strings.ReplaceAll(strings.ToLower(lease), " ", "-") + ".example",
		}
	}
	return c
}

// address returns a mail address for a name, which nobody else has.
func address(name string, i int, domain string) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r == '.', 'a' <= r && r <= 'z':
			return r
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		}
		return -1
	}, name)
	return fmt.Sprintf("%s.%d@%s", plain, i, domain)
}

// nameIn returns the name in an address, as far as it is there: "J. Devries".
func nameIn(address string) string {
	local, _, _ := strings.Cut(address, "@")
	parts := strings.SplitN(local, ".", 3)
	if len(parts) < 3 || parts[1] == "" { // a leasing company's
		return local
	}
	return strings.ToUpper(parts[0]) + ". " + strings.ToUpper(parts[1][:1]) + parts[1][1:]
}

// plate returns a Dutch plate of sidecode 10 or 11, a different one for each i
// below a million.
func plate(r *rand.Rand, i int) string {
	const letters = "BDFGHJKLNPRSTVXZ"
	n := i * 7919 % 1_000_000 // a prime, so that neighbours look different
	l := func() string { return string(letters[r.IntN(len(letters))]) }
	if n%2 == 0 {
		return fmt.Sprintf("%c%03d%s%c", letters[n/1000%16], n%1000, l(), letters[n/16000%16])
	}
	return fmt.Sprintf("%c%s%03d%c", letters[n/1000%16], l(), n%1000, letters[n/16000%16])
}

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }
