// Package demo plays a month of simulated garages against a running pipeline, then
// live traffic, through the public API, and shows the pipeline's progress.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"pitstop/cmd/pitstop/app"
	"pitstop/cmd/pitstop/progress"
	"pitstop/deploy/embedded"
	"pitstop/deploy/embedded/mailbox"
	"pitstop/producers/simulate"
	"pitstop/producers/simulate/checkpoint"
	"pitstop/producers/simulate/towns"
	"pitstop/schemas/garage"
	"pitstop/sinks/clickhouse/query"
	"pitstop/sinks/email"
)

// Options say what to play, and where to show it.
type Options struct {
	Repairs int           // in the 30 days of history
	Seed    uint64        // same seed, same history
	Until   time.Time     // where the history ends; zero: now
	Live    bool          // continue with live traffic after the history
	Every   time.Duration // how often a repair begins, live

	Out     io.Writer
	Program string // this one, as it was started
	Log     *slog.Logger
}

// Demo is the history of a data directory, as far as it has been played.
type Demo struct {
	Options
	saved *checkpoint.Saved
	clock *simulate.Clock
	stats simulate.Stats
}

// Open opens the history of a data directory, and generates it the first time. It
// returns an error where the directory holds another history than o asks for.
func Open(data *embedded.Data, o Options) (*Demo, error) {
	until := o.Until
	if until.IsZero() {
		until = time.Now()
	}
	saved, err := checkpoint.Open(app.HistoryFile(data.Dir()), o.Seed, o.Repairs, until, func(at time.Time) (*garage.Book, error) {
		return towns.Garages(towns.Default, at)
	})
	if err != nil {
		return nil, err
	}
	if !o.Until.IsZero() && !saved.Plan.To.Equal(o.Until.Truncate(time.Second)) {
		return nil, fmt.Errorf("the data directory holds a history that ends at %s: repeat that --until, or use another --data", saved.Plan.To.Format(time.RFC3339))
	}
	return &Demo{Options: o, saved: saved, clock: simulate.NewClock(saved.Done, time.Now)}, nil
}

// Garages writes the simulated garages to their file in the data directory, and returns
// them as they are there: whatever follows that file changes with it.
func (d *Demo) Garages(data *embedded.Data) (*garage.Book, error) {
	book := d.saved.Garages
	if !d.saved.Done.Before(d.saved.Plan.To) {
		var err error
		if book, err = towns.Hurried(book); err != nil {
			return nil, err
		}
	}
	if err := app.WriteGarages(data, book); err != nil {
		return nil, err
	}
	return garage.Load(app.GarageFile(data.Dir()))
}

// hurry changes the garages to the pace of live traffic, and waits until every role has
// them like that.
func (d *Demo) hurry(ctx context.Context, p *app.Pipeline) error {
	want, err := d.Garages(p.Data)
	if err != nil {
		return err
	}
	pace := func(b *garage.Book) time.Duration { return b.Garages()[0].Approval.CallAfter }
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for pace(p.Garages) != pace(want) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
	return nil
}

// Simulated reports whether a time is part of the history.
func (d *Demo) Simulated(at time.Time) bool { return d.saved.Plan.Covers(at) }

// Now returns the time in the history, and after its end the real time.
func (d *Demo) Now() time.Time { return d.clock.Now() }

// RequestClock returns the clock of the API: it believes the time in a request as long as
// the history is played, and nobody's after that.
func (d *Demo) RequestClock() func(*http.Request) time.Time {
	played := simulate.RequestClock(time.Now)
	return func(r *http.Request) time.Time {
		if d.clock.Frozen() {
			return played(r)
		}
		return time.Now()
	}
}

// Transport returns a transport that accepts the history's mails at their simulated
// time, and passes later ones to the mailbox.
func (d *Demo) Transport(mailbox email.Transport) email.Transport {
	return app.HistoryTransport(d.saved.Plan.To, mailbox)
}

// Play plays what is left of the history, then live traffic until the context ends,
// and prints a summary.
func (d *Demo) Play(ctx context.Context, p *app.Pipeline) error {
	conn, err := p.Database.Open()
	if err != nil {
		return err
	}
	store := query.NewStore(conn)
	client := p.Client(d.saved.Plan.To, &d.stats, d.Log)
	err = d.history(ctx, p, client)
	if err == nil && d.Live {
		err = d.live(ctx, p, client, store)
	}
	if ctx.Err() != nil { // Ctrl-C, or --for is over
		err = nil
	}
	return errors.Join(err, d.summary(context.WithoutCancel(ctx), store), conn.Close())
}

// history plays what is left of the 30 days.
func (d *Demo) history(ctx context.Context, p *app.Pipeline, client *simulate.Client) error {
	plan := d.saved.Plan
	if !d.saved.Done.Before(plan.To) {
		return nil
	}
	began := time.Now()
	fmt.Fprintf(d.Out, "Playing 30 days of history: %d repairs at %d garages.\n", len(plan.Repairs), len(p.Garages.Garages()))
	played := func(to time.Time) int64 { return int64(to.Sub(plan.From)) }
	shown := progress.New(d.Out, "30 days of history", played(plan.To), played(d.saved.Done), began)
	h := &simulate.History{
		Plan: plan, Client: client, Done: d.saved.Done, SetClock: d.clock.Set,
		Settled: func(ctx context.Context) error { return p.Settled(ctx, d.clock.Now) }, Save: d.saved.Save,
		Report: func(done time.Time) { shown.Report(played(done), time.Now()) },
	}
	if err := h.Run(ctx); err != nil {
		return err
	}
	shown.Finish()
	fmt.Fprintf(d.Out, "History is complete after %s.\n", time.Since(began).Round(100*time.Millisecond))
	return nil
}

// live plays live traffic until ctx ends, and shows the pipeline's figures.
func (d *Demo) live(ctx context.Context, p *app.Pipeline, client *simulate.Client, store *query.Store) error {
	d.clock.Unfreeze()
	if err := d.hurry(ctx, p); err != nil {
		return err
	}
	live := simulate.NewLive(client, p.Garages, d.Seed+uint64(time.Now().Unix()), d.Every, time.Now)
	var err error
	if live.Visited, err = d.pointOut(ctx, p, store); err != nil {
		return err
	}
	stop := p.Mails.OnMail(func(m mailbox.Mail) {
		live.Deliver(simulate.Mail{To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML})
	})
	defer stop()
	unread, err := p.Mails.Messages("") // of earlier runs; the page of one that was answered says so
	if err != nil {
		return err
	}
	for _, m := range unread[max(0, len(unread)-unreadMails):] {
		live.Deliver(simulate.Mail{To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML})
	}
	playing := make(chan struct{})
	go func() {
		defer close(playing)
		live.Run(ctx)
	}()
	every := time.NewTicker(2 * time.Second)
	defer every.Stop()
	t := &table{out: d.Out, redraw: progress.Terminal(d.Out)}
	for {
		select {
		case <-playing:
			return nil
		case <-every.C:
			if err := t.draw(ctx, p, store); err != nil && ctx.Err() == nil {
				d.Log.Warn("figures not read", "error", err)
			}
		}
	}
}

// unreadMails is how many mails of earlier runs customers still read.
const unreadMails = 50
