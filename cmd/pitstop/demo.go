package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"time"

	"pitstop/api/web"
	"pitstop/cmd/pitstop/app"
	"pitstop/cmd/pitstop/demo"
)

// demoCommand runs everything on embedded parts, with simulated people.
type demoCommand struct {
	Repairs int           `default:"${repairs}" help:"Repairs in the 30 days of history."`
	Seed    uint64        `default:"1" help:"Same seed, same history."`
	Every   time.Duration `default:"2s" help:"How often a repair begins, after the history."`
	Until   time.Time     `help:"Where the history ends, as 2026-05-20T12:00:00Z; default: now. Same seed, same end: the same history to the microsecond." placeholder:"TIME"`
	Live    bool          `default:"true" negatable:"" help:"Go on with live traffic after the history."`
	For     time.Duration `help:"End after so long, history included; default: Ctrl-C ends it."`
	embeddedFlags
}

func (c *demoCommand) Run(e *env) error {
	log := c.logger(e.err)
	var rangeErr error
	if c.Repairs < 0 || c.Every <= 0 || c.For < 0 {
		rangeErr = errors.New("--repairs and --for must not be negative, and --every must be positive")
	}
	if err := wrongUsage(rangeErr, needAddr("--addr", cmp.Or(c.Addr, anywhere))); err != nil {
		return err
	}
	data, err := c.open(log)
	if err != nil {
		return err
	}
	defer closing(log, "data directory", data.Close)
	d, err := demo.Open(data, demo.Options{
		Repairs: c.Repairs, Seed: c.Seed, Until: c.Until, Live: c.Live, Every: c.Every,
		Out: e.out, Program: os.Args[0], Log: log,
	})
	if err != nil {
		return wrongUsage(err)
	}
	garages, err := d.Garages(data)
	if err != nil {
		return err
	}
	ctx := e.Context
	if c.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.For)
		defer cancel()
	}
	return c.embeddedFlags.run(ctx, e.out, app.Options{
		Data: data, Garages: garages, GarageFile: app.GarageFile(data.Dir()), Clock: d.Now, RequestClock: d.RequestClock(), Simulated: d.Simulated,
		Limits:    web.Limits{Staff: -1, Customer: -1}, // a month passes in seconds, from one address
		Transport: d.Transport, Beside: d.Play, Log: log,
	})
}
