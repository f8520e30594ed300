package query

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// Timeline returns everything that happened around a repair, oldest first: its
// events, refused commands, notifications sent or suppressed and why, the mail
// servers' replies, and call tasks. Entries of the same time are in the order of
// cause and effect.
func (s *Store) Timeline(ctx context.Context, sight readmodel.Sight, id string) (*readmodel.Timeline, error) {
	asOf, err := s.AsOf(ctx) // before the entries: they are at least as fresh
	if err != nil {
		return nil, err
	}
	t := &readmodel.Timeline{RepairID: id, AsOf: asOf}
	known := false
	err = each(ctx, s.conn, timelineSQL, ofRepair(sight.Garages, id), func(rows driver.Rows) error {
		var e readmodel.TimelineEntry
		var role, data, request string
		if err := rows.Scan(&e.At, &e.Kind, &role, &e.Actor.ID, &e.Sequence, &data, &request); err != nil {
			return err
		}
		e.Actor.Role = repair.Role(role)
		if err := json.Unmarshal([]byte(data), &e.Data); err != nil {
			return fmt.Errorf("%s at %s: %w", e.Kind, e.At, err)
		}
		if request != "" { // of a refused command
			var fields map[string]any
			if err := json.Unmarshal([]byte(request), &fields); err != nil {
				return fmt.Errorf("request of %s at %s: %w", e.Kind, e.At, err)
			}
			e.Data["request"] = fields
		}
		known = known || e.Sequence > 0
		t.Entries = append(t.Entries, e)
		return nil
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("read timeline of repair %s: %w", id, err)
	case !known:
		return nil, fmt.Errorf("repair %s: %w", id, readmodel.ErrNotFound)
	}
	sight.Timeline(t)
	return t, nil
}
