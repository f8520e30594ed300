// Package record is the catalogue of the log: the topics, which record types are
// on each, and those records that are not the domain's (commands, events and
// outcomes are: schemas/repair). It says nothing about bytes: see schemas/avro.
package record
