package kafka_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pitstop/schemas/kafka"
	"pitstop/schemas/kafka/kafkatest"
	"pitstop/schemas/record"
)

// An open transaction is below the end and not below the stable end. A group that
// has not begun has committed nothing, which is no error; a topic that is not there is.
func TestOffsets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, topic := kafkatest.Start(t, 1), record.Events.Name
		kafkatest.OpenTransaction(t, c.Config, "open", time.Minute, record.Events, 0)
		cl := c.Client(t)
		adm := kadm.NewClient(cl)
		for what, list := range map[string]struct {
			offsets func() (kadm.ListedOffsets, error)
			want    int64
		}{
			"start":      {func() (kadm.ListedOffsets, error) { return kafka.Starts(t.Context(), adm, topic) }, 0},
			"end":        {func() (kadm.ListedOffsets, error) { return kafka.Ends(t.Context(), adm, topic) }, 1},
			"stable end": {func() (kadm.ListedOffsets, error) { return kafka.StableEnds(t.Context(), adm, topic) }, 0},
		} {
			listed, err := list.offsets()
			must(t, err)
			got, err := kafka.OffsetOf(listed, topic, 0)
			if err != nil || got != list.want {
				t.Errorf("%s: %d, %v, want %d", what, got, err, list.want)
			}
			if got, err := kafka.OffsetOf(listed, topic, 1); err == nil {
				t.Errorf("%s of a partition that is not there: %d", what, got)
			}
		}
		if _, err := kafka.Ends(t.Context(), adm, topic, "nowhere"); err == nil {
			t.Error("a topic that is not there has ends")
		}
		committed, err := kafka.Committed(t.Context(), adm, "new")
		if err != nil || len(committed["new"]) > 0 {
			t.Errorf("a new group has committed %v, %v", committed, err)
		}
		must(t, cl.EndTransaction(t.Context(), kgo.TryAbort))
	})
}
