package grafana

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/grafana/grafana-openapi-client-go/client"
	"github.com/grafana/grafana-openapi-client-go/client/provisioning"
	"github.com/grafana/grafana-openapi-client-go/client/search"
	"github.com/grafana/grafana-openapi-client-go/models"
)

// Kind is the kind of an object in an organisation.
type Kind string

// The kinds.
const (
	Folder     Kind = "folder"
	DataSource Kind = "data source"
	Dashboard  Kind = "dashboard"
	AlertRules Kind = "alert rules"
)

// object is an object as it should be, and how Grafana is asked about it. Its
// functions go through call.
type object struct {
	kind  Kind
	uid   string
	want  any  // nil: it should not be there
	exact bool // see differences
	// read returns what is there in the terms of want, or nil. What create, update
	// and remove then write is guarded by the version that was read, where Grafana
	// has one: no change in between is overwritten unseen.
	read                   func() (any, error)
	create, update, remove func() error
}

// objects returns those of an organisation, each after what it needs.
func (c contents) objects(api *client.GrafanaHTTPAPI, organisation int64) ([]object, error) {
	objects := []object{c.folderObject(api)}
	for _, s := range c.sources {
		objects = append(objects, sourceObject(api, s))
	}
	for _, d := range c.dashboards {
		obj, err := dashboardObject(api, d)
		if err != nil {
			return nil, err
		}
		objects = append(objects, obj)
	}
	if c.rules != nil {
		obj, err := rulesObject(api, c.rules, organisation)
		if err != nil {
			return nil, err
		}
		objects = append(objects, obj)
	}
	return objects, nil
}

func (c contents) folderObject(api *client.GrafanaHTTPAPI) object {
	var found *models.Folder
	return object{
		kind: Folder, uid: c.folder.UID, want: map[string]any{"title": c.folder.Title},
		read: func() (any, error) {
			answer, err := api.Folders.GetFolderByUID(c.folder.UID)
			if err != nil {
				return nil, err
			}
			found = answer.Payload
			return map[string]any{"title": found.Title}, nil
		},
		create: func() error { _, err := api.Folders.CreateFolder(&c.folder); return err },
		update: func() error {
			_, err := api.Folders.UpdateFolder(c.folder.UID, &models.UpdateFolderCommand{Title: c.folder.Title, Version: found.Version})
			return err
		},
	}
}

func sourceObject(api *client.GrafanaHTTPAPI, s models.AddDataSourceCommand) object {
	secrets := make(map[string]bool)
	for name := range s.SecureJSONData {
		secrets[name] = true
	}
	as := func(name, plugin, access, url string, settings any, secrets map[string]bool) any {
		return map[string]any{"name": name, "type": plugin, "access": access, "url": url, "settings": settings, "secrets": secrets}
	}
	var found *models.DataSource
	return object{
		kind: DataSource, uid: s.UID, exact: true,
		want: as(s.Name, s.Type, string(s.Access), s.URL, s.JSONData, secrets),
		read: func() (any, error) {
			answer, err := api.Datasources.GetDataSourceByUID(s.UID)
			if err != nil {
				return nil, err
			}
			found = answer.Payload
			settings := found.JSONData
			if m, ok := settings.(map[string]any); ok { // the plugin's page notes its own version there
				m = maps.Clone(m)
				delete(m, "version")
				delete(m, "pluginVersion")
				settings = m
			}
			there := make(map[string]bool) // others cannot be taken away
			for name := range secrets {
				there[name] = found.SecureJSONFields[name]
			}
			return as(found.Name, found.Type, string(found.Access), found.URL, settings, there), nil
		},
		create: func() error { _, err := api.Datasources.AddDataSource(&s); return err },
		update: func() error {
			_, err := api.Datasources.UpdateDataSourceByUID(s.UID, &models.UpdateDataSourceCommand{
				UID: s.UID, Name: s.Name, Type: s.Type, Access: s.Access, URL: s.URL, JSONData: s.JSONData,
				SecureJSONData: s.SecureJSONData, IsDefault: found.IsDefault, Version: found.Version,
			})
			return err
		},
	}
}

