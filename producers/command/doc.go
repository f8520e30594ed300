// Package command writes commands to the log: a Client sends them one by one and
// waits for their outcomes, Import reads many from a file. schemas/request turns
// requests into commands; the lifecycle decides whether a command is accepted.
package command
