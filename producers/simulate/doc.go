// Package simulate plays garages and their customers: weeks of history in event
// time first, live traffic then. It comes through the same doors as everybody
// else, over HTTP, and nobody behind them knows.
//
// A [Plan] is what happens: a pure function of a seed, computed before anything
// is sent. A [History] performs a plan, window by window, and goes on where it was
// when it is started again: every step bears the same idempotency key each time.
// [Live] then plays repairs in quick motion, with customers who open the mails
// they get.
package simulate
