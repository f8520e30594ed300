package simulate

import (
	"slices"
	"strings"
	"time"

	"pitstop/schemas/request"
)

// A Window is a stretch of history that is performed at once.
type Window struct{ Start, End time.Time } // [Start, End)

// nightHour ends a day: nobody does anything then (UTC).
const nightHour = 3

// windowDays is how much is performed at once. More at once is faster, for the
// parts behind the doors work in batches; and more is repeated after a crash.
const windowDays = 3

// beforeReminders is sooner than any garage reminds a customer of a quote.
const beforeReminders = 30 * time.Minute

// wary reports whether mail to the customer can fail. What happens next to such a
// repair may depend on whether the mail server's answer was heard before.
func (r Repair) wary() bool {
	return strings.HasSuffix(r.Customer.Email, "@"+greyDomain) || strings.HasSuffix(r.Customer.Email, "@"+deadDomain)
}

// cut gives the windows to perform a plan in. They follow each other without gaps,
// and each has a step but perhaps the last.
//
// A window is some days: what happens to one repair does not depend on others, and
// timers fire by the time of what happens. But where mail can fail, the mail
// server has its say before the next step, and before the first reminder: there
// are cuts between.
func (p *Plan) cut() []Window {
	var at []time.Time
	for night := p.From.Truncate(24 * time.Hour).Add(nightHour * time.Hour); night.Before(p.To); night = night.AddDate(0, 0, windowDays) {
		at = append(at, night)
	}
	for _, s := range p.Steps {
		if !p.Repairs[s.Repair].wary() {
			continue
		}
		at = append(at, s.At)
		if _, asks := s.Body.(*request.RequestApproval); asks {
			at = append(at, s.At.Add(beforeReminders))
		}
	}
	slices.SortFunc(at, time.Time.Compare)

	var windows []Window
	start := p.From
	for _, end := range at {
		if w := (Window{start, end}); end.Before(p.To) && len(p.In(w)) > 0 {
			windows = append(windows, w)
			start = end
		}
	}
	return append(windows, Window{start, p.To})
}
