package sinks

import "time"

// Everything is the topic of the marks that say up to when all that was logged on
// any topic has been handled by every stage, and the results written.
const Everything = "everything"

// Stage is a consumer group that reads what an earlier one writes. The group of
// the sink itself comes after all.
type Stage struct {
	Group  string
	Topics []string
}

// wave is what had been logged on a partition at some time, on its way through
// the stages: where a stage has reached the ends that its topics had when the
// wave came to it, all that follows from the wave is before the ends that the
// next one's topics have now. Topics are co-partitioned, so each partition has
// waves of its own.
type wave struct {
	at    time.Time
	stage int
	ends  map[string]int64 // of the stage's topics
}

// sight is how far everything is in one partition: reached was asked for before
// end, so a stage that has reached an end has nothing to do.
type sight struct {
	reached func(group, topic string) int64
	end     func(topic string) int64
}

func (s sight) wave(now time.Time, first Stage) wave {
	return wave{at: now, ends: s.ends(first)}
}

func (s sight) ends(of Stage) map[string]int64 {
	ends := make(map[string]int64, len(of.Topics))
	for _, topic := range of.Topics {
		ends[topic] = s.end(topic)
	}
	return ends
}

// advance takes the wave as far as it has come, and reports whether it is through.
func (w wave) advance(s sight, stages []Stage) (wave, bool) {
	for w.passed(s, stages[w.stage].Group) {
		if w.stage+1 == len(stages) {
			return w, true
		}
		w.stage++
		w.ends = s.ends(stages[w.stage])
	}
	return w, false
}

func (w wave) passed(s sight, group string) bool {
	for topic, end := range w.ends {
		if s.reached(group, topic) < end {
			return false
		}
	}
	return true
}

// follow advances the wave that is under way and, when it is through or there is
// none, the next, which begins now. It gives the time of the last that is
// through, if one is, and the wave that is under way, if one is.
func follow(w *wave, now time.Time, s sight, stages []Stage) (through time.Time, next *wave) {
	if w != nil {
		moved, done := w.advance(s, stages)
		if !done {
			return time.Time{}, &moved
		}
		through = w.at
	}
	fresh, done := s.wave(now, stages[0]).advance(s, stages)
	if done {
		return now, nil
	}
	return through, &fresh
}
