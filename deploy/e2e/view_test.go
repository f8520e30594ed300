package e2e

import (
	"fmt"
	"net/http"
	"time"
)

// repair is a repair as the API shows it.
type repair struct {
	RepairID    string `json:"repair_id"`
	GarageID    string `json:"garage_id"`
	ExternalRef string `json:"external_ref"`
	State       string
	Sequence    int64
	WaitingFor  string `json:"waiting_for"`
	Vehicle     struct{ Plate, Country, Description string }
	Customer    person
	Approver    *person
	Mechanic    string
	Bay         string
	ReadyAt     *time.Time `json:"ready_at"`
	AsOf        *time.Time `json:"as_of"`
	Total       *int64
	Agreed      work
	Quotes      []quote
}

type person struct{ ID, Name, Email, Phone, Language string }

type work struct {
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

type quote struct {
	work
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

// reads waits until the repair is readable up to a sequence.
func (j *job) reads(sequence int64) (r repair) {
	j.Helper()
	until(j, "reading "+j.ref, func() string {
		a := j.as("customer_service").get(fmt.Sprintf("%s?after=%d", j.at(""), sequence))
		if a.status == http.StatusNotFound {
			return "not readable yet"
		}
		if r = into[repair](a, http.StatusOK); r.Sequence < sequence {
			return fmt.Sprintf("sequence %d, want %d", r.Sequence, sequence)
		}
		return ""
	})
	return r
}
