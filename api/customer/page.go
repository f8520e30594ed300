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
	Answered *answered // the visitor has just decided
	Form     *form
	Confirm  *confirmation
	Proposal *proposal // an open quote that somebody else decides about
	Total    *total
	Done     bool // the work is done: what there is to pay comes first
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

// total is what all work comes to; Why is how it differs from what was agreed.
type total struct{ Label, Amount, Note, Why string }

// answered confirms a decision: what is done, and what is not.
type answered struct{ Yes, No []string }

// proposal is a quote as shown, line by line.
type proposal struct {
	Lines   []proposed
	Sum     sum
	ExclVAT bool
	Until   []string
}

// sum is what jobs come to. The page's script keeps it that of the choice: it needs the
// sentences with a place for an {amount}.
type sum struct {
	Total      string
	VAT        []contained
	Agreed     int64 // what was agreed before, in minor units; 0: nothing
	With, Says string
}

// contained is the VAT of one rate in a sum.
type contained struct{ Rate, Text, Says string }

type proposed struct {
	Line        int32 // in the quote
	Number      int   // as it is shown; 0: it is the only one
	Title       string
	Urgency     string // as a sentence
	Class       string // as a code
	Consequence string
	Details     []row
	Minor       int64
	Gross       string // for the script: "21:34800 9:1200"
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
	Many            bool // jobs
	Long            bool // too long to see at once: sum and button stay in sight
}

type option struct{ Value, Label string }

// confirmation sums up a choice, and asks for the name that commits it.
type confirmation struct {
	Action          string
	Hidden          []option
	Lines           []proposed
	Sum             sum
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
