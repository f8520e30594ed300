package embedded

import "errors"

// configurationError marks an error that trying again does not cure: somebody
// must change something first.
type configurationError struct{ error }

func (e configurationError) Unwrap() error { return e.error }

// IsConfiguration reports whether err is about what somebody must change before a
// part can start: a library that is not there, a port that another program took.
func IsConfiguration(err error) bool {
	var c configurationError
	return errors.As(err, &c)
}

// exitMisconfigured is the exit code of a child that ended with such an error.
const exitMisconfigured = 2
