package lifecycle_test

import (
	"fmt"
	"testing"
	"time"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// BenchmarkCommands sends whole repairs, ten commands each, as bytes. The driver also
// decodes what is emitted, so it is slower than the processor.
func BenchmarkCommands(b *testing.B) {
	d := begin(b)
	script := func() []repair.Command {
		quote := request(noon.Add(time.Hour))
		quote.Work.Lines = append(quote.Work.Lines, line(3995))
		decision := approve(1)
		decision.Answers = append(decision.Answers, repair.Answer{Line: 2, Answer: repair.Reject})
		return []repair.Command{
			start(), message(), quote, &repair.RecordView{Revision: 1}, message(), decision, decision,
			&repair.ChangeReadyTime{ReadyAt: noon.Add(5 * time.Hour)}, &repair.CompleteRepair{Total: 63700}, &repair.CollectVehicle{},
		}
	}
	n := 0
	var key string
	var values [][]byte
	b.ReportAllocs()
	for b.Loop() {
		if len(values) == 0 {
			b.StopTimer()
			n++
			key = repair.RepairID("de-brug", "external_ref", fmt.Sprint(n))
			for _, c := range script() {
				d.of(c, noon).Head().AggregateID = key
				value, err := d.Codec().Encode(c)
				if err != nil {
					b.Fatal(err)
				}
				values = append(values, value)
			}
			b.StartTimer()
		}
		if _, err := d.SendBytes(record.Commands, key, values[0]); err != nil {
			b.Fatal(err)
		}
		values = values[1:]
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
}
