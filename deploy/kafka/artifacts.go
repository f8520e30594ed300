package kafka

import (
	"context"
	_ "embed" // pom.xml and the digests
	"log/slog"
	"path/filepath"
	"strings"

	"pitstop/deploy/jvm"
)

//go:embed pom.xml
var pom []byte

//go:embed artifacts.sha256
var digests string

// registryArchive is the artifact that holds the registry; the others are Kafka.
const registryArchive = "apicurio-registry-app-"

var pinned = jvm.Artifacts{Name: "kafka", What: "Apache Kafka and Apicurio Registry, 210 MB", POM: pom, Digests: digests}

// artifacts are what is run.
type artifacts struct {
	kafka    []string // the class path
	registry string   // an archive
}

func fetch(ctx context.Context, log *slog.Logger) (found artifacts, err error) {
	paths, err := pinned.Fetch(ctx, log)
	for _, path := range paths {
		if strings.HasPrefix(filepath.Base(path), registryArchive) {
			found.registry = path
		} else {
			found.kafka = append(found.kafka, path)
		}
	}
	return found, err
}
