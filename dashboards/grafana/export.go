package grafana

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/grafana/grafana-openapi-client-go/models"
)

// PasswordVariable is the variable of Grafana's environment that exported files
// take the password of ClickHouse from.
const PasswordVariable = "PITSTOP_READER_PASSWORD"

// Files returns the files from which Grafana provisions an organisation, its first
// one, by their names in Grafana's provisioning directory. at is where that
// directory is on Grafana's machine. They hold no password: PasswordVariable does.
func (o Organisation) Files(at string) (map[string][]byte, error) {
	o.ClickHouse.Password = ""
	c, err := o.contents()
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for _, d := range c.dashboards {
		b, err := marshal(d)
		if err != nil {
			return nil, fmt.Errorf("write dashboard %s: %w", *d.Uid, err)
		}
		files["dashboards/pitstop/"+*d.Uid+".json"] = b
	}
	sources, err1 := sourcesFile(c.sources)
	rules, err2 := rulesFile(c.rules)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	for name, document := range map[string]any{
		"datasources/pitstop.yaml": sources,
		"dashboards/pitstop.yaml":  providerFile(path.Join(at, "dashboards/pitstop")),
		"alerting/pitstop.yaml":    rules,
	} {
		b, err := yaml.MarshalWithOptions(wholeNumbers(document), yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true))
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		files[name] = append([]byte(fileHeader), b...)
	}
	return files, nil
}

const fileHeader = "# Written by pitstop dashboards export: change the dashboards, not this file.\n"

// Write writes files into a directory, and removes dashboards that are no longer
// among them.
func Write(dir string, files map[string][]byte) error {
	old, err := filepath.Glob(filepath.Join(dir, "dashboards", "pitstop", prefix+"*.json"))
	if err != nil {
		return fmt.Errorf("look for dashboards in %s: %w", dir, err)
	}
	for _, file := range old {
		if _, wanted := files["dashboards/pitstop/"+filepath.Base(file)]; !wanted {
			if err := os.Remove(file); err != nil {
				return fmt.Errorf("remove dashboard: %w", err)
			}
		}
	}
	for name, b := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // another user, Grafana's, reads it
			return fmt.Errorf("make directory: %w", err)
		}
		if err := os.WriteFile(file, b, 0o644); err != nil { //nolint:gosec // no secret is in it
			return fmt.Errorf("write file: %w", err)
		}
	}
	return nil
}

// WritePassword writes PasswordVariable to a file of its own, readable by its owner
// only. A file that holds anything else is left as it is.
func WritePassword(file, password string) error {
	old, err := os.ReadFile(file)
	if err == nil && !regexp.MustCompile(`^(`+PasswordVariable+`=.*\n)?$`).Match(old) {
		return fmt.Errorf("%s holds more than %s: name another file", file, PasswordVariable)
	}
	if err == nil {
		err = os.Remove(file) // others may be allowed to read it
	}
	if err == nil || errors.Is(err, os.ErrNotExist) {
		err = os.WriteFile(file, fmt.Appendf(nil, "%s=%s\n", PasswordVariable, password), 0o600)
	}
	if err != nil {
		return fmt.Errorf("write variables: %w", err)
	}
	return nil
}

// firstOrganisation is the one that a Grafana of its own has.
const firstOrganisation = 1

func sourcesFile(sources []models.AddDataSourceCommand) (any, error) {
	var list []any
	for _, source := range sources {
		source.URL = strings.ReplaceAll(source.URL, "$", "$$") // not a variable
		entry, err := plain(source)
		if err != nil {
			return nil, err
		}
		entry["orgId"], entry["editable"] = firstOrganisation, false
		if secrets, ok := entry["secureJsonData"].(map[string]any); ok {
			secrets["password"] = "$" + PasswordVariable
		}
		list = append(list, entry)
	}
	return map[string]any{"apiVersion": 1, "datasources": list}, nil
}

func providerFile(path string) any {
	return map[string]any{"apiVersion": 1, "providers": []any{map[string]any{
		"name": "pitstop", "orgId": 1, "type": "file",
		"folder": folderTitle, "folderUid": folderUID,
		"allowUiUpdates": false, "disableDeletion": false, "updateIntervalSeconds": 60,
		"options": map[string]any{"path": path},
	}}}
}

// rulesFolderTitle is the folder of the rules that come from a file. Grafana knows
// it by its title only, and makes it before, or while, it makes the dashboards': of
// one title there would be two.
const rulesFolderTitle = "Pitstop alerts"

func rulesFile(group *models.AlertRuleGroup) (any, error) {
	groups := []any{}
	if group != nil {
		var rules []any
		for _, r := range group.Rules {
			rule, err := plain(r)
			if err != nil {
				return nil, err
			}
			for _, notInFiles := range []string{"orgID", "folderUID", "ruleGroup", "updated"} {
				delete(rule, notInFiles)
			}
			rules = append(rules, rule)
		}
		groups = append(groups, map[string]any{
			"orgId": firstOrganisation, "name": group.Title, "folder": rulesFolderTitle,
			"interval": (time.Duration(group.Interval) * time.Second).String(), "rules": rules,
		})
	}
	return map[string]any{"apiVersion": 1, "groups": groups}, nil
}

// plain returns a value as its JSON has it.
func plain(v any) (map[string]any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	return m, json.Unmarshal(b, &m)
}

// wholeNumbers makes numbers that came from JSON integers where they are whole:
// YAML would have them with a fraction.
func wholeNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			v[key] = wholeNumbers(member)
		}
	case []any:
		for i, member := range v {
			v[i] = wholeNumbers(member)
		}
	case float64:
		if v == math.Trunc(v) {
			return int64(v)
		}
	}
	return v
}

// marshal writes JSON for people to read.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}
