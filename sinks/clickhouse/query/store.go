// Package query reads the tables of ClickHouse for the API: a repair and its
// timeline, the lists, the figures, and the queries of the dashboards. The SQL is in
// queries; every query deduplicates the rows it reads.
package query

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// The queries. Values are passed as server-side parameters only.
var (
	//go:embed queries/as_of.sql
	asOfSQL string
	//go:embed queries/sequence.sql
	sequenceSQL string
	//go:embed queries/outcome.sql
	outcomeSQL string
	//go:embed queries/refs.sql
	refsSQL string
	//go:embed queries/repair.sql
	repairSQL string
	//go:embed queries/timeline.sql
	timelineSQL string
)

// Store reads the tables. It shows of a repair only what belongs to the garages
// it is asked for; everything else does not exist (readmodel.ErrNotFound). It is safe
// for concurrent use.
type Store struct{ conn driver.Conn }

// NewStore returns a store that reads over conn.
func NewStore(conn driver.Conn) *Store { return &Store{conn} }

// AsOf returns the time up to which every logged record is in the tables; zero when
// nothing has been written yet.
func (s *Store) AsOf(ctx context.Context) (time.Time, error) {
	var at time.Time
	if err := s.conn.QueryRow(ctx, asOfSQL).Scan(&at); err != nil {
		return time.Time{}, fmt.Errorf("read freshness: %w", err)
	}
	if at.Unix() == 0 {
		return time.Time{}, nil
	}
	return at, nil
}

// Sequence returns the sequence of the repair's last event in the tables; 0 when
// there is none.
func (s *Store) Sequence(ctx context.Context, id string) (int64, error) {
	var sequence int64
	if err := s.conn.QueryRow(ctx, sequenceSQL, clickhouse.Named("id", id)).Scan(&sequence); err != nil {
		return 0, fmt.Errorf("read sequence of repair %s: %w", id, err)
	}
	return sequence, nil
}

// Outcome returns a command's outcome: pending while it has none, and
// readmodel.ErrNotFound while the command is unknown.
func (s *Store) Outcome(ctx context.Context, commandID string) (*readmodel.CommandOutcome, error) {
	var (
		o          = readmodel.CommandOutcome{CommandID: commandID}
		role, data string
		result     string
	)
	found := false
	err := each(ctx, s.conn, outcomeSQL, []any{clickhouse.Named("id", commandID)}, func(rows driver.Rows) error {
		found = true
		return rows.Scan(&o.RepairID, &o.GarageID, &role, &o.Sender.ID, &result, &data)
	})
	if err == nil && found {
		o.Sender.Role, o.Result = repair.Role(role), readmodel.Result(result)
		err = json.Unmarshal([]byte(data), &o)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("read outcome of command %s: %w", commandID, err)
	case !found:
		return nil, fmt.Errorf("command %s: %w", commandID, readmodel.ErrNotFound)
	}
	return &o, nil
}

// ExternalRefs returns the garages' own order numbers of those of the repairs that are in
// the tables, and the time up to which these are complete.
func (s *Store) ExternalRefs(ctx context.Context, garages, ids []string) (refs map[string]string, asOf time.Time, err error) {
	if asOf, err = s.AsOf(ctx); err != nil { // before the repairs: they are at least as fresh
		return nil, asOf, err
	}
	refs = make(map[string]string)
	err = each(ctx, s.conn, refsSQL, []any{clickhouse.Named("garages", garages), clickhouse.Named("ids", ids)}, func(rows driver.Rows) error {
		var id, ref string
		err := rows.Scan(&id, &ref)
		refs[id] = ref
		return err
	})
	if err != nil {
		err = fmt.Errorf("read the references of repairs: %w", err)
	}
	return refs, asOf, err
}

// Repair returns as much of one repair as may be seen, folded from its events.
func (s *Store) Repair(ctx context.Context, sight readmodel.Sight, id string) (*readmodel.Repair, error) {
	asOf, err := s.AsOf(ctx) // before the events: they are at least as fresh
	if err != nil {
		return nil, err
	}
	facts, err := s.facts(ctx, sight.Garages, id)
	if err != nil {
		return nil, fmt.Errorf("read repair %s: %w", id, err)
	}
	if len(facts) == 0 {
		return nil, fmt.Errorf("repair %s: %w", id, readmodel.ErrNotFound)
	}
	r, err := fold(facts)
	if err != nil {
		return nil, fmt.Errorf("read repair %s: %w", id, err)
	}
	r.AsOf = asOf
	sight.Repair(r)
	return r, nil
}

func (s *Store) facts(ctx context.Context, garages []string, id string) ([]fact, error) {
	var facts []fact
	err := each(ctx, s.conn, repairSQL, ofRepair(garages, id), func(rows driver.Rows) error {
		f := fact{repairID: id}
		var role, data string
		if err := rows.Scan(&f.garageID, &f.sequence, &f.kind, &f.at, &role, &f.actor.ID, &data); err != nil {
			return err
		}
		f.actor.Role, f.data = repair.Role(role), []byte(data)
		facts = append(facts, f)
		return nil
	})
	return facts, err
}

func ofRepair(garages []string, id string) []any {
	return []any{clickhouse.Named("garages", garages), clickhouse.Named("id", id)}
}

// each runs a query and scans every row.
func each(ctx context.Context, conn driver.Conn, sql string, args []any, scan func(driver.Rows) error) error {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err says what there is to say
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
