package jvm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Artifacts are what Maven fetches for a program.
type Artifacts struct {
	Name string // of the program: "kafka"
	What string // for people: "Apache Kafka and Apicurio Registry, 210 MB"
	POM  []byte // names them
	// Digests are those of everything that POM resolves to, in the format of sha256sum.
	Digests string
}

// Dir returns the directory of the user's cache that has the artifacts. Other digests
// have another one.
func (a Artifacts) Dir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache: %w", err)
	}
	version := sha256.Sum256([]byte(a.Digests))
	return filepath.Join(cache, "pitstop", a.Name+"-"+hex.EncodeToString(version[:6])), nil
}

// Fetch returns the paths of the artifacts, whose digests were checked. They are
// downloaded where they are missing or differ.
func (a Artifacts) Fetch(ctx context.Context, log *slog.Logger) ([]string, error) {
	dir, err := a.Dir()
	if err != nil {
		return nil, err
	}
	found, err := check(dir, a.Digests)
	if err == nil {
		return found, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		log.Warn("fetching the artifacts again", "error", err)
	}
	log.Info("fetching with Maven, once", "what", a.What, "to", dir)
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := a.download(ctx, dir); err != nil {
		return nil, err
	}
	if found, err = check(dir, a.Digests); err != nil {
		return nil, fmt.Errorf("what Maven fetched is not what was pinned: %w", err)
	}
	return found, nil
}

// Sums downloads what POM resolves to, and returns its digests.
func (a Artifacts) Sums(ctx context.Context, dir string) (string, error) {
	if err := a.download(ctx, dir); err != nil {
		return "", err
	}
	files, err := os.ReadDir(dir) // in the order of their names
	if err != nil {
		return "", err
	}
	var lines strings.Builder
	for _, f := range files {
		sum, err := digest(filepath.Join(dir, f.Name()))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&lines, "%s  %s\n", sum, f.Name())
	}
	return lines.String(), nil
}

// check compares the files of a directory with their digests.
func check(dir, digests string) (found []string, err error) {
	for line := range strings.Lines(digests) {
		want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		path := filepath.Join(dir, name)
		got, err := digest(path)
		if err != nil {
			return nil, err
		}
		if got != want {
			return nil, fmt.Errorf("%s has the SHA-256 digest %s, not %s", path, got, want)
		}
		found = append(found, path)
	}
	return found, nil
}

func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// download has Maven copy what POM resolves to.
func (a Artifacts) download(ctx context.Context, dir string) (err error) {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return errors.New("maven is missing, which fetches what is written in Java: install it (on Debian and Ubuntu: apt-get install maven) so that mvn is in the PATH")
	}
	project, err := os.MkdirTemp("", "pitstop-maven-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(project)) }()
	file := filepath.Join(project, "pom.xml")
	if err := os.WriteFile(file, a.POM, 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, mvn, "--batch-mode", "--quiet", "--strict-checksums", "--file", file,
		"dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+dir)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("fetch with Maven: %w\n%s", err, output.String())
	}
	return nil
}
