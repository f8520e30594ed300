package garage

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"time"
)

// lookEvery is how often the garage file is looked at.
const lookEvery = 2 * time.Second

// Follow reads the file that the book was loaded from again when it changes, until ctx
// ends. A file that is wrong is refused with a line in the log, and the garages stay as
// they were. One that is being written is not taken before it is the same for two looks.
//
// changed is called whenever the garages are others, again until it succeeds; nil:
// nothing is.
func (b *Book) Follow(ctx context.Context, log *slog.Logger, changed func(context.Context) error) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	f := follower{Book: b, log: log.With("file", b.file)}
	for pending := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		pending = f.look() || pending
		if !pending || changed == nil {
			continue
		}
		if err := changed(ctx); err != nil {
			log.Warn("the garages have changed, but not everywhere: trying again", "error", err)
			continue
		}
		pending = false
	}
}

// follower compares a book with its file.
type follower struct {
	*Book
	log     *slog.Logger
	seen    []byte // at the last look
	refused []byte // what was told of
	gone    bool   // what was told of
}

// look takes the file over if it has changed, and reports whether it did.
func (f *follower) look() bool {
	if f.file == "" {
		return false
	}
	text, err := os.ReadFile(f.file)
	if err != nil {
		if !f.gone {
			f.log.Error("the garage file cannot be read, and the garages stay as they are", "error", err)
		}
		f.gone = true
		return false
	}
	settled := bytes.Equal(text, f.seen)
	f.seen, f.gone = text, false
	switch {
	case bytes.Equal(text, f.now.Load().text):
		f.refused = nil
		return false
	case !settled || bytes.Equal(text, f.refused):
		return false
	}
	next, err := Parse(text)
	if err != nil {
		f.refused = text
		f.log.Error("the garage file is refused, and the garages stay as they are", "error", err)
		return false
	}
	now := next.now.Load()
	now.text = text
	f.now.Store(now)
	f.refused = nil
	f.log.Info("the garage file was read again", "garages", len(now.profiles))
	return true
}
