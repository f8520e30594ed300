package feed

// Keep lets the tail keep no more than some entries.
func (f *Feed) Keep(entries int) { f.tail.most = entries }

// Readers returns how many readers are open.
func (f *Feed) Readers() int { return len(f.tail.readers) }
