package sinks

import "time"

// EndToEnd is the topic of the watermarks up to which every stage has handled what
// was logged on any topic, and the sink has written the results.
const EndToEnd = "everything"

// Stage is a consumer group that reads what an earlier one writes. The sink's own
// group is the last.
type Stage struct {
	Group  string
	Topics []string
}

// inFlight is a watermark of one partition on its way through the stages. Once a
// stage has reached the ends that its topics had when the watermark entered it, all
// that follows from earlier records is below the ends that the next stage's topics
// have now. Topics are co-partitioned, so each partition has its own watermark.
type inFlight struct {
	at    time.Time
	stage int
	ends  map[string]int64 // of the stage's topics
}

// positions are the offsets in one partition: the committed ones were read before the
// ends, so a stage that has reached an end has no lag.
type positions struct {
	reached func(group, topic string) int64
	end     func(topic string) int64
}

func (p positions) start(now time.Time, first Stage) inFlight {
	return inFlight{at: now, ends: p.ends(first)}
}

func (p positions) ends(of Stage) map[string]int64 {
	ends := make(map[string]int64, len(of.Topics))
	for _, topic := range of.Topics {
		ends[topic] = p.end(topic)
	}
	return ends
}

// advance moves the watermark as far as it gets, and reports whether it has passed
// the last stage.
func (w inFlight) advance(p positions, stages []Stage) (inFlight, bool) {
	for w.passed(p, stages[w.stage].Group) {
		if w.stage+1 == len(stages) {
			return w, true
		}
		w.stage++
		w.ends = p.ends(stages[w.stage])
	}
	return w, false
}

func (w inFlight) passed(p positions, group string) bool {
	for topic, end := range w.ends {
		if p.reached(group, topic) < end {
			return false
		}
	}
	return true
}

// follow advances the watermark in flight and, when it has passed or there is none,
// a new one that starts now. It returns the time of the last that has passed, if
// any, and the watermark in flight, if any.
func follow(w *inFlight, now time.Time, p positions, stages []Stage) (passed time.Time, next *inFlight) {
	if w != nil {
		moved, done := w.advance(p, stages)
		if !done {
			return time.Time{}, &moved
		}
		passed = w.at
	}
	fresh, done := p.start(now, stages[0]).advance(p, stages)
	if done {
		return now, nil
	}
	return passed, &fresh
}
