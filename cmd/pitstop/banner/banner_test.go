package banner

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"pitstop/cmd/pitstop/app"
	"pitstop/deploy/embedded"
	"pitstop/deploy/embedded/identity"
	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/readmodel"
)

// A link signs in as one person and leads to one page, whatever their names are, and is
// as short as it can be.
func TestSignIn(t *testing.T) {
	b := Banner{Pipeline: &app.Pipeline{Addresses: embedded.Addresses{API: "http://127.0.0.1:8080"}}}
	const next = "/dashboards/conversation?repair=O3UTxZYx8xiGWzskdVYxoU3lcgN"
	for hint, want := range map[string]string{
		"de-brug/sam":           "de-brug/sam",
		"de-brug/desk@x.nl":     "de-brug/desk@x.nl",
		"de-brug/a+b&c=d%e#@x.": "de-brug/a%2Bb%26c=d%25e%23@x.",
	} {
		got := b.signIn(identity.Person{Hint: hint}, next)
		if link := "http://127.0.0.1:8080/sign-in?login_hint=" + want + "&next=" + next; got != link {
			t.Errorf("%s: %s, want %s", hint, got, link)
		}
		u, err := url.Parse(got)
		if err != nil || u.Query().Get("login_hint") != hint || u.Query().Get("next") != next || len(u.Query()) != 2 {
			t.Errorf("%s: %s is read as %v, %v", hint, got, u.Query(), err)
		}
	}
}

// Whoever starts the demonstration can be each of the people about one repair.
func TestLookAt(t *testing.T) {
	var said bytes.Buffer
	b := Banner{Out: &said, Pipeline: &app.Pipeline{
		Addresses: embedded.Addresses{API: "http://a", Mailbox: "http://m"}, Garages: garagetest.Sample(t),
	}}
	b.LookAt(Waiting{readmodel.Conversation{RepairID: "R1", GarageID: "de-brug", Mechanic: "noor"}, "1.token"})
	for _, want := range []string{
		"  Noor, the mechanic         http://a/sign-in?login_hint=de-brug/noor&next=/dashboards/conversation?repair=R1\n",
		"  Customer service           http://a/sign-in?login_hint=de-brug/klantenservice@debrug.example&next=/dashboards/service\n",
		"  The manager                http://a/sign-in?login_hint=manager&next=/dashboards\n",
		"  The customer's page        http://a/c/1.token\n",
		"  Everybody's mailbox        http://m\n",
	} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("no %q in\n%s", want, &said)
		}
	}
}

// Whoever opens it to others is told what they can do.
func TestTheBannerWarns(t *testing.T) {
	for _, exposed := range []bool{false, true} {
		data, err := embedded.Open(t.TempDir(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if exposed {
			for port := 23000; port < 24000 && data.At(fmt.Sprintf(":%d", port)) != nil; port += 4 {
				continue
			}
		}
		var said bytes.Buffer
		Banner{Out: &said, Pipeline: &app.Pipeline{Data: data, Garages: garagetest.Sample(t)}}.Running()
		if strings.Contains(said.String(), "WARNING: other machines can reach this") != exposed {
			t.Errorf("exposed: %t, and it says\n%s", exposed, &said)
		}
		if err := data.Close(); err != nil {
			t.Error(err)
		}
	}
}
