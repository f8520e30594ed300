// Package grafanatest is a fake of Grafana's HTTP API for tests, written after its
// source: organisations, and in memory, by organisation, folders, data sources,
// dashboards with their versions, and provisioned alert rules. docs/operations.md says
// with which versions' source it was compared.
package grafanatest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Who may log in: the server's administrator, and the service account of
// organisation 1.
const (
	User     = "admin"
	Password = "correct horse"
	Token    = "glsa_test"
)

// Object is JSON.
type Object = map[string]any

// Organisation holds an organisation's objects by uid; its alert rules by group.
type Organisation struct {
	ID         int64
	Name       string
	Folders    map[string]Object
	Sources    map[string]Object // with their secrets, under "secret"
	Dashboards map[string]Object // each with its "dashboard" and "folderUid"
	Rules      map[string]Object
	Closed     bool // the administrator is no member
}

// Server is the server's state. It is safe for concurrent use through HTTP; access its
// fields only while no request is in flight.
type Server struct {
	Organisations []*Organisation
	Writes        []string // each request other than a GET, with its organisation
	// Before sees each request first, and returns true if it has answered it.
	Before func(http.ResponseWriter, *http.Request) bool
	// Fills makes the server add and omit fields of what it stores, as Grafana may.
	Fills bool
	// Behind makes the index of dashboards by id lag, which Grafana 12 and later keep
	// apart from them: a lookup by id finds nothing.
	Behind bool

	mu   sync.Mutex
	last int64
}

// New returns a newly installed Grafana.
func New() *Server {
	s := &Server{}
	s.add("Main Org.")
	return s
}

func (s *Server) add(name string) *Organisation {
	o := &Organisation{
		ID: int64(len(s.Organisations) + 1), Name: name,
		Folders: map[string]Object{}, Sources: map[string]Object{}, Dashboards: map[string]Object{}, Rules: map[string]Object{},
	}
	s.Organisations = append(s.Organisations, o)
	return o
}

// Organisation returns an organisation by its name, or nil.
func (s *Server) Organisation(name string) *Organisation {
	for _, o := range s.Organisations {
		if o.Name == name {
			return o
		}
	}
	return nil
}

// answer is a status and a JSON body; nil: no body.
type answer struct {
	status int
	body   any
}

func ok(body any) answer { return answer{http.StatusOK, body} }

func no(status int, message string) answer { return answer{status, Object{"message": message}} }

func changed(message string) answer {
	return answer{http.StatusPreconditionFailed, Object{"status": "version-mismatch", "message": message}}
}

// request is an authenticated request, about an organisation.
type request struct {
	*http.Request
	in   *Organisation
	body Object
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Before != nil && s.Before(w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.answer(r)
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body)
}

func (s *Server) answer(r *http.Request) answer {
	id := int64(1)
	user, password, basic := r.BasicAuth()
	switch {
	case basic && user == User && password == Password:
		if header := r.Header.Get("X-Grafana-Org-Id"); header != "" {
			id, _ = strconv.ParseInt(header, 10, 64)
		}
	case r.Header.Get("Authorization") == "Bearer "+Token:
	default:
		return no(http.StatusUnauthorized, "Invalid username or password")
	}
	if id < 1 || id > int64(len(s.Organisations)) {
		return no(http.StatusNotFound, "Organization not found")
	}
	q := request{Request: r, in: s.Organisations[id-1]}
	if q.in.Closed {
		return no(http.StatusForbidden, "You'll need additional permissions to perform this action.")
	}
	if r.Method != http.MethodGet {
		s.Writes = append(s.Writes, fmt.Sprintf("%s %s in %s", r.Method, r.URL.Path, q.in.Name))
		if r.ContentLength != 0 {
			if err := json.NewDecoder(r.Body).Decode(&q.body); err != nil {
				return no(http.StatusBadRequest, "bad request data")
			}
		}
	}
	parts := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/api"), "/"), "/")
	var last string
	if len(parts) > 1 {
		last = parts[len(parts)-1]
	}
	switch parts[0] {
	case "org":
		return ok(Object{"id": q.in.ID, "name": q.in.Name, "address": Object{}})
	case "orgs":
		if !basic {
			return no(http.StatusForbidden, "You'll need additional permissions to perform this action. Permissions needed: orgs:read")
		}
		return s.orgs(q, last)
	case "folders":
		return s.folders(q, last)
	case "datasources":
		return s.sources(q, last)
	case "dashboards":
		return s.dashboards(q, last)
	case "search":
		return s.search(q)
	case "v1":
		return s.rules(q, parts)
	default:
		return no(http.StatusNotFound, "Not found")
	}
}

