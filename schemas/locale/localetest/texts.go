// Package localetest checks the texts of a package that speaks to people.
package localetest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pitstop/schemas/locale"
)

var (
	// asked finds the keys that Go and templates ask for: T("key" and .T "key".
	asked = regexp.MustCompile(`\bT(?:\(| )"([^"]+)"`)
	// composed finds asked's keys that are only the beginning of one: T("key "+.
	composed = regexp.MustCompile(`\bT\("([^"]+)" ?\+`)
)

// Check fails unless each text is in both languages, with the same arguments, and is
// used by the package whose test calls it; and unless each text that its files ask for
// by a literal key exists. A key that the package composes matches one of the patterns,
// in which * stands for the rest: "role *" is used where "role " is in a file, and
// "* head" of "late head" where "late" is. One without * is a key that comes from
// elsewhere. The texts themselves are in text.go.
func Check(t testing.TB, texts locale.Texts, patterns ...string) {
	t.Helper()
	source := sourceOf(t)
	for key, text := range texts {
		if text.NL == "" || text.EN == "" {
			t.Errorf("%q lacks a language", key)
		}
		if strings.Count(text.NL, "%") != strings.Count(text.EN, "%") {
			t.Errorf("%q takes other arguments in English", key)
		}
		if !used(source, key, patterns) {
			t.Errorf("%q is not used", key)
		}
	}
	for _, m := range asked.FindAllStringSubmatch(composed.ReplaceAllString(source, ""), -1) {
		if _, ok := texts[m[1]]; !ok {
			t.Errorf("%q is asked for, and no text", m[1])
		}
	}
}

func used(source, key string, patterns []string) bool {
	return strings.Contains(source, `"`+key+`"`) || slices.ContainsFunc(patterns, func(pattern string) bool {
		before, after, stars := strings.Cut(pattern, "*")
		if !stars {
			return key == pattern
		}
		if !strings.HasPrefix(key, before) || !strings.HasSuffix(key, after) {
			return false
		}
		if before == "" {
			before = strings.TrimSuffix(key, after)
		}
		return strings.Contains(source, `"`+before+`"`)
	})
}

// sourceOf returns the Go files and templates of the working directory, which is the
// package's, but for its tests and its texts.
func sourceOf(t testing.TB) string {
	t.Helper()
	var source strings.Builder
	for _, pattern := range []string{"*.go", "*.html", "templates/*"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if name == "text.go" || strings.HasSuffix(name, "_test.go") {
				continue
			}
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			source.Write(b)
		}
	}
	return source.String()
}
