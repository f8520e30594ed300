package record

import "time"

// Topic is one entry of the catalogue: what the log promises its consumers.
type Topic struct {
	// Name is the whole name, Prefix included.
	Name string
	// Retention is how long records are kept; 0: for ever.
	Retention time.Duration
	// Compacted topics keep the newest record of each key instead.
	Compacted bool
	// MaxRecordBytes is the largest record; 0: the broker's default.
	MaxRecordBytes int
}

// Prefix begins the name of every topic and consumer group.
const Prefix = "pitstop."

// The topics, all co-partitioned: every record of a repair has the repair's id
// as its key.
var (
	Commands      = Topic{Name: Prefix + "commands", Retention: 7 * 24 * time.Hour}
	Outcomes      = Topic{Name: Prefix + "outcomes", Retention: 7 * 24 * time.Hour}
	Events        = Topic{Name: Prefix + "events"}
	Notifications = Topic{Name: Prefix + "notifications"}
	Deliveries    = Topic{Name: Prefix + "deliveries"}
	Latencies     = Topic{Name: Prefix + "latencies"}
	Ticks         = Topic{Name: Prefix + "ticks", Retention: time.Hour}
	DeadLetters   = Topic{Name: Prefix + "dead-letters", Retention: 30 * 24 * time.Hour, MaxRecordBytes: 2 << 20}
)

// Topics lists the whole catalogue.
func Topics() []Topic {
	all := []Topic{Commands, Outcomes, Events, Notifications, Deliveries, Latencies, Ticks, DeadLetters}
	for _, p := range Processors() {
		all = append(all, p.Changelog())
	}
	return all
}
