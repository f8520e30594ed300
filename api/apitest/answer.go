package apitest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/api/web"
)

// Want checks the status and these fields of a JSON answer.
func (a Answer) Want(t *testing.T, status int, fields map[string]any) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("status %d, want %d: %s", a.StatusCode, status, a.Text)
		return
	}
	for name, want := range fields {
		if diff := cmp.Diff(want, a.JSON[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Problem checks that a JSON answer is the problem with a code.
func (a Answer) Problem(t *testing.T, status int, code string) {
	t.Helper()
	a.Want(t, status, map[string]any{"code": code, "type": "urn:pitstop:problem:" + code, "status": float64(status)})
	if got := a.Header.Get("Content-Type"); a.StatusCode == status && got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	if title, _ := a.JSON["title"].(string); title == "" {
		t.Errorf("no title: %s", a.Text)
	}
}

// Has checks that a page contains each of these texts, or with "!" before it does not.
func (a Answer) Has(t *testing.T, status int, texts ...string) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("status %d, want %d", a.StatusCode, status)
	}
	said := strings.ReplaceAll(a.Text, "\u00a0", " ")
	if strings.Contains(said, "%!") || strings.Contains(said, "<no value>") {
		t.Errorf("the page has a gap:\n%s", said)
	}
	for _, s := range texts {
		if not, forbidden := strings.CutPrefix(s, "!"); forbidden {
			if strings.Contains(said, not) {
				t.Errorf("the page says %q:\n%s", not, said)
			}
		} else if !strings.Contains(said, s) {
			t.Errorf("the page does not say %q:\n%s", s, said)
		}
	}
}

// Page checks that an answer is a page for staff that contains all of these texts.
func (a Answer) Page(t *testing.T, status int, says ...string) {
	t.Helper()
	if a.StatusCode != status || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		t.Errorf("got %d %s, want the page %d", a.StatusCode, a.Header.Get("Content-Type"), status)
	}
	if got := a.Header.Get("Content-Security-Policy"); got != web.PagePolicy {
		t.Errorf("policy %q", got)
	}
	for _, s := range says {
		if !strings.Contains(a.Text, s) {
			t.Errorf("the page does not say %q:\n%s", s, a.Text)
		}
	}
}
