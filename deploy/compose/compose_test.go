package compose

import (
	"bytes"
	"encoding/hex"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/goccy/go-yaml"

	"pitstop/schemas/record"
	"pitstop/sinks/clickhouse/access"
)

// freshEnv is what env.sh writes.
func freshEnv(t *testing.T) map[string]string {
	t.Helper()
	out, err := exec.Command("./env.sh").Output()
	must(t, err)
	env, err := dotenv.Parse(bytes.NewReader(out))
	must(t, err)
	return env
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, env map[string]string) (*types.Project, error) {
	t.Helper()
	var vars []string
	for k, v := range env {
		vars = append(vars, k+"="+v)
	}
	o, err := cli.NewProjectOptions([]string{"compose.yaml"}, cli.WithEnv(vars), cli.WithConsistency(true), cli.WithResolvedPaths(true))
	must(t, err)
	return o.LoadProject(t.Context())
}

func project(t *testing.T) *types.Project {
	t.Helper()
	p, err := load(t, freshEnv(t))
	must(t, err)
	return p
}

// secrets are what must not have a default.
var secrets = []string{
	"CLICKHOUSE_PASSWORD", "GRAFANA_PASSWORD", "PITSTOP_COMMAND_SECRET", "PITSTOP_LINK_KEYS",
	"PITSTOP_READER_PASSWORD", "PITSTOP_READER_SECRET",
}

func TestSecretsHaveNoDefault(t *testing.T) {
	for _, name := range secrets {
		env := freshEnv(t)
		env[name] = ""
		if _, err := load(t, env); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "env.sh") {
			t.Errorf("without %s: %v", name, err)
		}
	}
	example, err := os.ReadFile(".env.example")
	must(t, err)
	for _, name := range append(secrets, "PITSTOP_TOKEN_SECRET") {
		if !regexp.MustCompile(`(?m)^` + name + `=$`).Match(example) {
			t.Errorf(".env.example: %s is not there, or not empty", name)
		}
	}
}

func TestFreshSecretsAreRandomAndFit(t *testing.T) {
	one, two := freshEnv(t), freshEnv(t)
	for _, name := range append(secrets, "PITSTOP_TOKEN_SECRET") {
		if one[name] == "" || one[name] == two[name] {
			t.Errorf("%s is %q and %q", name, one[name], two[name])
		}
	}
	secret, err := hex.DecodeString(one["PITSTOP_READER_SECRET"])
	must(t, err)
	if want := (access.Readers{Secret: secret}).Operator().Password; one["PITSTOP_READER_PASSWORD"] != want {
		t.Errorf("the password of the operator's reader is %s, want %s", one["PITSTOP_READER_PASSWORD"], want)
	}
}

// TestVariablesAreWrittenDown: .env.example names every variable of compose.yaml
// but the image's version, and no other.
func TestVariablesAreWrittenDown(t *testing.T) {
	file, err := os.ReadFile("compose.yaml")
	must(t, err)
	example, err := os.ReadFile(".env.example")
	must(t, err)
	used, named := map[string]bool{}, map[string]bool{"PITSTOP_VERSION": true, "KAFKA_CLUSTER_ID": true}
	for _, m := range regexp.MustCompile(`\$\{([A-Z_]+)`).FindAllSubmatch(file, -1) {
		used[string(m[1])] = true
	}
	for _, m := range regexp.MustCompile(`(?m)^(?:# )?([A-Z_]+)=`).FindAllSubmatch(example, -1) {
		named[string(m[1])] = true
	}
	if got, want := slices.Sorted(maps.Keys(named)), slices.Sorted(maps.Keys(used)); !slices.Equal(got, want) {
		t.Errorf("named %v, used %v", got, want)
	}
}

// once reports whether a container runs to its end.
func once(s types.ServiceConfig) bool { return s.Restart == types.RestartPolicyNo }

func TestContainers(t *testing.T) {
	p := project(t)
	pinned := regexp.MustCompile(`^[a-z0-9./-]+:v?[0-9]+\.[0-9.]+$`)
	for name, s := range p.Services {
		if s.Build == nil && !pinned.MatchString(s.Image) {
			t.Errorf("%s: image %s is not pinned", name, s.Image)
		}
		if s.Build != nil {
			if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if s.User == "" || strings.HasPrefix(s.User, "0") || strings.HasPrefix(s.User, "root") {
			t.Errorf("%s runs as %q", name, s.User)
		}
		if s.Privileged || s.NetworkMode != "" || s.Pid != "" || s.Ipc != "" || len(s.CapAdd) > 0 || !slices.Contains(s.CapDrop, "ALL") ||
			!slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s may do more than it needs", name)
		}
		if s.MemLimit == 0 || s.CPUS == 0 {
			t.Errorf("%s has no bounds", name)
		}
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s publishes %s on %q", name, port.Published, port.HostIP)
			}
		}
		for _, v := range s.Volumes {
			if _, err := os.Stat(v.Source); v.Type == types.VolumeTypeBind && (err != nil || !v.ReadOnly) {
				t.Errorf("%s mounts %s, read only: %v, %v", name, v.Source, v.ReadOnly, err)
			}
		}
		if hasHealth := s.HealthCheck != nil && !s.HealthCheck.Disable; hasHealth == once(s) {
			t.Errorf("%s: restart %s, health check %v", name, s.Restart, hasHealth)
		}
		for dependency, d := range s.DependsOn {
			want := types.ServiceConditionHealthy
			if once(p.Services[dependency]) {
				want = types.ServiceConditionCompletedSuccessfully
			}
			if d.Condition != want {
				t.Errorf("%s waits for %s to be %s, want %s", name, dependency, d.Condition, want)
			}
		}
	}
}

// TestEveryConsumerHasAService: and besides them only the API is a role.
func TestEveryConsumerHasAService(t *testing.T) {
	want := []string{"api"}
	for _, c := range record.Consumers {
		kind := "sink"
		if c.Stateful {
			kind = "processor"
		}
		want = append(want, kind+" "+c.Name)
	}
	var got []string
	for _, s := range project(t).Services {
		if s.Environment["PITSTOP_METRICS_ADDR"] != nil {
			got = append(got, strings.Join(s.Command, " "))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("there are services for %q, want %q", got, want)
	}
}

// TestPrometheusFindsTheRoles: it scrapes services by their names here.
func TestPrometheusFindsTheRoles(t *testing.T) {
	text, err := os.ReadFile("../prometheus/prometheus.yml")
	must(t, err)
	var config struct {
		Scrape []struct {
			DNS []struct {
				Names []string `yaml:"names"`
				Port  int      `yaml:"port"`
			} `yaml:"dns_sd_configs"`
		} `yaml:"scrape_configs"`
	}
	must(t, yaml.Unmarshal(text, &config))
	var scraped, roles []string
	for _, job := range config.Scrape {
		for _, dns := range job.DNS {
			scraped = append(scraped, dns.Names...)
			if dns.Port != 9464 {
				t.Errorf("it scrapes port %d", dns.Port)
			}
		}
	}
	for name, s := range project(t).Services {
		if addr := s.Environment["PITSTOP_METRICS_ADDR"]; addr != nil {
			roles = append(roles, name)
			if *addr != ":9464" {
				t.Errorf("%s has its metrics on %s", name, *addr)
			}
		}
	}
	slices.Sort(scraped)
	slices.Sort(roles)
	if !slices.Equal(scraped, roles) {
		t.Errorf("it scrapes %v, the roles are %v", scraped, roles)
	}
}
