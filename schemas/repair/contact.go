package repair

import "slices"

// ContactField names one field of a contact.
type ContactField string

// The fields of a contact.
const (
	ContactID       ContactField = "id"
	ContactLanguage ContactField = "language"
	ContactName     ContactField = "name"
	ContactEmail    ContactField = "email"
	ContactPhone    ContactField = "phone"
)

var contactFields = []ContactField{ContactID, ContactLanguage, ContactName, ContactEmail, ContactPhone}

// merge returns the contact with these fields of another one; no fields are all of them.
func (c Contact) merge(other Contact, fields []ContactField) Contact {
	if len(fields) == 0 {
		return other
	}
	c.Channels, c.Corrected = slices.Clone(c.Channels), slices.Clone(c.Corrected)
	for _, f := range fields {
		switch f {
		case ContactID:
			c.ID = other.ID
		case ContactLanguage:
			c.Language = other.Language
		case ContactEmail:
			c.Address = other.Address
			c.reach(Email, other)
		case ContactPhone:
			c.reach(Phone, other)
		case ContactName: // sealed, and nothing else
		}
		c.Corrected = slices.DeleteFunc(c.Corrected, func(x Correction) bool { return x.Field == f })
	}
	for _, x := range other.Corrected {
		if slices.Contains(fields, x.Field) {
			c.Corrected = append(c.Corrected, x)
		}
	}
	return c
}

// reach makes the contact reachable on a channel as another one is.
func (c *Contact) reach(ch Channel, as Contact) {
	c.Channels = slices.DeleteFunc(c.Channels, func(x Channel) bool { return x == ch })
	if as.Reachable(ch) {
		c.Channels = append(c.Channels, ch)
	}
}
