package kafka

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ErrFenced means that another process took over the name of this member of a
// group. Starting again would fence that one in turn, so the process should end.
var ErrFenced = errors.New("another process runs the same instance")

// Fenced returns ErrFenced with what to do about it.
func Fenced(instance string) error {
	return fmt.Errorf("%w (%s): give every process its own --instance", ErrFenced, instance)
}

// Displaced reports whether an error of a poll means that the log is not the one that
// the member was reading: records are gone from where it is, or the topic was made
// anew. Whether it may go on, Resume says when it starts again.
func Displaced(err error) bool {
	var lost *kgo.ErrDataLoss
	return errors.As(err, &lost) || errors.Is(err, kerr.OffsetOutOfRange) || errors.Is(err, kerr.UnknownTopicID)
}
