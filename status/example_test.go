package status_test

import (
	"fmt"
	"strings"

	"github.com/smtplog/smtplog/status"
)

func ExampleParseReply() {
	r := status.ParseReply([]byte("550-5.1.1 No such user here, 550 5.1.1 try the directory (in reply to RCPT TO command)"))
	fmt.Println(r.Code, r.Enhanced, r.Stage)
	fmt.Printf("%s\n", r.Text)
	fmt.Println(status.CodeOf(r.Code))
	// Output:
	// 550 5.1.1 rcpt
	// No such user here, try the directory
	// MAILBOX_UNAVAILABLE
}

func ExampleReplyParser() {
	var p status.ReplyParser
	for _, text := range []string{
		`450-4.2.0 first line\n550 5.1.1 last line`,
		"5.7.1 milter says no",
	} {
		r := p.Parse([]byte(text)) // r.Text is valid until the next call
		fmt.Printf("%d %v, first %d %v, %q\n", r.Code, r.Enhanced, r.FirstCode, r.FirstEnhanced, r.Text)
	}
	// Output:
	// 550 5.1.1, first 450 4.2.0, "first line last line"
	// 0 5.7.1, first 0 5.7.1, "milter says no"
}

func ExampleCodeOf() {
	fmt.Println(status.CodeOf(421), status.CodeOf(571))
	// Output: SERVICE_NOT_AVAILABLE NOT_DEFINED
}

func ExampleCode_Info() {
	info, _ := status.MailboxBusy.Info()
	fmt.Println(info.Name, info.Code.Number(), info.Source)
	fmt.Println(info.Meaning)
	// Output:
	// MAILBOX_BUSY 450 RFC 5321 4.2.2
	// mailbox unavailable for now: busy, or a temporary policy such as greylisting
}

func ExampleParseCode() {
	for _, s := range []string{"mailbox_unavailable", "MailboxUnavailable", "550"} {
		c, _ := status.ParseCode(s)
		fmt.Println(c)
	}
	_, err := status.ParseCode("571")
	fmt.Println(err)
	// Output:
	// MAILBOX_UNAVAILABLE
	// MAILBOX_UNAVAILABLE
	// MAILBOX_UNAVAILABLE
	// "571": want a status such as MAILBOX_UNAVAILABLE or its number
}

func ExampleCodes() {
	for _, info := range status.Codes()[:3] {
		fmt.Println(info.Code.Number(), info.Name)
	}
	// Output:
	// 0 NOT_DEFINED
	// -1 GENERAL_FAILURE
	// 211 SYSTEM_STATUS
}

func ExampleParseEnhanced() {
	e, rest, ok := status.ParseEnhanced([]byte("5.1.1 User unknown"))
	fmt.Printf("%v %q %v\n", e, rest, ok)
	_, rest, ok = status.ParseEnhanced([]byte("5.1.1.2 is no such code"))
	fmt.Printf("%q %v\n", rest, ok)
	// Output:
	// 5.1.1 " User unknown" true
	// "5.1.1.2 is no such code" false
}

func ExampleEnhanced_Info() {
	info, _ := status.Enhanced{Class: 4, Subject: 2, Detail: 2}.Info()
	fmt.Println(info.Code, info.Class, "/", info.Subject, "/", info.Detail)
	fmt.Println(info.Meaning, info.Source, info.Replies)
	// Output:
	// X.2.2 persistent transient failure / mailbox / mailbox full
	// the mailbox is over its quota RFC 3463 3.3 552
}

func ExampleEnhanceds() {
	for info := range status.Enhanceds() {
		if info.Subject == "mailbox" {
			fmt.Println(info.Code, info.Detail)
		}
	}
	// Output:
	// X.2.0 other or undefined mailbox status
	// X.2.1 mailbox disabled
	// X.2.2 mailbox full
	// X.2.3 message length exceeds administrative limit
	// X.2.4 mailing list expansion problem
}

func ExampleStageOf() {
	fmt.Println(status.StageOf([]byte("pipelined MAIL FROM:<a@example.com> SIZE=1")))
	fmt.Println(status.StageOf([]byte("sending end of data -- message may be sent more than once")))
	// Output:
	// mail
	// end_of_data
}

func ExampleParseStage() {
	s, err := status.ParseStage("rcpt")
	fmt.Println(s == status.StageRcpt, err)
	// Output: true <nil>
}

func ExampleParseOrigin() {
	o, err := status.ParseOrigin("network")
	fmt.Println(o == status.OriginNetwork, err)
	// Output: true <nil>
}

func ExampleFold() {
	for _, text := range []string{
		"<bob@example.com>: user unknown, see https://support.example.net/u?p=7 a1b2c3d4 - mx17.mail.example.net",
		"<eve@example.org>: user unknown, see https://support.example.net/u?p=9 ffe0317c - mx03.mail.example.net",
	} {
		fmt.Printf("%s\n", status.Fold(nil, []byte(text)))
	}
	// Output:
	// {address}: user unknown, see https://support.example.net/{...} {id} - {host}.example.net
	// {address}: user unknown, see https://support.example.net/{...} {id} - {host}.example.net
}

func ExampleClassifier_Classify() {
	c := status.NewClassifier()
	r := c.Classify(&status.Query{
		Text:  []byte("550 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org"),
		Relay: []byte("mx.example.com"),
	})
	fmt.Println(r.Reason, r.Reason.Category(), r.Reason.Type(), r.Reason.Action())
	fmt.Println(r.List, r.Matched, r.Status)
	// Output:
	// ip_blocked reputation undetermined contact_provider
	// zen.spamhaus.org [blocked using] MAILBOX_UNAVAILABLE
}

func ExampleParseRules() {
	rules, err := status.ParseRules("mine.rules", strings.NewReader(`
rule mine.bounced  policy_rejected
	text    computer says no
	sample  550 Computer says no
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	c := status.NewClassifier(rules)
	fmt.Println(c.Reason(&status.Query{Code: 550, Text: []byte("The computer says NO.")}), rules.Check())
	// Output: policy_rejected []
}
