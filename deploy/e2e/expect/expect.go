// Package expect fails a test when pitstop does not say what it should, at once or
// within Patience.
package expect

import (
	"strings"
	"testing"
	"time"
)

// Patience is the timeout for what takes a moment on an idle machine.
const Patience = 90 * time.Second

// Until polls ask until nothing is missing, and fails the test when that takes longer
// than Patience. ask returns what is missing, empty for nothing.
func Until(t testing.TB, what string, ask func() (missing string)) {
	t.Helper()
	if missing := Poll(ask); missing != "" {
		t.Fatalf("%s: not after %s: %s", what, Patience, missing)
	}
}

// Poll is Until without a test: it returns what is still missing after Patience,
// empty for nothing.
func Poll(ask func() string) (missing string) {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(Patience); ; <-again.C {
		if missing = ask(); missing == "" || time.Now().After(deadline) {
			return missing
		}
	}
}

// Says checks that a text contains all of wanted. what names the text in the failure.
func Says(t testing.TB, what, text string, wanted ...string) {
	t.Helper()
	text = Plain(text)
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("%s does not say %q:\n%.3000s", what, want, text)
		}
	}
}

// Plain replaces non-breaking spaces, which amounts contain, with ordinary ones.
func Plain(text string) string {
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ", "&nbsp;", " ", "&#160;", " ").Replace(text)
}
