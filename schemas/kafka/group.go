package kafka

import (
	"errors"
	"fmt"
	"time"
)

// ErrFenced means that another process took over the name of this member of a
// group. Starting again would fence that one in turn, so the process should end.
var ErrFenced = errors.New("another process runs the same instance")

// Fenced returns ErrFenced with what to do about it.
func Fenced(instance string) error {
	return fmt.Errorf("%w (%s): give every process its own --instance", ErrFenced, instance)
}

// ErrForgotten means that the brokers have deleted the committed offsets of a group
// that had no member for offsets.retention.minutes (7 days, by default). From the
// beginning of its topics it would do everything twice, so an operator must say
// where it continues. The error that wraps it says what is lost.
var ErrForgotten = errors.New("the brokers have forgotten")

// OffsetsRetention is how long brokers keep the offsets of a group without members,
// by default.
const OffsetsRetention = 7 * 24 * time.Hour
