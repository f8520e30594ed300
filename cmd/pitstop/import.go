package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"pitstop/cmd/pitstop/app"
	"pitstop/deploy/embedded"
	"pitstop/producers/command"
	"pitstop/schemas/request"
)

// importCommand sends the commands in a file.
type importCommand struct {
	File          string `arg:"" help:"JSON lines: {\"garage\",\"key\",\"command\",\"repair\" or \"external_ref\",\"revision\",\"occurred_at\",\"actor\":{\"role\",\"id\"},\"body\"}; command is e.g. StartRepair, body what the API takes." placeholder:"FILE"`
	State         string `help:"File that remembers how far the import got; default: FILE.state." placeholder:"FILE"`
	CommandSecret string `help:"As of pitstop api; with --data, the embedded mode's."`
	reachFlags
	garageFlags
}

func (c *importCommand) Run(e *env) error {
	cfg, cfgErr := c.reach()
	var secret []byte
	var secretErr error
	if c.Data != "" {
		secret, secretErr = embedded.ReadSecret(c.Data, app.CommandsSecret)
		if c.Garages == "" {
			c.Garages = app.GarageFile(c.Data)
		}
	} else {
		secret, secretErr = secretFrom("PITSTOP_COMMAND_SECRET", c.CommandSecret)
	}
	book, bookErr := c.load()
	file, fileErr := os.Open(c.File)
	if err := wrongUsage(cfgErr, secretErr, bookErr, fileErr); err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}

	codec, err := app.NewCodec(e, cfg)
	if err != nil {
		return err
	}
	requests, err := request.NewBuilder(codec, book, secret, time.Now)
	if err != nil {
		return err
	}
	client, err := command.NewClient(cfg, codec, c.logger(e.err))
	if err != nil {
		return err
	}
	bar := progressbar.NewOptions64(info.Size(),
		progressbar.OptionSetWriter(e.err), progressbar.OptionShowBytes(true), progressbar.OptionSetDescription("importing"),
		progressbar.OptionSetVisibility(isTerminal(e.err)), progressbar.OptionClearOnFinish())
	lines := progressbar.NewReader(file, bar)
	importer := &command.Importer{
		Requests: requests, SendAll: client.SendAll, State: c.State,
		Bad: func(line int, reason error) { fmt.Fprintf(e.err, "line %d: %v\n", line, reason) },
	}
	if importer.State == "" {
		importer.State = c.File + ".state"
	}
	sum, err := importer.Import(e, &lines)
	closing, cancel := context.WithTimeout(context.WithoutCancel(e), app.ShutdownTimeout)
	defer cancel()
	err = errors.Join(err, bar.Finish(), client.Close(closing))
	fmt.Fprintf(e.out, "%d lines, earlier runs of this file included: %d sent, %d bad\n", sum.Lines, sum.Sent, sum.Bad)
	return err
}

// isTerminal reports whether w is a terminal.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
