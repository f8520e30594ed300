package repair_test

import (
	"strings"
	"testing"
	"time"

	"github.com/segmentio/ksuid"
	"pgregory.net/rapid"

	"pitstop/schemas/repair"
)

// A retry through another process, of another version, must compute the same ids.
func TestIDsNeverChange(t *testing.T) {
	for got, want := range map[string]string{
		repair.RepairID("de-brug", "external_ref", "WO-1842"):                 "4fS5SJDfsD0WtWi7tKqhgMiGAcL",
		repair.RepairIDByKey("de-brug", sam, "key-1"):                         "K8hJuD84zHkAQaxnyNGq9udQdpO",
		repair.CommandID("de-brug", "r1", sam, "key-1"):                       "D1uxrHphMxpELO4bKUJT4Oz3V2y",
		repair.CommandID("de-brug", "r1", customer, "key-1"):                  "YGUfLXag8VvCG2lxwg3rfDA0vWb",
		repair.DerivedID(noon, "cause", "pitstop.events", "0"):                "3DzIJbMB6CZeprulNkXJT3FQnMc",
		repair.DerivedID(noon.In(time.FixedZone("", 3600)), "cause", "x", ""): "3DzIJbFj41vFkFXzQw4Vg2I4QuG",
	} {
		if got != want {
			t.Errorf("id %s, want %s", got, want)
		}
	}
}

func TestIDsTellTheirPartsApart(t *testing.T) {
	seen := make(map[string]string)
	for _, parts := range [][3]string{
		{"ab", "c", ""},
		{"a", "bc", ""},
		{"", "ab", "c"},
		{"a", "b", "c"},
		{"abc", "", ""},
		{"", "", "abc"},
		{"a", "", "bc"},
		{"a\x00", "b", "c"},
		{"a", "\x00b", "c"},
		{"", "", ""},
	} {
		for kind, id := range map[string]string{
			"repair":  repair.RepairID(parts[0], parts[1], parts[2]),
			"by key":  repair.RepairIDByKey(parts[0], repair.Actor{ID: parts[1]}, parts[2]),
			"command": repair.CommandID(parts[0], parts[1], customer, parts[2]),
			"derived": repair.DerivedID(noon, parts[:]...),
		} {
			what := kind + " " + strings.Join(parts[:], "|")
			if other, twice := seen[id]; twice {
				t.Errorf("%s and %s are both %s", what, other, id)
			}
			seen[id] = what
		}
	}
}

func TestIDProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.StringN(0, 4, 8)
		a := [3]string{part.Draw(t, "a0"), part.Draw(t, "a1"), part.Draw(t, "a2")}
		b := [3]string{part.Draw(t, "b0"), part.Draw(t, "b1"), part.Draw(t, "b2")}
		for _, id := range []func([3]string) string{
			func(p [3]string) string { return repair.RepairID(p[0], p[1], p[2]) },
			func(p [3]string) string { return repair.CommandID(p[0], p[1], sam, p[2]) },
			func(p [3]string) string { return repair.CommandID(p[0], "r1", repair.Actor{ID: p[1]}, p[2]) },
			func(p [3]string) string { return repair.RepairIDByKey(p[0], repair.Actor{ID: p[1]}, p[2]) },
			func(p [3]string) string { return repair.DerivedID(noon, p[:]...) },
		} {
			if !repair.ValidID(id(a)) {
				t.Fatalf("%q is no KSUID", id(a))
			}
			if (id(a) == id(b)) != (a == b) {
				t.Fatalf("%q and %q have the ids %s and %s", a, b, id(a), id(b))
			}
		}
	})
}

func TestDerivedIDCarriesItsTime(t *testing.T) {
	id, err := ksuid.Parse(repair.DerivedID(noon, "cause"))
	if err != nil {
		t.Fatal(err)
	}
	if !id.Time().Equal(noon) {
		t.Errorf("id of %s, want %s", id.Time().UTC(), noon)
	}
}

func TestValidID(t *testing.T) {
	for id, want := range map[string]bool{
		repair.DerivedID(noon): true, "": false, "r1": false, strings.Repeat("z", 27): false, strings.Repeat("0", 26): false,
		strings.Repeat("0", 28): false, "../../etc/passwd": false, strings.Repeat("é", 27): false,
	} {
		if repair.ValidID(id) != want {
			t.Errorf("ValidID(%q) is %t", id, !want)
		}
	}
}

// A key is its caller's own. A member of staff is the subject of the token, whatever the
// token's role is now; the holder of a link is the customer or the approver.
func TestAKeyIsItsCallersOwn(t *testing.T) {
	noor := repair.Actor{Role: repair.Mechanic, ID: "noor"}
	promoted := repair.Actor{Role: repair.CustomerService, ID: "sam"}
	known := repair.Actor{Role: repair.Customer, ID: "sam"} // by the garage's own id
	approver := repair.Actor{Role: repair.Approver}
	for name, id := range map[string]func(repair.Actor) string{
		"command": func(a repair.Actor) string { return repair.CommandID("de-brug", "r1", a, "k1") },
		"repair":  func(a repair.Actor) string { return repair.RepairIDByKey("de-brug", a, "k1") },
	} {
		for _, c := range []struct {
			a, b repair.Actor
			same bool
		}{
			{sam, sam, true},
			{sam, promoted, true},
			{customer, known, true},
			{sam, noor, false},
			{sam, known, false},
			{sam, customer, false},
			{customer, approver, false},
			{repair.Actor{Role: repair.Mechanic}, repair.Actor{Role: repair.Integrator}, false},
		} {
			if same := id(c.a) == id(c.b); same != c.same {
				t.Errorf("%s: the key of %+v and of %+v is the same: %t", name, c.a, c.b, same)
			}
		}
	}
}
