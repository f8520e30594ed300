package e2e

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pitstop/deploy/e2e/garage"
)

// schemathesisVar holds the path of Schemathesis: make schemathesis sets it.
const schemathesisVar = "PITSTOP_TEST_SCHEMATHESIS"

// Schemathesis sends, for each role, requests that it makes from the OpenAPI document,
// valid and invalid ones, and compares what comes back with the document.
func TestSchemathesis(t *testing.T) {
	program := os.Getenv(schemathesisVar)
	if program == "" {
		t.Skip("make schemathesis runs this")
	}
	g := garage.New(t, shared(t), "described")
	config, err := os.ReadFile("../openapi/schemathesis.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range slices.Sorted(maps.Keys(garage.Subjects)) {
		t.Run(role, func(t *testing.T) {
			var repairs string
			for range 12 {
				job := g.Start(nil)
				job.Ask(nil)
				repairs += strconv.Quote(job.ID) + "\n"
			}
			dir := t.TempDir()
			for name, content := range map[string]string{"schemathesis.toml": string(config), "repairs": repairs} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			token := g.As(role).Token
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), program, "run", g.API+"/openapi.json",
				"--header", "Authorization: Bearer "+token, "--no-color", "--continue-on-failure")
			cmd.Dir = dir
			said, err := cmd.CombinedOutput()
			t.Logf("%s", said)
			if err != nil {
				t.Error(err)
			}
			if !strings.Contains(string(said), "API Operations:") || strings.Contains(string(said), "Tested: 0") {
				t.Error("it tested nothing")
			}
		})
	}
}
