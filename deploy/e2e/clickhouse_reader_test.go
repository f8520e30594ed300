package e2e

import (
	"slices"
	"strings"
	"testing"

	"pitstop/sinks/clickhouse"
)

// TestReaderOfOneGarage logs in with the DSN that pitstop reader prints, as a Grafana would.
func TestReaderOfOneGarage(t *testing.T) {
	t.Parallel()
	p := shared(t)
	var every []string
	for _, g := range everyGarage {
		every = append(every, g.ID)
	}
	slices.Sort(every)
	for _, who := range []struct {
		args []string
		sees []string
	}{
		{[]string{"--garage", every[0]}, every[:1]},
		{[]string{"--garage", every[1]}, every[1:2]},
		{nil, every},
	} {
		code, out, errOut := program.Run(t, append([]string{"reader", "--data", p.Dir}, who.args...)...)
		if code != 0 {
			t.Fatalf("pitstop reader %q: %d %s", who.args, code, errOut)
		}
		conn, err := clickhouse.Config{DSN: strings.TrimSpace(out)}.Open()
		if err != nil {
			t.Fatal(err)
		}
		var sees []string
		if err := conn.QueryRow(t.Context(), "SELECT arraySort(groupArray(garage_id)) FROM garages").Scan(&sees); err != nil || !slices.Equal(sees, who.sees) {
			t.Errorf("pitstop reader %q sees %q, %v", who.args, sees, err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	refuses(t, []string{"reader", "--data", p.Dir, "--garage", "nowhere"}, `no garage "nowhere"`, strings.Join(every, ", "))
}
