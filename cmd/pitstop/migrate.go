package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pitstop/cmd/pitstop/app"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/clickhouse/access"
)

// migrateCommand brings the tables up to date, and with a secret the users that
// dashboards log in with.
type migrateCommand struct {
	clickhouseFlags
	readerFlags
	garageFlags
	logFlags
}

func (c *migrateCommand) Run(e *env) error {
	db := c.config()
	book, bookErr := c.load()
	readers, readersErr := c.readers()
	if err := wrongUsage(db.Validate(), bookErr, readersErr); err != nil {
		return err
	}
	steps, err := clickhouse.Migrate(e, db, book, c.logger(e.err))
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "done: %d migrations applied, %d garages loaded\n", steps, len(book.Garages()))
	if readers == nil {
		fmt.Fprintln(e.out, "no PITSTOP_READER_SECRET: users for dashboards are left as they are")
		return nil
	}
	if err := readers.Migrate(e, db, book); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "done: a user for the dashboards of each garage, and %s for all of them\n", readers.Operator().User)
	return nil
}

// readerCommand prints the DSN with which a reader of the dashboards logs in.
type readerCommand struct {
	Garage string `help:"Garage whose rows are read; default: the operator, who reads every garage's." placeholder:"ID"`
	Data   string `help:"Data directory of a running embedded mode, instead of the flags below." placeholder:"DIR"`
	clickhouseFlags
	readerFlags
	garageFlags
}

func (c *readerCommand) Run(e *env) error {
	find := c.ofServer
	if c.Data != "" {
		find = c.ofEngine
	}
	db, readers, garages, err := find(e)
	if err != nil {
		return wrongUsage(err)
	}
	reader := readers.Operator()
	if c.Garage != "" {
		if garages != nil && !slices.Contains(garages, c.Garage) {
			return wrongUsage(fmt.Errorf("no garage %q: there are %s", c.Garage, strings.Join(garages, ", ")))
		}
		reader = readers.Of(c.Garage)
	}
	dsn, err := reader.DSN(db)
	if err != nil {
		return wrongUsage(err)
	}
	fmt.Fprintln(e.out, dsn)
	return nil
}

// ofServer answers from the flags alone: the server may be out of reach from here.
// The garages are nil without a garage file.
func (c *readerCommand) ofServer(context.Context) (db clickhouse.Config, readers *access.Readers, garages []string, err error) {
	readers, err = c.readers()
	if err == nil && readers == nil {
		err = errors.New("no secret: give PITSTOP_READER_SECRET, as to migrate, or --data DIR")
	}
	err = errors.Join(err, c.config().Validate())
	if c.Garages != "" {
		book, bookErr := c.load()
		if err = errors.Join(err, bookErr); err == nil {
			garages = book.IDs()
		}
	}
	return c.config(), readers, garages, err
}

// ofEngine asks the engine which garages it was started with.
func (c *readerCommand) ofEngine(ctx context.Context) (db clickhouse.Config, readers *access.Readers, garages []string, err error) {
	if c.ClickHouse != "" {
		return db, nil, nil, errors.New("give --data or --clickhouse, not both")
	}
	return app.EngineReaders(ctx, c.Data)
}
