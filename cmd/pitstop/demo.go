package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"pitstop/api"
	"pitstop/deploy/embedded"
	"pitstop/deploy/embedded/mailbox"
	"pitstop/producers/simulate"
	"pitstop/schemas/garage"
	"pitstop/schemas/link"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/sinks/clickhouse"
	"pitstop/sinks/email"
)

// demoCommand runs everything with simulated people.
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
	if c.Repairs < 0 || c.Every <= 0 || c.For < 0 {
		return wrongUsage(errors.New("--repairs and --for must not be negative, and --every must be positive"))
	}
	data, err := embedded.Open(c.Data, log)
	if err != nil {
		return wrongUsage(err)
	}
	defer closing(log, "data directory", data.Close)
	until := c.Until
	if until.IsZero() {
		until = time.Now()
	}
	saved, err := simulate.Open(data.Path("history.json"), c.Seed, c.Repairs, until, func(at time.Time) (*garage.Book, error) {
		return simulate.Garages(simulate.DefaultGarages, at)
	})
	if err != nil {
		return wrongUsage(err)
	}
	if !c.Until.IsZero() && !saved.Plan.To.Equal(c.Until.Truncate(time.Second)) {
		return wrongUsage(fmt.Errorf("the data directory holds a history that ends at %s: repeat that --until, or use another --data", saved.Plan.To.Format(time.RFC3339)))
	}
	if err := keepGarages(data, saved.Garages); err != nil {
		return err
	}
	d := &demo{demoCommand: c, saved: saved, clock: simulate.NewClock(saved.Done, time.Now), out: e.out, log: log}
	ctx := e.Context
	if c.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.For)
		defer cancel()
	}
	return runEmbedded(&env{ctx, e.in, e.out, e.err}, log, pipelineOptions{
		flags: c.embeddedFlags, data: data, book: saved.Garages,
		clock: d.clock.Now, requestClock: simulate.RequestClock(time.Now),
		limits:    api.Limits{Staff: -1, Customer: -1}, // a month passes in seconds, from one address
		transport: d.transport, beside: d.run,
	})
}

// keepGarages writes the garages where the tools look for them.
func keepGarages(data *embedded.Data, book *garage.Book) error {
	text, err := book.Marshal()
	if err != nil {
		return err
	}
	if err := os.WriteFile(embeddedGarages(data.Dir()), text, 0o600); err != nil {
		return fmt.Errorf("write garages: %w", err)
	}
	return nil
}

// demo plays history first and then live traffic, through the doors everybody uses.
type demo struct {
	*demoCommand
	saved *simulate.Saved
	clock *simulate.Clock
	out   io.Writer
	log   *slog.Logger
	stats simulate.Stats
}

// transport accepts mails of the history as their time has it, and leaves later
// ones to the mailbox.
func (d *demo) transport(real email.Transport) email.Transport {
	return transportFunc(func(ctx context.Context, m email.Mail) (email.Receipt, error) {
		if !m.RequestedAt.Before(d.saved.Plan.To) {
			return real.Send(ctx, m)
		}
		reply := simulate.MailReply(m.To[0].Address, m.MessageID, m.Attempt, m.RequestedAt)
		if reply.Code/100 != 2 {
			return email.Receipt{}, &email.Refusal{At: reply.At, Permanent: reply.Code/100 == 5, Code: reply.Code, Text: reply.Text}
		}
		return email.Receipt{At: reply.At, Code: reply.Code, Text: reply.Text}, nil
	})
}

type transportFunc func(context.Context, email.Mail) (email.Receipt, error)

func (f transportFunc) Send(ctx context.Context, m email.Mail) (email.Receipt, error) {
	return f(ctx, m)
}

func (d *demo) run(ctx context.Context, p *pipeline) error {
	conn, err := p.db.Open()
	if err != nil {
		return err
	}
	store := clickhouse.NewStore(conn)
	doors := d.doors(p)
	err = d.history(ctx, p, doors)
	if err == nil && d.Live {
		err = d.live(ctx, p, doors, store)
	}
	if ctx.Err() != nil { // Ctrl-C, or --for is over
		err = nil
	}
	return errors.Join(err, d.summary(context.WithoutCancel(ctx), store), conn.Close())
}

