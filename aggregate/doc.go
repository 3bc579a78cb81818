// Package aggregate joins log events into messages and counts them into tables.
//
// The Ledger joins events by host, instance and queue ID into Messages with one outcome per
// recipient, and releases each when it has ended and settled. A Collector feeds a Ledger and
// the folds behind a report's tables: events are counted when they happen (attempts,
// refusals, connections, warnings), recipients when their message is released or the report
// is made. Folds add up in any order, so parts counted apart can be merged.
//
//	c, err := aggregate.NewCollector(aggregate.Options{})
//	p := parser.New(parser.Options{Year: 2026})
//	var ev parser.Event
//	for scanner.Scan() {
//		c.Add(&ev, p.Parse(scanner.Bytes(), &ev), 0)
//	}
//	c.Finish()
//	fmt.Println(c.Report().Totals.Delivered)
//
// Every count names its unit: message (one queue ID lifetime), recipient, attempt,
// connection, refusal.
package aggregate
