package dashboards_test

import "time"

// What the panels of Notifications show.
var onNotifications = []expected{
	// Asked: approved, partly, rejected, expired, replaced (its second revision),
	// unmailed, unseen, young. Not accepted: expired, unmailed. Not viewed besides:
	// unseen. Answered: approved, partly, rejected, replaced, unseen.
	{"funnel", chosen("brug"), [][]any{{"asked", 8, 2, 100}, {"accepted", 6, 2, 75}, {"viewed", 5, 2, 62.5}, {"answered", 5, 2, 62.5}}},
	{"funnel", chosen("oost"), [][]any{{"asked", 2, 0, 100}, {"accepted", 2, 0, 100}, {"viewed", 2, 0, 100}, {"answered", 2, 0, 100}}},
	{"funnel", chosen("brug", "oost"), [][]any{{"asked", 10, 2, 100}, {"accepted", 8, 2, 80}, {"viewed", 7, 2, 70}, {"answered", 7, 2, 70}}},

	// Each takes a minute. approved 4: started, asked, answer, completed; partly 8: those,
	// later, message to sam and to the desk, reply; rejected 8: the four,
	// reminder, message to two, reply; expired 2: started, expiry; withdrawn 3: started,
	// asked, withdrawn; replaced 5: the four, asked again; cancelled 3; unseen 5: the
	// four, reminder; young 2; asking 5: started, two messages to two; lastWeek 2.
	// Before: the same four twice, and the reminder of lastNight.
	{"mail-time", chosen("brug"), [][]any{{60, 60, 47, 60, nil, 0}}},
	// Also 4 of quick and 3 of slow, one of which was refused at first.
	{"mail-time", wall("brug", "oost"), [][]any{{60, 60, 54, 60, nil, 0}}},
	{"mail-time", chosen("oost"), [][]any{{60, nil, 7, nil, nil, 0}}},

	// Reminders of approved, partly (it waited for the reply), withdrawn, replaced (both revisions) and cancelled; what
	// unmailed was to be told: the start, the question, the reminder; the reminder of
	// expired. Before: the reminder of lastWeek.
	{"suppressed", chosen("brug"), [][]any{{"moment_passed", 6, 1}, {"no_address", 3, 0}, {"address_refused", 1, 0}}},
	{"suppressed", chosen("oost"), [][]any{{"moment_passed", 2, 0}}},

	{"failures", chosen("brug"), [][]any{
		{date(21), 0, 0, 0},
		{date(22), 0, 0, 0},
		{date(23), 0, 0, 0},
		{date(24), 0, 0, 0},
		{date(25), 0, 0, 0},
		{date(26), 0, 1, 1}, // expired
		{date(27), 0, 0, 1}, // unmailed
		{date(28), 0, 1, 2}, // withdrawn; asking
	}},
	{"failures", chosen("brug", "oost"), [][]any{
		{date(21), 0, 0, 0},
		{date(22), 0, 0, 0},
		{date(23), 0, 0, 0},
		{date(24), 0, 0, 0},
		{date(25), 0, 0, 0},
		{date(26), 0, 1, 1},
		{date(27), 1, 0, 1}, // quick
		{date(28), 0, 1, 2},
	}},

	{"call-tasks", chosen("brug", "oost"), [][]any{{"undeliverable", 2, 0}, {"no_address", 1, 0}, {"requested", 1, 0}}},
	{"call-tasks", chosen("oost"), nil},
}

// What the panels of Service show.
var onService = []expected{
	{"calls", chosen("brug", "oost"), [][]any{
		{"JJJ-99-J", "Garage brug", "Klant JJJ99J", mobile, "no_address", "sam", brug(27, 16, 30), 150, unmailed.id()},
		{"GG-777-G", "Garage brug", "Klant GG777G", mobile, "undeliverable", "sam", brug(28, 9, 1), 59, withdrawn.id()},
		{"1-LL-111", "Garage brug", "Klant 1LL111", mobile, "requested", "sam", brug(28, 9, 40), 20, asking.id()},
	}},
	{"calls", wall("brug"), [][]any{
		{"JJJ-99-J", "Garage brug", "Klant JJJ99J", mobile, "no_address", "sam", brug(27, 16, 30), 1050, unmailed.id()},
		{"GG-777-G", "Garage brug", "Klant GG777G", mobile, "undeliverable", "sam", brug(28, 9, 1), 59, withdrawn.id()},
		{"1-LL-111", "Garage brug", "Klant 1LL111", mobile, "requested", "sam", brug(28, 9, 40), 20, asking.id()},
	}},
	{"calls", chosen("oost"), nil},

	// asking, 30 minutes.
	{"questions-by-age", chosen("brug"), [][]any{{"hour", 1}}},
	{"questions-by-age", wall("brug", "oost"), [][]any{{"hour", 1}}},

	// rejected 30: 9:10 to 9:40; partly 60: Friday 16:30 to 17:00, Tuesday 8:00 to 8:30
	// (88 hours). asking waits; lastWeek wrote when the repair was over.
	{"reply-time", chosen("brug"), [][]any{{45, nil, 2, nil, nil, 1}}},
	{"reply-time", wall("brug", "oost"), [][]any{{2655, nil, 2, nil, nil, 1}}},
	{"reply-time", chosen("oost"), [][]any{{nil, nil, 0, nil, nil, 0}}},
	{"reply-by-day", chosen("brug"), [][]any{
		{date(22), 60, nil, nil, 1, 0},
		{date(26), 30, nil, nil, 1, 0},
		{date(28), nil, nil, nil, 0, 1},
	}},
	{"reply-by-day", wall("brug"), [][]any{
		{date(22), 5280, nil, nil, 1, 0},
		{date(26), 30, nil, nil, 1, 0},
		{date(28), nil, nil, nil, 0, 1},
	}},
}

