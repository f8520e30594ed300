// Package simulate plays garages and their customers: first weeks of history in
// event time, then live traffic. It uses the API over HTTP like everybody else, and
// nothing behind the API can tell the difference.
//
// A [Plan] is what happens: a pure function of a seed, computed before anything is
// sent. A [History] performs a plan, window by window, and resumes where it was
// after a restart: every step has the same idempotency key each time. [Live] then
// plays repairs in fast motion, with customers who open the mails they get.
package simulate
