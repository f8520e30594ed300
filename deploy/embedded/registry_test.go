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
		t.Repeat(map[string]func(*rapid.T){
			"register": func(t *rapid.T) {
				subject := rapid.SampledFrom([]string{"events-a", "events-b", "notifications-a"}).Draw(t, "subject")
				schema := fmt.Sprintf(`{"schema":"{\"type\":\"record\",\"name\":\"R%d\",\"fields\":[]}"}`, rapid.IntRange(0, 5).Draw(t, "schema"))
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
