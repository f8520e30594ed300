SELECT max(sequence) FROM events WHERE aggregate_id = {id:String}
