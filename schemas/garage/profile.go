// Package garage holds what is known about each garage before any repair: who
// it is, when it is open and what it promises. The profiles come from one
// YAML file, which is read and checked as a whole. A Calendar computes opening
// time from them; it is pure, so all processes that load the same file agree.
package garage

import (
	"cmp"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/goccy/go-yaml"

	"pitstop/schemas/locale"
)

// Profile is one garage as the garage file describes it. A Profile from a Book is
// complete and correct; treat it as read-only.
type Profile struct {
	ID      string `yaml:"id"`       // lower-case letters, digits and "-"; keys everything, never reuse one
	Name    string `yaml:"name"`     // as customers know it
	Address string `yaml:"address"`  // street and number
	City    string `yaml:"city"`     //
	Phone   string `yaml:"phone"`    // E.164: +31301234567
	ReplyTo string `yaml:"reply_to"` // the address that customers' replies go to; people read it

	TimeZone string `yaml:"time_zone"`          // IANA name: Europe/Amsterdam
	Language string `yaml:"language,omitempty"` // of customers who have no preference: nl (default) or en
	Currency string `yaml:"currency,omitempty"` // ISO 4217, default EUR
	VAT      string `yaml:"vat,omitempty"`      // rate of a detail that names none: "21" (default), "9", "0" or "none"
	// Payment is how customers can pay, of Payments, in the order in which they are told.
	// Empty: they are told nothing of it.
	Payment []string `yaml:"payment,omitempty"`

	OpeningHours []Hours   `yaml:"opening_hours"`
	Closures     []Closure `yaml:"closures,omitempty"`
	Approval     Approval  `yaml:"approval,omitempty"`
	Staff        Staff     `yaml:"staff,omitempty"`
	// Integrators are the rights that programs have here beside those they have
	// everywhere, of Rights.
	Integrators []string `yaml:"integrators,omitempty"`

	calendar *Calendar
}

// Hours are the opening hours from a date on, until the next Hours begin. Add
// a new one instead of changing an old one: past waits keep their hours.
type Hours struct {
	// From is the first day, "2026-09-01". The first Hours may leave it empty;
	// they also hold for all days before it.
	From string `yaml:"from,omitempty"`
	// Days maps a weekday or a range of weekdays to its intervals:
	// {"mon-fri": "8:00-12:30, 13:00-17:30", "sat": "9:00-13:00"}.
	// A day that is not named is closed. An interval may end at 24:00.
	Days map[string]string `yaml:"days"`
}

// Closure is a day, or a range of days, on which the garage is closed.
type Closure struct {
	From   string `yaml:"from"`         // "2026-12-25"
	To     string `yaml:"to,omitempty"` // last day, inclusive; empty: one day
	Reason string `yaml:"reason"`       // for people: "Eerste Kerstdag"
}

// Approval holds the deadlines of a request for approval. Durations are opening
// time and count from the request, those of reminders from its mail and not while a
// question waits for the garage's reply; zero means the default.
type Approval struct {
	AnswerWithin time.Duration   `yaml:"answer_within,omitempty"` // the target on the dashboards; default 1h
	RemindAfter  []time.Duration `yaml:"remind_after"`            // absent: one reminder after 1h; []: none
	CallAfter    time.Duration   `yaml:"call_after,omitempty"`    // staff must call; default 2h
	// ExpiresOnDay is the opening day at whose close a quote expires if it does
	// not say when: 1 is the day of the request itself, if still open. Default 2.
	ExpiresOnDay int `yaml:"expires_on_day,omitempty"`
}

// Staff are the people of a garage and where their mail goes.
type Staff struct {
	Mechanics       []Mechanic `yaml:"mechanics,omitempty"`
	CustomerService []string   `yaml:"customer_service,omitempty"` // mail addresses
	Manager         string     `yaml:"manager,omitempty"`          // mail address
}

