package kafka

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"pitstop/deploy/jvm"
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
	c.registry = &jvm.Process{
		Name: "registry", Java: java, Dir: dir, Log: c.data.Path("registry.log"),
		Args: []string{"-jar", "quarkus-run.jar"},
		Env: []string{
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
	return jvm.WaitUntil(ctx, "the registry is ready", []*jvm.Process{c.registry}, func(ctx context.Context) error {
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
func (c *Cluster) StopRegistry() error { return c.registry.Stop() }

// StartRegistry starts the registry again, and waits until it answers.
func (c *Cluster) StartRegistry(ctx context.Context) error {
	if err := c.registry.Start(); err != nil {
		return err
	}
	return c.registryReady(ctx)
}
