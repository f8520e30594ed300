// Package command puts commands on the log: a Client sends them one by one and
// waits for their outcomes, Import reads many from a file. What makes commands of
// requests lies in schemas/request; whether a command is accepted, the lifecycle
// says.
package command
