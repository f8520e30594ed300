package embedded

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"
	"pgregory.net/rapid"
)

func openRegistry(t interface {
	Helper()
	Fatal(...any)
}, path string,
) (*registryStore, func(method, target, body string) (int, string)) {
	t.Helper()
	store, err := openRegistryStore(path)
	if err != nil {
		t.Fatal(err)
	}
	return store, func(method, target, body string) (int, string) {
		return ask(registryHandler(store), method, target, body)
	}
}

// TestRegistryIDsNeverChange registers schemas in any order, restarts at any
// moment, and expects each to keep the id and version it was first given.
func TestRegistryIDsNeverChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "registry")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		path := dir + "/registry.jsonl"
		store, request := openRegistry(t, path)
		given := map[string]string{} // the answer to each request, looked up by subject
		if code, _ := request("PUT", "/config", `{"compatibility":"NONE"}`); code != http.StatusOK {
			t.Fatal("the level was not taken")
		}
		t.Repeat(map[string]func(*rapid.T){
			"register": func(t *rapid.T) {
				subject := rapid.SampledFrom([]string{"events-a", "events-b", "notifications-a"}).Draw(t, "subject")
				schema := gained(rapid.IntRange(0, 5).Draw(t, "schema"))
				if code, answer := request("POST", "/subjects/"+subject+"/versions", schema); code != http.StatusOK {
					t.Fatalf("register: %d %s", code, answer)
				}
				_, found := request("POST", "/subjects/"+subject, schema)
				if before, ok := given[subject+schema]; ok && before != found {
					t.Fatalf("%s became %s", before, found)
				}
				given[subject+schema] = found
			},
			"refuse": func(t *rapid.T) { // takes no id
				if code, _ := request("POST", "/subjects/events-a/versions", `{"schema":"nonsense"}`); code == http.StatusOK {
					t.Fatal("nonsense was registered")
				}
			},
			"restart": func(t *rapid.T) {
				if err := store.file.Close(); err != nil {
					t.Fatal(err)
				}
				store, request = openRegistry(t, path)
			},
			"crash": func(t *rapid.T) { // while a line was being written
				if _, err := store.file.WriteAt([]byte(`{"path":"/subjects/x/versi`), store.size); err != nil {
					t.Fatal(err)
				}
				if err := store.file.Close(); err != nil {
					t.Fatal(err)
				}
				store, request = openRegistry(t, path)
			},
			"": func(t *rapid.T) {
				for asked, want := range given {
					subject, schema, _ := strings.Cut(asked, "{")
					if _, found := request("POST", "/subjects/"+subject, "{"+schema); found != want {
						t.Fatalf("%s became %s", want, found)
					}
				}
			},
		})
		store.file.Close()
	})
}

// gained returns a request with a record of that many fields, each with a default.
func gained(fields int) string {
	var all []string
	for i := range fields {
		all = append(all, fmt.Sprintf(`{\"name\":\"f%d\",\"type\":\"string\",\"default\":\"\"}`, i))
	}
	return `{"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[` + strings.Join(all, ",") + `]}"}`
}

// What is no schema is refused as that, whatever was registered before.
func TestRegistryRefusesWhatIsNoSchema(t *testing.T) {
	_, request := openRegistry(t, t.TempDir()+"/registry.jsonl")
	for range 2 {
		for _, path := range []string{"/subjects/a/versions", "/compatibility/subjects/a/versions"} {
			for _, schema := range []string{`{`, `{\"type\":\"nothing\"}`, ``} {
				if code, answer := request("POST", path, `{"schema":"`+schema+`"}`); code != http.StatusUnprocessableEntity || !strings.Contains(answer, `"error_code":42201`) {
					t.Errorf("POST %s of %s: %d %s", path, schema, code, answer)
				}
			}
		}
		if code, answer := request("POST", "/subjects/a/versions", gained(1)); code != http.StatusOK {
			t.Fatal(answer)
		}
	}
}

