package kafka

import (
	"fmt"
	"strings"
)

// advice is what to do when a broker refuses, by the text of the error: most of it
// franz-go and the brokers report as text only.
var advice = []struct{ says, do string }{
	{"tls alert record", "the broker wants TLS: give --kafka-tls"},
	{"is TLS missing?", "the broker wants TLS: give --kafka-tls"},
	{"is TLS misconfigured", "the broker speaks no TLS on that port: leave --kafka-tls out, or give the port where it does"},
	{"unable to dial: tls: failed to verify certificate", "give the authority that signed the brokers' certificates as --kafka-ca"},
	{"is SASL missing?", "the broker wants a login: give --kafka-sasl, --kafka-user and PITSTOP_KAFKA_PASSWORD"},
	{"SASL_AUTHENTICATION_FAILED", "correct --kafka-user or PITSTOP_KAFKA_PASSWORD"},
	{"UNSUPPORTED_SASL_MECHANISM", "give another --kafka-sasl"},
	{"_AUTHORIZATION_FAILED", "allow it to the user: docs/kafka.md says what each role needs"},
	{"INCONSISTENT_GROUP_PROTOCOL", "an older version of this role shares its partitions out otherwise: stop those processes, this one goes on within ten seconds"},
}

// Advise adds to a broker's refusal what to do about it, unless it is there already.
// Any other error is returned as it is.
func Advise(err error) error {
	for _, a := range advice {
		if said := err.Error(); strings.Contains(said, a.says) && !strings.Contains(said, a.do) {
			return fmt.Errorf("%w; %s", err, a.do)
		}
	}
	return err
}