func (s *Server) orgs(q request, name string) answer {
	if q.Method == http.MethodPost {
		name, _ = q.body["name"].(string)
		if s.Organisation(name) != nil {
			return no(http.StatusConflict, "Organization name taken")
		}
		return ok(Object{"orgId": s.add(name).ID, "message": "Organization created"})
	}
	o := s.Organisation(name)
	if o == nil {
		return no(http.StatusNotFound, "Organization not found")
	}
	return ok(Object{"id": o.ID, "name": o.Name, "address": Object{}})
}

func (s *Server) next() int64 {
	s.last++
	return s.last
}

func (s *Server) folders(q request, uid string) answer {
	f := q.in.Folders[uid]
	switch q.Method {
	case http.MethodPost:
		uid, _ = q.body["uid"].(string)
		if q.in.Folders[uid] != nil {
			return changed("the folder has been changed by someone else") // as Grafana 12 and later do; 11 answers 409
		}
		f = Object{"id": s.next(), "uid": uid, "title": q.body["title"], "version": 1.0, "url": "/dashboards/f/" + uid}
	case http.MethodPut:
		if f == nil {
			break
		}
		if f["version"] != q.body["version"] {
			return changed("the folder has been changed by someone else")
		}
		f = with(f, Object{"title": q.body["title"], "version": f["version"].(float64) + 1})
	}
	if f == nil {
		return answer{http.StatusNotFound, Object{"status": "not-found", "message": "folder not found"}}
	}
	q.in.Folders[uid] = f
	return ok(f)
}

func (s *Server) sources(q request, uid string) answer {
	source := q.in.Sources[uid]
	if q.Method == http.MethodGet {
		if source == nil {
			return no(http.StatusNotFound, "Data source not found")
		}
		fields := Object{}
		secret, _ := source["secret"].(Object)
		for name := range secret {
			fields[name] = true
		}
		public := with(source, Object{"secureJsonFields": fields, "orgId": q.in.ID, "typeLogoUrl": "", "basicAuth": false, "withCredentials": false, "user": "", "database": ""})
		delete(public, "secret")
		return ok(public)
	}
	version := 1.0
	if q.Method == http.MethodPut {
		switch {
		case source == nil:
			return no(http.StatusNotFound, "Data source not found")
		case source["readOnly"] == true:
			return no(http.StatusForbidden, "Cannot update read-only data source")
		case source["version"].(float64) > q.body["version"].(float64):
			return no(http.StatusConflict, "Datasource has already been updated by someone else. Please reload and try again")
		}
		version += source["version"].(float64)
	} else {
		uid, _ = q.body["uid"].(string)
		for _, other := range q.in.Sources {
			if other["name"] == q.body["name"] || other["uid"] == uid {
				return no(http.StatusConflict, "data source with the same name already exists")
			}
		}
	}
	secret := Object{} // secrets that are not sent again are kept
	if source != nil {
		secret, _ = source["secret"].(Object)
	}
	given, _ := q.body["secureJsonData"].(Object)
	stored := with(q.body, Object{"id": s.next(), "uid": uid, "version": version, "secret": with(secret, given), "readOnly": false})
	delete(stored, "secureJsonData")
	q.in.Sources[uid] = stored
	return ok(Object{"datasource": Object{}, "id": stored["id"], "name": stored["name"], "message": "Datasource added"})
}