// A new version is checked by the project's own rule, when it is registered and when
// somebody asks.
func TestRegistryRefusesAnIncompatibleVersion(t *testing.T) {
	const other = `{"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f0\",\"type\":\"long\",\"default\":0}]}"}`
	for name, c := range map[string]struct {
		level         string
		before        []string
		next          string
		version, want string // of /compatibility
		code          int
	}{
		"it gains a field":                  {"BACKWARD", []string{gained(1)}, gained(2), "latest", "true", 200},
		"it loses a field":                  {"BACKWARD", []string{gained(2)}, gained(1), "latest", "R.f1: the field was removed", 409},
		"a field has another type":          {"FULL", []string{gained(1)}, other, "1", "R.f0: was string, is long", 409},
		"it is there already":               {"BACKWARD", []string{gained(1), gained(2)}, gained(1), "1", "true", 200},
		"only the latest counts":            {"BACKWARD", []string{other, gained(0)}, gained(1), "latest", "true", 200},
		"with an earlier one, asked for it": {"BACKWARD", []string{other, gained(0)}, gained(1), "1", "R.f0: was long, is string", 200},
		"all count":                         {"BACKWARD_TRANSITIVE", []string{other, gained(0)}, gained(1), "latest", "version 1: R.f0: was long, is string", 409},
		"nothing is checked":                {"NONE", []string{gained(1)}, other, "latest", "true", 200},
		"a subject without versions":        {"BACKWARD", nil, gained(1), "latest", "40401", 200},
		"a version that there is not":       {"BACKWARD", []string{gained(1)}, gained(1), "7", "40402", 200},
	} {
		t.Run(name, func(t *testing.T) {
			_, request := openRegistry(t, t.TempDir()+"/registry.jsonl")
			request("PUT", "/config", `{"compatibility":"NONE"}`)
			for _, b := range c.before {
				if code, answer := request("POST", "/subjects/a/versions", b); code != http.StatusOK {
					t.Fatal(answer)
				}
			}
			request("PUT", "/config", `{"compatibility":"`+c.level+`"}`)
			if _, answer := request("POST", "/compatibility/subjects/a/versions/"+c.version+"?verbose=true", c.next); !strings.Contains(answer, c.want) {
				t.Errorf("asked, it says %s, want %s", answer, c.want)
			}
			code, answer := request("POST", "/subjects/a/versions", c.next)
			if code != c.code || code == http.StatusConflict && (!strings.Contains(answer, c.want) || !strings.Contains(answer, `"error_code":409`)) {
				t.Errorf("registered: %d %s, want %d", code, answer, c.code)
			}
			if asked, answer := request("POST", "/compatibility/subjects/a/versions?verbose=true", c.next); asked != http.StatusOK || strings.Contains(answer, "true") != (c.code == http.StatusOK) {
				t.Errorf("asked about all: %d %s", asked, answer)
			}
		})
	}
}

func TestRegistryKeepsCompatibilityLevels(t *testing.T) {
	path := t.TempDir() + "/registry.jsonl"
	store, request := openRegistry(t, path)
	for _, target := range []string{"/config", "/config/events-a"} {
		if code, answer := request("PUT", target, `{"compatibility":"FULL_TRANSITIVE"}`); code != http.StatusOK {
			t.Fatalf("%s: %d %s", target, code, answer)
		}
	}
	if err := store.file.Close(); err != nil {
		t.Fatal(err)
	}
	_, request = openRegistry(t, path)
	for _, target := range []string{"/config", "/config/events-a", "/config/events-b"} {
		if _, answer := request("GET", target, ""); !strings.Contains(answer, "FULL_TRANSITIVE") {
			t.Errorf("%s became %s", target, answer)
		}
	}
}

func TestRegistryRefusesWhatItCannotKeep(t *testing.T) {
	_, request := openRegistry(t, t.TempDir()+"/registry.jsonl")
	request("POST", "/subjects/events-a/versions", `{"schema":"\"string\""}`)
	for _, target := range []string{
		"DELETE /subjects/events-a", "DELETE /subjects/events-a/versions/1", "PUT /mode",
		"POST /contexts/c/subjects/events-a/versions",
	} {
		method, path, _ := strings.Cut(target, " ")
		code, answer := request(method, path, `{"mode":"IMPORT"}`)
		if code != http.StatusMethodNotAllowed || !strings.Contains(answer, "use a schema registry of your own") {
			t.Errorf("%s: %d %s", target, code, answer)
		}
	}
	if _, answer := request("GET", "/schemas/ids/1", ""); !strings.Contains(answer, "string") {
		t.Errorf("the schema is gone: %s", answer)
	}
}

func TestRegistryAnswersNoIDThatIsNotWritten(t *testing.T) {
	store, request := openRegistry(t, t.TempDir()+"/registry.jsonl")
	if err := store.file.Close(); err != nil { // as a full disk: every write fails
		t.Fatal(err)
	}
	for range 2 { // a retry either
		if code, answer := request("POST", "/subjects/a/versions", `{"schema":"\"string\""}`); code != http.StatusInternalServerError {
			t.Errorf("%d %s, want 500", code, answer)
		}
	}
}

func TestDamagedRegistryIsNotOpened(t *testing.T) {
	for name, text := range map[string]string{
		"not JSON":          "x\n",
		"id with two texts": line(1, 1, "a") + line(1, 1, "b"),
		"no schema":         `{"path":"/subjects/s/versions","body":{"schema":"x"},"subject":"s","version":1,"id":1}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir() + "/registry.jsonl"
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := openRegistryStore(path)
			wantError(t, err, path, "line", "restore the file from a backup")
		})
	}
}

func line(version, id int, name string) string {
	return fmt.Sprintf(`{"path":"/subjects/s/versions","body":{"schema":"{\"type\":\"enum\",\"name\":%q,\"symbols\":[\"x\"]}"},"subject":"s","version":%d,"id":%d}`+"\n", name, version, id)
}

func TestRegistryServesItsClient(t *testing.T) {
	d := openData(t, t.TempDir())
	r := must(StartRegistry(t.Context(), d, newLog(t).Logger))(t)
	defer stop(t, r)
	id := register(t, r.URL, "events-value", `{"type":"record","name":"A","fields":[]}`)
	client := must(sr.NewClient(sr.URLs(r.URL)))(t)
	schema, err := client.SchemaByID(t.Context(), id)
	if err != nil || !strings.Contains(schema.Schema, `"A"`) {
		t.Errorf("schema %d is %q, %v", id, schema.Schema, err)
	}
}
