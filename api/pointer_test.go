package api

import "testing"

func TestPointers(t *testing.T) {
	for location, want := range map[string]string{
		"body": "", "body.a": "/a", "body.lines[0].details[12].vat": "/lines/0/details/12/vat", "query.measure": "/measure", "body[3].x": "/3/x",
	} {
		if got := pointer(location); got != want {
			t.Errorf("%s became %q, want %q", location, got, want)
		}
	}
}
