// Package garagetest provides tests with the sample's garages.
package garagetest

import "pitstop/schemas/garage"

// Sample returns the book of the sample: garages de-brug and noord. A test, a benchmark
// and a property's draw can all ask for it.
func Sample(t interface {
	Helper()
	Fatal(args ...any)
},
) *garage.Book {
	t.Helper()
	book, err := garage.Parse(garage.Sample)
	if err != nil {
		t.Fatal(err)
	}
	return book
}
