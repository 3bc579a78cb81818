package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/status"
)

// permanentTexts are the replies of the lab's world, in words of lab/rules.py, with which a
// server says that this recipient, or the recipient's domain, takes no mail.
var permanentTexts = []string{"Bad mailbox", "no mailbox here by that name", "Host does not accept mail", "User unknown", "No Such User Here",
	"No such user", "does not exist", "User doesn't exist", "This user doesn't have a", "Empfänger unbekannt", "RecipientNotFound",
	"The email account that you tried to reach is disabled", "mailbox not found", "moved away", "User has moved", "User not local; please try",
	"bad address", "Bad recipient address syntax", "Mailbox name not allowed", "Recipient address has null MX", "unknown user", "Bad destination host",
	"Unrouteable address", "550 5.1.1 last line"}

// doubtfulTexts are replies that mean an unknown recipient at some providers, and a refusal at
// others: either is right.
var doubtfulTexts = []string{"Requested action not taken: mailbox unavailable", "Recipient address rejected: Access denied"}

// domainTexts are those of them that are about the whole domain.
var domainTexts = []string{"Host does not accept mail", "Recipient address has null MX"}

// permanentLocal are the addresses that the lab's own configuration makes unknown.
var permanentLocal = []string{"none@valias.example", "nobody.here@lab.example", "v.none@vhost.example", "x@nomail.example", "x@nullmx.example", "x@nxdomain.example", "x@nomxhost.example", "x@gone.example"}

// permanentPipe are addresses that a command calls unknown. Exim does not log its words, only
// that its exit code "could mean user nonexistent".
var permanentPipe = []string{"nouser@script.example", "bad@script.example", "pipe-nouser@lab.example"}

// truthAttempt is what the lab's server said (type "attempt" of its truth).
type truthAttempt struct {
	Type, Stage, Text, Act, Rcpt string
	Domain                       string
	Rcpts                        []string
	T                            time.Time
	Code                         int
}

// suppression is an address of the tables suppress and suppress_held.
type suppressed struct {
	address, state, cause, reason, reply string
	last                                 time.Time
}

func suppressions(t *testing.T, args ...string) map[string]suppressed {
	t.Helper()
	r, err := decodeReport(output(t, append([]string{"bounces", "--suppress", "--format", "json"}, args...)...))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]suppressed{}
	for _, table := range r.Tables {
		for _, row := range table.Rows {
			s := suppressed{state: "suppress"}
			for i, c := range table.Columns {
				v, _ := row[i].(string)
				switch c.Name {
				case "address":
					s.address = v
				case "state":
					s.state = v
				case "cause":
					s.cause = v
				case "reason":
					s.reason = v
				case "reply":
					s.reply = v
				case "last":
					s.last, _ = row[i].(time.Time)
				}
			}
			all[bare(s.address)] = s
		}
	}
	return all
}

