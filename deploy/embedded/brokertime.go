package embedded

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// useBrokerTime makes the records of every topic bear the time at which the broker took
// them, as message.timestamp.type=LogAppendTime does on Apache Kafka: kfake knows the
// setting and keeps the producer's time.
func useBrokerTime(cluster *kfake.Cluster) {
	cluster.ControlKey(kmsg.Produce.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		now := time.Now()
		for _, topic := range req.(*kmsg.ProduceRequest).Topics {
			for _, p := range topic.Partitions {
				stamp(p.Records, now)
			}
		}
		return nil, nil, false // kfake handles it
	})
}

// Where the fields of a batch are (its format is the second).
const (
	atMagic = 16
	atCRC   = 17 // of all that follows it
	atFirst = 27 // the time of the first record; those of the others are relative to it
	atLast  = 35 // the latest time
	headEnd = 61
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// stamp moves the times of a batch of records such that the latest is now. It leaves one
// alone that kfake will refuse.
func stamp(batch []byte, now time.Time) {
	if len(batch) < headEnd || batch[atMagic] != 2 || binary.BigEndian.Uint32(batch[atCRC:]) != crc32.Checksum(batch[atCRC+4:], castagnoli) {
		return
	}
	first, last := int64(binary.BigEndian.Uint64(batch[atFirst:])), int64(binary.BigEndian.Uint64(batch[atLast:]))
	binary.BigEndian.PutUint64(batch[atFirst:], uint64(now.UnixMilli()-(last-first)))
	binary.BigEndian.PutUint64(batch[atLast:], uint64(now.UnixMilli()))
	binary.BigEndian.PutUint32(batch[atCRC:], crc32.Checksum(batch[atCRC+4:], castagnoli))
}
