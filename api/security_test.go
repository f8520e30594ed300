package api_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/api"
	"pitstop/api/apitest"
)

// docs/security.md says of every route who may use it.
func TestWhoCanDoWhat(t *testing.T) {
	const file, begin, end = "../docs/security.md", "-update -->\n", "<!-- end of routes -->"
	text, err := os.ReadFile(file)
	apitest.Must(t, err)
	before, rest, _ := strings.Cut(string(text), begin)
	got, after, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatal("the place of the routes is not marked")
	}
	want := "\n| route | who |\n|---|---|\n"
	for _, r := range api.Routes() {
		want += fmt.Sprintf("| `%s %s` | %s |\n", r.Method, r.Path, r.Allowed)
	}
	want += "\n"
	if *update {
		apitest.Must(t, os.WriteFile(file, []byte(before+begin+want+end+after), 0o644))
	} else if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("who can do what (-want +got):\n%s", diff)
	}
}
