// Package schemas is the bottom layer: the topics, the records on them, and
// their bytes. Everything else may import it; it imports nothing of Pitstop but
// the domain in schemas/repair.
//
// A record is a pointer to one of the structs listed in Records. Its bytes are
// Avro in the Confluent wire format: a zero byte, the schema's id (4 bytes, big
// endian), then the Avro binary. Several record types share a topic, so a
// subject is topic + "-" + record name.
//
// The Go structs are the one definition of a record; the files in avsc are
// generated from them (go generate ./schemas), committed, embedded and registered.
package schemas

//go:generate go run ./avscgen
