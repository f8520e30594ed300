package identity

import (
	"slices"
	"strings"

	"pitstop/schemas/garage"
	"pitstop/schemas/repair"
)

// Person is a member of staff, who can sign in.
type Person struct {
	Hint    string // the subject of tokens and the login_hint that signs in: "de-brug/sam"
	ID      string // the actor's id in events: "sam"
	Name    string
	Roles   []repair.Role
	Garages []string // their ids
}

// managerHint is the hint of the manager of all garages. No other hint is without a
// slash.
const managerHint = "manager"

// People returns who works at a garage, in the order of its file. Somebody who is named
// twice is one person with both roles.
func People(p *garage.Profile) []Person {
	var people []Person
	add := func(id, name string, role repair.Role) {
		hint := p.ID + "/" + id
		at := slices.IndexFunc(people, func(other Person) bool { return other.Hint == hint })
		switch {
		case at < 0:
			people = append(people, Person{Hint: hint, ID: id, Name: name, Roles: []repair.Role{role}, Garages: []string{p.ID}})
		case !slices.Contains(people[at].Roles, role):
			people[at].Roles = append(people[at].Roles, role)
		}
	}
	for _, m := range p.Staff.Mechanics {
		add(m.ID, m.Name, repair.Mechanic)
	}
	for _, address := range p.Staff.CustomerService {
		add(address, address, repair.CustomerService)
	}
	if p.Staff.Manager != "" {
		add(p.Staff.Manager, p.Staff.Manager, repair.Manager)
	}
	return people
}

// ManagerOfAll returns the manager of all garages, whom no garage's file names.
func ManagerOfAll(book *garage.Book) Person {
	return Person{Hint: managerHint, ID: managerHint, Name: "Manager", Roles: []repair.Role{repair.Manager}, Garages: book.IDs()}
}

// find returns the person with a hint, as the garage file is now.
func find(book *garage.Book, hint string) (Person, bool) {
	if hint == managerHint {
		return ManagerOfAll(book), true
	}
	id, _, _ := strings.Cut(hint, "/")
	p, ok := book.Garage(id)
	if !ok {
		return Person{}, false
	}
	people := People(p)
	at := slices.IndexFunc(people, func(p Person) bool { return p.Hint == hint })
	if at < 0 {
		return Person{}, false
	}
	return people[at], true
}
