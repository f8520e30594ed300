package schemas

import (
	"reflect"

	"pitstop/schemas/repair"
)

// PersonalSubjects begins the subjects of the records inside Personal fields.
// It is no topic: they travel within other records.
const PersonalSubjects = Prefix + "personal"

// changeSubjects begins the subject of Change, which every changelog shares.
const changeSubjects = Prefix + "changelog"

// catalogue lists the record types of each topic.
var catalogue = []struct {
	subjects string
	records  []any
}{
	{Commands.Name, []any{
		repair.StartRepair{},
		repair.RequestApproval{},
		repair.WithdrawQuote{},
		repair.DecideQuote{},
		repair.ChangeReadyTime{},
		repair.CorrectContact{},
		repair.CompleteRepair{},
		repair.CollectVehicle{},
		repair.CancelRepair{},
		repair.PostMessage{},
		repair.RecordView{},
	}},
	{Outcomes.Name, []any{repair.Outcome{}}},
	{Events.Name, []any{
		repair.RepairStarted{},
		repair.ApprovalRequested{},
		repair.QuoteWithdrawn{},
		repair.QuoteDecided{},
		repair.QuoteExpired{},
		repair.ReadyTimeChanged{},
		repair.ContactCorrected{},
		repair.RepairCompleted{},
		repair.VehicleCollected{},
		repair.RepairCancelled{},
		repair.MessagePosted{},
		repair.QuoteViewed{},
	}},
	{Notifications.Name, []any{NotificationRequested{}, NotificationSuppressed{}, CallTask{}}},
	{Deliveries.Name, []any{DeliveryAccepted{}, DeliveryDeferred{}, DeliveryFailed{}}},
	{Latencies.Name, []any{Latency{}}},
	{Ticks.Name, []any{Tick{}}},
	{DeadLetters.Name, []any{DeadLetter{}}},
	{changeSubjects, []any{Change{}}},
	{PersonalSubjects, []any{
		repair.ContactDetails{}, repair.VehicleDetails{}, repair.FreeText{}, repair.Evidence{},
	}},
}

// Records lists the type of every record of the catalogue.
func Records() []reflect.Type {
	var types []reflect.Type
	for _, c := range catalogue {
		for _, r := range c.records {
			types = append(types, reflect.TypeOf(r))
		}
	}
	return types
}

// subjectsOf is what begins the subject of a record of the catalogue.
func subjectsOf(t reflect.Type) (string, bool) {
	for _, c := range catalogue {
		for _, r := range c.records {
			if reflect.TypeOf(r) == t {
				return c.subjects, true
			}
		}
	}
	return "", false
}

// Headed is any record that carries a Header: all but ticks, changes and dead letters.
type Headed interface{ Head() *repair.Header }

// NameOf is a record's name, e.g. RepairStarted.
func NameOf(record any) string {
	t := reflect.TypeOf(record)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// Belongs reports whether the topic is the one that a record's type is written to.
func Belongs(topic string, record any) bool {
	t := reflect.TypeOf(record)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	subjects, ok := subjectsOf(t)
	return ok && subjects == topic
}
