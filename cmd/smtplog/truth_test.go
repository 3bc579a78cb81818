package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/status"
)

// final is what the lab knows about one recipient of one message (type "final" of its truth).
type final struct {
	Type, Msgid, Rcpt, Outcome, Source, Stage string
	QueueID                                   string `json:"queue_id"`
	Code                                      int
	Enh                                       string
	Diag                                      string `json:"dsn_diag"` // what the MTA's own notice quotes
}

// decided makes f say what the MTA acted on, where that is not the last reply that the lab's
// server has sent for the recipient: a success that was broken off decided no failure, a reply
// to one of several pipelined commands may go unread, and of two codes in one reply Exim goes
// by the first. The MTA's own notice says so.
func (f *final) decided(mta string) {
	if f.Code/100 == 2 && f.Outcome != "sent" {
		f.Code, f.Enh, f.Stage = 0, "", ""
	}
	words, ok := strings.CutPrefix(f.Diag, "smtp; ")
	if !ok || len(words) < 3 || f.Code == 0 {
		return
	}
	var code int
	if _, err := fmt.Sscanf(words[:3], "%d", &code); err != nil || code == f.Code {
		return
	}
	if mta == "exim" || !strings.Contains(words, fmt.Sprint(f.Code)) {
		e, _, _ := status.ParseEnhanced([]byte(strings.TrimLeft(words[3:], " -")))
		f.Code, f.Enh, f.Stage = code, e.String(), ""
	}
}

// entry is an entry of `messages`.
type entry struct {
	QueueID    string `json:"queue_id"`
	MessageID  string `json:"message_id"`
	MTA        string
	State      string
	Recipients []struct {
		Recipient     string
		OrigRecipient string `json:"orig_recipient"`
		Outcome       string
		Code          int
		Enhanced      string
		Stage         string
		Final         *struct{ Outcome string }
	}
}

// rejection is a refusal among `events`.
type rejection struct {
	Recipient, Event string
	Code             int
	CodeInferred     int `json:"code_inferred"`
}

// stages maps the lab's words for SMTP stages.
var stages = map[string]string{"ehlo": "helo", "tls": "starttls", "dot": "end_of_data", "body": "end_of_data"}

// outcomes maps the lab's words for outcomes. "unknown", "mixed" and those with "|" are what
// the lab does not know.
var outcomes = map[string]string{"sent": "delivered", "bounced": "bounced", "cancelled": "bounced", "expired": "expired",
	"deferred": "deferred", "removed": "removed", "discarded": "discarded", "rejected": "rejected"}

// output runs the program and returns its standard output.
func output(t *testing.T, args ...string) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), args, strings.NewReader(""), &stdout, &stderr); code != 0 {
		t.Fatalf("smtplog %s: exit %d\n%s", strings.Join(args, " "), code, stderr.String())
	}
	return stdout.Bytes()
}

func decodeLines[T any](t *testing.T, ndjson []byte) (all []T) {
	t.Helper()
	for line := range bytes.Lines(ndjson) {
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, v)
	}
	return all
}

// bare is an address as it can be compared: Exim drops quotes and case.
func bare(address string) string { return strings.ToLower(strings.ReplaceAll(address, `"`, "")) }

