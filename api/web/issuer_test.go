package web

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/repair"
)

// begin is a Wednesday, 10:00 in Utrecht.
var begin = time.Date(2026, time.May, 20, 8, 0, 0, 0, time.UTC)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLocalIssuer(t *testing.T) {
	now := begin
	clock := func() time.Time { return now }
	issuer, err := NewLocalIssuer(bytes.Repeat([]byte{1}, 32), clock)
	must(t, err)
	sam := Caller{Subject: "sam", Roles: []repair.Role{repair.Mechanic}, Garages: []string{"de-brug", "noord"}}
	token, err := issuer.Issue(sam, time.Hour)
	must(t, err)
	got, err := issuer.Authenticate(t.Context(), token)
	must(t, err)
	sam.Expires = now.Add(time.Hour)
	if diff := cmp.Diff(sam, got); diff != "" {
		t.Errorf("caller (-want +got):\n%s", diff)
	}
	same, err := NewLocalIssuer(bytes.Repeat([]byte{1}, 32), clock)
	must(t, err)
	if _, err := same.Authenticate(t.Context(), token); err != nil {
		t.Errorf("another process with the secret: %v", err)
	}
	other, err := NewLocalIssuer(bytes.Repeat([]byte{2}, 32), clock)
	must(t, err)
	if _, err := other.Authenticate(t.Context(), token); err == nil {
		t.Error("a token of another secret was taken")
	}
	now = begin.Add(time.Hour + time.Second)
	if _, err := issuer.Authenticate(t.Context(), token); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("after its time: %v", err)
	}
	for name, c := range map[string]Caller{
		"no subject": {Roles: sam.Roles}, "no role": {Subject: "x"}, "a customer": {Subject: "x", Roles: []repair.Role{repair.Customer}},
	} {
		if _, err := issuer.Issue(c, time.Hour); err == nil {
			t.Errorf("%s: a token was issued", name)
		}
	}
	if _, err := NewLocalIssuer([]byte("short"), clock); err == nil {
		t.Error("a short secret was taken")
	}
}

func FuzzAuthenticate(f *testing.F) {
	issuer, err := NewLocalIssuer(bytes.Repeat([]byte{1}, 32), func() time.Time { return begin })
	if err != nil {
		f.Fatal(err)
	}
	caller := Caller{Subject: "sam", Roles: []repair.Role{repair.Mechanic}}
	token, err := issuer.Issue(caller, time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	want, err := issuer.Authenticate(context.Background(), token)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add(token + "\n") // several texts are this token: white space and base64's last bits do not count
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0.eyJzdWIiOiJzYW0ifQ.")
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := issuer.Authenticate(context.Background(), s); err == nil && !cmp.Equal(got, want) {
			t.Errorf("took %q as %+v", s, got)
		}
	})
}
