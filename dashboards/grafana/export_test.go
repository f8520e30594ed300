package grafana

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/dashboards"
	"pitstop/schemas/locale"
)

var update = flag.Bool("update", false, "write the files under deploy/grafana")

// operator is the operator's organisation as the composition of deploy/compose
// sees it.
func operator(lang locale.Lang) Organisation {
	return Organisation{
		Name: OperatorName, Lang: lang, Currency: "EUR", Dashboards: dashboards.All, Alerts: slices.Concat(dashboards.Alerts, dashboards.PipelineAlerts),
		ClickHouse: ClickHouse{Host: "clickhouse", Port: 9000, Database: "pitstop", User: "pitstop_reader"},
		Prometheus: "http://prometheus:9090",
	}
}

// The committed files are those that pitstop dashboards export writes.
func TestFiles(t *testing.T) {
	for _, lang := range locale.Langs {
		dir := filepath.Join("..", "..", "deploy", "grafana", string(lang))
		want, err := operator(lang).Files("/etc/grafana/provisioning")
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := Write(dir, want); err != nil {
				t.Fatal(err)
			}
		}
		got := make(map[string][]byte)
		err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name, _ := filepath.Rel(dir, path)
			got[filepath.ToSlash(name)], err = os.ReadFile(path)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(texts(want), texts(got)); diff != "" {
			t.Errorf("deploy/grafana/%s is not what the dashboards say: run go test ./dashboards/grafana -update (-want +got):\n%s", lang, diff)
		}
	}
}

func texts(files map[string][]byte) map[string]string {
	s := make(map[string]string)
	for name, b := range files {
		s[name] = string(b)
	}
	return s
}
