package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"pitstop/schemas/record"
)

// ErrLost means that a group cannot go on where it was: a position is not known, or
// not within the log. From the beginning of its topics it would do everything twice,
// from their end it would miss what it has not seen, so an operator must say where it
// goes on. The error that wraps it says what is lost and how to do that.
var ErrLost = errors.New("position lost")

// position is where a group is on a partition.
type position struct {
	topic      string
	partition  int32
	at         int64 // -1: not known
	start, end int64 // of the log
}

// lost returns what is wrong with a position; empty: nothing. Where nothing was ever
// written, there is nothing to lose.
func (p position) lost() string {
	switch {
	case p.at < 0 && p.end == 0:
		return ""
	case p.at < 0:
		return "is gone"
	case p.at > p.end:
		return fmt.Sprintf("is %d, past the end of the log, %d", p.at, p.end)
	case p.at < p.start:
		return fmt.Sprintf("is %d, and the log begins at %d: what was between was deleted before it was read", p.at, p.start)
	}
	return ""
}

// Positions says where a group goes on.
type Positions struct {
	// Offsets are the next one of each partition of what the group reads.
	Offsets kadm.Offsets
	first   bool
	unset   kadm.Offsets // those of Offsets that the group has not committed
}

// PositionsOf returns where a consumer goes on: where it was, if all its positions are
// known and within the log; at the beginning, if it starts for the first time. Any
// other position is what the topic held at the time otherwise; if that is zero, the
// error wraps ErrLost.
//
// It starts for the first time if no position is known and it has left nothing.
// Ticks are no matter: a tick that is not read is written again.
func PositionsOf(ctx context.Context, adm *kadm.Client, c record.Consumer, otherwise time.Time) (Positions, error) {
	all, err := positionsOf(ctx, adm, c)
	if err != nil {
		return Positions{}, err
	}
	input := func(p position) bool { return p.topic != record.Ticks.Name }
	p := Positions{first: !slices.ContainsFunc(all, func(x position) bool { return input(x) && x.at >= 0 })}
	if p.first {
		lived, err := left(ctx, adm, c)
		if err != nil {
			return Positions{}, err
		}
		p.first = !lived
	}
	var lost []position
	for _, x := range all {
		why := x.lost()
		switch {
		case why == "" && x.at >= 0:
			p.Offsets.AddOffset(x.topic, x.partition, x.at, -1)
			continue
		case input(x) && why != "" && (!p.first || !otherwise.IsZero()):
			lost = append(lost, x)
			continue
		}
		p.Offsets.AddOffset(x.topic, x.partition, x.start, -1)
		p.unset.AddOffset(x.topic, x.partition, x.start, -1)
	}
	switch {
	case len(lost) == 0:
		return p, nil
	case otherwise.IsZero():
		return Positions{}, lostError(c, lost)
	}
	then, err := Since(ctx, adm, otherwise, c.Subscription()...)
	if err != nil {
		return Positions{}, err
	}
	for _, x := range lost {
		at, err := OffsetOf(then, x.topic, x.partition)
		if err != nil {
			return Positions{}, err
		}
		p.Offsets.AddOffset(x.topic, x.partition, at, -1)
		p.unset.AddOffset(x.topic, x.partition, at, -1)
	}
	return p, nil
}

// positionsOf returns the positions of all partitions, in the order of their topics.
// The ends are read last: what others commit meanwhile is not past them.
func positionsOf(ctx context.Context, adm *kadm.Client, c record.Consumer) ([]position, error) {
	topics := c.Subscription()
	starts, err := Starts(ctx, adm, topics...)
	if err != nil {
		return nil, err
	}
	committed, err := Committed(ctx, adm, c.Group())
	if err != nil {
		return nil, err
	}
	ends, err := Ends(ctx, adm, topics...)
	if err != nil {
		return nil, err
	}
	var all []position
	for _, topic := range topics {
		for partition := range int32(len(ends[topic])) {
			x := position{topic: topic, partition: partition, at: -1}
			if o, ok := committed[c.Group()].Lookup(topic, partition); ok {
				x.at = o.At
			}
			if x.start, err = OffsetOf(starts, topic, partition); err != nil {
				return nil, err
			}
			if x.end, err = OffsetOf(ends, topic, partition); err != nil {
				return nil, err
			}
			all = append(all, x)
		}
	}
	return all, nil
}

