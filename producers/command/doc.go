// Package command makes commands of requests and puts them on the log. The API,
// the customer's page and the importer differ only in how a request reaches
// them.
//
// A Builder checks, seals and identifies: the same request always gives the
// same ids and the same digest, so a retry through any process is the same
// command. A Client sends, and waits for outcomes. It decides nothing: whether a
// command is accepted, the lifecycle says.
package command
