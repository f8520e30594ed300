package api

import (
	"fmt"

	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// page is what the customer's templates show.
type page struct {
	voice
	Title   string
	Head    string
	Lead    []string
	Notice  *notice
	Garage  *contact // nil: not known which
	Base    string   // path of the visitor's page
	Switch  string   // path of the same page in the other language
	Refresh string   // path to load again in a few seconds; empty: none

	Car      *car
	Steps    []step
	Form     *form
	Confirm  *confirmation
	Proposal *proposal // an open quote that somebody else decides about
	Total    *total
	Owed     bool // the car is ready: what there is to pay comes first
	Agreed   []row
	Earlier  []settled
	Messages []said
	Sent     string // what follows the visitor's last message, while nobody has answered
	Write    *messageForm
}

// notice is said before everything else.
type notice struct {
	Kind  string // good, bad
	Head  string
	Text  string
	Links []mistake
}

// mistake points at a field of a form.
type mistake struct{ Href, Text string }

type contact struct{ Name, Phone, Tel, Hours, Address string }

type car struct {
	Description, Plate string
	Dutch              bool
}

type step struct {
	Text, When string
	State      string // done, now, next
}

type row struct{ Title, Amount string }

type total struct{ Label, Amount, Note string }

// proposal is a quote as it is shown, line by line.
type proposal struct {
	Lines             []proposed
	Total, VAT, Extra string
	ExclVAT           bool
	Until             []string
}

type proposed struct {
	Number      int32
	Title       string
	Urgency     string // as a sentence
	Class       string // as a code
	Consequence string
	Details     []row
	Minor       int64
	Amount      string
	Answer      string
	Reason      string
	Text        string
	Error       string
}

// form asks for a decision.
type form struct {
	proposal
	Revision        int32
	Action, Command string
	Currency        string
	Name            string
	NameError       string
	Reasons         []option
	Many            bool
}

type option struct{ Value, Label string }

// confirmation asks once more, for visitors without JavaScript.
type confirmation struct {
	Action  string
	Hidden  []option
	Lines   []proposed
	Total   string
	Nothing bool
	Button  string
}

// settled is a quote that is over.
type settled struct {
	Head, When string
	Lines      []proposed
}

type said struct {
	Who, When, Text string
	Own             bool
}

type messageForm struct{ Action, Command, Text, Error, CallHint string }

func (v voice) contact(p *garage.Profile) *contact {
	return &contact{
		Name: p.Name, Phone: v.Lang.Phone(p.Phone), Tel: p.Phone,
		Hours: p.OpeningHoursText(v.Lang, v.now), Address: p.Address + ", " + p.City,
	}
}

func carOf(v readmodel.Vehicle) *car {
	return &car{
		Description: v.Description, Plate: locale.Plate(v.Plate, v.Country),
		Dutch: v.Country == "" || v.Country == "NL",
	}
}

// page shows the repair as it stands.
func (v *visit) page() *page {
	p := &page{voice: v.voice, Garage: v.contact(v.garage), Base: v.base, Car: carOf(v.repair.Vehicle)}
	v.story(p)
	v.steps(p)
	v.money(p)
	v.conversation(p)
	for _, q := range v.repair.Quotes {
		if q.Status == repair.StatusDecided {
			p.Earlier = append(p.Earlier, v.decided(q))
		}
	}
	if q := v.open(); q != nil && v.decides {
		p.Form = v.form(q, choice{}, nil)
	} else if q != nil {
		shown := v.proposal(q, choice{}, nil)
		p.Proposal = &shown
	}
	p.Title = fmt.Sprintf("%s – %s", p.Head, v.garage.Name)
	return p
}
