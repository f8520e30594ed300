package record

import (
	"reflect"

	"pitstop/schemas/repair"
)

// PersonalPrefix begins the subjects of the records inside Personal fields.
// It is no topic: they travel within other records.
const PersonalPrefix = Prefix + "personal"

// changePrefix begins the subject of Change, which every changelog shares.
const changePrefix = Prefix + "changelog"

// catalogue lists the record types of each topic.
var catalogue = []struct {
	prefix  string
	records []any
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
	{changePrefix, []any{Change{}}},
	{PersonalPrefix, []any{
		repair.ContactDetails{}, repair.VehicleDetails{}, repair.FreeText{}, repair.Evidence{},
	}},
}

// Types lists the type of every record of the catalogue.
func Types() []reflect.Type {
	var types []reflect.Type
	for _, c := range catalogue {
		for _, r := range c.records {
			types = append(types, reflect.TypeOf(r))
		}
	}
	return types
}

// SubjectPrefix returns what begins the subject of a type of the catalogue: the
// name of its topic, where it has one.
func SubjectPrefix(t reflect.Type) (prefix string, ok bool) {
	for _, c := range catalogue {
		for _, r := range c.records {
			if reflect.TypeOf(r) == t {
				return c.prefix, true
			}
		}
	}
	return "", false
}

// Headed is any record that carries a Header: all but ticks, changes and dead letters.
type Headed interface{ Head() *repair.Header }

// NameOf returns a record's name, e.g. RepairStarted.
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
	prefix, ok := SubjectPrefix(t)
	return ok && prefix == topic
}