// checkTruth compares `messages` and `events` of a log with the lab's truth, recipient by
// recipient.
func checkTruth(t *testing.T, log, truth string) {
	t.Helper()
	compared, unnamed, disagree, failed := 0, 0, 0, 0
	text := bytes.ToLower(bytes.ReplaceAll(fixture.Read(t, log), []byte(`"`), nil))
	differ := func(mta string, f *final, problem string) {
		disagree++
		if why := explain(mta, f, problem); why != "" {
			t.Logf("explained: %s %s (%s, %s): %s (%s)", f.QueueID, f.Rcpt, f.Outcome, f.Source, problem, why)
		} else if failed++; failed <= 25 {
			t.Errorf("%s %s (%s, %s): %s", f.QueueID, f.Rcpt, f.Outcome, f.Source, problem)
		}
	}
	args := []string{"--year", "2026", "--tz", "UTC", log}
	byQueueID, byMessageID := map[string][]*entry{}, map[string][]*entry{}
	entries := decodeLines[entry](t, output(t, append([]string{"messages", "--format", "ndjson"}, args...)...))
	mta := ""
	for i := range entries {
		e := &entries[i]
		mta = e.MTA
		byQueueID[e.QueueID] = append(byQueueID[e.QueueID], e)
		if e.MessageID != "" {
			byMessageID[e.MessageID] = append(byMessageID[e.MessageID], e)
		}
	}
	rejected := map[string][]int{}
	for _, r := range decodeLines[rejection](t, output(t, append([]string{"events", "--event", "rejected"}, args...)...)) {
		rejected[bare(r.Recipient)] = append(rejected[bare(r.Recipient)], r.Code, r.CodeInferred)
	}
	for _, f := range decodeLines[final](t, fixture.Read(t, truth)) {
		want, ok := outcomes[f.Outcome]
		if f.Type != "final" || !ok {
			continue
		}
		compared++
		f.decided(mta)
		if want == "rejected" {
			if said := rejected[bare(f.Rcpt)]; !slices.Contains(said, f.Code) {
				differ(mta, &f, fmt.Sprintf("rejected with %d, events say %v", f.Code, said))
			}
			continue
		}
		candidates := byQueueID[f.QueueID]
		if f.QueueID == "" {
			candidates = byMessageID[strings.Trim(f.Msgid, "<>")]
		}
		if problem := disagreement(candidates, &f, want); problem != "" {
			if strings.HasPrefix(problem, "not among") && !named(text, &f) {
				unnamed++
				continue
			}
			differ(mta, &f, problem)
		}
	}
	if compared < 100 {
		t.Errorf("only %d recipients compared", compared)
	}
	t.Logf("%d recipients compared, %d of them not named by the log, %d disagree, %d of them explained", compared, unnamed, disagree, disagree-failed)
}

// named tells whether a line of the log is about both the queue ID and the recipient. Exim with
// its default log_selector names no recipient of a message that it has not tried, or the address
// it was rewritten to; and the lab may know a message by the queue ID after an alias only.
func named(text []byte, f *final) bool {
	id := strings.ToLower(f.QueueID)
	for line := range bytes.Lines(text) {
		if bytes.Contains(line, []byte(id+": ")) || bytes.Contains(line, []byte(id+" ")) {
			if bytes.Contains(line, []byte("<"+bare(f.Rcpt))) || bytes.Contains(line, []byte(" "+bare(f.Rcpt))) {
				return true
			}
		}
	}
	return false
}

// disagreement says how the entries differ from what truth knows; "" if they agree.
func disagreement(candidates []*entry, f *final, want string) string {
	problem := fmt.Sprintf("not among %d entries", len(candidates))
	for _, e := range candidates {
		for _, r := range e.Recipients {
			if bare(r.Recipient) != bare(f.Rcpt) && bare(r.OrigRecipient) != bare(f.Rcpt) {
				continue
			}
			problem = ""
			got := r.Outcome
			if got == "forwarded" && r.Final != nil {
				got = r.Final.Outcome
			}
			if got != want {
				problem += fmt.Sprintf(" outcome %s want %s;", got, want)
			}
			if f.Code != 0 && r.Outcome != "forwarded" {
				if r.Code != f.Code {
					problem += fmt.Sprintf(" code %d want %d;", r.Code, f.Code)
				}
				enh := f.Enh
				if strings.Count(enh, ".") != 2 {
					enh = "" // the lab also says 5.7.1.9, which is none
				}
				if r.Enhanced != enh {
					problem += fmt.Sprintf(" enhanced %q want %q;", r.Enhanced, enh)
				}
			}
			stage := f.Stage
			if s, ok := stages[stage]; ok {
				stage = s
			}
			if stage != "" && r.Outcome != "forwarded" && r.Stage != stage {
				problem += fmt.Sprintf(" stage %q want %q;", r.Stage, stage)
			}
			if problem == "" {
				return ""
			}
		}
	}
	return problem
}

// explanation is a kind of disagreement in which the log is right, or cannot know. Every field
// that is set must fit.
type explanation struct {
	mta, rcpt, outcome, source, problem string // problem: what it begins with
	why                                 string
}

