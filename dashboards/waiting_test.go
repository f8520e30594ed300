package dashboards_test

import (
	"time"

	"pitstop/dashboards"
	"pitstop/schemas/readmodel"
)

func latencyQuery(measure string, c dashboards.Choice) readmodel.LatencyQuery {
	return readmodel.LatencyQuery{Measure: measure, Garages: c.Garages, From: c.From, To: c.To, GroupBy: "day"}
}

func date(day int) time.Time { return time.Date(2026, time.May, day, 0, 0, 0, 0, time.UTC) }

const mobile, leasing = "+31612345678", "+31201234567"

// What the panels of Waiting show. The answers that the figures rest on, in minutes
// of opening time (and of all hours, where that is another number):
//
//	lastWeek   31   May 19, 10:00 to 10:31
//	lastNight  60   May 20, 16:30 to 17:00 and 8:00 to 8:30       (960)
//	approved   41   May 21, 11:00 to 11:41
//	partly    110   May 22, 16:00 to 17:00 and, Tuesday, to 8:50  (5330)
//	rejected   90   May 26, 9:00 to 10:30
//	expired   480   May 26, 10:00 to 12, 13 to 17, and to 10:00   (1440)
//	replaced   30   May 27, 10:15 to 10:45, of the second revision
//	unseen     70   May 27, 13:10 to 14:20
//	unmailed        May 27, 16:30, open for 30 and 120            (1050)
//	young           May 28, 9:20, open for 40
//	quick      25   May 27, 10:00 to 10:25, oost
//	slow       45   May 27, 11:00 to 11:45, oost
var onWaiting = []expected{
	{"freshness", chosen("brug"), [][]any{{4, now.Add(-4 * time.Second)}}},

	{"open-quotes", chosen("brug", "oost"), [][]any{
		{"JJJ-99-J", "Garage brug", "Klant JJJ99J", mobile, 123.45, "EUR", "unreached", brug(27, 16, 30), 150, unmailed.id()},
		{"KK-KK-10", "Garage brug", "Lease BV", leasing, 450, "EUR", "viewed", brug(28, 9, 20), 40, young.id()},
	}},
	{"open-quotes", wall("brug"), [][]any{
		{"JJJ-99-J", "Garage brug", "Klant JJJ99J", mobile, 123.45, "EUR", "unreached", brug(27, 16, 30), 1050, unmailed.id()},
		{"KK-KK-10", "Garage brug", "Lease BV", leasing, 450, "EUR", "viewed", brug(28, 9, 20), 40, young.id()},
	}},
	{"open-quotes", chosen("oost"), nil},

	// The day before: the mail of expired, its reminder, and what unmailed was not
	// told first. Of this day's 22 notifications: replaced 3 (its second question, the
	// answer, the completion), cancelled 2, unseen 5, unmailed 2, lastWeek 2 (its
	// message, to sam and to the desk), withdrawn 1, young 2, asking 5.
	{"unreached-count", chosen("brug"), [][]any{{3, 3, 22}}},
	{"unreached-count", chosen("oost"), [][]any{{0, 0, 1}}},
	{"unreached-count", chosen("leeg"), [][]any{{nil, 0, 0}}},
	{"unreached-count", chosen("brug", "oost"), [][]any{{3, 3, 23}}},
	{"unreached", chosen("brug", "oost"), [][]any{
		{"GG-777-G", "Garage brug", "call", "Klant GG777G", mobile, "repair_completed", "refused", "customer", brug(28, 9, 1), withdrawn.id()},
		{"JJJ-99-J", "Garage brug", "call", "Klant JJJ99J", mobile, "approval_reminder", "no_address", "customer", brug(28, 8, 30), unmailed.id()},
		{"JJJ-99-J", "Garage brug", "call", "Klant JJJ99J", mobile, "approval_required", "no_address", "customer", brug(27, 16, 30), unmailed.id()},
	}},
	{"unreached", chosen("oost"), nil},

	// Yes: approved and replaced of 7; no: partly, rejected, expired, unseen and
	// unmailed. young is younger; withdrawn and cancelled, and the first revision of
	// replaced, stand apart. Before: lastWeek and, to the minute, lastNight.
	{"answered-in-time", chosen("brug"), [][]any{{200. / 7, 100, 7, 1, 2, 1}}},
	{"answered-in-time", wall("brug"), [][]any{{200. / 7, 100, 7, 1, 2, 1}}},
	// The target of oost is 30 minutes, which slow took longer than: that is of no account.
	{"answered-in-time", chosen("oost"), [][]any{{100, nil, 2, 0, 0, 0}}},
	{"answered-in-time", chosen("brug", "oost"), [][]any{{400. / 9, 100, 9, 1, 2, 1}}},
	{"answered-in-time", before("brug"), [][]any{{100, nil, 2, 0, 0, 0}}},

	// 30, 41, 70, 90, 110, 480; before: 31, 60.
	{"approval-time", chosen("brug"), [][]any{{80, 45.5, 6, nil, nil, 2}}},
	// 30, 41, 70, 90, 1440, 5330; before: 31, 960.
	{"approval-time", wall("brug"), [][]any{{80, 495.5, 6, nil, nil, 2}}},
	// With 25 and 45.
	{"approval-time", chosen("brug", "oost"), [][]any{{57.5, 45.5, 8, nil, nil, 2}}},
	{"approval-time", before("brug"), [][]any{{45.5, nil, 2, nil, nil, 0}}},

	{"approval-by-day", chosen("brug"), [][]any{
		{date(21), 41, nil, nil, 1, 0},
		{date(22), 110, nil, nil, 1, 0},
		{date(26), 285, nil, 31, 2, 0}, // 90 and 480; a week before: lastWeek
		{date(27), 50, nil, 60, 2, 1},  // 30 and 70; lastNight; unmailed is open
		{date(28), nil, nil, nil, 0, 1},
	}},
	{"approval-by-day", wall("brug"), [][]any{
		{date(21), 41, nil, nil, 1, 0},
		{date(22), 5330, nil, nil, 1, 0},
		{date(26), 765, nil, 31, 2, 0},
		{date(27), 50, nil, 960, 2, 1},
		{date(28), nil, nil, nil, 0, 1},
	}},
	{"approval-by-day", chosen("oost"), [][]any{{date(27), 35, nil, nil, 2, 0}}},
	{"approval-by-day", chosen("brug", "oost"), [][]any{
		{date(21), 41, nil, nil, 1, 0},
		{date(22), 110, nil, nil, 1, 0},
		{date(26), 285, nil, 31, 2, 0},
		{date(27), 37.5, nil, 60, 4, 1}, // 25, 30, 45, 70
		{date(28), nil, nil, nil, 0, 1},
	}},
	{"approval-by-day", before("brug"), [][]any{{date(19), 31, nil, nil, 1, 0}, {date(20), 60, nil, nil, 1, 0}}},

	// unmailed from 8:00 to 10:00 and young 40 minutes; a week before: lastNight from
	// 8:00 to 8:30. In all hours the day begins at midnight.
	{"waiting-today", chosen("brug"), [][]any{{160. / 60, 0.5, 2}}},
	{"waiting-today", wall("brug"), [][]any{{640. / 60, 8.5, 2}}},
	{"waiting-today", chosen("oost"), [][]any{{nil, 0, 0}}},
	{"waiting-today", chosen("brug", "oost"), [][]any{{160. / 60, 0.5, 2}}},

	//            mail  view           decide          resume
	// approved   1     20 to 11:21    20              49: 11:41 to 12:00, 13:00 to 13:30 (109)
	// partly     1     19 to 16:20    90 (5310)       70 to 10:00
	// rejected   1     1 to 9:02      88              30 to 11:00
	// replaced   1     4 to 10:20     25              135: to 14:00, without lunch (195)
	// unseen     1     0, unseen      69              130 to 16:30
	// together   5     44             292 (5512)      414 (534)
	// lastWeek   1     4              26              209: to 15:00, without lunch (269)
	// lastNight  1     9              50 (950)        60 to 9:30
	// quick      2m13  17m47 to 10:20 5               15 to 10:40; slow was not taken up
	{"steps", chosen("brug"), [][]any{{"mail", 1, 1, 5}, {"view", 8.8, 6.5, 5}, {"decide", 58.4, 38, 5}, {"resume", 82.8, 134.5, 5}}},
	{"steps", wall("brug"), [][]any{{"mail", 1, 1, 5}, {"view", 8.8, 6.5, 5}, {"decide", 1102.4, 488, 5}, {"resume", 106.8, 164.5, 5}}},
	{"steps", chosen("oost"), [][]any{{"mail", 2.22, nil, 1}, {"view", 17.78, nil, 1}, {"decide", 5, nil, 1}, {"resume", 15, nil, 1}}},
	{"steps", chosen("brug", "oost"), [][]any{{"mail", 1.2, 1, 6}, {"view", 10.3, 6.5, 6}, {"decide", 49.5, 38, 6}, {"resume", 71.5, 134.5, 6}}},
	{"steps", before("brug"), [][]any{{"mail", 1, nil, 2}, {"view", 6.5, nil, 2}, {"decide", 38, nil, 2}, {"resume", 134.5, nil, 2}}},

	// From 9:30. lastWeek wrote when its car had been collected.
	{"unanswered", chosen("brug", "oost"), [][]any{
		{"1-LL-111", "Garage brug", "Klant 1LL111", mobile, "sam", brug(28, 9, 30), 30, asking.id()},
	}},
	{"unanswered", wall("brug"), [][]any{
		{"1-LL-111", "Garage brug", "Klant 1LL111", mobile, "sam", brug(28, 9, 30), 30, asking.id()},
	}},

	// Kept: approved and, to the minute, replaced; not: partly, by its first promise,
	// and unseen. None: rejected, withdrawn. Before: lastWeek, and lastNight, half an
	// hour late.
	{"kept-promises", chosen("brug"), [][]any{{50, 50, 4, 2}}},
	{"kept-promises", chosen("oost"), [][]any{{100, nil, 1, 0}}},
	{"kept-promises", chosen("brug", "oost"), [][]any{{60, 50, 5, 2}}},
	{"kept-promises", before("brug"), [][]any{{100, nil, 1, 0}}}, // lastNight came after

	// Approved: 387.95, 85.00 and 60.00. Partly: 348.00 of 387.95.
	{"outcomes", chosen("brug"), [][]any{
		{"approved", 3, 2, 532.95, 532.95, "EUR"},
		{"partly_approved", 1, 0, 387.95, 348, "EUR"},
		{"rejected_price", 1, 0, 250, 0, "EUR"},
		{"expired", 1, 0, 150, 0, "EUR"},
	}},
	{"outcomes", wall("oost"), [][]any{{"approved", 1, 0, 5000, 5000, "JPY"}, {"rejected_elsewhere", 1, 0, 7000, 0, "JPY"}}},
	{"outcomes", chosen("brug", "oost"), [][]any{
		{"approved", 3, 2, 532.95, 532.95, "EUR"},
		{"approved", 1, 0, 5000, 5000, "JPY"},
		{"partly_approved", 1, 0, 387.95, 348, "EUR"},
		{"rejected_price", 1, 0, 250, 0, "EUR"},
		{"rejected_elsewhere", 1, 0, 7000, 0, "JPY"},
		{"expired", 1, 0, 150, 0, "EUR"},
	}},
	{"outcomes", before("brug"), [][]any{{"approved", 2, 0, 487.95, 487.95, "EUR"}}},
}
