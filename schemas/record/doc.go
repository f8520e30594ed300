// Package record is the catalogue of the log: its topics, the record types on each,
// its consumers, and the records that are not the domain's. Commands, events and
// outcomes are in schemas/repair, and how records become bytes in schemas/avro.
package record
