// Package e2e tests the whole product from outside, as users and operators see it:
// the pitstop binary as a process, HTTP, the mailbox, the customer's page in a real
// browser, ClickHouse and Kafka. Its tests know the contract, not the code behind it.
// The packages below it drive the product, each named for the part that it drives.
//
// Most tests share one pipeline on embedded parts, on which each has a garage of its
// own, and so figures of its own. Tests that stop, kill or break the pipeline start
// one of their own.
package e2e
