// Package banner prints what to open and what to run once everything runs on this
// machine. Every command that it prints runs as it stands there.
package banner

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"pitstop/cmd/pitstop/app"
	"pitstop/deploy/embedded/identity"
	"pitstop/schemas/garage"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// Banner prints about a running pipeline.
type Banner struct {
	Out io.Writer
	// Program is this program, as it was started: its first argument.
	Program string
	*app.Pipeline
}

// exposed is what to know before others can reach this.
const exposed = `WARNING: other machines can reach this, and nothing there asks for a password. Whoever
does signs in as anyone, and reads every mail, with its customer's link, and the metrics.
`

// Running prints where everything is.
func (b Banner) Running() {
	garages := b.Garages.IDs()
	if len(garages) > 3 {
		garages = append(garages[:3], "…")
	}
	fmt.Fprintln(b.Out, "Pitstop is running.")
	if b.Data.Exposed() {
		fmt.Fprint(b.Out, exposed)
	}
	b.line("Sign in", b.API+"/sign-in")
	b.line("Dashboards, as a manager", b.signIn(identity.ManagerOfAll(b.Garages), "/dashboards"))
	b.line("API and its documentation", b.API+"/docs")
	if b.Mailbox != "" {
		b.line("Mailbox", b.Mailbox)
	}
	b.line("Metrics and readiness", b.Metrics+"/readyz")
	b.line("Garages", strings.Join(garages, ", "))
	of := b.Garages.Garages()[0]
	for _, as := range []struct{ what, role, subject string }{
		{"A mechanic's token", string(repair.Mechanic), subjectOf(of)},
		{"A manager's token", string(repair.Manager), identity.ManagerOfAll(b.Garages).ID},
	} {
		b.line(as.what, Command(b.Program, "token", "--data", b.Data.Dir(), "--role", as.role, "--garage", of.ID, "--subject", as.subject))
	}
	dir, err := filepath.Abs(b.Data.Dir())
	if err != nil {
		dir = b.Data.Dir()
	}
	fmt.Fprintf(b.Out, "Everything is kept in %s; addresses for programs are in addresses.json there. Ctrl-C stops.\n", dir)
}

// Waiting is a repair that waits for an answer, and the token of its customer's link;
// empty: none does.
type Waiting struct {
	readmodel.Conversation
	Token string
}

// LookAt prints links that sign in as each of the people about a repair.
func (b Banner) LookAt(w Waiting) {
	fmt.Fprintln(b.Out, "The garages never close here: within two minutes you see a reminder, an expiry, a call task, a question, an approval and a rejection.")
	fmt.Fprintln(b.Out, "Look at, as one of them (each link signs in):")
	if g, ok := b.Garages.Garage(w.GarageID); ok {
		for _, who := range identity.People(g) {
			switch {
			case who.ID == w.Mechanic:
				b.line(who.Name+", the mechanic", b.signIn(who, "/dashboards/conversation?repair="+w.RepairID))
			case who.Roles[0] == repair.CustomerService:
				b.line("Customer service", b.signIn(who, "/dashboards/service"))
			}
		}
	}
	b.line("The manager", b.signIn(identity.ManagerOfAll(b.Garages), "/dashboards"))
	if w.Token != "" {
		b.line("The customer's page", b.API+"/c/"+w.Token)
	}
	if b.Mailbox != "" {
		b.line("Everybody's mailbox", b.Mailbox)
	}
}

// line prints what something is, and where.
func (b Banner) line(what, where string) { fmt.Fprintf(b.Out, "  %-26s %s\n", what, where) }

// signIn returns a link that signs in as a person and leads to a page.
func (b Banner) signIn(who identity.Person, next string) string {
	return b.API + "/sign-in?login_hint=" + query(who.Hint) + "&next=" + query(next)
}

// query escapes a value in a query, but for what need not be: the link stays short
// enough to read.
func query(value string) string {
	return strings.NewReplacer("%2F", "/", "%40", "@", "%3F", "?", "%3D", "=").Replace(url.QueryEscape(value))
}

// subjectOf returns the id of a mechanic of a garage.
func subjectOf(g *garage.Profile) string {
	if len(g.Staff.Mechanics) == 0 {
		return string(repair.Mechanic)
	}
	return g.Staff.Mechanics[0].ID
}

// Command returns a command of a program, as a shell takes it.
func Command(program string, args ...string) string {
	words := []string{quoted(program)}
	for _, arg := range args {
		words = append(words, quoted(arg))
	}
	return strings.Join(words, " ")
}

// plain are the characters that mean themselves in every shell.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,"

// quoted returns a word as a shell takes it.
func quoted(word string) string {
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
