package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheListIsCurrentAndEveryLicenceIsAllowed(t *testing.T) {
	const root = "../.."
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil { // go list reads it: a cached result ends with it
		t.Fatal(err)
	}
	want, err := list(root)
	if err != nil {
		t.Error(err)
	}
	got, err := os.ReadFile(filepath.Join(root, document))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("%s (-is +should be; make licences writes it):\n%s", document, diff)
	}
}

func TestALicenceThatIsNotAllowedIsFound(t *testing.T) {
	for licence, want := range map[string]bool{
		"MIT":                         true,
		"Apache-2.0 and BSD-3-Clause": true,
		"Apache-2.0 and AGPL-3.0":     false,
		"SSPL-1.0":                    false,
		"none":                        false,
		"unknown: LICENSE":            false,
	} {
		if err := check([]part{{Name: "example.com/m", Licence: licence}}); (err == nil) != want {
			t.Errorf("%s: %v, want it allowed: %t", licence, err, want)
		}
	}
}

func TestEveryLicenceOfAModuleCounts(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ours, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	apache, other := file("LICENSE", string(ours)), file("LICENSE.txt", "All rights reserved.")
	for want, files := range map[string]map[string]bool{
		"none":                                {},
		"Apache-2.0":                          {apache: true},
		"Apache-2.0 and unknown: LICENSE.txt": {apache: true, other: true},
	} {
		if got, err := licences("example.com/m", files); err != nil || got != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
}
