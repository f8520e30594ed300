package customer

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

// notice is shown above everything else.
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

// proposal is a quote as shown, line by line.
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
	Reasons         []option
	Many            bool
}

type option struct{ Value, Label string }

// confirmation sums up a choice, and asks for the name that commits it.
type confirmation struct {
	Action          string
	Hidden          []option
	Lines           []proposed
	Total           string
	Nothing         bool
	Name, NameError string
	Button          string
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

// part is the data of a template within the page.
type part struct {
	Page any
	It   any
}

func within(page, it any) part { return part{page, it} }
