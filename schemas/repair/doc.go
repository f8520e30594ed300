// Package repair is the domain: what a garage and its customer can do to one
// repair, and what follows from it. It knows nothing of Kafka, Avro, clocks or
// storage, and imports only the standard library and ksuid.
//
//	             StartRepair                RequestApproval (revision n)
//	(none) ───────────────▶ in_progress ───────────────────────────▶ awaiting_approval
//	                          ▲   │  ▲                                  │   │ RequestApproval (n+1 replaces n)
//	                          │   │  └── decided / expired / withdrawn ─┘
//	                          │   └ CompleteRepair ─▶ completed ─ CollectVehicle ─▶ collected
//	                          └ any open state ─ CancelRepair ─▶ cancelled
//
// A Command asks and may be refused; an Event is a fact and never changes. A
// quote is extra work proposed in numbered revisions; a line is one decidable
// job of a quote; a decision answers every line of one revision once.
//
// The structs of commands and events are also the records on the topics: the
// `avro` tags name their fields, and the comments above the fields become the
// documentation in schemas/avsc.
package repair
