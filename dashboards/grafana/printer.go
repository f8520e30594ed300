package grafana

import (
	"fmt"
	"io"
)

// Printer prints reports for an operator: what is to be done, or what was done.
type Printer struct {
	Out     io.Writer
	Of      int  // how many organisations there will be
	Colours bool // whether signs are coloured, for a terminal

	told                                    int
	created, changed, deleted, kept, failed int
}

const mostFields = 6 // printed of a change

// Tell prints the report of the next organisation.
func (p *Printer) Tell(r Report) {
	p.told++
	fmt.Fprintf(p.Out, "[%d/%d] %s", p.told, p.Of, r.Organisation)
	if r.New {
		fmt.Fprint(p.Out, ", a new organisation")
	}
	fmt.Fprintln(p.Out)
	kept := 0
	for _, step := range r.Steps {
		what := fmt.Sprintf("%s %s", step.Kind, step.UID)
		switch {
		case step.Err != nil:
			p.failed++
			p.line('!', fmt.Sprintf("%s: %v", what, step.Err))
		case step.Verb == Create:
			p.created++
			p.line('+', what)
		case step.Verb == Delete:
			p.deleted++
			p.line('-', what+", which is no dashboard or rule of this version")
		case step.Verb == Change:
			p.changed++
			p.line('~', what)
			for _, f := range step.Fields[:min(len(step.Fields), mostFields)] {
				fmt.Fprintf(p.Out, "      %s\n", f)
			}
			if more := len(step.Fields) - mostFields; more > 0 {
				fmt.Fprintf(p.Out, "      and %d more\n", more)
			}
		default:
			kept++
		}
	}
	p.kept += kept
	if kept > 0 {
		p.line('=', fmt.Sprintf("%d as they should be", kept))
	}
	if r.Err != nil {
		p.line('!', r.Err.Error())
	}
}

func (p *Printer) line(sign rune, text string) {
	start, end := "", ""
	if p.Colours {
		start, end = map[rune]string{'+': "\x1b[32m", '~': "\x1b[33m", '-': "\x1b[31m", '!': "\x1b[1;31m", '=': "\x1b[2m"}[sign], "\x1b[0m"
	}
	fmt.Fprintf(p.Out, "  %s%c %s%s\n", start, sign, text, end)
}

// Sum prints what all reports together come to.
func (p *Printer) Sum(applied bool) {
	if p.told == 0 {
		return
	}
	words := "%d to create, %d to change, %d to delete, %d as they should be"
	if applied {
		words = "%d created, %d changed, %d deleted, %d as they should be"
	}
	fmt.Fprintf(p.Out, words, p.created, p.changed, p.deleted, p.kept)
	if p.failed > 0 {
		fmt.Fprintf(p.Out, ", %d failed", p.failed)
	}
	fmt.Fprintf(p.Out, "; organisations: %d\n", p.told)
}
