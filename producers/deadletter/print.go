package deadletter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"pitstop/schemas/record"
)

// List writes a line for each dead letter. What a consumer gave up on once more, because it
// read it again, is listed once.
func (b Box) List(ctx context.Context, out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "POSITION\tAT\tCONSUMER\tWAS\tREASON\tDETAIL")
	type burial struct {
		consumer, topic string
		partition       int32
		offset          int64
	}
	listed := make(map[burial]bool)
	n := 0
	err := b.Each(ctx, func(l Letter) (err error) {
		if l.DeadLetter != nil {
			of := burial{l.Consumer, l.Topic, l.Partition, l.Offset}
			if listed[of] {
				return nil
			}
			listed[of] = true
		}
		n++
		if l.Err != nil {
			_, err = fmt.Fprintf(w, "%s\t-\t-\t-\tunreadable\t%.100q\n", l.Position, l.Err)
			return err
		}
		_, err = fmt.Fprintf(w, "%s\t%s\t%s\t%s[%d]@%d\t%s\t%.100q\n",
			l.Position, l.At.Format(time.RFC3339), l.Consumer, l.Topic, l.Partition, l.Offset, l.Reason, l.Detail)
		return err
	})
	if err != nil {
		return err
	}
	if n == 0 {
		fmt.Fprintln(out, "no dead letters")
		return nil
	}
	return w.Flush()
}

// Show writes one dead letter, with its bytes and, where they are a record, what they
// say. Personal data in it stays sealed.
func (b Box) Show(ctx context.Context, out io.Writer, p Position) error {
	d, err := b.Get(ctx, p)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "consumer  %s\nreason    %s\ndetail    %s\nwas       %s[%d]@%d, key %q\nat        %s\nbytes     %x\n",
		d.Consumer, d.Reason, d.Detail, d.Topic, d.Partition, d.Offset, d.Key, d.At.Format(time.RFC3339Nano), d.Value)
	content, err := b.Codec.Decode(ctx, d.Value)
	if err != nil {
		fmt.Fprintf(out, "record    none: %v\n", err)
		return nil
	}
	text, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "record    %s %s\n", record.NameOf(content), text)
	return nil
}

// Resend is Replay, and prints what became of each letter. It fails where one of those
// that are wanted was not sent, or is none.
func (b Box) Resend(ctx context.Context, out io.Writer, wanted []Position) error {
	found, refused := 0, 0
	err := b.Replay(ctx, wanted, func(p Position, err error) {
		found++
		if err == nil {
			fmt.Fprintf(out, "%s sent again\n", p)
			return
		}
		if errors.Is(err, ErrNotReplayable) {
			refused++
		}
		fmt.Fprintf(out, "%s %v\n", p, err)
	})
	switch {
	case err != nil:
		return err
	case found < len(wanted):
		return fmt.Errorf("%d of %d positions hold no dead letter: see pitstop dead-letters list", len(wanted)-found, len(wanted))
	case refused > 0 && wanted != nil:
		return fmt.Errorf("%d of %d were not sent", refused, len(wanted))
	}
	return nil
}
