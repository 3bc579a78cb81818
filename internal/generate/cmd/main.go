// Cmd writes a generated log to standard output, and what it holds to standard error; with
// -messages a log that has very much of something (see docs/limits.md).
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/smtplog/smtplog/internal/generate"
)

func main() {
	var opt generate.Options
	flag.BoolVar(&opt.Exim, "exim", false, "Exim's main log, else Postfix's")
	flag.BoolVar(&opt.LongIDs, "long", false, "long queue IDs")
	flag.Uint64Var(&opt.Seed, "seed", 1, "another seed gives another log")
	mib := flag.Int64("mib", 300, "about how many MiB")
	var limit generate.Limit
	flag.IntVar(&limit.Messages, "messages", 0, "a log of this many messages of three lines instead")
	flag.IntVar(&limit.Senders, "senders", 1000, "with -messages: different senders")
	flag.IntVar(&limit.Domains, "domains", 1000, "with -messages: different recipient domains")
	flag.BoolVar(&limit.Open, "open", false, "with -messages: all are queued before the first is delivered")
	flag.BoolVar(&limit.Failed, "failed", false, "with -messages: all bounce")
	files := flag.Int("files", 0, "with -messages: this many files in -dir, each of as many messages")
	dir := flag.String("dir", ".", "the folder of -files")
	overlapping := flag.Bool("overlapping", false, "with -files: each has messages of the whole time")
	flag.Parse()
	var err error
	switch {
	case limit.Messages > 0 && *files > 0:
		err = limit.WriteFiles(*dir, *files, *overlapping)
	case limit.Messages > 0:
		err = limit.Write(os.Stdout)
	default:
		opt.Bytes = *mib << 20
		var truth generate.Truth
		if truth, err = generate.Write(os.Stdout, opt); err == nil {
			truth.Domains = nil // tens of thousands
			json.NewEncoder(os.Stderr).Encode(truth)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
