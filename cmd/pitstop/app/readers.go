package app

import (
	"context"
	"errors"
	"fmt"

	"pitstop/deploy/embedded"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/clickhouse/access"
	"pitstop/sinks/clickhouse/query"
)

// EngineReaders returns the address of a running pipeline's engine, its readers, and
// the garages that it was started with.
func EngineReaders(ctx context.Context, dir string) (db clickhouse.Config, readers *access.Readers, garages []string, err error) {
	a, err := embedded.ReadAddresses(dir)
	if err != nil {
		return db, nil, nil, err
	}
	if !a.OwnClickHouse(dir) {
		return db, nil, nil, fmt.Errorf("pitstop up --data %s uses a ClickHouse server of yours: its readers are those that pitstop migrate makes there with PITSTOP_READER_SECRET; give that, and --clickhouse, instead of --data", dir)
	}
	secret, err := embedded.ReadSecret(dir, ReadersSecret)
	if err != nil {
		return db, nil, nil, err
	}
	db = clickhouse.Config{DSN: a.ClickHouse}
	garages, err = garagesIn(ctx, db)
	return db, &access.Readers{Secret: secret}, garages, err
}

func garagesIn(ctx context.Context, db clickhouse.Config) (ids []string, err error) {
	conn, err := db.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	_, rows, err := query.NewStore(conn).Select(ctx, "SELECT garage_id FROM garages ORDER BY garage_id")
	for _, row := range rows {
		ids = append(ids, fmt.Sprint(row[0]))
	}
	return ids, err
}
