package request

import (
	"net/mail"
	"regexp"
	"strings"

	"pitstop/schemas/locale"
	"pitstop/schemas/repair"
)

var (
	languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$`)
	countryCode = regexp.MustCompile(`^[A-Z]{2}$`)
	e164        = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	dialled     = regexp.MustCompile(`^[0-9+*#][0-9*#]{2,19}$`)
)

// homeCountry is the country of a plate that names none.
const homeCountry = "NL"

func (d *draft) vehicle(v Vehicle) repair.Personal {
	country := strings.ToUpper(strings.TrimSpace(v.Country))
	if country == "" {
		country = homeCountry
	}
	if !countryCode.MatchString(country) {
		d.bad("/vehicle/country", "%q is not an ISO 3166 code such as NL", v.Country)
	}
	plate := locale.NormalizePlate(v.Plate)
	switch {
	case plate == "":
		d.bad("/vehicle/plate", "is missing")
	case len(plate) > 15:
		d.bad("/vehicle/plate", "has more than 15 letters and digits")
	}
	return d.seal("/vehicle", &repair.VehicleDetails{
		Plate: plate, Country: country, Description: d.line("/vehicle/description", v.Description, 200),
	})
}

func (d *draft) approver(p *Person) *repair.Contact {
	if p == nil {
		return nil
	}
	c := d.contact("/approver", *p)
	return &c
}

func (d *draft) contact(at string, p Person) repair.Contact {
	details := repair.ContactDetails{
		Name:  d.required(at+"/name", p.Name, 200),
		Email: d.email(at+"/email", p.Email),
		Phone: d.phone(at+"/phone", p.Phone),
	}
	c := repair.Contact{ID: d.line(at+"/id", p.ID, 100), Language: strings.TrimSpace(p.Language)}
	if c.Language != "" && !languageTag.MatchString(c.Language) {
		d.bad(at+"/language", "%q is not a BCP 47 language such as nl or en", p.Language)
	}
	if details.Email != "" {
		c.Channels = append(c.Channels, repair.Email)
	}
	if details.Phone != "" {
		c.Channels = append(c.Channels, repair.Phone)
	}
	c.Personal = d.seal(at, &details)
	return c
}

func (d *draft) email(pointer, address string) string {
	address = strings.TrimSpace(address)
	if address == "" {
		return ""
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || len(address) > 254 {
		d.bad(pointer, "is not an e-mail address such as name@example.nl")
	}
	return address
}

// phone returns a number in E.164 where that is unambiguous: with its country, or
// as dialled in the Netherlands. Any other is kept as it was written.
func (d *draft) phone(pointer, number string) string {
	if number = strings.TrimSpace(number); number == "" {
		return ""
	}
	digits := strings.NewReplacer("(0)", "", " ", "", "-", "", "–", "", ".", "", "(", "", ")", "", "/", "", "\u00a0", "").Replace(number)
	if rest, ok := strings.CutPrefix(digits, "00"); ok {
		digits = "+" + rest
	}
	if len(digits) == 10 && digits[0] == '0' && strings.HasPrefix(d.garage.Phone, "+31") {
		digits = "+31" + digits[1:]
	}
	switch {
	case e164.MatchString(digits):
		return digits
	case strings.HasPrefix(digits, "+") || !dialled.MatchString(digits):
		d.bad(pointer, "is not a phone number such as +31612345678")
	}
	return d.line(pointer, number, 40)
}

// change moves the promised time or corrects a contact.
func (d *draft) change(ask repair.Ask, body *Change) repair.Command {
	switch {
	case (body.ReadyAt == nil) == (body.Contact == nil):
		d.bad("", "give ready_at or contact, and not both")
	case body.ReadyAt != nil:
		if body.Party != "" {
			d.bad("/party", "belongs to contact")
		}
		return &repair.ChangeReadyTime{Ask: ask, ReadyAt: d.time("/ready_at", body.ReadyAt)}
	default:
		party := body.Party
		if party == "" {
			party = repair.TheCustomer
		}
		if party != repair.TheCustomer && party != repair.TheApprover {
			d.bad("/party", "must be customer or approver")
		}
		return &repair.CorrectContact{Ask: ask, Party: party, Contact: d.contact("/contact", *body.Contact)}
	}
	return &repair.ChangeReadyTime{}
}
