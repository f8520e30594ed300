package jvm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const (
		empty  = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
		pinned = empty + "  kafka.jar\n" + empty + "  registry.tar.gz\n"
	)
	if _, err := check(dir, pinned); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of nothing: %v", err)
	}
	write("kafka.jar", "")
	write("registry.tar.gz", "")
	write("other.jar", "is not run")
	found, err := check(dir, pinned)
	if err != nil || len(found) != 2 || filepath.Base(found[0]) != "kafka.jar" || filepath.Base(found[1]) != "registry.tar.gz" {
		t.Errorf("found %v, %v", found, err)
	}
	write("kafka.jar", "changed")
	if _, err := check(dir, pinned); err == nil || !strings.Contains(err.Error(), "kafka.jar has the SHA-256 digest") {
		t.Errorf("of a changed file: %v", err)
	}
}

// Without what it needs, it says what that is and how to get it.
func TestMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := Artifacts{}.download(t.Context(), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "maven is missing") || !strings.Contains(err.Error(), "apt-get install maven") {
		t.Errorf("without Maven: %v", err)
	}
	_, err = findJava(t.Context(), "", "", nil)
	if err == nil || !strings.Contains(err.Error(), "java 21 or newer is missing (none was found): install") {
		t.Errorf("without Java: %v", err)
	}
}

func TestFindJava(t *testing.T) {
	dir := t.TempDir()
	java := func(home, version string) string {
		t.Helper()
		bin := filepath.Join(dir, home, "bin")
		if err := os.MkdirAll(bin, 0o700); err != nil {
			t.Fatal(err)
		}
		script := fmt.Sprintf("#!/bin/sh\necho 'openjdk version \"%s\" 2025-04-15' >&2\n", version)
		if err := os.WriteFile(filepath.Join(bin, "java"), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, home)
	}
	old, older := java("jvm/17", "17.0.15"), java("older", "1.8.0_402")
	all := []string{filepath.Join(dir, "jvm", "*")}
	if _, err := findJava(t.Context(), older, filepath.Join(old, "bin"), all); err == nil ||
		!strings.Contains(err.Error(), older+"/bin/java is Java 1, "+old+"/bin/java is Java 17") {
		t.Errorf("with old ones only: %v", err)
	}
	installed, home := java("jvm/25", "25"), java("home", "21.0.2")
	for _, c := range []struct{ home, path, want string }{
		{"", "", installed},
		{"", filepath.Join(old, "bin"), installed},
		{"", filepath.Join(home, "bin"), home},
		{home, filepath.Join(installed, "bin"), home},
		{filepath.Join(dir, "gone"), filepath.Join(home, "bin"), home},
	} {
		got, err := findJava(t.Context(), c.home, c.path, all)
		if want := filepath.Join(c.want, "bin", "java"); err != nil || got != want {
			t.Errorf("JAVA_HOME=%s PATH=%s: found %s, %v, want %s", c.home, c.path, got, err, want)
		}
	}
}
