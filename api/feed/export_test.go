package feed

// Keep lets the tail keep no more than some entries.
func (f *Feed) Keep(entries int) { f.tail.most = entries }
