package query

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
	"pitstop/schemas/readmodel"
	"pitstop/schemas/repair"
)

// A list is read in two steps: first the ids of a page, from the few columns that
// filter and sort it, then the rows to show.
var (
	//go:embed queries/repairs.sql
	repairsSQL string
	//go:embed queries/conversations.sql
	conversationsSQL string
	//go:embed queries/page.sql
	pageSQL string
)

// pageLength is the default length of a page.
const pageLength = 50

// conversationRow is one row of the view conversations.
type conversationRow struct {
	repairID, garageID, externalRef     string
	state                               repair.State
	sequence                            int64
	waitingFor                          readmodel.WaitingFor
	vehicle                             readmodel.Vehicle
	customer                            readmodel.Person
	mechanic                            string
	needsReplySince, waitsSince, callAt *time.Time
	callReason                          string
	amount                              int64
	currency                            string
	startedAt, lastAt                   time.Time
	message                             string
	messageKind                         repair.MessageKind
}

// Repairs lists repairs, the newest first.
func (s *Store) Repairs(ctx context.Context, f readmodel.RepairFilter) (readmodel.Page[readmodel.RepairItem], error) {
	changed := f.Garages
	if f.ChangedSince.IsZero() {
		changed = nil // reads no events
	}
	args := []any{
		clickhouse.Named("states", texts(f.States)),
		clickhouse.Named("since", within(f.ChangedSince, time.Unix(0, 0))),
		clickhouse.Named("changed", texts(changed)),
		clickhouse.Named("plate", f.Plate),
		clickhouse.Named("ref", f.ExternalRef),
	}
	return page(ctx, s, "repairs", repairsSQL, f.Garages, f.Cursor, f.Limit, args, func(r conversationRow) readmodel.RepairItem {
		return readmodel.RepairItem{
			RepairID: r.repairID, GarageID: r.garageID, ExternalRef: r.externalRef, State: r.state, Sequence: r.sequence,
			WaitingFor: r.waitingFor, Vehicle: r.vehicle, Customer: r.customer.Name, Mechanic: r.mechanic,
			StartedAt: r.startedAt, LastAt: r.lastAt,
		}
	})
}

// texts returns an array for a query: an empty one has no other type.
func texts[S ~string](values []S) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}

// Conversations lists repairs as customer service sees them: who waits longest first,
// unless f.Sort is recent. WaitingSince is when the wait began that f.Filter asks
// for, or else the longest.
//
// The view conversations (migrations) has the rules of who waits.
func (s *Store) Conversations(ctx context.Context, f readmodel.ConversationFilter) (readmodel.Page[readmodel.Conversation], error) {
	text := strings.TrimSpace(f.Query)
	args := []any{
		clickhouse.Named("filter", f.Filter),
		clickhouse.Named("sort", f.Sort),
		clickhouse.Named("text", text),
		clickhouse.Named("plate", locale.NormalizePlate(text)),
	}
	list := "conversations/" + f.Filter + "/" + f.Sort
	return page(ctx, s, list, conversationsSQL, f.Garages, f.Cursor, f.Limit, args, func(r conversationRow) readmodel.Conversation {
		return readmodel.Conversation{
			RepairID: r.repairID, GarageID: r.garageID, ExternalRef: r.externalRef, State: r.state,
			Vehicle: r.vehicle, Customer: r.customer, Mechanic: r.mechanic,
			NeedsReply: r.needsReplySince != nil, Waiting: r.waitsSince != nil, Call: r.callAt != nil,
			CallReason: r.callReason, WaitingSince: r.since(f.Filter), Amount: r.amount, Currency: r.currency,
			LastAt: r.lastAt, LastMessage: r.message, LastKind: r.messageKind,
		}
	})
}

// since returns when the wait that a filter asks for began, or else the longest.
func (r conversationRow) since(filter string) *time.Time {
	switch filter {
	case "needs-reply":
		return r.needsReplySince
	case "waiting":
		return r.waitsSince
	case "call":
		return r.callAt
	}
	var first *time.Time
	for _, t := range []*time.Time{r.needsReplySince, r.waitsSince, r.callAt} {
		if t != nil && (first == nil || t.Before(*first)) {
			first = t
		}
	}
	return first
}

// page reads the page of a list that follows a cursor.
func page[T any](ctx context.Context, s *Store, list, sql string, garages []string, after string, limit int,
	args []any, show func(conversationRow) T,
) (p readmodel.Page[T], err error) {
	from, err := readCursor(list, after)
	if err != nil {
		return p, err
	}
	if p.AsOf, err = s.AsOf(ctx); err != nil { // before the rows: they are at least as fresh
		return p, err
	}
	limit = max(cmp.Or(limit, pageLength), 1)
	var places []cursor
	err = each(ctx, s.conn, sql, append(args,
		clickhouse.Named("garages", garages),
		clickhouse.Named("after", from.Key),
		clickhouse.Named("after_id", from.ID),
		clickhouse.Named("limit", limit+1), // the extra row tells whether there is another page
	), func(rows driver.Rows) error {
		at := cursor{List: list}
		err := rows.Scan(&at.Key, &at.ID)
		places = append(places, at)
		return err
	})
	if err != nil {
		return p, fmt.Errorf("list %s: %w", list, err)
	}
	if len(places) > limit {
		places = places[:limit]
		p.Cursor = places[limit-1].String()
	}
	p.Items = make([]T, 0, len(places))
	if len(places) == 0 {
		return p, nil
	}
	rows, err := s.standings(ctx, garages, places)
	if err != nil {
		return p, fmt.Errorf("list %s: %w", list, err)
	}
	for _, at := range places {
		if r, ok := rows[at.ID]; ok { // gone only if it was erased just now
			p.Items = append(p.Items, show(r))
		}
	}
	return p, nil
}

func (s *Store) standings(ctx context.Context, garages []string, places []cursor) (map[string]conversationRow, error) {
	ids := make([]string, len(places))
	for i, at := range places {
		ids[i] = at.ID
	}
	found := make(map[string]conversationRow, len(ids))
	args := []any{clickhouse.Named("garages", garages), clickhouse.Named("ids", ids)}
	return found, each(ctx, s.conn, pageSQL, args, func(rows driver.Rows) error {
		var r conversationRow
		err := rows.Scan(&r.repairID, &r.garageID, &r.externalRef, (*string)(&r.state), &r.sequence,
			(*string)(&r.waitingFor), &r.vehicle.Plate, &r.vehicle.Country, &r.vehicle.Description,
			&r.customer.ID, &r.customer.Name, &r.customer.Email, &r.customer.Phone, &r.customer.Language,
			&r.mechanic, &r.needsReplySince, &r.waitsSince, &r.callAt, &r.callReason,
			&r.amount, &r.currency, &r.startedAt, &r.lastAt, &r.message, (*string)(&r.messageKind))
		found[r.repairID] = r
		return err
	})
}
