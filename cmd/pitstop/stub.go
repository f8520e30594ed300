package main

import (
	"context"

	"pitstop/api"
	"pitstop/schemas/view"
)

type noFeed struct{}

func openEvents(ctx context.Context, after string) (api.EventReader, error) {
	return nil, view.ErrCursor
}

func (noFeed) Close() error { return nil }

type demoCommand struct{}

func (demoCommand) Run(e *env) error { return nil }

type importCommand struct{}

func (importCommand) Run(e *env) error { return nil }
