package customer

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

func TestParseChoice(t *testing.T) {
	quote := &readmodel.Quote{Work: readmodel.Work{Lines: []readmodel.Line{{Line: 1}, {Line: 2}}}}
	total := func(n int64) *int64 { return &n }
	for _, tt := range []struct {
		name, form string
		want       choice
	}{
		{"nothing", "", choice{Answers: []request.Answer{{Line: 1}, {Line: 2}}, Missing: []int32{1, 2}}},
		{
			"everything", "command=c&total_seen=5&line.1=approve&line.2=reject&reason.2=later&text.2=+nee+&name=+Jo+&confirmed=1",
			choice{Command: "c", TotalSeen: total(5), Name: "Jo", Confirmed: true, Answers: []request.Answer{
				{Line: 1, Answer: repair.Approve}, {Line: 2, Answer: repair.Reject, Reason: repair.ReasonLater, Text: "nee"},
			}},
		},
		{"a reason for a yes is none", "line.1=approve&reason.1=price&text.1=x&line.2=approve", choice{Answers: []request.Answer{{Line: 1, Answer: repair.Approve}, {Line: 2, Answer: repair.Approve}}}},
		{"one button for all", "all=reject&line.1=approve", choice{Answers: []request.Answer{{Line: 1, Answer: repair.Reject}, {Line: 2, Answer: repair.Reject}}}},
		{"lines there are not", "line.1=approve&line.2=approve&line.3=approve", choice{Answers: []request.Answer{{Line: 1, Answer: repair.Approve}, {Line: 2, Answer: repair.Approve}}}},
		{"no amount", "total_seen=12,50&line.1=maybe&all=some", choice{Answers: []request.Answer{{Line: 1}, {Line: 2}}, Missing: []int32{1, 2}}},
		{"less than nothing", "total_seen=-1", choice{Answers: []request.Answer{{Line: 1}, {Line: 2}}, Missing: []int32{1, 2}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			form, err := url.ParseQuery(tt.form)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, parseChoice(form, quote)); diff != "" {
				t.Errorf("choice (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever is sent, a choice answers each line of the quote once or says that it
// is missing, and what goes to the lifecycle is only yes or no.
func FuzzParseChoice(f *testing.F) {
	f.Add("command=c&total_seen=5&line.1=approve&line.2=reject&reason.2=later&text.2=x&confirmed=1", 2)
	f.Add("line.1=approve&line.1=reject&line.01=x&all=approve", 3)
	f.Add("%zz;;&&=", 0)
	f.Fuzz(func(t *testing.T, query string, n int) {
		form, err := url.ParseQuery(query)
		if err != nil || n < 0 || n > 100 {
			return
		}
		quote := new(readmodel.Quote)
		for i := range n {
			quote.Lines = append(quote.Lines, readmodel.Line{Line: int32(i + 1)})
		}
		c := parseChoice(form, quote)
		answered := 0
		for i, a := range c.Answers {
			if a.Line != int32(i+1) {
				t.Fatalf("answer %d is about line %d", i, a.Line)
			}
			switch a.Answer {
			case repair.Approve:
				answered++
				if a.Reason != "" || a.Text != "" {
					t.Errorf("line %d approved with a reason", a.Line)
				}
			case repair.Reject:
				answered++
			case "":
			default:
				t.Errorf("answer %q", a.Answer)
			}
		}
		if len(c.Answers) != n || answered+len(c.Missing) != n {
			t.Errorf("%d lines, %d answers of which %d given, %d missing", n, len(c.Answers), answered, len(c.Missing))
		}
		if c.TotalSeen != nil && *c.TotalSeen < 0 {
			t.Errorf("total %d", *c.TotalSeen)
		}
	})
}
