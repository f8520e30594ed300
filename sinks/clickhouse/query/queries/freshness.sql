SELECT topic, min(as_of) FROM freshness FINAL GROUP BY topic
