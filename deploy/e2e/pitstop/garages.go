package pitstop

import (
	"bytes"
	"strings"
	"text/template"
)

// GarageConfig is an entry of the garage file. A garage without hours is open round
// the clock, so that opening time is wall time. Each garage's staff has mail addresses
// at a domain of its own.
type GarageConfig struct {
	ID       string
	Hours    string
	Closures string
	Approval string
}

// GarageFile returns a garage file.
func GarageFile(garages ...GarageConfig) []byte {
	var b bytes.Buffer
	if err := garageTemplate.Execute(&b, garages); err != nil {
		panic(err) // found by any test
	}
	return b.Bytes()
}

var garageTemplate = template.Must(template.New("").Parse(`garages:
{{range .}}
  - id: {{.ID}}
    name: Garage {{.ID}}
    address: Dorpsstraat 1
    city: Utrecht
    phone: "+31301234567"
    reply_to: werkplaats@{{.ID}}.example
    time_zone: Europe/Amsterdam
    opening_hours: [{days: { {{or .Hours "mon-sun: 0:00-24:00"}} }}]
    closures: [{{.Closures}}]
    approval: { {{.Approval}} }
    staff:
      mechanics: [{id: sam, name: Sam, email: sam@{{.ID}}.example}, {id: noor, name: Noor, email: noor@{{.ID}}.example}]
      customer_service: [balie@{{.ID}}.example]
      manager: baas@{{.ID}}.example
{{end}}`))

// Garages returns garages with these ids, separated by spaces, that are otherwise the
// same.
func Garages(ids, approval string) (all []GarageConfig) {
	for _, id := range strings.Fields(ids) {
		all = append(all, GarageConfig{ID: id, Approval: approval})
	}
	return all
}
