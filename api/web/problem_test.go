package web

import (
	"strings"
	"testing"

	"pitstop/schemas/repair"
)

// The contract's list of codes.
func TestCodes(t *testing.T) {
	want := map[int]string{
		400: "key_missing", 401: "unauthenticated", 403: "forbidden", 404: "not_found",
		409: "illegal_state superseded expired withdrawn already_decided already_started total_mismatch reason_required",
		422: "invalid key_reused", 429: "rate_limited", 503: "unavailable",
	}
	for status, names := range want {
		for name := range strings.FieldsSeq(names) {
			p := NewProblem(repair.Code(name), "why")
			if p.Status != status || string(p.Code) != name || p.Type != "urn:pitstop:problem:"+name || p.Title == "" || p.Detail != "why" {
				t.Errorf("%s: %+v, want status %d", name, p, status)
			}
		}
	}
	if p := NewProblem("made_up", ""); p.Status != 500 {
		t.Errorf("an unknown code has status %d", p.Status)
	}
}
