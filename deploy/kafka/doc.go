// Package kafka runs Apache Kafka and Apicurio Registry on this machine's
// loopback address: three nodes that lose nothing when one is killed, as an
// operator's own would be. It is for tests, and for trying Pitstop on the real
// parts: make kafka, make test-kafka.
//
// What it runs are Maven artifacts. They are named in pom.xml, fetched once with
// Maven, kept in the user's cache, and checked against artifacts.sha256 at every
// start.
package kafka