// doors are those of the pipeline's API, with the keys to them.
func (d *demo) doors(p *pipeline) *simulate.Client {
	return &simulate.Client{
		URL: p.API, HTTP: simulate.Transport(), Stats: &d.stats, Log: d.log,
		Token: func(role repair.Role, garage, subject string) (string, error) {
			return p.issuer.Issue(api.Caller{Subject: subject, Roles: []repair.Role{role}, Garages: []string{garage}}, 24*time.Hour)
		},
		Link: func(garage, repairID string, to link.Audience, lang string) string {
			return p.links.Sign(link.Claims{
				Garage: garage, Repair: repairID, Audience: to, Lang: lang,
				Expires: d.saved.Plan.To.Add(email.DefaultLinkLifetime),
			})
		},
	}
}

// history performs what is left of the 30 days.
func (d *demo) history(ctx context.Context, p *pipeline, doors *simulate.Client) error {
	plan := d.saved.Plan
	if !d.saved.Done.Before(plan.To) {
		return nil
	}
	began := time.Now()
	bar := progressbar.NewOptions64(int64(plan.To.Sub(plan.From)/time.Minute),
		progressbar.OptionSetWriter(d.out), progressbar.OptionSetVisibility(isTerminal(d.out)), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetDescription("30 days of history"), progressbar.OptionSetPredictTime(true))
	fmt.Fprintf(d.out, "Playing 30 days of history: %d repairs at %d garages.\n", len(plan.Repairs), len(p.book.Garages()))
	h := &simulate.History{
		Plan: plan, Client: doors, Done: d.saved.Done, SetClock: d.clock.Set,
		Settled: p.settled(d.clock.Now), Save: d.saved.Save,
		Report: func(done time.Time) { _ = bar.Set64(int64(done.Sub(plan.From) / time.Minute)) }, // a picture only
	}
	if err := h.Run(ctx); err != nil {
		return err
	}
	_ = bar.Finish() // a picture only
	fmt.Fprintf(d.out, "History is complete after %s.\n", time.Since(began).Round(100*time.Millisecond))
	return nil
}

// live plays until ctx ends, and shows how things go.
func (d *demo) live(ctx context.Context, p *pipeline, doors *simulate.Client, store *clickhouse.Store) error {
	d.clock.Unfreeze()
	live := simulate.NewLive(doors, p.book, d.Seed+uint64(time.Now().Unix()), d.Every, time.Now)
	stop := p.mailbox.OnMail(func(m mailbox.Mail) {
		live.Deliver(simulate.Mail{To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML})
	})
	defer stop()
	if err := d.pointOut(ctx, p, store); err != nil {
		return err
	}
	unread, err := p.mailbox.Messages("") // of the last time; one that was answered says so itself
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
	t := &table{out: d.out, redraw: isTerminal(d.out)}
	for {
		select {
		case <-playing:
			return nil
		case <-every.C:
			if err := t.draw(ctx, p, store); err != nil && ctx.Err() == nil {
				d.log.Warn("figures not read", "error", err)
			}
		}
	}
}

// unreadMails is how many mails customers find when they come back.
const unreadMails = 50

// managerTokenTTL is how long the printed token opens the dashboards.
const managerTokenTTL = 12 * time.Hour

