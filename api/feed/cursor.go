package feed

import (
	"encoding/base64"
	"encoding/binary"

	"pitstop/schemas/readmodel"
)

// cursorVersion begins every cursor.
const cursorVersion = 1

func cursor(position []int64) string {
	b := []byte{cursorVersion}
	for _, offset := range position {
		b = binary.AppendUvarint(b, uint64(offset))
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(s string) ([]int64, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) == 0 || b[0] != cursorVersion {
		return nil, readmodel.ErrCursor
	}
	var position []int64
	for b = b[1:]; len(b) > 0; {
		offset, n := binary.Uvarint(b)
		if n <= 0 || offset > 1<<62 {
			return nil, readmodel.ErrCursor
		}
		position, b = append(position, int64(offset)), b[n:]
	}
	return position, nil
}
