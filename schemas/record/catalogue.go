package record

import (
	"reflect"
	"slices"

	"pitstop/schemas/repair"
)

// PersonalPrefix begins the subjects of the records inside Personal fields.
// It is no topic: they travel within other records.
const PersonalPrefix = Prefix + "personal"

// changePrefix begins the subject of Change, which every changelog shares.
const changePrefix = Prefix + "changelog"

// catalogue lists the record types of each topic.
var catalogue = []struct {
	prefix string
	types  []reflect.Type
}{
	{Commands.Name, typesOf(repair.Commands...)},
	{Outcomes.Name, typesOf[any](repair.Outcome{})},
	{Events.Name, typesOf(repair.Events...)},
	{Notifications.Name, typesOf[any](NotificationRequested{}, NotificationRecalled{}, NotificationSuppressed{}, CallTask{})},
	{Deliveries.Name, typesOf[any](DeliveryAccepted{}, DeliveryDeferred{}, DeliveryFailed{}, DeliveryWithheld{})},
	{Latencies.Name, typesOf[any](Latency{})},
	{Ticks.Name, typesOf[any](Tick{})},
	{DeadLetters.Name, typesOf[any](DeadLetter{})},
	{changePrefix, typesOf[any](Change{})},
	{PersonalPrefix, typesOf[any](repair.ContactDetails{}, repair.VehicleDetails{}, repair.FreeText{}, repair.Evidence{})},
}

func typesOf[R any](records ...R) []reflect.Type {
	var types []reflect.Type
	for _, r := range records {
		types = append(types, typeOf(r))
	}
	return types
}

func typeOf(record any) reflect.Type {
	t := reflect.TypeOf(record)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// Types lists the type of every record of the catalogue.
func Types() []reflect.Type {
	var types []reflect.Type
	for _, c := range catalogue {
		types = append(types, c.types...)
	}
	return types
}

// SubjectPrefix returns what begins the subject of a type of the catalogue: the
// name of its topic, where it has one.
func SubjectPrefix(t reflect.Type) (prefix string, ok bool) {
	for _, c := range catalogue {
		if slices.Contains(c.types, t) {
			return c.prefix, true
		}
	}
	return "", false
}

// Headed is any record that carries a Header: all but ticks, changes and dead letters.
type Headed interface{ Head() *repair.Header }

// NameOf returns a record's name, e.g. RepairStarted.
func NameOf(record any) string {
	return typeOf(record).Name()
}

// Belongs reports whether the topic is the one that a record's type is written to.
func Belongs(topic string, record any) bool {
	prefix, ok := SubjectPrefix(typeOf(record))
	return ok && prefix == topic
}
