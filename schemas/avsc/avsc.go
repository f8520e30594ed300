// Package avsc embeds the Avro schema of every record, a file each. They are
// generated from the structs, which are the one definition of a record, with the
// structs' comments as documentation: go generate ./schemas/avsc writes them.
package avsc

import "embed"

//go:generate go run ./gen

// Files holds the schemas, named by record: RepairStarted.avsc.
//
//go:embed *.avsc
var Files embed.FS
