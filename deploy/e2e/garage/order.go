package garage

import (
	"net/url"

	"pitstop/deploy/e2e/client"
)

// object is a JSON object.
type object = client.Object

// Order returns the body that starts a repair as in the contract's example.
func Order(ref, email string) object {
	return object{
		"external_ref": ref,
		"vehicle":      object{"plate": "K-482-TR", "country": "NL", "description": "Volkswagen Golf"},
		"customer":     object{"id": "c1", "name": "J. de Vries", "email": email, "phone": "+31612345678", "language": "nl"},
		"approver":     nil, "ready_at": "2098-05-20T16:00:00+02:00", "bay": "3",
		"agreed": object{"currency": "EUR", "prices_include_vat": true, "lines": []object{{
			"title": "Kleine beurt en APK", "details": []object{Part("Kleine beurt en APK", "1", 28900)},
		}}},
	}
}

// ExtraWork returns the body that asks for approval of a quote with two lines.
func ExtraWork() object {
	return object{
		"currency": "EUR", "prices_include_vat": true,
		"lines": []object{
			{
				"title": "Remschijven en remblokken vóór vervangen", "urgency": "safety",
				"consequence": "Zonder deze reparatie keuren we de auto niet goed voor de APK.",
				"details": []object{
					Part("Remschijven", "2", 6900), Part("Remblokken", "1", 7200),
					{"kind": "labour", "description": "Arbeid", "quantity": "1.2", "unit_price": 11500, "vat": "21"},
				},
			},
			{"title": "Ruitenwissers vervangen", "urgency": "advice", "details": []object{Part("Ruitenwissers, set", "1", 3995)}},
		},
	}
}

// Part returns the detail of a line for a part.
func Part(description, quantity string, price int64) object {
	return object{"kind": "part", "description": description, "quantity": quantity, "unit_price": price, "vat": "21"}
}

// With sets fields of a body, and returns it.
func With(body object, fields object) object {
	for name, value := range fields {
		body[name] = value
	}
	return body
}

// Decision returns the body of a decision about ExtraWork that was made on the phone.
func Decision(first, second string, total int) object {
	return object{
		"lines": []object{{"line": 1, "answer": first}, {"line": 2, "answer": second}}, "total_seen": total,
		"method": "phone", "name": "J. de Vries",
	}
}

// DecisionForm returns what a form opened earlier sends, with both lines of ExtraWork
// approved.
func DecisionForm(link, revision, total string) (action string, values url.Values) {
	return link + "/quotes/" + revision + "/decision", url.Values{
		"command": {"from-an-old-page"}, "line.1": {"approve"}, "line.2": {"approve"}, "total_seen": {total}, "confirmed": {"1"}, "name": {"J. de Vries"},
	}
}
