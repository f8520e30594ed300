package record

import (
	"slices"
	"testing"
	"time"
)

func TestOutOfDate(t *testing.T) {
	now := time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)
	for _, kind := range NotificationKinds {
		past := &NotificationRequested{Notice: Notice{Kind: kind}, ExpiresAt: now, ReadyAt: now}
		want := slices.Contains([]NotificationKind{NotifyApprovalRequired, NotifyReminder, NotifyReadyLater}, kind)
		if got := past.OutOfDate(now); got != want {
			t.Errorf("%s whose times are over is out of date: %t", kind, got)
		}
		if past.OutOfDate(now.Add(-time.Microsecond)) || (&NotificationRequested{Notice: past.Notice}).OutOfDate(now) {
			t.Errorf("%s is out of date before its time, or without one", kind)
		}
	}
}
