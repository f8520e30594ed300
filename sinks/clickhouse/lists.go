package clickhouse

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/schemas/locale"
	"pitstop/schemas/view"
)

var (
	//go:embed queries/repairs.sql
	repairsSQL string
	//go:embed queries/conversations.sql
	conversationsSQL string
)

// pageLength is the length of a page where the caller names none.
const pageLength = 50

// Repairs lists repairs, the last started first.
func (s *Store) Repairs(ctx context.Context, f view.RepairFilter) (view.Page[view.RepairItem], error) {
	return page(ctx, s, "repairs", repairsSQL, f.Garages, f.Cursor, f.Limit, []any{
		clickhouse.Named("state", string(f.State)),
		clickhouse.Named("plate", f.Plate),
		clickhouse.Named("ref", f.ExternalRef),
	}, func(rows driver.Rows, at *cursor) (r view.RepairItem, err error) {
		err = rows.Scan(&at.Key, &r.RepairID, &r.GarageID, &r.ExternalRef, (*string)(&r.State), &r.Sequence,
			(*string)(&r.WaitingFor), &r.Vehicle.Plate, &r.Vehicle.Country, &r.Vehicle.Description, &r.Customer,
			&r.Mechanic, &r.StartedAt, &r.LastAt)
		at.ID = r.RepairID
		return r, err
	})
}

// Conversations lists repairs as customer service sees them: those who wait
// longest first, unless f.Sort is recent. WaitingSince is since when the customer
// or the garage has been waiting for what f.Filter asks for, or for anything.
//
// The rules of who waits stand in the view conversations (migrations).
func (s *Store) Conversations(ctx context.Context, f view.ConversationFilter) (view.Page[view.Conversation], error) {
	list := "conversations/" + f.Filter + "/" + f.Sort
	text := strings.TrimSpace(f.Query)
	return page(ctx, s, list, conversationsSQL, f.Garages, f.Cursor, f.Limit, []any{
		clickhouse.Named("filter", f.Filter),
		clickhouse.Named("sort", f.Sort),
		clickhouse.Named("text", text),
		clickhouse.Named("plate", locale.NormalizePlate(text)),
	}, func(rows driver.Rows, at *cursor) (c view.Conversation, err error) {
		err = rows.Scan(&at.Key, &c.RepairID, &c.GarageID, &c.ExternalRef, (*string)(&c.State),
			&c.Vehicle.Plate, &c.Vehicle.Country, &c.Vehicle.Description,
			&c.Customer.ID, &c.Customer.Name, &c.Customer.Email, &c.Customer.Phone, &c.Customer.Language,
			&c.Mechanic, &c.NeedsReply, &c.Waiting, &c.Call, &c.CallReason, &c.WaitingSince,
			&c.Amount, &c.Currency, &c.LastAt, &c.LastMessage, (*string)(&c.LastKind))
		at.ID = c.RepairID
		return c, err
	})
}

// page reads one page of a list after its cursor, and one row more to see
// whether there is another.
func page[T any](ctx context.Context, s *Store, list, sql string, garages []string, after string, limit int,
	args []any, scan func(driver.Rows, *cursor) (T, error),
) (p view.Page[T], err error) {
	from, err := readCursor(list, after)
	if err != nil {
		return p, err
	}
	if p.AsOf, err = s.AsOf(ctx); err != nil { // before the rows: they are at least as fresh
		return p, err
	}
	p.Items = []T{}
	limit = max(cmp.Or(limit, pageLength), 1)
	at := cursor{List: list}
	args = append(args,
		clickhouse.Named("garages", garages),
		clickhouse.Named("after", from.Key),
		clickhouse.Named("after_id", from.ID),
		clickhouse.Named("limit", limit+1),
	)
	err = each(ctx, s.conn, sql, args, func(rows driver.Rows) error {
		if len(p.Items) == limit {
			p.Cursor = at.String()
			return nil
		}
		item, err := scan(rows, &at)
		p.Items = append(p.Items, item)
		return err
	})
	if err != nil {
		return view.Page[T]{}, fmt.Errorf("list %s: %w", strings.TrimRight(list, "/"), err)
	}
	return p, nil
}

// within holds a time in what the tables can hold; zero is otherwise.
func within(t, otherwise time.Time) time.Time {
	switch {
	case t.IsZero():
		return otherwise
	case t.Before(firstTime):
		return firstTime
	case t.After(lastTime):
		return lastTime
	}
	return t
}
