package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"pitstop/schemas/record"
	"pitstop/sinks/clickhouse/query"
)

// rewind deletes the offsets of the ClickHouse sink where its tables are empty:
// whoever drops them gets them back from the topics.
func (p *Pipeline) rewind(ctx context.Context) (err error) {
	conn, err := p.Database.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	asOf, err := query.NewStore(conn).AsOf(ctx)
	if err != nil || !asOf.IsZero() {
		return err
	}
	group := record.ClickHouseSink.Group()
	// The static member of the last start may still be in the group; where it is not,
	// leaving fails and the group can be deleted all the same.
	got, left := p.adm.LeaveGroup(ctx, kadm.LeaveGroup(group).InstanceIDs(group+"/"+instance))
	if _, err := p.adm.DeleteGroup(ctx, group); err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return fmt.Errorf("forget the offsets of %s, since the tables are empty: %w", group, errors.Join(left, got.Error(), err))
	}
	return nil
}
