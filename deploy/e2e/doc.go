// Package e2e tests the whole product from outside, as its users and its operators
// meet it: the pitstop binary as a process, HTTP, the mailbox, the customer's page in
// a real browser, ClickHouse and Kafka. Its tests know the contract, not the code
// behind it. The packages below it drive the product for them, and say what they drive.
//
// One pipeline on embedded parts serves most tests; each test has a garage of
// its own on it, so that its figures are its own. Tests that stop, kill or
// mistreat the pipeline start one of their own.
package e2e
