package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"pitstop/cmd/pitstop/app"
	"pitstop/cmd/pitstop/progress"
	"pitstop/deploy/embedded"
	"pitstop/producers/command"
)

// importCommand sends the commands in a file.
type importCommand struct {
	File    string `arg:"" help:"JSON lines: {\"garage\",\"key\",\"command\",\"repair\" or \"external_ref\",\"revision\",\"occurred_at\",\"tell\",\"actor\":{\"role\",\"id\"},\"body\"}; command is e.g. StartRepair, body what the API takes." placeholder:"FILE"`
	Tell    bool   `help:"Tell people also of what happened more than a day ago; else that is history, of which nobody is told."`
	State   string `help:"File that remembers how far the import got; default: FILE.state." placeholder:"FILE"`
	Summary string `help:"File that gets the lines that were not accepted, and what became of all, as JSON lines; default: FILE.summary." placeholder:"FILE"`
	sendFlags
}

// sendFlags are what it takes to send commands past the API.
type sendFlags struct {
	CommandSecret string `help:"As of pitstop api; with --data, the embedded mode's."`
	reachFlags
	garageFlags
}

// open returns what sends them, and the function that releases what it holds. A mistake
// is one in the flags, with others that were found before.
func (f *sendFlags) open(e *env, found error) (*command.Importer, func() error, error) {
	cfg, cfgErr := f.reach()
	var secret []byte
	var secretErr error
	if f.Data != "" {
		secret, secretErr = embedded.ReadSecret(f.Data, app.CommandsSecret)
		if at, err := embedded.ReadAddresses(f.Data); err == nil && f.Garages == "" { // else cfgErr says it
			f.Garages = at.Garages
		}
	} else {
		secret, secretErr = secretFrom("PITSTOP_COMMAND_SECRET", f.CommandSecret)
	}
	book, bookErr := f.load()
	if err := wrongUsage(cfgErr, secretErr, bookErr, found); err != nil {
		return nil, nil, err
	}
	return app.OpenImporter(e, cfg, book, secret, f.logger(e.err))
}

func (c *importCommand) Run(e *env) error {
	file, fileErr := os.Open(c.File)
	importer, release, err := c.open(e, fileErr)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	shown := progress.New(e.err, "Importing", info.Size(), 0, time.Now())
	importer.Tell, importer.State, importer.Summary = c.Tell, c.State, c.Summary
	if importer.State == "" {
		importer.State = c.File + ".state"
	}
	if importer.Summary == "" {
		importer.Summary = c.File + ".summary"
	}
	importer.Remark = func(r command.Remark) { fmt.Fprintf(e.err, "line %d: %s: %s\n", r.Line, r.Code, r.Reason) }
	importer.Progress = func(sum command.Summary) {
		done, err := file.Seek(0, io.SeekCurrent)
		if err != nil { // a pipe
			done = int64(sum.Lines)
		}
		shown.Report(done, time.Now())
	}
	sum, err := importer.Import(e, file)
	shown.Finish()
	err = errors.Join(err, release())
	fmt.Fprintf(e.out, "%s; see %s\n", sum, importer.Summary)
	return err
}
