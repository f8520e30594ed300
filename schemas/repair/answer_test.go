package repair_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/repair"
)

func TestAnAnswerIsCheckedOnItsOwn(t *testing.T) {
	for name, tc := range map[string]struct {
		answer repair.Answer
		want   []repair.FieldError
	}{
		"yes":            {repair.Answer{Line: 1, Answer: repair.Approve}, nil},
		"no":             {repair.Answer{Line: 1, Answer: repair.Reject}, nil},
		"no, and why":    {repair.Answer{Line: 9, Answer: repair.Reject, Reason: repair.ReasonLater}, nil},
		"yes, and why":   {repair.Answer{Line: 1, Answer: repair.Approve, Reason: repair.ReasonPrice}, []repair.FieldError{{Pointer: "/a/reason", Detail: "belongs to a rejection"}}},
		"another reason": {repair.Answer{Line: 1, Answer: repair.Reject, Reason: "colour"}, []repair.FieldError{{Pointer: "/a/reason", Detail: "must be price, later, elsewhere or other"}}},
		"neither":        {repair.Answer{Line: 1, Answer: "perhaps"}, []repair.FieldError{{Pointer: "/a/answer", Detail: "must be approve or reject"}}},
		"no line":        {repair.Answer{Answer: repair.Approve}, []repair.FieldError{{Pointer: "/a/line", Detail: "lines are numbered from 1"}}},
		"twice":          {repair.Answer{Line: 2, Answer: repair.Approve}, []repair.FieldError{{Pointer: "/a/line", Detail: "line 2 is answered twice"}}},
	} {
		answered := map[int32]bool{2: true}
		if diff := cmp.Diff(tc.want, tc.answer.Validate("/a", answered)); diff != "" || !answered[tc.answer.Line] {
			t.Errorf("%s: %v (-want +got):\n%s", name, answered, diff)
		}
	}
}
