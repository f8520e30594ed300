package request

import (
	"regexp"
	"strings"

	"github.com/bojanz/currency"
	"golang.org/x/text/unicode/norm"

	"pitstop/schemas/locale"
	"pitstop/schemas/repair"
	"pitstop/schemas/typed"
)

var (
	languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$`)
	e164        = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	dialled     = regexp.MustCompile(`^[0-9+*#][0-9*#]{2,19}$`)
)

// homeCountry is the country of a plate that names none.
const homeCountry = "NL"

func (d *draft) vehicle(v Vehicle) repair.Personal {
	country := strings.ToUpper(typed.Clean(v.Country))
	if country == "" {
		country = homeCountry
	}
	if _, inhabited := currency.ForCountryCode(country); !inhabited && country != "AQ" {
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
	c := d.clear(details)
	c.ID, c.Language = d.line(at+"/id", p.ID, 100), d.language(at+"/language", p.Language)
	c.Personal = d.seal(at, &details)
	return c
}

// clear returns what is in the clear of a contact with these details.
func (d *draft) clear(details repair.ContactDetails) repair.Contact {
	c := repair.Contact{Address: d.builder.address(d.RepairID, details.Email)}
	if details.Email != "" {
		c.Channels = append(c.Channels, repair.Email)
	}
	if details.Phone != "" {
		c.Channels = append(c.Channels, repair.Phone)
	}
	return c
}

// correction returns the fields of a contact that are given, each detail sealed by
// itself: lifecycle merges them, unopened, into the contact as it then is.
func (d *draft) correction(at string, p ContactChange) (repair.Contact, []repair.ContactField) {
	var id, language string
	var details repair.ContactDetails
	var fields []repair.ContactField
	var corrected []repair.Correction
	for _, f := range []struct {
		field repair.ContactField
		given **string
		check func(pointer, text string) string
		into  *string
		alone func(text string) repair.ContactDetails // nil: it is not sealed
	}{
		{repair.ContactID, p.ID, func(pointer, text string) string { return d.line(pointer, text, 100) }, &id, nil},
		{repair.ContactLanguage, p.Language, d.language, &language, nil},
		{
			repair.ContactName, p.Name, func(pointer, text string) string { return d.required(pointer, text, 200) },
			&details.Name, func(text string) repair.ContactDetails { return repair.ContactDetails{Name: text} },
		},
		{repair.ContactEmail, p.Email, d.email, &details.Email, func(text string) repair.ContactDetails { return repair.ContactDetails{Email: text} }},
		{repair.ContactPhone, p.Phone, d.phone, &details.Phone, func(text string) repair.ContactDetails { return repair.ContactDetails{Phone: text} }},
	} {
		if f.given == nil {
			continue
		}
		var text string
		if *f.given != nil {
			text = **f.given
		}
		*f.into = f.check(at+"/"+string(f.field), text)
		fields = append(fields, f.field)
		if f.alone != nil {
			x := repair.Correction{Field: f.field}
			if *f.into != "" {
				one := f.alone(*f.into)
				x.Personal = d.seal(at, &one)
			}
			corrected = append(corrected, x)
		}
	}
	if len(fields) == 0 {
		d.bad(at, "gives nothing to change")
	}
	c := d.clear(details)
	c.ID, c.Language, c.Corrected = id, language, corrected
	return c, fields
}

func (d *draft) language(pointer, tag string) string {
	if tag = strings.TrimSpace(tag); tag != "" && !languageTag.MatchString(tag) {
		d.bad(pointer, "%q is not a BCP 47 language such as nl or en", tag)
	}
	return tag
}

// email returns an address as it was written. Nothing is taken out of it: the person
// at another address is another one.
func (d *draft) email(pointer, address string) string {
	address = norm.NFC.String(strings.TrimSpace(strings.ToValidUTF8(address, "\ufffd")))
	if address == "" {
		return ""
	}
	if wrong := typed.AddressFault(address); wrong != "" {
		d.bad(pointer, "%s", wrong)
	}
	return address
}

// phone returns a number in E.164 where that is unambiguous: with its country, or
// as dialled in the Netherlands. Any other is kept as it was written.
func (d *draft) phone(pointer, number string) string {
	if number = typed.Clean(number); number == "" {
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
		contact, fields := d.correction("/contact", *body.Contact)
		return &repair.CorrectContact{Ask: ask, Party: d.party(body.Party), Contact: contact, Fields: fields}
	}
	return &repair.ChangeReadyTime{}
}

// party returns whom a request is about: the customer unless it says the approver.
func (d *draft) party(p repair.Party) repair.Party {
	switch p {
	case "":
		return repair.TheCustomer
	case repair.TheCustomer, repair.TheApprover:
	default:
		d.bad("/party", "must be customer or approver")
	}
	return p
}
