// Package avro turns records into bytes and back. A record is a pointer to one of
// the structs of the catalogue (schemas/record), or to a processor's state. Its
// bytes are Avro in the Confluent wire format: a zero byte, the schema's id (4
// bytes, big endian), then the Avro binary. Several record types share a topic, so
// a subject is topic + "-" + record name.
//
// The structs are the one definition of a record: Derive makes the schemas in
// schemas/avsc from them, which are committed, embedded and registered. Compatible
// decides which changes of a schema leave the records in the log readable.
package avro
