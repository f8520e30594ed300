package request

import (
	"net/mail"
	"regexp"
	"strings"
	"unicode"

	"github.com/bojanz/currency"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"pitstop/schemas/locale"
	"pitstop/schemas/repair"
)

var (
	languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$`)
	e164        = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	dialled     = regexp.MustCompile(`^[0-9+*#][0-9*#]{2,19}$`)
)

// homeCountry is the country of a plate that names none.
const homeCountry = "NL"

func (d *draft) vehicle(v Vehicle) repair.Personal {
	country := strings.ToUpper(Clean(v.Country))
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
	c := repair.Contact{
		ID: d.line(at+"/id", p.ID, 100), Language: strings.TrimSpace(p.Language), Address: d.builder.address(d.RepairID, details.Email),
	}
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

// Bounds of an address (RFC 5321), in bytes.
const (
	maxAddress   = 254
	maxLocalPart = 64
)

// domains checks names as a resolver and a mail server do, in any script.
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// email returns an address as it was written. Nothing is taken out of it: the person
// at another address is another one.
func (d *draft) email(pointer, address string) string {
	address = norm.NFC.String(strings.TrimSpace(strings.ToValidUTF8(address, "\ufffd")))
	if address == "" {
		return ""
	}
	at := strings.LastIndexByte(address, '@')
	parsed, err := mail.ParseAddress(address)
	hidden := strings.IndexFunc(address, func(r rune) bool {
		return unseen(r) || broken(r) || unicode.In(r, unicode.White_Space, unicode.Variation_Selector)
	})
	switch {
	case hidden >= 0:
		d.bad(pointer, "has a character that is not seen, %U: write the address again", []rune(address[hidden:])[0])
	case err != nil || parsed.Address != address || strings.ContainsRune(address, '\ufffd'):
		d.bad(pointer, "is not an e-mail address such as name@example.nl")
	case at > maxLocalPart:
		d.bad(pointer, "has %d bytes before the @, more than %d", at, maxLocalPart)
	case len(address) > maxAddress:
		d.bad(pointer, "has %d bytes, more than %d", len(address), maxAddress)
	case !getsMail(address[at+1:]):
		d.bad(pointer, "%.100q is not a domain that gets mail, such as example.nl", address[at+1:])
	}
	return address
}

func getsMail(domain string) bool {
	ascii, err := domains.ToASCII(domain)
	return err == nil && strings.Contains(ascii, ".")
}

// phone returns a number in E.164 where that is unambiguous: with its country, or
// as dialled in the Netherlands. Any other is kept as it was written.
func (d *draft) phone(pointer, number string) string {
	if number = Clean(number); number == "" {
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
		return &repair.CorrectContact{Ask: ask, Party: d.party(body.Party), Contact: d.contact("/contact", *body.Contact)}
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
