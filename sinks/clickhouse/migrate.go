package clickhouse

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/pressly/goose/v3"

	"pitstop/schemas/garage"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the tables to this program's version, forward only, and rewrites the
// tables about garages. It returns the number of migrations it applied. Running it
// again changes nothing.
func Migrate(ctx context.Context, c Config, book *garage.Book, log *slog.Logger) (steps int, err error) {
	steps, err = migrate(ctx, c, log)
	if err != nil {
		return steps, err
	}
	return steps, LoadGarages(ctx, c, book)
}

// LoadGarages rewrites the tables about garages, each of them atomically.
func LoadGarages(ctx context.Context, c Config, book *garage.Book) (err error) {
	conn, err := c.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return fillGarages(ctx, conn, book)
}

// unknownDatabase is the server's error code.
const unknownDatabase = 81

func migrate(ctx context.Context, c Config, log *slog.Logger) (steps int, err error) {
	o, err := c.Options()
	if err != nil {
		return 0, err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, err
	}
	db := clickhouse.OpenDB(o)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := goose.NewProvider(goose.DialectClickHouse, db, files,
		goose.WithDisableGlobalRegistry(true), goose.WithSlog(log))
	if err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	results, err := provider.Up(ctx)
	if e := (*clickhouse.Exception)(nil); errors.As(err, &e) && e.Code == unknownDatabase {
		return 0, fmt.Errorf("migrate ClickHouse: there is no database %[1]s: create it first, with CREATE DATABASE %[1]s", o.Auth.Database)
	}
	if err != nil {
		return len(results), fmt.Errorf("migrate ClickHouse: %w", err)
	}
	return len(results), nil
}

// kept are the tables that Empty leaves alone: those that migrations and garages fill,
// and those whose topics forget, since the rows of what is deleted there are the last.
const kept = "'goose_db_version', 'garages', 'days', 'calendar', 'commands', 'outcomes', 'dead_letters'"

// Empty empties the tables that the sink fills, to be filled again from the topics.
func Empty(ctx context.Context, c Config) (err error) {
	conn, err := c.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	var tables []struct {
		Name string `ch:"name"`
	}
	if err := conn.Select(ctx, &tables, "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name NOT IN ("+kept+")"); err != nil {
		return fmt.Errorf("list the tables: %w", err)
	}
	for _, t := range tables {
		if err := conn.Exec(ctx, "TRUNCATE TABLE "+t.Name); err != nil {
			return fmt.Errorf("empty %s: %w", t.Name, err)
		}
	}
	return nil
}
