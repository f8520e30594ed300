// Command pitstop is the whole product in one binary: every role of the
// pipeline alone (pitstop api, pitstop processor …, pitstop sink …), all of them
// on embedded parts (pitstop up, pitstop demo), and the tools around them.
//
// It parses flags and prints; cmd/pitstop/app runs the roles.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"pitstop/cmd/pitstop/app"
	"pitstop/cmd/pitstop/banner"
	"pitstop/deploy/embedded"
	"pitstop/producers/simulate"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == embedded.ChildCommand {
		os.Exit(embedded.RunChild(os.Args[2:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // wrong usage or configuration: nothing was started
)

// usageError is a mistake in the flags or the configuration: nothing was started.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// wrongUsage joins errs into one usageError; nil when there is none.
func wrongUsage(errs ...error) error {
	if err := errors.Join(errs...); err != nil {
		return usageError{err}
	}
	return nil
}

// env is the part of the process that a command may use.
type env struct {
	context.Context
	in       io.Reader
	out, err io.Writer
}

func newParser(options ...kong.Option) (*kong.Kong, error) {
	return kong.New(new(cli), append(options,
		kong.Name("pitstop"),
		kong.Description(description),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.DefaultEnvars("PITSTOP"),
		kong.Vars{
			"repairs":          strconv.Itoa(simulate.DefaultRepairs),
			"processors":       strings.Join(names(record.Processors()), ","), // an enum
			"processor_list":   strings.Join(names(record.Processors()), ", "),
			"rebuildable":      strings.Join(names(app.Rebuildable()), ","),
			"rebuildable_list": strings.Join(names(app.Rebuildable()), ", "),
		},
	)...)
}

func names(consumers []record.Consumer) (all []string) {
	for _, c := range consumers {
		all = append(all, c.Name)
	}
	return all
}

func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	exited := -1
	parser, err := newParser(kong.Writers(out, errOut), kong.Exit(func(code int) { exited = code }))
	if err != nil {
		fmt.Fprintln(errOut, "pitstop:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if exited >= 0 { // help was printed
		return exited
	}
	if err != nil {
		fmt.Fprintf(errOut, "pitstop: %v\nRun %s, or %s.\n", err, banner.Command(os.Args[0], "--help"), banner.Command(os.Args[0], "COMMAND", "--help"))
		return exitUsage
	}
	if err = command.Run(&env{ctx, in, out, errOut}); err != nil {
		err = kafka.Advise(err)
	}
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		fmt.Fprintf(errOut, "pitstop: not started:\n%s\n", indent(usage.Error()))
		return exitUsage
	default:
		fmt.Fprintf(errOut, "pitstop: %v\n", err)
		return exitFailed
	}
}