var explanations = []explanation{
	{mta: "exim", rcpt: "@mixedcodes-", source: "last answer of the sink, no bounce seen", problem: " outcome expired want bounced; code 450 want 550",
		why: "a reply with two codes: Exim goes by the first line, so it deferred"},
	{mta: "exim", rcpt: "@mixedcodes-", outcome: "bounced", problem: " code 450 want 550",
		why: "the same, then frozen and given up by timeout_frozen_after"},
	{mta: "postfix", rcpt: "@long", outcome: "bounced", problem: ` stage "" want`, why: "syslog cut the line, and the stage at its end with it"},
	{mta: "exim", rcpt: "@drop-body", problem: ` stage "" want "end_of_data"`, why: "Exim logs a broken pipe and no stage"},
	{mta: "postfix", outcome: "expired", source: "last answer of the sink, no bounce seen", problem: " outcome deferred want expired",
		why: "requeued, and still in the queue when the log ends; nobody saw it expire"},
	{mta: "exim", outcome: "cancelled", problem: " outcome expired want bounced",
		why: "exim -Mg found the spool file locked and did nothing; the message expired later"},
	{mta: "exim", outcome: "expired", source: "last answer of the sink, no bounce seen", problem: " outcome bounced want expired",
		why: "cancelled by timeout_frozen_after; nobody outside saw its bounce"},
	{mta: "exim", outcome: "removed", source: "admin", problem: " outcome bounced want removed",
		why: "exim -Mg gives up with a bounce (cancelled by root); nobody outside saw it"},
	{mta: "exim", outcome: "bounced", source: "last answer of the sink, no bounce seen", problem: " outcome removed want bounced",
		why: "mail from <> that failed is frozen, not bounced; then it was removed by the administrator, under a queue ID that the lab did not know"},
	{outcome: "deferred", source: "plan", problem: " outcome removed want deferred", why: "planned only; the log shows its removal"},
	{outcome: "deferred", source: "plan", problem: " outcome expired want deferred", why: "planned only; the log shows its expiry"},
	{mta: "postfix", outcome: "expired", source: "last answer of the sink, no bounce seen", problem: " outcome removed want expired",
		why: "requeued, then removed by the administrator under its new queue ID"},
	{mta: "exim", rcpt: "alice@lab.example", outcome: "sent", source: "plan", problem: " outcome bounced want delivered",
		why: "planned only, under another message's queue ID"},
}

// explain returns why a disagreement is right, "" if it is none of the known ones.
func explain(mta string, f *final, problem string) string {
	for _, e := range explanations {
		if (e.mta == "" || e.mta == mta) && strings.Contains(strings.ToLower(f.Rcpt), e.rcpt) && (e.outcome == "" || e.outcome == f.Outcome) &&
			(e.source == "" || e.source == f.Source) && strings.HasPrefix(problem, e.problem) {
			return e.why
		}
	}
	return ""
}

func TestTruthOfTestdata(t *testing.T) {
	fixture.NoRace(t)
	logs, err := filepath.Glob(fixture.Testdata(t, "truth", "*.truth.jsonl.gz"))
	if err != nil || len(logs) == 0 {
		t.Fatal("no truth in testdata/truth")
	}
	for _, truth := range logs {
		name := strings.TrimSuffix(filepath.Base(truth), ".truth.jsonl.gz")
		t.Run(name, func(t *testing.T) { checkTruth(t, fixture.Testdata(t, "logs", name+".log"), truth) })
	}
}

// labRuns are the published runs of the lab, or those in the folder that SMTPLOG_LAB names.
func labRuns(t *testing.T) []string {
	if own := os.Getenv("SMTPLOG_LAB"); own != "" {
		dirs, err := filepath.Glob(filepath.Join(own, "*", ""))
		if err != nil || len(dirs) == 0 {
			t.Fatal("no folder in $SMTPLOG_LAB")
		}
		return dirs
	}
	return fixture.Glob(t, "lab", "logs", "*")
}

func TestTruthOfTheLab(t *testing.T) {
	fixture.NoRace(t)
	for _, dir := range labRuns(t) {
		truth := filepath.Join(dir, "truth.jsonl")
		if _, err := os.Stat(truth); err != nil {
			truth += ".gz"
		}
		for _, name := range []string{"mail.log", "mail-iso.log", "mail-5424.log.gz", "mainlog"} {
			log := filepath.Join(dir, name)
			if _, err := os.Stat(log); err != nil {
				continue
			}
			t.Run(filepath.Base(dir)+"/"+name, func(t *testing.T) { checkTruth(t, log, truth) })
		}
	}
}

// Each of the 32 seed members of the status enum is proven by a logged line.
func TestEveryMemberIsLogged(t *testing.T) {
	fixture.NoRace(t)
	seen := map[string]bool{}
	for _, name := range []string{"postfix.log", "exim.log", "exim-rich.log"} {
		for _, e := range decodeLines[struct{ Status string }](t, output(t, "events", "--year", "2026", "--tz", "UTC", fixture.Testdata(t, "logs", name))) {
			seen[e.Status] = true
		}
	}
	for _, c := range status.Codes()[:32] {
		if !seen[c.Name] {
			t.Errorf("%s: no line of testdata/logs shows it", c.Name)
		}
	}
}