// What the panels of Conversation show.
var onConversation = []expected{
	{"car", about(partly, "brug"), [][]any{
		{"44-44-DD", "Garage brug", "Volkswagen Golf", "4444DD", "completed", "nobody", "Klant 4444DD", mobile, "sam", brug(22, 9, 0), brug(22, 15, 0)},
	}},
	{"car", about(partly, "oost"), nil}, // another garage's
	{"timeline", about(expired, "brug"), [][]any{
		{brug(26, 8, 30), "RepairStarted", "mechanic", "", "sam", "", nil, 289, "EUR", ""},
		{brug(26, 8, 30), "NotificationRequested", "", "customer", "", "repair_started", nil, nil, "", ""},
		{brug(26, 8, 31), "DeliveryAccepted", "", "customer", "", "repair_started", nil, nil, "", ""},
		{brug(26, 10, 0), "ApprovalRequested", "mechanic", "", "sam", "", 1, 150, "EUR", ""},
		{brug(26, 10, 0), "NotificationRequested", "", "customer", "", "approval_required", 1, nil, "", ""},
		{brug(26, 10, 1), "DeliveryFailed", "", "customer", "", "approval_required", 1, nil, "", ""},
		{brug(26, 10, 1), "CallTask", "", "customer", "", "approval_required", 1, nil, "", "undeliverable"},
		{brug(26, 11, 0), "NotificationSuppressed", "", "customer", "", "approval_reminder", 1, nil, "", "address_refused"},
		{brug(27, 10, 0), "QuoteExpired", "system", "", "", "", 1, nil, "", ""},
		{brug(27, 10, 0), "NotificationRequested", "", "mechanic", "sam", "expiry", 1, nil, "", ""},
		{brug(27, 10, 1), "DeliveryAccepted", "", "mechanic", "sam", "expiry", 1, nil, "", ""},
		{brug(27, 10, 5), "CommandRefused", "customer", "", "", "", nil, nil, "", "expired"},
	}},
	{"timeline", about(quick, "oost", "brug"), [][]any{
		{oost(27, 9, 30), "RepairStarted", "mechanic", "", "sam", "", nil, 28900, "JPY", ""},
		{oost(27, 9, 30), "NotificationRequested", "", "customer", "", "repair_started", nil, nil, "", ""},
		{oost(27, 9, 31), "DeliveryAccepted", "", "customer", "", "repair_started", nil, nil, "", ""},
		{oost(27, 10, 0), "ApprovalRequested", "mechanic", "", "noor", "", 1, 5000, "JPY", ""},
		{oost(27, 10, 0), "NotificationRequested", "", "customer", "", "approval_required", 1, nil, "", ""},
		{oost(27, 10, 1), "DeliveryDeferred", "", "customer", "", "approval_required", 1, nil, "", ""},
		{oost(27, 10, 1).Add(13 * time.Second), "NotificationRequested", "", "customer", "", "approval_required", 1, nil, "", ""},
		{oost(27, 10, 2).Add(13 * time.Second), "DeliveryAccepted", "", "customer", "", "approval_required", 1, nil, "", ""},
		{oost(27, 10, 20), "QuoteViewed", "customer", "", "", "", 1, nil, "", ""},
		{oost(27, 10, 25), "approved", "customer", "", "", "", 1, 5000, "JPY", "page"},
		{oost(27, 10, 25), "NotificationRequested", "", "mechanic", "noor", "decision", 1, nil, "", ""},
		{oost(27, 10, 25), "NotificationSuppressed", "", "customer", "", "approval_reminder", 1, nil, "", "moment_passed"},
		{oost(27, 10, 26), "DeliveryAccepted", "", "mechanic", "noor", "decision", 1, nil, "", ""},
		{oost(28, 11, 30), "RepairCompleted", "mechanic", "", "sam", "", nil, 28900, "JPY", ""},
		{oost(28, 11, 30), "NotificationRequested", "", "customer", "", "repair_completed", nil, nil, "", ""},
		{oost(28, 11, 31), "DeliveryAccepted", "", "customer", "", "repair_completed", nil, nil, "", ""},
	}},
	{"timeline", about(quick, "brug"), nil},
}
