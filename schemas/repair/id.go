package repair

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/segmentio/ksuid"
)

// IDBytes is the length of an id: a KSUID in its text form.
const IDBytes = 27

// RepairID computes the id of a repair from its garage and the caller's own
// reference, so that a retry through another API process is the same repair
// without any lookup. The reference is the order number where the garage has
// one (kind "external_ref"), else the idempotency key of the request (kind "key").
func RepairID(garageID, kind, ref string) string {
	return hashID("repair", garageID, kind, ref)
}

// CommandID computes the id of a command from the garage its sender acts for,
// its repair and the idempotency key of the request: the same request again is
// the same command, and another garage's request never is.
func CommandID(garageID, repairID, key string) string {
	return hashID("command", garageID, repairID, key)
}

// DerivedID computes the id of a record from what caused it. The time part of
// the KSUID is at, so that derived ids sort roughly by event time; the payload
// is a hash of the parts.
func DerivedID(at time.Time, parts ...string) string {
	sum := hash(parts)
	id, err := ksuid.FromParts(at, sum[:16])
	if err != nil { // only for a payload that is not 16 bytes long
		return ksuid.Nil.String()
	}
	return id.String()
}

// ValidID reports whether id has the form of a KSUID.
func ValidID(id string) bool {
	_, err := ksuid.Parse(id)
	return err == nil
}

func hashID(parts ...string) string {
	sum := hash(parts)
	id, err := ksuid.FromBytes(sum[:20])
	if err != nil { // only for a slice that is not 20 bytes long
		return ksuid.Nil.String()
	}
	return id.String()
}

// hash is SHA-256 over the length-prefixed parts, so that ("ab","c") and
// ("a","bc") differ.
func hash(parts []string) [sha256.Size]byte {
	h := sha256.New()
	var n [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}
