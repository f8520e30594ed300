package grafana

import (
	"slices"
	"testing"

	"pitstop/dashboards"
	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
)

// Alerts go to whoever can act on them: those about customers to the garage, those
// about the system to the operator.
func TestAlertsOfOrganisations(t *testing.T) {
	of := func(o Organisation) (ids []string) {
		for _, a := range o.Alerts {
			ids = append(ids, a.ID)
		}
		return ids
	}
	if got, want := of(ForGarage(&garage.Profile{ID: "brug"}, ClickHouse{})), []string{"quote-overdue"}; !slices.Equal(got, want) {
		t.Errorf("a garage is told %v, want %v", got, want)
	}
	if got, want := of(forOperator(locale.NL, "EUR", ClickHouse{}, "")), []string{"no-mail"}; !slices.Equal(got, want) {
		t.Errorf("without Prometheus the operator is told %v, want %v", got, want)
	}
	if got, want := len(of(forOperator(locale.NL, "EUR", ClickHouse{}, "http://prometheus"))), 1+len(dashboards.PipelineAlerts); got != want {
		t.Errorf("the operator is told %d things, want %d", got, want)
	}
}
