package query

import (
	"context"
	_ "embed"
	"fmt"
)

//go:embed queries/totals.sql
var totalsSQL string

// Totals count what is in the tables.
type Totals struct {
	Commands, Events uint64
	// Mails counts those that a server accepted.
	Mails uint64
}

// Totals counts commands, events and accepted mails.
func (s *Store) Totals(ctx context.Context) (Totals, error) {
	var t Totals
	if err := s.conn.QueryRow(ctx, totalsSQL).Scan(&t.Commands, &t.Events, &t.Mails); err != nil {
		return Totals{}, fmt.Errorf("read totals: %w", err)
	}
	return t, nil
}
