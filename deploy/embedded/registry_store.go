package embedded

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
)

// A registryChange is one line of registry.jsonl: a request that changed the
// registry and, for a registration, the version and id it was given.
type registryChange struct {
	Path    string          `json:"path"`
	Body    json.RawMessage `json:"body"`
	Subject string          `json:"subject,omitempty"`
	Version int             `json:"version,omitempty"`
	ID      int             `json:"id,omitempty"` // 0: not a registration but a PUT
}

// registryStore is the registry in memory and the file it is rebuilt from.
type registryStore struct {
	fake *srfake.Registry

	mu      sync.Mutex // one change at a time, so that the file has their order
	file    *os.File
	size    int64                   // of the whole lines in file
	written map[subjectVersion]bool // the registrations in file
}

type subjectVersion struct {
	subject string
	version int
}

func openRegistryStore(path string) (*registryStore, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	s := &registryStore{fake: srfake.NewRegistry(), file: file, written: map[subjectVersion]bool{}}
	if err := errors.Join(s.replay(), syncDir(filepath.Dir(path))); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), file.Close())
	}
	return s, nil
}

// replay rebuilds the registry. A last line without its end was cut short by a
// crash and never answered: it is dropped. Anything else that does not fit is an
// error, since a schema under another id would make records unreadable.
func (s *registryStore) replay() error {
	text, err := io.ReadAll(s.file)
	if err != nil {
		return err
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	ids := map[int]bool{}
	for n, line := range bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		if len(text) == 0 {
			break
		}
		var c registryChange
		err := json.Unmarshal(line, &c)
		if err == nil {
			err = s.apply(c, ids)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w: restore the file from a backup", n+1, err)
		}
	}
	s.size = int64(len(text))
	return s.file.Truncate(s.size)
}

// apply repeats a change from the file. ids are those given so far.
func (s *registryStore) apply(c registryChange, ids map[int]bool) (err error) {
	if c.ID == 0 {
		answer := httptest.NewRecorder()
		s.fake.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodPut, c.Path, bytes.NewReader(c.Body)))
		if answer.Code != http.StatusOK {
			return fmt.Errorf("PUT %s: %s", c.Path, answer.Body)
		}
		return nil
	}
	var schema sr.Schema
	if err := json.Unmarshal(c.Body, &schema); err != nil {
		return err
	}
	if !ids[c.ID] {
		// SeedSchema takes any id, and panics where something does not fit.
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("schema %d: %v", c.ID, p)
			}
		}()
		s.fake.SeedSchema(c.Subject, c.Version, c.ID, schema)
	} else {
		// The same schema under another subject, which has the same id.
		id, version, err := s.fake.RegisterSchema(c.Subject, schema)
		if err != nil {
			return err
		}
		if id != c.ID || version != c.Version {
			return fmt.Errorf("subject %s version %d has schema %d, but became version %d with schema %d", c.Subject, c.Version, c.ID, version, id)
		}
	}
	ids[c.ID] = true
	s.written[subjectVersion{c.Subject, c.Version}] = true
	return nil
}

// register serves POST /subjects/{subject}/versions.
func (s *registryStore) register(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	var schema sr.Schema
	subject := r.PathValue("subject")
	if err := json.Unmarshal(body, &schema); err == nil {
		if why := unreadable(schema); why != nil {
			registryError(w, http.StatusUnprocessableEntity, sr.ErrInvalidSchema.Code, "read schema: "+why.Error())
			return
		}
		if why := s.refuses(subject, schema); why != nil {
			registryError(w, http.StatusConflict, sr.ErrIncompatibleSchema.Code,
				fmt.Sprintf("the schema is incompatible with an earlier one of subject %q: %v", subject, why))
			return
		}
		id, version, err := s.fake.RegisterSchema(subject, schema)
		// The id is taken from here on: if it could not be written at the first
		// try, a later one writes it before it is answered.
		if key := (subjectVersion{subject, version}); err == nil && !s.written[key] {
			if !s.write(w, registryChange{r.URL.Path, body, subject, version, id}) {
				return
			}
			s.written[key] = true
		}
	}
	// srfake answers a schema that it knows by now with its id, anything else with an error.
	s.fake.Handler().ServeHTTP(w, r)
}

// put serves the PUT requests, all of which may be repeated.
func (s *registryStore) put(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	answer := httptest.NewRecorder()
	s.fake.Handler().ServeHTTP(answer, r)
	if answer.Code == http.StatusOK && !s.write(w, registryChange{Path: r.URL.EscapedPath(), Body: body}) {
		return
	}
	w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // the client may be gone
}

// write appends c and makes it durable, or answers with an error. What a failed
// write has left in the file is cut off, so that the next line starts clean.
func (s *registryStore) write(w http.ResponseWriter, c registryChange) bool {
	line, err := json.Marshal(c)
	if err == nil {
		_, err = s.file.WriteAt(append(line, '\n'), s.size)
	}
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		err = errors.Join(err, s.file.Truncate(s.size))
		registryError(w, http.StatusInternalServerError, sr.ErrStoreError.Code, "write registry file: "+err.Error())
		return false
	}
	s.size += int64(len(line)) + 1
	return true
}

// readBody reads the body and puts it back, for srfake to read it again.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		registryError(w, http.StatusRequestEntityTooLarge, sr.ErrInvalidSchema.Code, "read request: "+err.Error())
		return nil, false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, true
}

func registryError(w http.ResponseWriter, status, code int, message string) {
	w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error_code": code, "message": message}) // the client may be gone
}
