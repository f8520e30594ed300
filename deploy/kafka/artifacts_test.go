package kafka

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "fetch what pom.xml names and write its digests")

func TestArtifacts(t *testing.T) {
	if !*update {
		t.Skip("with -update, this writes artifacts.sha256")
	}
	sums, err := pinned.Sums(t.Context(), t.TempDir())
	if err == nil {
		err = os.WriteFile("artifacts.sha256", []byte(sums), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