func dashboardObject(api *client.GrafanaHTTPAPI, d classic) (object, error) {
	wanted, err := plain(d)
	if err != nil {
		return object{}, fmt.Errorf("write dashboard %s: %w", *d.Uid, err)
	}
	// Grafana moves a dashboard on to its own version of the schema.
	as := func(d map[string]any, folder string) any {
		d = maps.Clone(d)
		delete(d, "schemaVersion")
		d["folder"] = folder
		return d
	}
	var found map[string]any
	save := func() error {
		// By its uid: Grafana 12 and later look an id up in an index that is behind.
		body := maps.Clone(wanted)
		body["version"] = found["version"]
		_, err := api.Dashboards.PostDashboard(&models.SaveDashboardCommand{
			Dashboard: body, FolderUID: folderUID, Message: "pitstop dashboards apply",
		})
		return err
	}
	return object{
		kind: Dashboard, uid: *d.Uid, want: as(wanted, folderUID), create: save, update: save,
		read: func() (any, error) {
			found = nil
			answer, err := api.Dashboards.GetDashboardByUID(*d.Uid)
			if err != nil {
				return nil, err
			}
			found = answer.Payload.Dashboard.(map[string]any)
			return as(found, answer.Payload.Meta.FolderUID), nil
		},
	}, nil
}

// rulesObject returns a group of rules, which Grafana replaces as a whole. It has
// no version: but as provisioned rules, nobody changes them by hand.
func rulesObject(api *client.GrafanaHTTPAPI, group *models.AlertRuleGroup, organisation int64) (object, error) {
	as := func(g *models.AlertRuleGroup) (any, error) {
		var rules []any
		for _, r := range g.Rules {
			rule, err := plain(r)
			if err != nil {
				return nil, fmt.Errorf("write alert rule %s: %w", r.UID, err)
			}
			for _, grafanas := range []string{"id", "orgID", "updated", "provenance"} {
				delete(rule, grafanas)
			}
			rule["isPaused"] = r.IsPaused
			rules = append(rules, rule)
		}
		return map[string]any{"interval": g.Interval, "rules": rules}, nil
	}
	want, err := as(group)
	if err != nil {
		return object{}, err
	}
	put := func() error {
		for _, r := range group.Rules {
			r.OrgID = &organisation
		}
		_, err := api.Provisioning.PutAlertRuleGroup(provisioning.NewPutAlertRuleGroupParams().
			WithFolderUID(group.FolderUID).WithGroup(group.Title).WithBody(group))
		return err
	}
	return object{
		kind: AlertRules, uid: group.Title, want: want, create: put, update: put,
		read: func() (any, error) {
			answer, err := api.Provisioning.GetAlertRuleGroup(group.Title, group.FolderUID)
			if err != nil {
				return nil, err
			}
			return as(answer.Payload)
		},
	}, nil
}

// leftovers returns Pitstop's objects that no definition has any more.
func (c contents) leftovers(api *client.GrafanaHTTPAPI) ([]object, error) {
	var objects []object
	hits, err := api.Search.Search(search.NewSearchParams().WithType(new("dash-db")).WithTag([]string{tag}).WithLimit(new(int64(5000))))
	if err != nil {
		return nil, fmt.Errorf("look for dashboards: %w", err)
	}
	for _, hit := range hits.Payload {
		wanted := slices.ContainsFunc(c.dashboards, func(d classic) bool { return *d.Uid == hit.UID })
		if !wanted && strings.HasPrefix(hit.UID, prefix) && slices.Contains(hit.Tags, tag) {
			objects = append(objects, object{
				kind: Dashboard, uid: hit.UID,
				read:   func() (any, error) { return hit.UID, nil },
				remove: func() error { _, err := api.Dashboards.DeleteDashboardByUID(hit.UID); return err },
			})
		}
	}
	rules, err := api.Provisioning.GetAlertRules()
	if err != nil {
		return nil, fmt.Errorf("look for alert rules: %w", err)
	}
	groups := make(map[string]bool)
	for _, r := range rules.Payload {
		group := *r.RuleGroup
		ours := *r.FolderUID == folderUID && strings.HasPrefix(r.UID, prefix)
		if ours && (c.rules == nil || group != c.rules.Title) && !groups[group] {
			groups[group] = true
			objects = append(objects, object{
				kind: AlertRules, uid: group,
				read:   func() (any, error) { return group, nil },
				remove: func() error { _, err := api.Provisioning.DeleteAlertRuleGroup(group, folderUID); return err },
			})
		}
	}
	return objects, nil
}