// checkSuppression compares the suppression list of a log with the lab's truth: every address
// on it is one that its server called unknown for good, and that got no mail later; and of
// those addresses at least 95 % are on it.
func checkSuppression(t *testing.T, log, truth string) {
	t.Helper()
	if r := status.NewClassifier().Classify(&status.Query{Code: 550, Text: []byte("no such user")}); r.Rule == "" {
		t.Skip("package status has no rules")
	}
	lastReply, lastMail := map[string]truthAttempt{}, map[string]time.Time{}
	outcome, domainSays := map[string]string{}, map[string]truthAttempt{}
	for line := range strings.Lines(string(fixture.Read(t, truth))) {
		var a truthAttempt
		var f final
		if strings.Contains(line[:min(len(line), 40)], `"final"`) {
			if err := json.Unmarshal([]byte(line), &f); err != nil {
				t.Fatal(err)
			}
			outcome[bare(f.Rcpt)] = f.Outcome
			continue
		}
		if !strings.Contains(line[:min(len(line), 40)], `"attempt"`) {
			continue
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(a.Domain, "filter") {
			continue // the lab's own content filter
		}
		if a.Code/100 == 5 && a.Rcpt == "" && len(a.Rcpts) == 0 {
			domainSays[a.Domain] = a
		}
		rcpts := a.Rcpts
		if a.Rcpt != "" {
			rcpts = []string{a.Rcpt}
		}
		for _, r := range rcpts {
			if a.Stage == "dot" && a.Code/100 == 2 && (a.Act == "reply" || a.Act == "raw") {
				lastMail[bare(r)] = a.T
			}
			lastReply[bare(r)] = a
		}
	}
	says := func(address string, texts []string) bool {
		a := lastReply[address]
		if a.Code/100 != 5 || a.Stage != "rcpt" && a.Stage != "dot" {
			return false
		}
		return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(a.Text, s) })
	}
	// The lab cannot tie answers to other commands than RCPT to a recipient. Those to DATA are
	// the same for everyone at the domain; before, only words about the domain count.
	domainSaid := func(address string) bool {
		_, domain, _ := strings.Cut(address, "@")
		a := domainSays[domain]
		texts := domainTexts
		if a.Stage == "data" {
			texts = slices.Concat(permanentTexts, doubtfulTexts)
		}
		return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(a.Text, s) })
	}
	local := append(slices.Clone(permanentLocal), "loop1@lab.example") // an alias that leads to itself: Exim's "Unknown user"
	if !strings.HasSuffix(log, "mainlog") && !strings.Contains(filepath.Base(log), "exim") {
		local = append(slices.Clone(permanentLocal), permanentPipe...)
	}
	got := suppressions(t, "--year", "2026", "--tz", "UTC", log)
	listed := 0
	for address, s := range got {
		if s.state != "suppress" {
			continue
		}
		listed++
		if at := lastMail[address]; at.After(s.last) || outcome[address] == "sent" {
			t.Errorf("%s is suppressed since %v, and got mail at %v", address, s.last, at)
		}
		_, known := outcome[address]
		if known && !says(address, permanentTexts) && !says(address, doubtfulTexts) && !domainSaid(address) && !slices.Contains(local, address) {
			t.Errorf("%s is suppressed for %s (%q); its server said %d %q at %s", address, s.reason, s.reply, lastReply[address].Code, lastReply[address].Text, lastReply[address].Stage)
		}
	}
	found, all := 0, 0
	for address, o := range outcome {
		if o != "bounced" || !says(address, permanentTexts) && !slices.Contains(local, address) {
			continue
		}
		if a := lastReply[address]; a.Stage == "dot" && len(a.Rcpts) > 1 && got[address].state == "review" {
			t.Logf("one answer for %d recipients, which of them it is about is unknown: %s, %s", len(a.Rcpts), address, got[address].cause)
			continue
		}
		all++
		if s := got[address]; s.state == "suppress" {
			found++
		} else {
			t.Logf("missed: %s, whose server said %q: %s %s %s %q", address, lastReply[address].Text, s.state, s.cause, s.reason, s.reply)
		}
	}
	t.Logf("%d on the list; %d of %d found", listed, found, all)
	if all < 20 || found*100 < all*95 {
		t.Errorf("%d of %d addresses found, want 95 %%", found, all)
	}
}

func TestSuppressionAgainstTruth(t *testing.T) {
	fixture.NoRace(t)
	for _, name := range []string{"postfix", "exim", "exim-rich"} {
		t.Run("testdata/"+name, func(t *testing.T) {
			checkSuppression(t, fixture.Testdata(t, "logs", name+".log"), fixture.Testdata(t, "truth", name+".truth.jsonl.gz"))
		})
	}
	for _, dir := range labRuns(t) {
		truth := filepath.Join(dir, "truth.jsonl")
		if _, err := os.Stat(truth); err != nil {
			truth += ".gz"
		}
		for _, name := range []string{"mail-iso.log", "mainlog"} {
			if log := filepath.Join(dir, name); exists(log) {
				t.Run(filepath.Base(dir)+"/"+name, func(t *testing.T) { checkSuppression(t, log, truth) })
			}
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
