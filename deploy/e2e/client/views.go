package client

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Repair is a repair as the API shows it.
type Repair struct {
	RepairID    string `json:"repair_id"`
	GarageID    string `json:"garage_id"`
	ExternalRef string `json:"external_ref"`
	State       string
	Sequence    int64
	WaitingFor  string `json:"waiting_for"`
	Vehicle     struct{ Plate, Country, Description string }
	Customer    Person
	Approver    *Person
	Mechanic    string
	Bay         string
	ReadyAt     *time.Time `json:"ready_at"`
	AsOf        *time.Time `json:"as_of"`
	Total       *int64
	Agreed      Work
	Quotes      []Quote
}

// Person is a customer or an approver, as the API shows them.
type Person struct{ ID, Name, Email, Phone, Language string }

// Work is work with its prices, as the API shows it.
type Work struct {
	Currency         string
	PricesIncludeVAT bool `json:"prices_include_vat"`
	Total            int64
	VAT              []struct {
		Rate   string
		Amount int64
	}
	Lines []struct {
		Line                                        int
		Title, Urgency, Consequence, Answer, Reason string
		Total                                       int64
		Text                                        string
		Details                                     []struct {
			Kind, Description, Quantity, VAT string
			UnitPrice                        int64 `json:"unit_price"`
		}
	}
}

// Quote is one revision of the extra work, as the API shows it.
type Quote struct {
	Work
	Revision      int
	Status        string
	RequestedAt   time.Time  `json:"requested_at"`
	AnswerBy      *time.Time `json:"answer_by"`
	ExpiresAt     time.Time  `json:"expires_at"`
	Decision      string
	ApprovedTotal int64 `json:"approved_total"`
	Method        string
	DecidedBy     string `json:"decided_by"`
}

// List is a page of repairs or conversations.
type List struct {
	Items  []Item
	Cursor string
	AsOf   *time.Time `json:"as_of"`
}

// Item is a repair or a conversation in a list.
type Item struct {
	RepairID    string `json:"repair_id"`
	ExternalRef string `json:"external_ref"`
	State       string
	NeedsReply  bool `json:"needs_reply"`
	Waiting     bool
	Call        bool
	CallReason  string `json:"call_reason"`
	LastMessage string `json:"last_message"`
}

// IDs returns the ids of the repairs on the page, in order.
func (l List) IDs() (ids []string) {
	for _, i := range l.Items {
		ids = append(ids, i.RepairID)
	}
	return ids
}

// Entry is an entry of a timeline.
type Entry struct {
	At    time.Time
	Kind  string
	Actor struct{ Role, ID string }
	Data  json.RawMessage
}

// Details are the fields of an entry's data that tests use.
type Details struct {
	Kind, Reason, Because string
	Code                  any // of a refusal a word, of a delivery a number
	Recipient             struct{ Role, ID string }
	Revision, Attempt     int
	Reply                 string
	MessageID             string `json:"message_id"`
	NotificationID        string `json:"notification_id"`
	Text                  string
}

// Details decodes the data of an entry.
func (e Entry) Details(t testing.TB) (d Details) {
	t.Helper()
	if err := json.Unmarshal(e.Data, &d); err != nil {
		t.Fatalf("%s: %v in %s", e.Kind, err, e.Data)
	}
	return d
}

// Label describes the entry in a few words: its kind, and a notification's recipient.
func (e Entry) Label(t testing.TB) string {
	d := e.Details(t)
	switch {
	case e.Kind == "CommandRefused":
		return fmt.Sprintf("%s %v", e.Kind, d.Code)
	case e.Kind == "CallTask":
		return e.Kind + " " + d.Reason
	case strings.HasPrefix(e.Kind, "Notification"), strings.HasPrefix(e.Kind, "Delivery"):
		return strings.TrimSpace(fmt.Sprintf("%s %s to %s %s %s", e.Kind, d.Kind, d.Recipient.Role, d.Reason, d.Because))
	}
	return e.Kind
}

// Figures is a row of /v1/latencies.
type Figures struct {
	Group         string
	N, Open       int
	Wall, Opening struct{ P50, P90, P99 float64 }
}

// ToTheMicrosecond makes cmp treat figures in seconds as equal that differ by less
// than the precision they are stored with.
var ToTheMicrosecond = cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 2e-6 })

// Readiness is the answer of /readyz.
type Readiness struct {
	Ready  bool
	Checks []struct {
		Name, Reason string
		Ready        bool
	}
}
