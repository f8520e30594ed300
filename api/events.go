package api

import (
	"context"

	"pitstop/schemas/view"
)

func (s *server) listEvents(ctx context.Context, in *struct {
	After string `query:"after"`
}) (*body[view.EventPage], error) {
	return nil, problem(codeUnavailable, "")
}
