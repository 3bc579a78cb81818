package status

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
)

// labelled is a reply with the reason that its source gives it.
type labelled struct {
	Text, MX, Code, Enhanced, Reason string
	Alt                              []string // reasons that are right, too
}

// floors are the least scores. They may only rise.
type floors struct {
	strict, lenient, macroF1, category, kind, suppress float64
	falseSuppress                                      int // living addresses that would be suppressed
}

// TestScore scores the classifier on labelled replies from public sources. How far to trust
// the figures: docs/classification.md.
func TestScore(t *testing.T) {
	f, err := os.Open(fixture.Shared(t, "corpora", "replies-dev.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var replies []labelled
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var l labelled
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		replies = append(replies, l)
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	score(t, replies, floors{0.949, 0.958, 0.921, 0.966, 0.974, 0.985, 1})
}

// ownReplies reads our own replies, by part.
func ownReplies(t *testing.T) map[string][]labelled {
	t.Helper()
	b, err := os.ReadFile("testdata/replies.tsv")
	if err != nil {
		t.Fatal(err)
	}
	parts := make(map[string][]labelled)
	for line := range strings.Lines(string(b)) {
		if line[0] == '#' {
			continue
		}
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 4 {
			t.Fatalf("%q: want 4 columns", line)
		}
		parts[f[0]] = append(parts[f[0]], labelled{Reason: f[1], Alt: strings.Split(f[2], ","),
			Text: strings.ReplaceAll(f[3], `\n`, "\n")})
	}
	return parts
}

// TestReplies scores the classifier on our own replies.
func TestReplies(t *testing.T) {
	parts := ownReplies(t)
	for part, floors := range map[string]floors{
		"read":   {0.913, 0.942, 0.875, 0.938, 0.968, 0.981, 3},
		"unread": {0.902, 0.926, 0.854, 0.931, 0.964, 0.979, 2},
	} {
		t.Run(part, func(t *testing.T) { score(t, parts[part], floors) })
	}
}

func score(t *testing.T, replies []labelled, floors floors) {
	c := NewClassifier()
	var strict, lenient, category, kind, suppress, falseSuppress int
	tp, fp, fn := make(map[Reason]int), make(map[Reason]int), make(map[Reason]int)
	for _, l := range replies {
		want, err := ParseReason(l.Reason)
		if err != nil {
			t.Fatal(err)
		}
		q := Query{Text: []byte(l.Text), Relay: []byte(l.MX)}
		q.Code, _ = strconv.Atoi(l.Code)
		if err := q.Enhanced.UnmarshalText([]byte(l.Enhanced)); err != nil {
			t.Fatal(err)
		}
		r := c.Classify(&q)
		got := r.Reason
		if cached := c.Reason(&q); cached != got {
			t.Errorf("%s\n\tClassify says %v, Reason %v", l.Text, got, cached)
		}
		count(&strict, got == want)
		count(&lenient, got == want || slices.Contains(l.Alt, got.String()))
		count(&category, got.Category() == want.Category())
		count(&kind, got.Type() == want.Type())
		gotSuppress, wantSuppress := got.Action() == ActionSuppress, want.Action() == ActionSuppress
		count(&suppress, gotSuppress == wantSuppress)
		if gotSuppress && !wantSuppress {
			falseSuppress++
			t.Logf("would suppress: %v by %s, label %v %v: %s", got, r.Rule, want, l.Alt, bytes.TrimSpace(q.Text))
		}
		if got == want {
			tp[want]++
		} else {
			fp[got]++
			fn[want]++
		}
	}
	n := len(replies)
	if n == 0 {
		t.Fatal("no replies")
	}
	var f1 float64
	classes := 0
	for _, r := range Reasons() {
		if all := tp[r] + fn[r]; all > 0 {
			classes++
			f1 += 2 * float64(tp[r]) / float64(2*tp[r]+fp[r]+fn[r])
		}
	}
	for _, s := range []struct {
		name       string
		got, floor float64
	}{
		{"strict", share(strict, n), floors.strict},
		{"lenient", share(lenient, n), floors.lenient},
		{"macro-F1", f1 / float64(classes), floors.macroF1},
		{"category", share(category, n), floors.category},
		{"hard, soft, undetermined", share(kind, n), floors.kind},
		{"suppress", share(suppress, n), floors.suppress},
	} {
		t.Logf("%-25s %.3f", s.name, s.got)
		if s.got < s.floor {
			t.Errorf("%s: %.3f, want at least %.3f", s.name, s.got, s.floor)
		}
	}
	if falseSuppress > floors.falseSuppress {
		t.Errorf("%d living addresses would be suppressed, want at most %d", falseSuppress, floors.falseSuppress)
	}
}

func count(n *int, ok bool) {
	if ok {
		*n++
	}
}

func share(n, of int) float64 { return float64(n) / float64(of) }

// TestLiving has replies in which words for a recipient and for "gone" stand near each other,
// but tell of something else.
func TestLiving(t *testing.T) {
	c := NewClassifier()
	for _, text := range []string{
		"550 5.7.1 Your account is not allowed to send from this address",
		"550 Message has no valid date header",
		"450 4.7.1 Recipient server's name not found in DNS, try again later",
		"550 5.7.1 Unknown client host name",
		"554 5.7.1 Bad content in the recipient's language",
		"451 Could not check recipient for now",
		"450 Unable to find recipient information, try again",
		"550 5.7.1 Mail from users in your region blocked",
		"451 4.3.0 user database error: account not found in cache, retry",
		"550 5.7.1 The user you write for has been blocked from sending",
		"550 Your mail account has been suspended because of spam",
		"550 5.7.0 the account used for SMTP login is locked",
		"554 5.7.1 URL in message points to a closed account",
		"421 4.7.0 Unable to look up user, directory server down",
		"550 5.7.1 Policy: users may not receive attachments of type zip",
		"554 5.7.1 Mailbox owner's filter rejected your message as spam",
		"550 5.7.1 Address in From header not found",
		"454 4.7.1 no such TLS cipher for this account",
		"550 No valid SPF for that user's domain",
		"550 Your host name is not known here",
		"550 Return address unknown",
		"550 5.1.0 Address of the sender unknown",
		"553 sorry, your mailbox address is not in our whitelist",
		"550 5.7.1 user bob limits mail from outside, sender not found in his address book",
		"550 Expired certificate for that account's server",
		"421 4.3.2 Service not active",
		"421 4.4.0 Remote server response was not RFC conformant",
		"444 4.4.4 The Connector has been deleted or disabled.",
		"501 5.1.7 Invalid address",
		"553 5.1.8 <alice@example.org> does not exist",
		"550 The webhook for this route was not found",
		"550 The sending identity does not exist",
		"550 5.7.1 The app password is not active",
		"450 4.3.0 recipient map does not exist",
		"550 your message to this recipient was put on hold",
		"550 the user you write from is not one we know",
		"450 4.2.0 recipient does not know you yet, wait five minutes",
		"550 5.3.5 System configuration incorrect",
		"451 4.4.3 cannot resolve recipient domain right now",
		"450 4.1.2 <bob@example.com>: Recipient address rejected: Malformed DNS server reply",
		"550 key for selector s1 not found in DNS, cannot verify signature",
		"421 4.3.2 The server that holds this mailbox has been shut down for maintenance",
		"550 Su mensaje fue eliminado, la cuenta no recibe publicidad",
		"550 De ontvanger heeft u geblokkeerd",
		"550 Votre compte est bloqué",
		"550 Ihre Adresse ist unbekannt",
		"550 Ihr Konto ist gesperrt",
		"550 Su cuenta ha sido bloqueada",
		"550 Ваш аккаунт заблокирован",
	} {
		if r := c.Classify(&Query{Text: []byte(text)}); r.Reason.Action() == ActionSuppress {
			t.Errorf("%s\n\t%v by %s, for %q", text, r.Reason, r.Rule, r.Matched)
		}
	}
}
