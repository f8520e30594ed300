package repair

import (
	"fmt"
	"slices"
)

// answer handles a decision. One that comes too late, or after a different one, is
// refused whatever it says; one that repeats the recorded answers changes nothing.
func (h *handling) answer(c *DecideQuote) *Verdict {
	rev, refusal := h.undecided(c.Revision, c.OccurredAt)
	if rev == nil {
		return refusal
	}
	if c.Actor.Role == Customer && h.Approver != nil {
		return refuse(Forbidden, "somebody else decides about extra work")
	}
	mistakes := invalid(checkAnswers(c, len(rev.LineTotals)))
	repeats := rev.Status == StatusDecided && mistakes == nil && sameAnswers(rev.Answers, c.Answers)
	switch {
	case refusal != nil && !repeats:
		return refusal
	case mistakes != nil:
		return mistakes
	}
	h.revisionNo = c.Revision
	h.decision, h.approved = sum(c.Answers, rev.LineTotals)
	if repeats {
		return nil
	}
	if c.TotalSeen != h.approved {
		return refuse(TotalMismatch, "the approved lines come to %d, but the decider saw %d", h.approved, c.TotalSeen)
	}
	answers := slices.Clone(c.Answers)
	slices.SortFunc(answers, func(x, y Answer) int { return int(x.Line) - int(y.Line) })
	h.emit(&QuoteDecided{
		Revision: c.Revision, Decision: h.decision, Answers: answers, ApprovedTotal: h.approved,
		Method: c.Method, Evidence: c.Evidence,
	})
	return nil
}

// checkAnswers reports an unknown method, every line that is not answered exactly
// once, and every invalid answer.
func checkAnswers(c *DecideQuote, lines int) []FieldError {
	var errs []FieldError
	if c.Method != ByPage && c.Method != ByPhone && c.Method != AtCounter {
		errs = append(errs, FieldError{"/method", "must be page, phone or counter"})
	}
	answered := make(map[int32]bool)
	for i, a := range c.Answers {
		at := fmt.Sprintf("/lines/%d", i)
		if int(a.Line) > lines {
			errs = append(errs, FieldError{at + "/line", fmt.Sprintf("the quote has lines 1 to %d", lines)})
		}
		errs = append(errs, a.Validate(at, answered)...)
	}
	for n := int32(1); int(n) <= lines; n++ {
		if !answered[n] {
			errs = append(errs, FieldError{"/lines", fmt.Sprintf("line %d is not answered", n)})
		}
	}
	return errs
}

// Validate reports everything that is wrong with an answer as far as that shows
// without the quote, with pointers below at. The lines answered before it are in
// answered; it adds its own.
func (a Answer) Validate(at string, answered map[int32]bool) []FieldError {
	var errs []FieldError
	bad := func(field, format string, args ...any) {
		errs = append(errs, FieldError{at + field, fmt.Sprintf(format, args...)})
	}
	if a.Line < 1 {
		bad("/line", "lines are numbered from 1")
	}
	if answered[a.Line] {
		bad("/line", "line %d is answered twice", a.Line)
	}
	answered[a.Line] = true
	if a.Answer != Approve && a.Answer != Reject {
		bad("/answer", "must be approve or reject")
	}
	switch a.Reason {
	case "":
	case ReasonPrice, ReasonLater, ReasonElsewhere, ReasonOther:
		if a.Answer == Approve {
			bad("/reason", "belongs to a rejection")
		}
	default:
		bad("/reason", "must be price, later, elsewhere or other")
	}
	return errs
}

func sum(answers []Answer, totals []int64) (Decision, int64) {
	var total int64
	approved := 0
	for _, a := range answers {
		if a.Answer == Approve {
			total += totals[a.Line-1]
			approved++
		}
	}
	switch approved {
	case 0:
		return Rejected, total
	case len(answers):
		return Approved, total
	}
	return PartlyApproved, total
}

// sameAnswers reports whether two complete sets of answers approve the same lines,
// whatever their order and the reasons for the rejections.
func sameAnswers(a, b []Answer) bool {
	approved := func(answers []Answer) (lines []int32) {
		for _, x := range answers {
			if x.Answer == Approve {
				lines = append(lines, x.Line)
			}
		}
		slices.Sort(lines)
		return lines
	}
	return slices.Equal(approved(a), approved(b))
}
