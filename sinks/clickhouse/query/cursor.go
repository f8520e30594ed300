package query

import (
	"encoding/base64"
	"encoding/json"
	"math"

	"pitstop/schemas/readmodel"
)

// cursor is a position in a list: after the row with this key and id.
type cursor struct {
	List string `json:"l"` // which list, to refuse the cursor of another
	Key  int64  `json:"k"`
	ID   string `json:"i"`
}

func (c cursor) String() string {
	text, _ := json.Marshal(c) // of a string and an integer
	return base64.RawURLEncoding.EncodeToString(text)
}

// readCursor parses the cursor of a list; the empty one is before its first row.
func readCursor(list, text string) (cursor, error) {
	c := cursor{List: list, Key: math.MinInt64}
	if text == "" {
		return c, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(b, &c) != nil || c.List != list {
		return c, readmodel.ErrCursor
	}
	return c, nil
}
