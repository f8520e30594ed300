package main

import (
	"errors"
	"fmt"

	"pitstop/deploy/embedded"
	"pitstop/sinks/clickhouse"
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

// readerCommand prints how a reader of the dashboards logs in.
type readerCommand struct {
	Garage string `help:"Garage whose rows he gets; default: the operator, who gets every garage's." placeholder:"ID"`
	Data   string `help:"Data directory of a running embedded mode, instead of the flags below." placeholder:"DIR"`
	clickhouseFlags
	readerFlags
}

func (c *readerCommand) Run(e *env) error {
	db := c.config()
	readers, err := c.readers()
	if c.Data != "" {
		var a embedded.Addresses
		a, err = embedded.ReadAddresses(c.Data)
		db.DSN = a.ClickHouse
		secret, secretErr := embedded.ReadSecret(c.Data, readersSecret)
		readers, err = &clickhouse.Readers{Secret: secret}, errors.Join(err, secretErr)
	} else if readers == nil {
		err = errors.New("no secret: give PITSTOP_READER_SECRET, as to migrate, or --data DIR")
	}
	if err != nil {
		return wrongUsage(err)
	}
	reader := readers.Operator()
	if c.Garage != "" {
		reader = readers.Of(c.Garage)
	}
	dsn, err := db.As(reader)
	if err != nil {
		return wrongUsage(err)
	}
	fmt.Fprintln(e.out, dsn)
	return nil
}