// pointOut names pages that have something to show.
func (d *demo) pointOut(ctx context.Context, p *pipeline, store *clickhouse.Store) error {
	garages := make([]string, 0, len(p.book.Garages()))
	for _, g := range p.book.Garages() {
		garages = append(garages, g.ID)
	}
	page, err := store.Conversations(ctx, readmodel.ConversationFilter{Garages: garages, Filter: "waiting", Limit: 1})
	if err != nil || len(page.Items) == 0 {
		return err
	}
	c := page.Items[0]
	token := p.links.Sign(link.Claims{
		Garage: c.GarageID, Repair: c.RepairID, Audience: link.Approver, Lang: c.Customer.Language, Expires: time.Now().Add(email.DefaultLinkLifetime),
	})
	data := p.data.Dir()
	manager, err := p.issuer.Issue(api.Caller{Subject: "jan", Roles: []repair.Role{repair.Manager}, Garages: garages}, managerTokenTTL)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, `Look at:
  The manager's dashboards   %[1]s/dashboards, and paste this token of the simulated garages to sign in:
%[6]s
  A customer's page          %[1]s/c/%[2]s
  A conversation             curl -H "Authorization: Bearer $(bin/pitstop token --data %[3]s --role customer_service --garage %[4]s --subject eva)" %[1]s/v1/repairs/%[5]s/timeline
  How long answers take      curl -H "Authorization: Bearer $(bin/pitstop token --data %[3]s --role manager --garage %[4]s --subject jan)" '%[1]s/v1/latencies?measure=approval&group_by=day'
`, p.API, token, data, c.GarageID, c.RepairID, manager)
	return nil
}

// summary says what was played.
func (d *demo) summary(ctx context.Context, store *clickhouse.Store) error {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	totals, err := store.Totals(ctx)
	if err != nil {
		return err
	}
	counts := d.stats.Counts()
	fmt.Fprintf(d.out, "\nIn all: %d commands, %d events, %d mails accepted. This run: %d customers opened their mail.\n",
		totals.Commands, totals.Events, totals.Mails, counts.Mails)
	if len(counts.Unexpected) == 0 {
		return nil
	}
	var kinds []string
	for code, n := range counts.Unexpected {
		kinds = append(kinds, fmt.Sprintf("%d × %s", n, code))
	}
	slices.Sort(kinds)
	return fmt.Errorf("answers that were not expected: %s", strings.Join(kinds, ", "))
}

// table shows how the pipeline gets on.
type table struct {
	out    io.Writer
	redraw bool // over the last one: somebody looks at it
	drawn  int
}

func (t *table) draw(ctx context.Context, p *pipeline, store *clickhouse.Store) error {
	totals, err := store.Totals(ctx)
	if err != nil {
		return err
	}
	behind, _, err := p.lag(ctx)
	if err != nil {
		return err
	}
	lags := make([]string, len(readers))
	for i, r := range readers {
		lags[i] = fmt.Sprintf("%s %d", r.name, behind[i])
	}
	var garages []string
	for _, g := range p.book.Garages() {
		garages = append(garages, g.ID)
	}
	l, err := store.Latencies(ctx, readmodel.LatencyQuery{
		Measure: string(record.MeasureDelivery), Garages: garages, From: time.Now().Add(-5 * time.Minute),
	})
	if err != nil {
		return err
	}
	wait := "-"
	if len(l.Rows) > 0 && l.Rows[0].N > 0 {
		r := l.Rows[0]
		wait = fmt.Sprintf("p50 %.0f ms, p99 %.0f ms (n %d, last 5 minutes)", 1000*r.Wall.P50, 1000*r.Wall.P99, r.N)
	}
	if !t.redraw {
		if t.drawn++; t.drawn%5 == 1 { // every ten seconds
			fmt.Fprintf(t.out, "commands %d  events %d  mails %d  request to mail %s  lag: %s\n",
				totals.Commands, totals.Events, totals.Mails, wait, strings.Join(lags, ", "))
		}
		return nil
	}
	if t.drawn++; t.drawn > 1 {
		fmt.Fprint(t.out, "\x1b[5A")
	}
	for _, line := range [][2]string{
		{"commands", fmt.Sprint(totals.Commands)},
		{"events", fmt.Sprint(totals.Events)},
		{"mails", fmt.Sprint(totals.Mails)},
		{"request → mail", wait},
		{"lag", strings.Join(lags, ", ")},
	} {
		fmt.Fprintf(t.out, "\x1b[K  %-16s%s\n", line[0], line[1])
	}
	return nil
}
