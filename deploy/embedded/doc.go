// Package embedded runs, on one machine and with nothing installed beforehand,
// what Pitstop otherwise finds on a network: a Kafka broker, a schema registry,
// ClickHouse, an identity provider for the staff and a mailbox that receives the mail
// for customers.
//
// It is for trying the product and for a single workshop, not for data that
// anyone would mind losing. The broker is kfake, which survives clean stops and the
// death of Pitstop exactly, but not a kill of its own process or a power cut
// (acknowledged records stay, exactly-once does not). ClickHouse is the real
// engine, loaded from a library; it does not sync to disk by default, so a
// power cut may lose the last rows, which are then read from Kafka again.
//
// Everything listens on loopback only and keeps its data, ports and passwords
// below one directory, which [Open] prepares and locks. The broker and
// ClickHouse run in child processes: the program starts itself again with
// [ChildCommand], and hands the arguments that follow it to [RunChild].
package embedded
