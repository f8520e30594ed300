package jvm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// minJava is the oldest Java that runs all that the tests do.
const minJava = 21

// installed are the usual locations of Java.
var installed = []string{"/usr/lib/jvm/*", "/opt/java/*", "/Library/Java/JavaVirtualMachines/*/Contents/Home", "/opt/homebrew/opt/openjdk*"}

// Find finds a Java that is new enough.
func Find(ctx context.Context) (string, error) {
	return findJava(ctx, os.Getenv("JAVA_HOME"), os.Getenv("PATH"), installed)
}

// findJava finds a Java that is new enough: that of JAVA_HOME, the one in the
// PATH, or one that is installed beside it.
func findJava(ctx context.Context, home, path string, installed []string) (string, error) {
	var candidates []string
	if home != "" {
		candidates = append(candidates, filepath.Join(home, "bin", "java"))
	}
	for _, dir := range filepath.SplitList(path) {
		candidates = append(candidates, filepath.Join(dir, "java"))
	}
	for _, pattern := range installed {
		homes, _ := filepath.Glob(filepath.Join(pattern, "bin", "java")) // the patterns are good
		candidates = append(candidates, homes...)
	}
	var tooOld []string
	for _, java := range candidates {
		if info, err := os.Stat(java); err != nil || info.IsDir() {
			continue
		}
		version, err := javaVersion(ctx, java)
		if err == nil && version >= minJava {
			return java, nil
		}
		if err == nil {
			tooOld = append(tooOld, fmt.Sprintf("%s is Java %d", java, version))
		}
	}
	found := "none was found"
	if len(tooOld) > 0 {
		found = "too old: " + strings.Join(tooOld, ", ")
	}
	return "", fmt.Errorf("java %d or newer is missing (%s): install a JDK, e.g. Temurin from adoptium.net or the package openjdk-21-jre-headless, and point JAVA_HOME at it", minJava, found)
}

var versionPattern = regexp.MustCompile(`version "(\d+)`)

func javaVersion(ctx context.Context, java string) (int, error) {
	output, err := exec.CommandContext(ctx, java, "-version").CombinedOutput() //nolint:gosec // where the user's own Java is
	if err != nil {
		return 0, err
	}
	m := versionPattern.FindSubmatch(output)
	if m == nil {
		return 0, fmt.Errorf("%s says %q", java, output)
	}
	return strconv.Atoi(string(m[1]))
}
