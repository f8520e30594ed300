package stream_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"pitstop/schemas/kafka/kafkatest"
)

// A member that was removed from its group is not ready until it has joined again.
func TestOutOfTheGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := kafkatest.Start(t, 1)
		m := runLifecycle(t, c, "a")
		time.Sleep(time.Second)
		if err := m.Check(time.Now()); err != nil {
			t.Fatal(err)
		}
		back := time.Now().Add(time.Minute)
		c.Fake.ControlKey(kmsg.Heartbeat.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
			resp := req.ResponseKind().(*kmsg.HeartbeatResponse)
			resp.ErrorCode = kerr.UnknownMemberID.Code
			return resp, nil, true
		})
		c.Fake.ControlKey(kmsg.JoinGroup.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
			if !time.Now().Before(back) {
				return nil, nil, false
			}
			c.Fake.KeepControl()
			resp := req.ResponseKind().(*kmsg.JoinGroupResponse)
			resp.ErrorCode = kerr.GroupAuthorizationFailed.Code
			return resp, nil, true
		})
		time.Sleep(30 * time.Second)
		if m.Check(time.Now()) == nil {
			t.Error("ready, but not in the group")
		}
		time.Sleep(time.Minute)
		if err := m.Check(time.Now()); err != nil {
			t.Errorf("in the group again, but not ready: %v", err)
		}
	})
}
