package garage_test

import (
	"fmt"

	"pitstop/schemas/garage"
)

// A simulator makes as many garages as it wants and writes their file.
func ExampleNewBook() {
	profiles := make([]garage.Profile, 20)
	for i := range profiles {
		profiles[i] = garage.Profile{
			ID: fmt.Sprintf("garage-%d", i+1), Name: fmt.Sprintf("Garage %d", i+1), Address: "Dorpsstraat 1", City: "Utrecht",
			Phone: "+31301234567", ReplyTo: "werkplaats@garage.example", TimeZone: "Europe/Amsterdam",
			OpeningHours: []garage.Hours{{Days: map[string]string{"mon-fri": "8:00-17:30"}}},
		}
	}
	book, err := garage.NewBook(profiles...)
	if err != nil {
		fmt.Println(err)
		return
	}
	file, err := book.Marshal()
	if err != nil {
		fmt.Println(err)
		return
	}
	again, err := garage.Parse(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(again.Garages()), again.Garages()[19].Name)
	// Output: 20 Garage 20
}
