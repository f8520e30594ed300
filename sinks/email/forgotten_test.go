package email

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"pitstop/schemas/garage/garagetest"
	"pitstop/schemas/kafka"
	"pitstop/schemas/record"
)

// The brokers forget where a group was that nobody has been in for 7 days. Then
// nothing is sent a second time: the sink says so, and goes on where it is told.
func TestForgottenPosition(t *testing.T) {
	bubble(t, func(r *rig) {
		_, stop := r.start("a")
		r.many(3)
		r.next(3)
		stop()
		time.Sleep(8 * 24 * time.Hour) // in the bubble
		if _, err := kadm.NewClient(r.client).FetchOffsets(r.Context(), record.EmailSink.Group()); !errors.Is(err, kerr.GroupIDNotFound) {
			r.Errorf("the broker remembers the group: %v", err)
		}
		since := time.Now()
		r.produce(r.to("new@example.nl"))

		if err := r.again(time.Time{}); !errors.Is(err, kafka.ErrLost) || !strings.Contains(err.Error(), "--since") {
			r.Errorf("it ends with %v, not with what to do", err)
		}
		r.none()
		if err := r.again(since); err != nil {
			r.Error(err)
		}
		if got := len(r.next(2)); got != 1 {
			r.Errorf("%d mails were sent, want the new one", got)
		}
	})
}

// A sink that starts for the first time sends what was requested before.
func TestNewGroupBeginsWithTheFirst(t *testing.T) {
	bubble(t, func(r *rig) {
		r.many(2)
		time.Sleep(6 * 24 * time.Hour) // in the bubble
		r.start("a")
		if got := len(r.next(2)); got != 2 {
			r.Errorf("%d mails were sent, want 2", got)
		}
	})
}

// The position of a group is gone sooner when somebody deletes the group, and was
// never there on a mirror of the topics. The deliveries tell that mails were sent.
func TestDeletedPosition(t *testing.T) {
	bubble(t, func(r *rig) {
		_, stop := r.start("a")
		r.many(3)
		r.next(3)
		stop()
		time.Sleep(time.Minute) // the broker forgets the member
		if _, err := kadm.NewClient(r.client).DeleteGroups(r.Context(), record.EmailSink.Group()); err != nil {
			r.Fatal(err)
		}
		if err := r.again(time.Time{}); !errors.Is(err, kafka.ErrLost) || !strings.Contains(err.Error(), "pitstop sink email --since TIME") {
			r.Errorf("it ends with %v, not with what to do", err)
		}
		r.none()
	})
}

// A position that is gone or past the end, if only of one partition, ends the sink: it
// sends nothing again without a word.
func TestOnePartitionIsLost(t *testing.T) {
	for name, lose := range map[string]func(*rig, *kadm.Client){
		"gone": func(r *rig, adm *kadm.Client) {
			var p kadm.TopicsSet
			p.Add(record.Notifications.Name, 0)
			if _, err := adm.DeleteOffsets(r.Context(), record.EmailSink.Group(), p); err != nil {
				r.Fatal(err)
			}
		},
		"past the end": func(r *rig, adm *kadm.Client) {
			var o kadm.Offsets
			o.AddOffset(record.Notifications.Name, 0, 99, -1)
			if err := adm.CommitAllOffsets(r.Context(), record.EmailSink.Group(), o); err != nil {
				r.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				_, stop := r.start("a")
				r.many(8)
				r.next(8)
				stop()
				time.Sleep(time.Minute) // the broker forgets the member
				lose(r, kadm.NewClient(r.client))
				if err := r.again(time.Time{}); !errors.Is(err, kafka.ErrLost) || !strings.Contains(err.Error(), "--since") {
					r.Errorf("it ends with %v, not with what to do", err)
				}
				r.none()
				if err := r.again(time.Now()); err != nil {
					r.Errorf("told from when on, it ends with %v", err)
				}
				r.none()
			})
		})
	}
}

// A sink has a position before its first mail, also on partitions without a
// request: if it dies right after that mail, it still knows where it was.
func TestPositionBeforeTheFirstMail(t *testing.T) {
	bubble(t, func(r *rig) {
		r.start("a")
		time.Sleep(time.Minute) // in the bubble
		committed, err := kafka.Committed(r.Context(), kadm.NewClient(r.client), record.EmailSink.Group())
		if err != nil {
			r.Fatal(err)
		}
		ends, err := kafka.Ends(r.Context(), kadm.NewClient(r.client), record.Notifications.Name)
		if err != nil {
			r.Fatal(err)
		}
		if got, want := len(committed[record.EmailSink.Group()][record.Notifications.Name]), len(ends[record.Notifications.Name]); got != want || want == 0 {
			r.Errorf("positions on %d partitions, want on all %d", got, want)
		}
	})
}

// again runs the sink for a minute, unless it ends before.
func (r *rig) again(since time.Time) error {
	s, err := New(testConfig(r), garagetest.Sample(r), r.codec, r.transport(), time.Now, r.log)
	if err != nil {
		r.Fatal(err)
	}
	s.Since = since
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	return s.Run(ctx, r.kafka, "a")
}
