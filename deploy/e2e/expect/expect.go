// Package expect fails a test whose product does not say what it should, now or
// within its patience.
package expect

import (
	"strings"
	"testing"
	"time"
)

// Patience is how long a test waits for what takes a moment on an idle machine.
const Patience = 90 * time.Second

// Until asks again and again until nothing is missing any more, and fails the test
// when that takes longer than Patience. ask returns what is missing, empty for
// nothing.
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

// Says checks that a text has all of these words. what names the text in the failure.
func Says(t testing.TB, what, text string, wanted ...string) {
	t.Helper()
	text = Plain(text)
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("%s does not say %q:\n%.3000s", what, want, text)
		}
	}
}

// Plain returns a text with ordinary spaces: amounts have some that do not break.
func Plain(text string) string {
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ", "&nbsp;", " ", "&#160;", " ").Replace(text)
}
