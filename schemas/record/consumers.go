package record

// Consumer is a consumer group: its name and the topics it reads. The API is not one:
// it reads without a group.
type Consumer struct {
	// Name is what it is called on the command line and in logs, metrics and alerts.
	Name string
	// Reads are the topics it subscribes to; with Ticks among them it has timers.
	Reads []Topic
	// Stateful consumers are processors: what they know of each key is rebuilt from
	// a changelog. The others are sinks.
	Stateful bool
	// Writes are the topics that only it writes, by which it is known that it has run
	// before; none: what it does twice counts once.
	Writes []Topic
}

// The consumers.
var (
	LifecycleProcessor    = Consumer{Name: "lifecycle", Stateful: true, Reads: []Topic{Commands, Ticks}, Writes: []Topic{Outcomes, Events}}
	NotificationProcessor = Consumer{Name: "notification", Stateful: true, Reads: []Topic{Events, Deliveries, Ticks}, Writes: []Topic{Notifications}}
	LatencyProcessor      = Consumer{Name: "latency", Stateful: true, Reads: []Topic{Events, Notifications, Deliveries}, Writes: []Topic{Latencies}}
	ClickHouseSink        = Consumer{Name: "clickhouse", Reads: []Topic{Commands, Outcomes, Events, Notifications, Deliveries, Latencies, DeadLetters}}
	EmailSink             = Consumer{Name: "email", Reads: []Topic{Notifications}, Writes: []Topic{Deliveries}}
)

// Consumers lists them all, in the order in which records reach them.
var Consumers = []Consumer{LifecycleProcessor, NotificationProcessor, LatencyProcessor, ClickHouseSink, EmailSink}

// Processors lists the stateful ones, in the same order.
func Processors() (all []Consumer) {
	for _, c := range Consumers {
		if c.Stateful {
			all = append(all, c)
		}
	}
	return all
}

// Group returns the name of the consumer group. A processor's transactional ids
// begin with it.
func (c Consumer) Group() string { return Prefix + c.Name }

// Subscription returns the names of the topics that it reads.
func (c Consumer) Subscription() []string {
	names := make([]string, len(c.Reads))
	for i, t := range c.Reads {
		names[i] = t.Name
	}
	return names
}

// Leaves returns the topics that hold something once it has run.
func (c Consumer) Leaves() []Topic {
	if !c.Stateful {
		return c.Writes
	}
	return append([]Topic{c.Changelog()}, c.Writes...)
}

// Changelog returns the topic from which a processor's state is rebuilt.
func (c Consumer) Changelog() Topic {
	return Topic{Name: c.Group() + ".changelog", Compacted: true}
}
