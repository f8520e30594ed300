// Package compose holds Pitstop on containers: compose.yaml, what it needs beside
// it, and, in Go, only the tests of these and of the Dockerfile.
package compose
