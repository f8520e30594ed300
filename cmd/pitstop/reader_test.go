package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pitstop/deploy/embedded"
	"pitstop/schemas/garage"
)

// pitstop reader prints the DSN of a reader that exists, or says why there is none.
// deploy/e2e asks a running engine.
func TestReader(t *testing.T) {
	const server = "clickhouse://pitstop:s3cret@host:9000/pitstop"
	elsewhere := t.TempDir()
	if err := (embedded.Addresses{ClickHouse: server}).Write(elsewhere); err != nil {
		t.Fatal(err)
	}
	garages := filepath.Join(t.TempDir(), "garages.yaml")
	if err := os.WriteFile(garages, garage.Sample, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PITSTOP_READER_SECRET", strings.Repeat("5e", 32))
	for _, tc := range []struct {
		args []string
		code int
		says []string
	}{
		{[]string{"--clickhouse", server}, 0, []string{"clickhouse://pitstop_reader:", "@host:9000/pitstop_readers"}},
		{[]string{"--clickhouse", server, "--garage", "zuid"}, 0, []string{"clickhouse://pitstop_reader_zuid:"}},
		{[]string{"--clickhouse", server, "--garage", "noord", "--garages", garages}, 0, []string{"clickhouse://pitstop_reader_noord:"}},
		{[]string{"--clickhouse", server, "--garage", "zuid", "--garages", garages}, 2, []string{`no garage "zuid"`, "de-brug, noord"}},
		{[]string{"--clickhouse", server + "?password=s3cret"}, 2, []string{"password"}},
		{[]string{"--data", elsewhere}, 2, []string{"a ClickHouse server of yours", "pitstop migrate", "PITSTOP_READER_SECRET"}},
		{[]string{"--data", t.TempDir()}, 2, []string{"is pitstop up --data"}},
		{[]string{"--data", elsewhere, "--clickhouse", server}, 2, []string{"give --data or --clickhouse, not both"}},
	} {
		var said bytes.Buffer
		if code := run(t.Context(), append([]string{"reader"}, tc.args...), nil, &said, &said); code != tc.code {
			t.Errorf("reader %q: exit code %d, want %d: %s", tc.args, code, tc.code, &said)
		}
		for _, s := range tc.says {
			if !strings.Contains(said.String(), s) {
				t.Errorf("reader %q: %s does not say %q", tc.args, &said, s)
			}
		}
		if strings.Contains(said.String(), "s3cret") {
			t.Errorf("reader %q tells the program's password: %s", tc.args, &said)
		}
	}
}
