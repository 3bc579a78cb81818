// Cmd writes a generated log to standard output, and what it holds to standard error.
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
	flag.Parse()
	opt.Bytes = *mib << 20
	truth, err := generate.Write(os.Stdout, opt)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	truth.Domains = nil // tens of thousands
	json.NewEncoder(os.Stderr).Encode(truth)
}