// left reports whether there is anything that only the consumer can have written.
func left(ctx context.Context, adm *kadm.Client, c record.Consumer) (bool, error) {
	for _, t := range c.Leaves() {
		ends, err := Ends(ctx, adm, t.Name)
		if err != nil {
			return false, err
		}
		for _, end := range ends[t.Name] {
			if end.Offset > 0 {
				return true, nil
			}
		}
	}
	return false, nil
}

// lostError says what is lost, and what to do.
func lostError(c record.Consumer, lost []position) error {
	const named = 3 // partitions, in a sentence
	var what []string
	partitions := make(map[string][]string)
	for _, x := range lost {
		if len(what) < named {
			what = append(what, fmt.Sprintf("on %s[%d] %s", x.topic, x.partition, x.lost()))
		}
		partitions[x.topic] = append(partitions[x.topic], fmt.Sprint(x.partition))
	}
	if more := len(lost) - len(what); more > 0 {
		what = append(what, fmt.Sprintf("and on %d more", more))
	}
	reset := "kafka-consumer-groups.sh --bootstrap-server BROKER --group " + c.Group() + " --reset-offsets --to-datetime TIME --execute"
	for _, topic := range c.Subscription() {
		if p := partitions[topic]; len(p) > 0 {
			reset += " --topic " + topic + ":" + strings.Join(p, ",")
		}
	}
	do := "stop every one of it, and fill new tables from the topics: pitstop rebuild " + c.Name + "; or, to go on from the time at which it stopped: " + reset
	switch {
	case c.Stateful:
		do = "stop every one of it, and rebuild its state as of the time at which it stopped: pitstop rebuild " + c.Name + " --until TIME; or, if its state is right: " + reset
	case len(c.Leaves()) > 0:
		do = "stop every one of it, and say from when on it is to send: pitstop sink " + c.Name + " --since TIME, or pitstop up --since TIME; the timeline shows what was sent last"
	}
	return fmt.Errorf("%w: the position of %s %s. %s. If it was stopped for long, raise offsets.retention.minutes",
		ErrLost, c.Group(), strings.Join(what, ", "), do)
}

// Resume makes sure, before a member joins its group, that it goes on where it was, as
// PositionsOf says; and gives a group that starts for the first time its positions on
// all partitions: one that is lost later is then noticed.
func Resume(ctx context.Context, adm *kadm.Client, c record.Consumer, otherwise time.Time) error {
	p, err := PositionsOf(ctx, adm, c, otherwise)
	if err != nil || len(p.unset) == 0 {
		return err
	}
	if refused := adm.CommitAllOffsets(ctx, c.Group(), p.unset); refused != nil {
		// While there is another member, which began at the same time and has done this.
		if p, err = PositionsOf(ctx, adm, c, time.Time{}); err != nil {
			return errors.Join(err, refused)
		}
		if p.first {
			return fmt.Errorf("give %s its positions: %w", c.Group(), refused)
		}
	}
	return nil
}

// Members returns the names of the members of a consumer's group.
func Members(ctx context.Context, adm *kadm.Client, c record.Consumer) (names []string, err error) {
	described, err := adm.DescribeGroups(ctx, c.Group())
	if err == nil {
		err = described[c.Group()].Err
	}
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return nil, fmt.Errorf("describe group %s: %w", c.Group(), err)
	}
	for _, m := range described[c.Group()].Members {
		names = append(names, *cmp.Or(m.InstanceID, &m.MemberID))
	}
	return names, nil
}

// Deserted waits until the group of a consumer has no member: the broker counts one that
// was stopped for SessionTimeout more. It returns an error that names those that stay.
func Deserted(ctx context.Context, adm *kadm.Client, c record.Consumer) error {
	patience := time.NewTimer(SessionTimeout + 2*time.Second)
	defer patience.Stop()
	for {
		members, err := Members(ctx, adm, c)
		if err != nil || len(members) == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-patience.C:
			return Running(c, members)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// Running returns the error that a consumer has members where it must have none.
func Running(c record.Consumer, members []string) error {
	return fmt.Errorf("%s is running: stop %s, and run this again", c.Name, strings.Join(members, ", "))
}
