package garage

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // time zones on machines that have none

	"github.com/bojanz/currency"

	"pitstop/schemas/locale"
	"pitstop/schemas/typed"
)

var (
	idPattern    = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	phonePattern = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	vatRates     = []string{"21", "9", "0", "none"}
)

func newBook(profiles []Profile, lines map[string]int, found []*Problem) (*Book, error) {
	c := checker{lines: lines, problems: found}
	all := &contents{byID: make(map[string]*Profile)}
	if len(profiles) == 0 {
		c.report("garages", "no garages: list at least one")
	}
	for i, profile := range profiles {
		p := profile.withDefaults()
		at := fmt.Sprintf("garages[%d]", i)
		if _, twice := all.byID[p.ID]; twice {
			c.report(at+".id", "%q is used twice: give each garage its own id", p.ID)
		}
		p.calendar = c.profile(at, &p)
		all.profiles = append(all.profiles, &p)
		all.byID[p.ID] = &p
	}
	if len(c.problems) > 0 {
		return nil, join(c.problems)
	}
	book := new(Book)
	book.now.Store(all)
	return book, nil
}

// checker collects problems by path.
type checker struct {
	lines    map[string]int
	problems []*Problem
}

func (c *checker) report(path, format string, args ...any) {
	line, at := 0, path
	for line == 0 && at != "" { // what is missing is reported where it should be
		line, at = c.lines[at], at[:max(0, strings.LastIndexAny(at, ".["))]
	}
	c.problems = append(c.problems, &Problem{Line: line, Path: path, Message: fmt.Sprintf(format, args...)})
}

// profile checks one garage and returns its calendar, which is of no use if a
// problem was reported.
func (c *checker) profile(at string, p *Profile) *Calendar {
	for _, f := range []struct{ name, value string }{
		{"id", p.ID}, {"name", p.Name}, {"address", p.Address}, {"city", p.City},
	} {
		if strings.TrimSpace(f.value) == "" {
			c.report(at+"."+f.name, "missing: every garage needs it")
		}
	}
	if p.ID != "" && !idPattern.MatchString(p.ID) {
		c.report(at+".id", "%q: use lower-case letters, digits and -, at most 40", p.ID)
	}
	if !phonePattern.MatchString(p.Phone) {
		c.report(at+".phone", "%q: write it with country code and no spaces, like +31301234567", p.Phone)
	}
	c.email(at+".reply_to", p.ReplyTo)
	if !slices.Contains(locale.Langs, locale.Lang(p.Language)) {
		c.report(at+".language", "%q: use nl or en", p.Language)
	}
	if !currency.IsValid(p.Currency) {
		c.report(at+".currency", "%q: use an ISO 4217 code like EUR", p.Currency)
	}
	if !slices.Contains(vatRates, p.VAT) {
		c.report(at+".vat", "%q: use one of %s", p.VAT, strings.Join(vatRates, ", "))
	}
	for i, way := range p.Payment {
		switch {
		case !slices.Contains(Payments, way):
			c.report(fmt.Sprintf("%s.payment[%d]", at, i), "%q: use %s", way, strings.Join(Payments, ", "))
		case slices.Contains(p.Payment[:i], way):
			c.report(fmt.Sprintf("%s.payment[%d]", at, i), "%q is there twice", way)
		}
	}
	c.approval(at+".approval", p.Approval)
	c.staff(at+".staff", p.Staff)
	for i, right := range p.Integrators {
		if !slices.Contains(Rights, right) {
			c.report(fmt.Sprintf("%s.integrators[%d]", at, i), "%q: use %s", right, strings.Join(Rights, ", "))
		}
	}

	zone, err := time.LoadLocation(p.TimeZone)
	if err != nil || p.TimeZone == "" || p.TimeZone == "Local" {
		c.report(at+".time_zone", "%q: use an IANA name like Europe/Amsterdam", p.TimeZone)
		zone = time.UTC
	}
	return &Calendar{
		zone:     zone,
		versions: c.hours(at+".opening_hours", p.OpeningHours),
		closures: c.closures(at+".closures", p.Closures),
	}
}

func (c *checker) email(path, address string) {
	if wrong := typed.AddressFault(address); wrong != "" {
		c.report(path, "%q: %s", address, wrong)
	}
}

func (c *checker) approval(at string, a Approval) {
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"answer_within", a.AnswerWithin}, {"call_after", a.CallAfter}} {
		if d.value < 0 {
			c.report(at+"."+d.name, "%v: use a positive duration", d.value)
		}
	}
	var last time.Duration
	for i, d := range a.RemindAfter {
		if d <= last {
			c.report(fmt.Sprintf("%s.remind_after[%d]", at, i), "%v: use positive durations, each longer than the one before", d)
		}
		last = d
	}
	if a.ExpiresOnDay < 0 || a.ExpiresOnDay > 365 {
		c.report(at+".expires_on_day", "%d: use 1 to 365", a.ExpiresOnDay)
	}
}

func (c *checker) staff(at string, s Staff) {
	seen := make(map[string]bool)
	for i, m := range s.Mechanics {
		path := fmt.Sprintf("%s.mechanics[%d]", at, i)
		if m.ID == "" || m.Name == "" {
			c.report(path, "every mechanic needs an id and a name")
		}
		if seen[m.ID] {
			c.report(path+".id", "%q is used twice: give each mechanic an id of their own", m.ID)
		}
		seen[m.ID] = true
		c.email(path+".email", m.Email)
	}
	for i, address := range s.CustomerService {
		c.email(fmt.Sprintf("%s.customer_service[%d]", at, i), address)
	}
	if s.Manager != "" {
		c.email(at+".manager", s.Manager)
	}
}
