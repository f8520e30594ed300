package main

import (
	"crypto/rand"
	"errors"
	"fmt"

	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// linksCommand is about the links that customers hold.
type linksCommand struct {
	Revoke linksRevoke `cmd:"" help:"End every link to a repair: its page then says whom to call. Later mails bring new ones."`
}

type linksRevoke struct {
	Garage string `arg:"" help:"The garage's id."`
	Repair string `arg:"" help:"The repair's id."`
	sendFlags
}

func (c *linksRevoke) Run(e *env) (err error) {
	send, release, err := c.open(e, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	cmd, err := send.Requests.Build(request.Request{
		Garage: c.Garage, RepairID: c.Repair, Key: rand.Text(), Actor: repair.Actor{Role: repair.Admin}, Body: new(request.RevokeLinks),
	})
	if err != nil {
		return wrongUsage(err)
	}
	answers, err := send.AskAll(e, cmd)
	if err != nil {
		return err
	}
	if code, reason := answers[0].Refusal(); code != "" {
		return fmt.Errorf("%s: %s", code, reason)
	}
	fmt.Fprintf(e.out, "every link to %s that was made before has ended\n", c.Repair)
	return nil
}
