package embedded

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/sr"

	"pitstop/schemas/avro"
)

// refuses returns why a schema must not become the subject's next version; nil: it
// may, or is one of them already.
func (s *registryStore) refuses(subject string, schema sr.Schema) error {
	versions := s.versions(subject)
	if slices.ContainsFunc(versions, func(v sr.SubjectSchema) bool { return v.Schema.Schema == schema.Schema && v.Type == schema.Type }) {
		return nil
	}
	level := s.level(subject)
	switch {
	case len(versions) == 0 || level == "NONE":
		return nil
	case !strings.HasSuffix(level, "_TRANSITIVE"):
		versions = versions[len(versions)-1:]
	}
	return incompatible(schema, versions...)
}

// unreadable returns why a schema is none.
func unreadable(schema sr.Schema) error {
	if schema.Type != sr.TypeAvro {
		return nil // nobody here can tell
	}
	return avro.Check(schema.Schema)
}

// incompatible returns why a schema is not compatible with others, the newest first.
func incompatible(schema sr.Schema, with ...sr.SubjectSchema) error {
	for _, v := range slices.Backward(with) {
		if schema.Type != sr.TypeAvro || v.Type != sr.TypeAvro {
			return fmt.Errorf("version %d: only Avro can be compared here: use a schema registry of your own, or compatibility NONE", v.Version)
		}
		if err := avro.Compatible(v.Schema.Schema, schema.Schema); err != nil {
			return fmt.Errorf("version %d: %w", v.Version, err)
		}
	}
	return nil
}

// versions returns a subject's versions, oldest first. Nothing is ever deleted, so
// their numbers have no gap.
func (s *registryStore) versions(subject string) (all []sr.SubjectSchema) {
	for v := 1; ; v++ {
		schema, ok := s.fake.GetSchema(subject, v)
		if !ok {
			return all
		}
		all = append(all, schema)
	}
}

// level returns a subject's level of compatibility, or the one for all.
func (s *registryStore) level(subject string) string {
	var level struct {
		Is string `json:"compatibilityLevel"`
	}
	_ = json.Unmarshal(s.ask(http.MethodGet, "/config/"+url.PathEscape(subject)), &level) // our own answer
	return level.Is
}

// ask returns what srfake answers.
func (s *registryStore) ask(method, path string) []byte {
	answer := httptest.NewRecorder()
	s.fake.Handler().ServeHTTP(answer, httptest.NewRequest(method, path, http.NoBody))
	return answer.Body.Bytes()
}

// compatible serves POST /compatibility/subjects/{subject}/versions, which asks about
// what registration would say, and …/{version}, which asks about one version.
func (s *registryStore) compatible(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	var schema sr.Schema
	err := json.Unmarshal(body, &schema)
	if err = cmp.Or(err, unreadable(schema)); err != nil {
		registryError(w, http.StatusUnprocessableEntity, sr.ErrInvalidSchema.Code, "read schema: "+err.Error())
		return
	}
	subject, version := r.PathValue("subject"), r.PathValue("version")
	versions := s.versions(subject)
	why := s.refuses(subject, schema)
	switch {
	case len(versions) == 0 && version != "":
		registryError(w, http.StatusNotFound, sr.ErrSubjectNotFound.Code, fmt.Sprintf("there is no subject %q", subject))
		return
	case version != "" && version != "latest":
		i := slices.IndexFunc(versions, func(v sr.SubjectSchema) bool { return fmt.Sprint(v.Version) == version })
		if i < 0 {
			registryError(w, http.StatusNotFound, sr.ErrVersionNotFound.Code, fmt.Sprintf("subject %q has no version %s", subject, version))
			return
		}
		if why = nil; s.level(subject) != "NONE" {
			why = incompatible(schema, versions[i])
		}
	}
	verdict := map[string]any{"is_compatible": why == nil}
	if why != nil && r.URL.Query().Get("verbose") == "true" {
		verdict["messages"] = []string{why.Error()}
	}
	w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	_ = json.NewEncoder(w).Encode(verdict) // the client may be gone
}
