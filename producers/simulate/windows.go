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

// windowDays is how much is performed at once. More at once is faster, since the
// pipeline works in batches; but more is repeated after a crash.
const windowDays = 3

// beforeReminders is shorter than any garage's first reminder.
const beforeReminders = 30 * time.Minute

// mailMayFail reports whether mail to the customer can fail. What happens next to
// such a repair may depend on whether the mail server's answer came before.
func (r Repair) mailMayFail() bool {
	return strings.HasSuffix(r.Customer.Email, "@"+greyDomain) || strings.HasSuffix(r.Customer.Email, "@"+deadDomain)
}

// splitWindows returns the windows in which to perform a plan. They follow each
// other without gaps, and each but perhaps the last has a step.
//
// A window is some days: what happens to one repair does not depend on others, and
// timers fire by the time of what happens. But where mail can fail, the mail server
// must answer before the next step, and before the first reminder: the windows end
// there.
func (p *Plan) splitWindows() []Window {
	var at []time.Time
	for night := p.From.Truncate(24 * time.Hour).Add(nightHour * time.Hour); night.Before(p.To); night = night.AddDate(0, 0, windowDays) {
		at = append(at, night)
	}
	for _, s := range p.Steps {
		if !p.Repairs[s.Repair].mailMayFail() {
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
