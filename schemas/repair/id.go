package repair

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/segmentio/ksuid"
)

// IDBytes is the length of an id: a KSUID in its text form.
const IDBytes = 27

// RepairID computes the id of a repair from its garage and the garage's own order
// number, so that a retry through another API process is the same repair without any
// lookup, whoever sends it. The kind of reference is "external_ref".
func RepairID(garageID, kind, ref string) string {
	return hashID("repair", garageID, kind, ref)
}

// RepairIDByKey computes the id of a repair that has no order number, from its garage
// and the idempotency key of the request that starts it: the caller's own, as any key.
func RepairIDByKey(garageID string, caller Actor, key string) string {
	return hashID(append([]string{"repair", garageID, "key", key}, caller.caller()...)...)
}

// CommandID computes the id of a command from the garage its sender acts for, its
// repair, its sender and the idempotency key of the request: the same request again is
// the same command; another garage's or another caller's request never is.
func CommandID(garageID, repairID string, caller Actor, key string) string {
	return hashID(append([]string{"command", garageID, repairID, key}, caller.caller()...)...)
}

// caller returns what tells callers apart. A member of staff is the subject of the
// token, in whatever role; the holder of a link is the customer or the approver of the
// link's repair.
func (a Actor) caller() []string {
	if a.Role.CustomerSide() || a.ID == "" {
		return []string{string(a.Role), ""}
	}
	return []string{"", a.ID}
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
