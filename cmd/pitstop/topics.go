package main

import (
	"errors"
	"fmt"

	"pitstop/schemas/kafka"
)

// topicsCommand compares the cluster with the catalogue of topics.
type topicsCommand struct {
	Plan  topicsPlan  `cmd:"" help:"Show what apply would do."`
	Apply topicsApply `cmd:"" help:"Create missing topics and correct settings that drifted. Refuses to change a number of partitions."`
}

type topicsFlags struct {
	brokerFlags
	logFlags
	Partitions  int32 `default:"12" help:"Partitions of every topic. Chosen once: it bounds how many processes can share the work of a role."`
	Replication int16 `default:"3" help:"Copies of every partition."`
	MinInSync   int   `default:"2" help:"Copies that must acknowledge a write; 0: the brokers' default."`
}

type (
	topicsPlan  struct{ topicsFlags }
	topicsApply struct{ topicsFlags }
)

func (c *topicsPlan) Run(e *env) error  { return c.run(e, false) }
func (c *topicsApply) Run(e *env) error { return c.run(e, true) }

func (c *topicsFlags) run(e *env, apply bool) error {
	cfg := c.config()
	var counts, acks error
	if c.Partitions < 1 || c.Replication < 1 {
		counts = errors.New("--partitions and --replication must be at least 1")
	}
	if c.MinInSync > int(c.Replication) {
		acks = fmt.Errorf("--min-in-sync %d is more than --replication %d: nothing could be written", c.MinInSync, c.Replication)
	}
	if err := wrongUsage(cfg.ValidateBrokers(), counts, acks); err != nil {
		return err
	}
	layout := kafka.Layout{Partitions: c.Partitions, Replication: c.Replication, MinInSync: c.MinInSync}
	adm, err := cfg.Admin("pitstop-topics", c.logger(e.err))
	if err != nil {
		return err
	}
	defer adm.Close()
	steps, err := layout.Plan(e, adm)
	if err != nil {
		return err
	}
	refused := 0
	for _, s := range steps {
		verb := ""
		if s.Refused {
			verb, refused = "refused: ", refused+1
		}
		fmt.Fprintf(e.out, "%s: %s%s\n", s.Topic, verb, s.What)
	}
	if len(steps) == 0 {
		fmt.Fprintln(e.out, "nothing to do: every topic is as the catalogue says")
		return nil
	}
	switch {
	case !apply && refused > 0:
		return fmt.Errorf("%d changes are refused: what is said above has to be done by hand first", refused)
	case !apply:
		return nil
	}
	if err := layout.Apply(e, adm, steps); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "done: %d topics\n", len(steps))
	return nil
}
