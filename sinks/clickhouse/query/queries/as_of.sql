SELECT min(as_of) FROM freshness FINAL
