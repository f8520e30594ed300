package avro

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// ErrUnknownSchema means that the registry does not know a record's schema, but may
// learn of it: ask again. It says so for patience, then the record is undecodable.
var ErrUnknownSchema = errors.New("unknown schema")

// patience is how long a registry may deny that it knows a schema before it is
// believed: replicas lag, and restart empty.
const patience = time.Minute

// maxDenied is how many schemas are remembered as denied. Bytes that are no records
// can name any.
const maxDenied = 10_000

// denied remembers since when the registry has denied that it knows schemas. The
// zero denied remembers none. It is safe for concurrent use.
type denied struct {
	mu    sync.Mutex
	since map[uint32]time.Time
}

// again notes that the registry denies a schema now. It returns the error while it
// is to be asked again, nil from when it is believed.
func (d *denied) again(id uint32, now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	since, before := d.since[id]
	if !before {
		if since = now; d.since == nil || len(d.since) >= maxDenied {
			d.since = make(map[uint32]time.Time)
		}
		d.since[id] = since
	}
	return waiting(id, since, now)
}

// known notes that the registry knows a schema.
func (d *denied) known(id uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.since, id)
}

// check returns an error while the registry is to be asked again about a schema.
func (d *denied) check(now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var ids []uint32
	for id, since := range d.since {
		if waiting(id, since, now) != nil {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	first := slices.MinFunc(ids, func(a, b uint32) int { return cmp.Or(d.since[a].Compare(d.since[b]), cmp.Compare(a, b)) })
	return waiting(first, d.since[first], now)
}

func waiting(id uint32, since, now time.Time) error {
	until := since.Add(patience)
	if !now.Before(until) {
		return nil
	}
	return fmt.Errorf("%w: the registry does not know schema %d, and is asked again until %s", ErrUnknownSchema, id, until.UTC().Format(time.TimeOnly))
}
