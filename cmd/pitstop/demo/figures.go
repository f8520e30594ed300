package demo

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pitstop/cmd/pitstop/app"
	"pitstop/cmd/pitstop/banner"
	"pitstop/producers/simulate"
	"pitstop/schemas/link"
	"pitstop/schemas/readmodel"
	"pitstop/schemas/record"
	"pitstop/sinks/clickhouse/query"
	"pitstop/sinks/email"
)

// pointOut prints pages worth looking at, and returns the repair that they are about: one
// that waits for its customer.
func (d *Demo) pointOut(ctx context.Context, p *app.Pipeline, store *query.Store) (simulate.Visited, error) {
	b := banner.Banner{Out: d.Out, Program: d.Program, Pipeline: p}
	c, err := patient(ctx, p.Garages.IDs(), store)
	if err != nil {
		return simulate.Visited{}, err
	}
	if c.RepairID == "" {
		b.LookAt(banner.Waiting{})
		return simulate.Visited{}, nil
	}
	sequence, err := store.Sequence(ctx, c.RepairID)
	if err != nil {
		return simulate.Visited{}, err
	}
	token := p.Links.Sign(link.Claims{
		Garage: c.GarageID, Repair: c.RepairID, Audience: link.Approver, Lang: c.Customer.Language, Expires: time.Now().Add(email.DefaultLinkLifetime), Sequence: sequence,
	})
	b.LookAt(banner.Waiting{Conversation: c, Token: token})
	return simulate.Visited{RepairID: c.RepairID, Email: c.Customer.Email}, nil
}

// patient returns the newest repair that waits for an answer, and will for an hour; of no
// id: none does.
func patient(ctx context.Context, garages []string, store *query.Store) (readmodel.Conversation, error) {
	page, err := store.Conversations(ctx, readmodel.ConversationFilter{Garages: garages, Filter: "waiting", Sort: "recent", Limit: 100})
	if err != nil {
		return readmodel.Conversation{}, err
	}
	for _, c := range page.Items {
		r, err := store.Repair(ctx, readmodel.Sight{Garages: garages}, c.RepairID)
		if err != nil {
			return c, err
		}
		if n := len(r.Quotes); n > 0 && time.Until(r.Quotes[n-1].ExpiresAt) > time.Hour {
			return c, nil
		}
	}
	return readmodel.Conversation{}, nil
}

// summary prints what was played.
func (d *Demo) summary(ctx context.Context, store *query.Store) error {
	ctx, cancel := context.WithTimeout(ctx, app.ShutdownTimeout)
	defer cancel()
	totals, err := store.Totals(ctx)
	if err != nil {
		return err
	}
	counts := d.stats.Counts()
	fmt.Fprintf(d.Out, "\nIn all: %d commands, %d events, %d mails accepted. This run: %d customers opened their mail.\n",
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

// table prints the pipeline's counts, latency and lag.
type table struct {
	out    io.Writer
	redraw bool // over the last one, on a terminal
	drawn  int
}

func (t *table) draw(ctx context.Context, p *app.Pipeline, store *query.Store) error {
	totals, err := store.Totals(ctx)
	if err != nil {
		return err
	}
	behind, _, err := p.Lag(ctx)
	if err != nil {
		return err
	}
	lags := make([]string, len(record.Consumers))
	for i, c := range record.Consumers {
		lags[i] = fmt.Sprintf("%s %d", c.Name, behind[i])
	}
	l, err := store.Latencies(ctx, readmodel.LatencyQuery{
		Measure: string(record.MeasureDelivery), Garages: p.Garages.IDs(), From: time.Now().Add(-5 * time.Minute),
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
