package grafana

import (
	"slices"

	"pitstop/dashboards"
	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
)

// ForGarage returns the organisation of a garage: what garages get, in its
// language.
func ForGarage(p *garage.Profile, ch ClickHouse) Organisation {
	return Organisation{
		Name: NameOf(p.ID), Lang: p.Lang(), Currency: p.Currency, ClickHouse: ch,
		Dashboards: slices.DeleteFunc(slices.Clone(dashboards.All), func(d dashboards.Dashboard) bool { return d.Operator }),
		Alerts:     slices.DeleteFunc(slices.Clone(dashboards.Alerts), func(a dashboards.Alert) bool { return a.Operator }),
	}
}

// forOperator returns the organisation of whoever runs the system: everything,
// except the alerts that are a garage's own work, and what needs a Prometheus where
// there is none. An empty currency says that the garages have several.
func forOperator(lang locale.Lang, currency string, ch ClickHouse, prometheus string) Organisation {
	o := Organisation{
		Name: OperatorName, Lang: lang, Currency: currency, ClickHouse: ch, Prometheus: prometheus,
		Dashboards: slices.Clone(dashboards.All),
		Alerts:     slices.DeleteFunc(slices.Concat(dashboards.Alerts, dashboards.PipelineAlerts), func(a dashboards.Alert) bool { return a.Garage }),
	}
	if prometheus == "" {
		o.Dashboards = slices.DeleteFunc(o.Dashboards, func(d dashboards.Dashboard) bool {
			return slices.ContainsFunc(d.Panels, func(p dashboards.Panel) bool { return p.SQL == "" })
		})
		o.Alerts = slices.DeleteFunc(o.Alerts, func(a dashboards.Alert) bool { return a.SQL == "" })
	}
	return o
}

// Organisations returns all: the operator's, and one of each garage.
func Organisations(book *garage.Book, lang locale.Lang, operator ClickHouse, ofGarage func(id string) ClickHouse, prometheus string) []Organisation {
	all := []Organisation{forOperator(lang, currencyOf(book), operator, prometheus)}
	for _, p := range book.Garages() {
		all = append(all, ForGarage(p, ofGarage(p.ID)))
	}
	return all
}

// currencyOf returns the garages' currency, or empty if they have several. Without
// garages it is the default of the garage file.
func currencyOf(book *garage.Book) string {
	if len(book.Garages()) == 0 {
		return "EUR"
	}
	currency := ""
	for _, p := range book.Garages() {
		if currency != "" && p.Currency != currency {
			return ""
		}
		currency = p.Currency
	}
	return currency
}
