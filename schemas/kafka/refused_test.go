package kafka_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"

	"pitstop/schemas/kafka"
)

func TestAdvise(t *testing.T) {
	refused := fmt.Errorf("list topics: %w", kerr.TopicAuthorizationFailed)
	advised := kafka.Advise(refused)
	const want = "; allow it to the user: docs/kafka.md says what each role needs"
	if advised.Error() != refused.Error()+want || !errors.Is(advised, kerr.TopicAuthorizationFailed) {
		t.Errorf("advised: %v", advised)
	}
	if again := kafka.Advise(fmt.Errorf("stalled: %w", advised)); again.Error() != "stalled: "+advised.Error() {
		t.Errorf("advised again: %v", again)
	}
	if other := errors.New("no such file"); kafka.Advise(other).Error() != other.Error() {
		t.Errorf("advised: %v", kafka.Advise(other))
	}
}