func with(o, more Object) Object {
	o = maps.Clone(o)
	maps.Copy(o, more)
	return o
}

func (s *Server) dashboards(q request, uid string) answer {
	switch q.Method {
	case http.MethodPost:
		return s.save(q)
	case http.MethodDelete:
		if q.in.Dashboards[uid] == nil {
			return no(http.StatusNotFound, "Dashboard not found")
		}
		if q.in.Dashboards[uid]["provisioned"] == true {
			return no(http.StatusBadRequest, "provisioned dashboard cannot be deleted")
		}
		delete(q.in.Dashboards, uid)
		return ok(Object{"uid": uid, "title": uid, "message": "Dashboard " + uid + " deleted"})
	}
	d := q.in.Dashboards[uid]
	if d == nil {
		return no(http.StatusNotFound, "Dashboard not found")
	}
	return ok(Object{"dashboard": d["dashboard"], "meta": Object{"folderUid": d["folderUid"], "canSave": true, "type": "db", "url": "/d/" + uid}})
}

func (s *Server) save(q request) answer {
	d, _ := q.body["dashboard"].(Object)
	uid, _ := d["uid"].(string)
	folder, _ := q.body["folderUid"].(string)
	if q.in.Folders[folder] == nil {
		return no(http.StatusBadRequest, "folder not found")
	}
	if id, _ := d["id"].(float64); id > 0 && s.Behind {
		return no(http.StatusNotFound, "Dashboard not found")
	}
	version := 1.0
	d = with(d, Object{"id": s.next()})
	if there := q.in.Dashboards[uid]; there != nil {
		old := there["dashboard"].(Object)
		if there["provisioned"] == true {
			return no(http.StatusBadRequest, "Cannot save provisioned dashboard")
		}
		if d["version"] != old["version"] && q.body["overwrite"] != true {
			return changed("The dashboard has been changed by someone else")
		}
		version, d["id"] = old["version"].(float64)+1, old["id"]
	}
	d["version"] = version
	if s.Fills {
		fill(d)
	}
	q.in.Dashboards[uid] = Object{"dashboard": d, "folderUid": folder}
	return ok(Object{"id": d["id"], "uid": uid, "url": "/d/" + uid, "status": "success", "version": version, "slug": uid})
}

// fill changes a dashboard as various versions of Grafana do when they store it.
func fill(d Object) {
	withoutNulls(d)
	d["schemaVersion"], d["liveNow"], d["timepicker"], d["weekStart"] = 43.0, false, Object{}, ""
	for _, p := range d["panels"].([]any) {
		panel := p.(Object)
		panel["pluginVersion"], panel["links"] = "13.0.0", []any{}
		delete(panel, "transparent") // false
		options := panel["options"].(Object)
		options["percentChangeColorMode"], options["enablePagination"] = "standard", false
		for _, t := range panel["targets"].([]any) {
			t.(Object)["hide"] = false
		}
	}
}

func withoutNulls(v any) {
	switch v := v.(type) {
	case Object:
		maps.DeleteFunc(v, func(_ string, member any) bool { return member == nil })
		for _, member := range v {
			withoutNulls(member)
		}
	case []any:
		for _, member := range v {
			withoutNulls(member)
		}
	}
}

func (s *Server) search(q request) answer {
	hits := []Object{}
	for _, uid := range slices.Sorted(maps.Keys(q.in.Dashboards)) {
		d := q.in.Dashboards[uid]["dashboard"].(Object)
		tags, _ := d["tags"].([]any)
		if tag := q.URL.Query().Get("tag"); tag == "" || slices.Contains(tags, any(tag)) {
			hits = append(hits, Object{"uid": uid, "title": d["title"], "type": "dash-db", "tags": tags})
		}
	}
	return ok(hits)
}
