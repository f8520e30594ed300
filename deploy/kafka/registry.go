package kafka

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strconv"
)

func (c *Cluster) configureRegistry(java string) error {
	port, err := c.data.Port("registry")
	if err != nil {
		return err
	}
	management, err := c.data.Port("registry-management")
	if err != nil {
		return err
	}
	c.RegistryURL = fmt.Sprintf("http://127.0.0.1:%d/apis/ccompat/v7", port)
	dir := c.data.Path("registry")
	c.registry = &process{
		name: "registry", java: java, dir: dir, log: c.data.Path("registry.log"),
		args: []string{"-jar", "quarkus-run.jar"},
		env: []string{
			"QUARKUS_HTTP_HOST=127.0.0.1", "QUARKUS_HTTP_PORT=" + strconv.Itoa(port),
			"QUARKUS_MANAGEMENT_HOST=127.0.0.1", "QUARKUS_MANAGEMENT_PORT=" + strconv.Itoa(management),
			"QUARKUS_LOG_LEVEL=WARN", "QUARKUS_HTTP_ACCESS_LOG_ENABLED=false",
			// In a file, so that a stop forgets no schema.
			"APICURIO_STORAGE_SQL_KIND=h2", "APICURIO_DATASOURCE_URL=jdbc:h2:file:" + c.data.Path("registry-data/db"),
		},
	}
	return nil
}

// registryReady waits until the registry answers.
func (c *Cluster) registryReady(ctx context.Context) error {
	return waitUntil(ctx, "the registry is ready", []*process{c.registry}, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.RegistryURL+"/subjects", nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK {
			err = fmt.Errorf("it answers %s", answer.Status)
		}
		return errors.Join(err, answer.Body.Close())
	})
}

// StopRegistry stops the registry.
func (c *Cluster) StopRegistry() error { return c.registry.stop() }

// StartRegistry starts the registry again, and waits until it answers.
func (c *Cluster) StartRegistry(ctx context.Context) error {
	if err := c.registry.start(); err != nil {
		return err
	}
	return c.registryReady(ctx)
}

// unpack unpacks a tar.gz with plain files into a directory.
func unpack(archive, dir string) (err error) {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", archive, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // nothing is written outside
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	for r := tar.NewReader(unzipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && h.Typeflag == tar.TypeReg {
			err = unpackFile(root, path.Clean(h.Name), r)
		}
		if err != nil {
			return fmt.Errorf("unpack %s: %w", archive, err)
		}
	}
}

func unpackFile(root *os.Root, name string, content io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := root.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}
