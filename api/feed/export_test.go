package feed

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Keep lets the tail keep no more than some entries.
func (f *Feed) Keep(entries int) { f.tail.most = entries }

// End lets the tail see that partition 0 ends at an offset.
func (f *Feed) End(offset int64, now time.Time) {
	f.tail.compare(kgo.Fetches{{Topics: []kgo.FetchTopic{{Partitions: []kgo.FetchPartition{{LastStableOffset: offset}}}}}}, now)
}
