package kafka

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // pom.xml and the digests
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

//go:embed pom.xml
var pom []byte

// digests are those of everything that pom.xml resolves to, in the format of
// sha256sum.
//
//go:embed artifacts.sha256
var digests string

// registryArchive is the artifact that holds the registry; the others are Kafka.
const registryArchive = "apicurio-registry-app-"

// artifacts are what is run: paths of files whose digests were checked.
type artifacts struct {
	kafka    []string // the class path
	registry string   // an archive
}

// fetch returns the artifacts, downloaded with Maven where they are missing or
// differ from their digests.
func fetch(ctx context.Context, log *slog.Logger) (artifacts, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return artifacts{}, fmt.Errorf("find the user's cache: %w", err)
	}
	version := sha256.Sum256([]byte(digests))
	dir := filepath.Join(cache, "pitstop", "kafka-"+hex.EncodeToString(version[:6]))
	found, err := check(dir, digests)
	if err == nil {
		return found, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		log.Warn("fetching the artifacts again", "error", err)
	}
	log.Info("fetching Apache Kafka and Apicurio Registry with Maven: 210 MB, once", "to", dir)
	if err := os.RemoveAll(dir); err != nil {
		return artifacts{}, err
	}
	if err := download(ctx, dir); err != nil {
		return artifacts{}, err
	}
	if found, err = check(dir, digests); err != nil {
		return artifacts{}, fmt.Errorf("what Maven fetched is not what was pinned: %w", err)
	}
	return found, nil
}

// check compares the files of a directory with their digests.
func check(dir, digests string) (found artifacts, err error) {
	for line := range strings.Lines(digests) {
		want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		path := filepath.Join(dir, name)
		got, err := digest(path)
		if err != nil {
			return artifacts{}, err
		}
		if got != want {
			return artifacts{}, fmt.Errorf("%s has the SHA-256 digest %s, not %s", path, got, want)
		}
		if strings.HasPrefix(name, registryArchive) {
			found.registry = path
		} else {
			found.kafka = append(found.kafka, path)
		}
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

// download has Maven copy what pom.xml resolves to.
func download(ctx context.Context, dir string) (err error) {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return errors.New("maven is missing, which fetches Apache Kafka: install it (on Debian and Ubuntu: apt-get install maven) so that mvn is in the PATH")
	}
	project, err := os.MkdirTemp("", "pitstop-kafka-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(project)) }()
	file := filepath.Join(project, "pom.xml")
	if err := os.WriteFile(file, pom, 0o600); err != nil {
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