// The rights that a garage can give programs, whose role is integrator.
const (
	MayWrite  = "messages"  // to customers, and notes
	MayDecide = "decisions" // record answers given by phone or at the counter
)

// Rights are the rights that a garage can give programs.
var Rights = []string{MayWrite, MayDecide}

// Payments are the ways in which customers can pay.
var Payments = []string{"card", "cash", "credit_card", "ideal", "transfer", "payment_link", "invoice"}

// Mechanic is a mechanic (monteur); ID is the actor's id in events.
type Mechanic struct {
	ID    string `yaml:"id"`
	Name  string `yaml:"name"`
	Email string `yaml:"email"`
}

// Calendar returns the garage's calendar, nil for a Profile that did not come from
// a Book.
func (p *Profile) Calendar() *Calendar { return p.calendar }

// Location returns the garage's time zone.
func (p *Profile) Location() *time.Location { return p.calendar.zone }

// Lang returns the language of customers who have no preference.
func (p *Profile) Lang() locale.Lang { return locale.Fold(p.Language) }

// Mechanic returns the mechanic with an id.
func (p *Profile) Mechanic(id string) (Mechanic, bool) {
	for _, m := range p.Staff.Mechanics {
		if m.ID == id {
			return m, true
		}
	}
	return Mechanic{}, false
}

// withDefaults fills in what the file leaves out.
func (p Profile) withDefaults() Profile {
	for _, d := range []struct {
		field *string
		value string
	}{{&p.Language, "nl"}, {&p.Currency, "EUR"}, {&p.VAT, "21"}} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if p.Approval.AnswerWithin == 0 {
		p.Approval.AnswerWithin = time.Hour
	}
	if p.Approval.RemindAfter == nil {
		p.Approval.RemindAfter = []time.Duration{time.Hour}
	}
	if p.Approval.CallAfter == 0 {
		p.Approval.CallAfter = 2 * time.Hour
	}
	if p.Approval.ExpiresOnDay == 0 {
		p.Approval.ExpiresOnDay = 2
	}
	return p
}

// Book is every garage of an installation, checked as a whole. Follow keeps it as its
// file is; it is safe for concurrent use.
type Book struct {
	file string // that it was loaded from; empty: none
	now  atomic.Pointer[contents]
}

// contents are a book's garages. They do not change.
type contents struct {
	text     []byte // of the file
	profiles []*Profile
	byID     map[string]*Profile
}

// NewBook fills in defaults and checks the profiles, as if they were read from a
// file: every problem is in the error, by its path. It neither keeps nor changes
// its arguments.
func NewBook(profiles ...Profile) (*Book, error) { return newBook(profiles, nil, nil) }

// Garage returns the garage with an id.
func (b *Book) Garage(id string) (*Profile, bool) {
	p, ok := b.now.Load().byID[id]
	return p, ok
}

// ErrUnknown means that a garage is not in the garage file. Whatever asked for it waits:
// the file may be an old one.
var ErrUnknown = errors.New("unknown garage")

// Find is Garage with an error that says what to do.
func (b *Book) Find(id string) (*Profile, error) {
	p, ok := b.Garage(id)
	if !ok {
		return nil, fmt.Errorf("%w: %q is not in the garage file %s: add it there, which is noticed within seconds", ErrUnknown, id, cmp.Or(b.file, "of this process"))
	}
	return p, nil
}

// Garages returns all garages in the order of the file.
func (b *Book) Garages() []*Profile { return b.now.Load().profiles }

// IDs returns the ids of all garages, in the same order.
func (b *Book) IDs() []string {
	profiles := b.Garages()
	ids := make([]string, len(profiles))
	for i, p := range profiles {
		ids[i] = p.ID
	}
	return ids
}

// Marshal writes the book as a garage file, with its defaults spelled out:
// Parse reads the same book from it.
func (b *Book) Marshal() ([]byte, error) {
	return yaml.MarshalWithOptions(map[string][]*Profile{"garages": b.Garages()}, yaml.IndentSequence(true))
}
