package keycloak

import (
	"context"
	_ "embed" // pom.xml and the digests
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"pitstop/deploy/embedded"
	"pitstop/deploy/jvm"
)

//go:embed pom.xml
var pom []byte

// digests are those of everything that pom.xml resolves to, in the format of
// sha256sum.
//
//go:embed artifacts.sha256
var digests string

var pinned = jvm.Artifacts{Name: "keycloak", What: "Keycloak, 180 MB", POM: pom, Digests: digests}

// Who may do everything.
const (
	admin         = "admin"
	adminPassword = "admin"
)

// options are those with which Keycloak is built, and started.
var options = []string{"--db=dev-file", "--health-enabled=true"}

// parts of Keycloak's directory that a server does not write to.
var parts = []string{"lib", "conf", "providers", "themes", "version.txt"}

// Options are the options of [Start].
type Options struct {
	// Clients are the origins of Pitstop's API, as http://127.0.0.1:8080, to which people
	// are sent back.
	Clients []string
	Log     *slog.Logger
}

// Server is a running Keycloak.
type Server struct {
	URL    string
	Issuer string // of the realm that Pitstop's people are in

	process *jvm.Process
	health  string // URL
}

// Start starts Keycloak on a data directory, with the realm of realm.json where it has
// none, and waits until it is ready. ctx bounds only the start. The error names
// everything that is missing on this machine.
func Start(ctx context.Context, data *embedded.Data, o Options) (_ *Server, err error) {
	java, javaErr := jvm.Find(ctx)
	found, fetchErr := pinned.Fetch(ctx, o.Log)
	if err := errors.Join(javaErr, fetchErr); err != nil {
		return nil, err
	}
	built, err := build(ctx, java, found[0], o.Log)
	if err != nil {
		return nil, err
	}
	home := data.Path("keycloak")
	if err := arrange(built, home); err != nil {
		return nil, err
	}
	port, portErr := data.Port("keycloak")
	management, managementErr := data.Port("keycloak-management")
	if err := errors.Join(portErr, managementErr); err != nil {
		return nil, err
	}
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	s := &Server{
		URL: url, Issuer: url + "/realms/pitstop", health: fmt.Sprintf("http://127.0.0.1:%d/health/ready", management),
		process: process(java, home, data.Path("keycloak.log"), slices.Concat([]string{"start", "--optimized"}, options, []string{
			"--http-enabled=true", "--http-host=127.0.0.1", "--http-port=" + strconv.Itoa(port), "--http-management-port=" + strconv.Itoa(management),
			"--hostname=" + url, "--cache=local", "--log-level=warn",
		})...),
	}
	s.process.Env = []string{"KC_BOOTSTRAP_ADMIN_USERNAME=" + admin, "KC_BOOTSTRAP_ADMIN_PASSWORD=" + adminPassword}
	o.Log.Info("starting Keycloak", "data", data.Dir())
	began := time.Now()
	defer func() {
		if err != nil {
			s.Kill()
		}
	}()
	if err := s.Start(ctx); err != nil {
		return nil, err
	}
	if err := s.addRealm(ctx, o.Clients); err != nil {
		return nil, err
	}
	o.Log.Info("ready", "took", time.Since(began).Round(time.Millisecond))
	return s, nil
}

// build returns the directory of a Keycloak that is built for options, which takes a
// quarter of a minute once. Others may do it at the same time.
func build(ctx context.Context, java, archive string, log *slog.Logger) (_ string, err error) {
	cache, err := pinned.Dir()
	if err != nil {
		return "", err
	}
	built := filepath.Join(cache, "built")
	if _, err := os.Stat(built); err == nil {
		return only(built)
	}
	log.Info("building Keycloak, once", "in", built)
	dir, err := os.MkdirTemp(cache, "building-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	unpacked := filepath.Join(dir, "unpacked")
	if err := jvm.Unpack(archive, unpacked); err != nil {
		return "", err
	}
	home, err := only(unpacked)
	if err != nil {
		return "", err
	}
	for _, part := range parts { // a directory without files is not in the archive
		if err := os.MkdirAll(filepath.Join(home, part), 0o700); err != nil && part != "version.txt" {
			return "", err
		}
	}
	if err := process(java, home, filepath.Join(dir, "log"), append([]string{"build"}, options...)...).Run(ctx); err != nil {
		return "", err
	}
	if err := os.Rename(unpacked, built); err != nil && !errors.Is(err, os.ErrExist) { // somebody else was first
		return "", err
	}
	return only(built)
}

// only returns the one entry of a directory.
func only(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) != 1 {
		err = fmt.Errorf("%s has %d entries, not the one of Keycloak's archive: remove it", dir, len(entries))
	}
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, entries[0].Name()), nil
}

// arrange makes a directory that a server can write to, around a built one.
func arrange(built, home string) error {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	for _, part := range parts {
		link := filepath.Join(home, part)
		if err := os.Remove(link); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err := os.Symlink(filepath.Join(built, part), link); err != nil {
			return err
		}
	}
	return nil
}

// process returns a process as bin/kc.sh runs it, without the shell, which would
// outlive it.
func process(java, home, log string, args ...string) *jvm.Process {
	return &jvm.Process{
		Name: "keycloak", Java: java, Dir: home, Log: log,
		Args: append([]string{
			"-Xmx512m", "-XX:MaxMetaspaceSize=256m", "-XX:+ExitOnOutOfMemoryError", "-Dfile.encoding=UTF-8", "-Duser.language=en", "-Duser.country=US",
			"-Dkc.home.dir=" + home, "-Djboss.server.config.dir=" + filepath.Join(home, "conf"),
			"-Djava.util.logging.manager=org.jboss.logmanager.LogManager", "-Dpicocli.disable.closures=true", "-Dquarkus-log-max-startup-records=10000",
			"-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
			"--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
			"--add-opens=java.base/java.security=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED", "--enable-native-access=ALL-UNNAMED",
			"-cp", filepath.Join(home, "lib", "quarkus-run.jar"), "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
		}, args...),
	}
}

// Start starts the server again, and waits until it is ready.
func (s *Server) Start(ctx context.Context) error {
	if err := s.process.Start(); err != nil {
		return err
	}
	return jvm.WaitUntil(ctx, "Keycloak is ready", []*jvm.Process{s.process}, func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.health, http.NoBody)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK {
			err = fmt.Errorf("it answers %s", answer.Status)
		}
		return errors.Join(err, answer.Body.Close())
	})
}

// Stop stops the server. Its data stays.
func (s *Server) Stop(context.Context) error { return s.process.Stop() }

// Kill kills the server, for whoever does not need the data any more.
func (s *Server) Kill() { s.process.Kill() }
