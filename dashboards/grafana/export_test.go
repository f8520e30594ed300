package grafana

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-openapi-client-go/models"

	"pitstop/dashboards"
	"pitstop/dashboards/grafana/grafanatest"
	"pitstop/schemas/locale"
)

var update = flag.Bool("update", false, "write the files under deploy/grafana")

// operator is the operator's organisation as the composition of deploy/compose
// sees it.
func operator(lang locale.Lang) Organisation {
	return forOperator(lang, "EUR", ClickHouse{Host: "clickhouse", Port: 9000, Database: "pitstop_readers", User: "pitstop_reader"}, "http://prometheus:9090")
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
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if !bytes.Equal(want[name], got[name]) {
				t.Errorf("deploy/grafana/%s/%s is not what the dashboards say: run go test ./dashboards/grafana -update", lang, name)
			}
			delete(got, name)
		}
		for name := range got {
			t.Errorf("deploy/grafana/%s/%s is of nothing any more", lang, name)
		}
	}
}

// Both ways are the same: what the files say is what the API was sent, but for
// the password, which is somewhere else.
func TestFilesSayWhatApplySends(t *testing.T) {
	o := operator(locale.NL)
	files, err := o.Files("/etc/grafana/provisioning")
	if err != nil {
		t.Fatal(err)
	}
	fake, grafana := start(t)
	o.ClickHouse.Password = "secret"
	if got := outcome(grafana.Apply, o); strings.Contains(got, "error") {
		t.Fatal(got)
	}
	sent := fake.Organisation(OperatorName)

	for uid, d := range sent.Dashboards {
		var file map[string]any
		if err := json.Unmarshal(files["dashboards/pitstop/"+uid+".json"], &file); err != nil {
			t.Fatal(err)
		}
		same(t, uid, file, d["dashboard"], "id", "version")
	}
	if len(sent.Dashboards) != len(dashboards.All) || len(files) != len(dashboards.All)+3 {
		t.Errorf("%d dashboards were sent, %d files", len(sent.Dashboards), len(files))
	}

	var sources struct{ Datasources []map[string]any }
	fromYAML(t, files["datasources/pitstop.yaml"], &sources)
	for _, file := range sources.Datasources {
		source := sent.Sources[file["uid"].(string)]
		secret, _ := source["secret"].(grafanatest.Object)
		if file["secureJsonData"] != nil && (secret["password"] != "secret" || file["secureJsonData"].(map[string]any)["password"] != "$"+PasswordVariable) {
			t.Errorf("passwords are %v and %v", secret, file["secureJsonData"])
		}
		delete(source["jsonData"].(grafanatest.Object), secretDigest)
		same(t, file["name"].(string), file, source, "id", "version", "secret", "secureJsonData", "readOnly", "editable", "orgId")
	}

	var rules struct {
		Groups []struct{ Rules []map[string]any }
	}
	fromYAML(t, files["alerting/pitstop.yaml"], &rules)
	for i, r := range sent.Rules[groupTitle]["rules"].([]any) {
		same(t, "rule", asRule(t, rules.Groups[0].Rules[i]), asRule(t, r),
			"id", "orgID", "folderUID", "ruleGroup", "provenance", "updated")
	}
}

// asRule is a rule however its durations and what it lacks are written.
func asRule(t *testing.T, v any) (rule models.ProvisionedAlertRule) {
	t.Helper()
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &rule)
	}
	if err != nil {
		t.Fatal(err)
	}
	return rule
}

// Grafana makes the folder of the rules, by its title, before it looks for the
// dashboards' by its uid, or at the same time: of one title there would be two.
func TestFilesHaveTheirFolders(t *testing.T) {
	files, err := operator(locale.NL).Files("/etc/grafana/provisioning")
	if err != nil {
		t.Fatal(err)
	}
	var of struct{ Providers, Groups []map[string]any }
	fromYAML(t, files["dashboards/pitstop.yaml"], &of)
	fromYAML(t, files["alerting/pitstop.yaml"], &of)
	boards, rules := of.Providers[0], of.Groups[0]
	if boards["folderUid"] != folderUID || boards["folder"] != folderTitle || rules["folder"] == folderTitle || rules["folder"] == nil {
		t.Errorf("dashboards go to %v (%v), rules to %v", boards["folder"], boards["folderUid"], rules["folder"])
	}
}

// Grafana takes $ in the files of data sources for a variable of its environment,
// and $$ for a dollar.
func TestFilesAreLiteral(t *testing.T) {
	o := operator(locale.NL)
	o.Prometheus = "http://u:p$1@prometheus:9090"
	files, err := o.Files("/etc/grafana/provisioning")
	if err != nil {
		t.Fatal(err)
	}
	var of struct{ Datasources []struct{ URL string } }
	fromYAML(t, files["datasources/pitstop.yaml"], &of)
	if got, want := of.Datasources[1].URL, "http://u:p$$1@prometheus:9090"; got != want {
		t.Errorf("the file has %s, want %s", got, want)
	}
}

func fromYAML(t *testing.T, b []byte, into any) {
	t.Helper()
	if err := yaml.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// same compares what two values say in JSON, but for some of their members.
func same(t *testing.T, what string, file, sent any, but ...string) {
	t.Helper()
	var plain [2]map[string]any
	for i, v := range []any{file, sent} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &plain[i]); err != nil {
			t.Fatal(err)
		}
		for _, key := range but {
			delete(plain[i], key)
		}
	}
	if diff := cmp.Diff(plain[0], plain[1]); diff != "" {
		t.Errorf("%s (-file +sent):\n%s", what, diff)
	}
}
