package status

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

func TestClassifyReplies(t *testing.T) {
	c := NewClassifier()
	for _, tt := range replyCases {
		q := Query{Text: []byte(tt.text), Relay: []byte(tt.mx)}
		if r := c.Classify(&q); r.Reason != tt.want {
			t.Errorf("%s\n\tgot %v by %s %q, want %v", tt.text, r.Reason, r.Rule, r.Matched, tt.want)
		}
	}
}

// What an MTA cuts from the reply before it asks must not change the answer.
func TestClassifyParsedReply(t *testing.T) {
	c := NewClassifier()
	for _, tt := range replyCases {
		whole := c.Classify(&Query{Text: []byte(tt.text), Relay: []byte(tt.mx)})
		p := ParseReply([]byte(tt.text))
		if p.Code == 0 {
			continue
		}
		parsed := c.Classify(&Query{Code: p.Code, Enhanced: p.Enhanced, Text: p.Text, Stage: p.Stage, Relay: []byte(tt.mx)})
		if parsed.Reason != whole.Reason {
			t.Errorf("%s\n\twhole %v by %s, parsed %v by %s", tt.text, whole.Reason, whole.Rule, parsed.Reason, parsed.Rule)
		}
	}
}

func TestClassifyEvidence(t *testing.T) {
	c := NewClassifier()
	for _, tt := range []struct {
		q    Query
		want Result
	}{
		{Query{Text: []byte("host mx.example.com[192.0.2.1] said: 554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.7 (in reply to RCPT TO command)")},
			Result{Reason: IPBlocked, List: "zen.spamhaus.org", Origin: OriginRemote, Stage: StageRcpt, Code: 554, Enhanced: Enhanced{5, 7, 1}, Status: TransactionFailed}},
		{Query{Code: 550, Enhanced: Enhanced{5, 7, 1}, Text: []byte("messages from [192.0.2.7] weren't sent; part of their network is on our block list (S3140)"), Relay: []byte("mx.mail.protection.OUTLOOK.com")},
			Result{Reason: IPBlocked, Provider: "microsoft", ProviderCode: "S3140", Origin: OriginRemote, Code: 550, Enhanced: Enhanced{5, 7, 1}, Status: MailboxUnavailable}},
		{Query{Code: 421, Enhanced: Enhanced{4, 7, 0}, Text: []byte("[TSS04] Messages from 192.0.2.7 temporarily deferred due to unexpected volume or user complaints"), Recipient: []byte("bob@yahoo.com")},
			Result{Reason: BadReputation, Provider: "yahoo", ProviderCode: "TSS04", Origin: OriginRemote, Code: 421, Enhanced: Enhanced{4, 7, 0}, Status: ServiceNotAvailable}},
		{Query{Code: 550, Text: []byte("5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]"), Relay: []byte("smtp-in.orange.fr")},
			Result{Reason: UserUnknown, Provider: "orange", ProviderCode: "OFR_416", Origin: OriginRemote, Code: 550, Enhanced: Enhanced{5, 1, 1}, Status: MailboxUnavailable}},
		{Query{Text: []byte("421 4.7.28 Gmail has detected an unusual rate of mail. - gsmtp")},
			Result{Reason: RateLimited, Provider: "google", ProviderCode: "4.7.28", Origin: OriginRemote, Code: 421, Enhanced: Enhanced{4, 7, 28}, Status: ServiceNotAvailable}},
		{Query{Text: []byte("554 mx.example ESMTP not available AUP#I-1310")},
			Result{Reason: IPBlocked, ProviderCode: "AUP#I-1310", Origin: OriginRemote, Code: 554, Status: TransactionFailed}},
		{Query{Text: []byte("connect to mx.example.com[192.0.2.1]:25: Connection timed out")},
			Result{Reason: ConnectionFailed, Origin: OriginNetwork, Status: GeneralFailure}},
		{Query{Number: -53, Text: []byte("whatever"), Origin: OriginLocal},
			Result{Reason: ServerError, Origin: OriginLocal, Status: GeneralFailure}},
		// The outer reply is what the log shows, the inner one tells why.
		{Query{Code: 450, Enhanced: Enhanced{4, 1, 1}, Text: []byte("<bob@example.com>: Recipient address rejected: unverified address: host mx.example.com[192.0.2.1] said: 550 5.7.1 Client host blocked using bl.spamcop.net (in reply to RCPT TO command)")},
			Result{Reason: IPBlocked, List: "bl.spamcop.net", Origin: OriginRemote, Stage: StageRcpt, Code: 450, Enhanced: Enhanced{4, 1, 1}, Status: MailboxBusy}},
		// A stranger's words cannot pretend to be a quoted reply.
		{Query{Code: 550, Enhanced: Enhanced{5, 7, 1}, Text: []byte("Spam message rejected (host mx.example.com[192.0.2.1] said: 550 5.1.1 User unknown)")},
			Result{Reason: SpamContent, Origin: OriginRemote, Code: 550, Enhanced: Enhanced{5, 7, 1}, Status: MailboxUnavailable}},
	} {
		got := c.Classify(&tt.q)
		if got.Rule == "" || !(got.Confidence > 0 && got.Confidence <= 1) {
			t.Errorf("%s\n\trule %q, confidence %v", tt.q.Text, got.Rule, got.Confidence)
		}
		got.Rule, got.Confidence, got.Matched = "", 0, nil
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s\n\tgot  %+v\n\twant %+v", tt.q.Text, got, tt.want)
		}
	}
}

// A permanent code, or one that names the recipient, must not suppress an address for what
// its words say about the client, the sender or the message.
func TestClassifyNeverSuppressesForOthersFaults(t *testing.T) {
	c := NewClassifier()
	for _, words := range []string{
		"Your IP 192.0.2.7 is blocked using zen.spamhaus.org",
		"Message rejected as spam",
		"SPF check failed for example.com",
		"rejected per DMARC policy",
		"DKIM signature did not verify",
		"Greylisted, try again in 5 minutes",
		"too many messages per hour from your host",
		"Client host rejected: cannot find your reverse hostname",
		"Relay access denied",
		"Sender address rejected: Domain not found",
		"Sender verify failed: user unknown",
		"Authentication required",
		"mailbox quota exceeded",
		"message size exceeds the limit",
		"poor reputation of the sending IP",
		"Message rejected due to local policy",
		"virus found in the message",
		"Too many connections from your host",
		"Access denied: User `arn:aws:iam::123456789012:user/kim' is not authorized to perform `ses:SendRawEmail'",
		"Domain may not exist or DNS check failed",
		"Postmaster verification failed while checking <kim@example.org> Response: 550 <postmaster@example.org>: User unknown",
		"this bounce message does not have 1 recipient",
		"host mail.example.com [192.0.2.7] from unknown TLD #122",
		"Our system has detected an excessively high number of invalid recipients originating from your account",
		"Mailbox has an invalid format",
		"Invalid `to` field. Please use our testing email address instead.",
		"This message has been blocked because the return email domain is invalid",
		"<kim@example.org>: Sender address rejected: undeliverable address: host mx.example.org[192.0.2.1] said: 550 5.1.1 <kim@example.org>: Recipient address rejected: User unknown in virtual mailbox table (in reply to RCPT TO command)",
		"<kim@example.org>: Sender address rejected: undeliverable address: host mx.example.org[192.0.2.1] said: 550 5.2.1 mailbox disabled (in reply to RCPT TO command)",
		"<kim@example.org>: Sender address rejected: undeliverable address: host mx.example.org[192.0.2.1] said: 552 5.2.2 mailbox full (in reply to RCPT TO command)",
		"From address user unknown",
		"unknown user in From header",
		"mail to file is restricted",
		"mail to command is restricted",
	} {
		for _, code := range []string{"550 5.1.1 ", "550 ", "550 5.2.1 ", "553 5.1.3 ", "450 4.1.1 ", "551 5.1.6 "} {
			if r := c.Classify(&Query{Text: []byte(code + words), Stage: StageRcpt}); r.Reason.Action() == ActionSuppress {
				t.Errorf("%s%s: %v by %s", code, words, r.Reason, r.Rule)
			}
		}
	}
	// Nor for what a code says where it cannot be about the recipient.
	for _, tt := range []struct {
		text  string
		stage Stage
	}{
		{"501 5.5.4 Invalid Address", StageHelo},
		{"501 5.5.4 Invalid command arguments: Invalid domain name", StageHelo},
		{"553 5.1.3 <kim@(none)>... Hostname required", StageMail},
		{"550 5.1.1 kim@example.org", StageMail},
		{"504 <kim@mail>: need fully-qualified address", StageRcpt},
		{"551 5.7.1 Go away!", StageRcpt},
		{"553 5.1.7 <kim@example.org>: mailbox name not allowed; no such user", StageRcpt},
		{"501 5.5.4 DSN extension has been disabled.", StageRcpt},
		{"5.1.0 - Unknown address error 550-'5.7.1 Go away!' (delivery attempts: 0)", StageRcpt},
		{"5.1.0 - Unknown address error 554-'Not from you'", StageRcpt},
	} {
		if r := c.Classify(&Query{Text: []byte(tt.text), Stage: tt.stage}); r.Reason.Action() == ActionSuppress {
			t.Errorf("%s: %v by %s", tt.text, r.Reason, r.Rule)
		}
	}
	// Nor without a person's look for what its own words call temporary, whatever the codes say.
	for _, text := range []string{
		"550 5.2.1 mailbox temporarily disabled",
		"550 5.2.1 The user account is temporarily suspended, try again later",
		"550 mailbox is temporarily disabled due to maintenance",
		"550 5.2.1 account temporarily locked",
		"550 5.1.1 User unknown; try again later",
		"550 5.1.1 User unknown, please retry in 5 minutes",
		"550 5.1.1 User unknown for now", "550 5.1.1 User unknown, wait and resend", "550 5.1.1 User unknown, retry later",
		"550 5.1.1 User unknown (LDAP server unreachable)",
		"550 5.1.1 User unknown: lookup timed out",
		"550 5.2.1 Compte temporairement désactivé",
		"550 5.2.1 Das Konto ist vorübergehend gesperrt",
		"550 5.2.1 Cuenta suspendida temporalmente",
		"550 5.2.1 Аккаунт временно заблокирован",
	} {
		if r := c.Classify(&Query{Text: []byte(text), Stage: StageRcpt}); r.Reason.Action() == ActionSuppress && r.Confidence >= 0.6 {
			t.Errorf("%s: %v by %s, confidence %g", text, r.Reason, r.Rule, r.Confidence)
		}
	}
}

// What does not exist or is off may be anything: without a code that says so it is the recipient's
// fault only where nothing else is named.
func TestClassifyNeverSuppressesForOtherThings(t *testing.T) {
	c := NewClassifier()
	for _, text := range []string{
		"550 connection has been terminated",
		"550 SMTP access for this customer has been suspended",
		"550 access is restricted",
		"550 service discontinued",
		"550 message was deleted by filter",
		"550 message format is not valid",
		"550 link in body is not valid",
		"550 api key is not valid",
		"550 queue does not exist",
		"550 program for alias not found",
		"550 This server is no longer in use",
		"550 Your server's name does not exist",
		"550 unable to find your mail server",
		"550 address in greeting is not valid",
		"550 signature cannot be verified",
		"550 signing domain no longer valid",
		"550 originating mailbox does not exist",
		"550 Your reply-to address does not exist",
		"550 Author address is unknown",
		"550 the domain you write from does not exist",
		"550 author's domain has no MX records",
		"550 the name of your mail host does not resolve",
		"550 bad domain given in greeting",
		"550 Message-ID invalid: host not found",
		"550 URL in message points to nonexistent domain",
		"550 DKIM d= names an unknown domain",
		"550 invalid address in Cc",
		"550 To header names an unknown user",
		"550 user unknown trap hit, your IP is listed",
		"550 not our customer, use your provider",
		"550 our policy has been changed to require TLS",
		"550 mail has been moved to junk",
		"550 this service has moved to mx.example.net",
		"550 account is restricted to internal mail",
		"550 Outgoing mail from this account has been disabled",
		"451 smarthost: host not found",
		"503 no valid recipients",
		"550 Ihre E-Mail an den Empfänger wurde gelöscht",
		"550 Votre e-mail au destinataire a été supprimé",
		"550 Su correo al usuario fue eliminado",
		"550 De e-mail aan de ontvanger is verwijderd",
		"550 Anhang gelöscht, Benutzer benachrichtigt",
		"550 ha sido eliminado el archivo del usuario",
		"550 pengguna tidak ada izin mengirim",
		"550 verbinding gesloten, gebruiker",
		"550 conexão encerrada pelo usuário",
		"550 connessione chiusa, utente",
		"550 Ihre Domain existiert nicht",
		"550 Votre domaine n'existe pas",
		"550 Ваш домен не существует",
		"550 您的域名不存在",
		"550 5.7.1 User bob cannot receive email without TLS",
		"550 The recipient is unable to receive email of this size",
		"550 Recipient has not logged your address",
		"550 Email has changed after DKIM signing",
		"550 never heard of you",
		"550 Your message has been purged from mailbox",
		"550 recipient's antivirus subscription lapsed",
		"550 message is scheduled for deletion",
		"550 user absent until Monday",
	} {
		if r := c.Classify(&Query{Text: []byte(text), Stage: StageRcpt}); r.Reason.Action() == ActionSuppress {
			t.Errorf("%s: %v by %s", text, r.Reason, r.Rule)
		}
	}
	for _, text := range []string{
		"550 <bob@example.com> does not exist; closing connection",
		"550 5.1.1 Access denied: bob@example.com does not exist",
		"550 Your message was rejected because bob@example.com does not exist",
		"550 bob@example.com is not valid on this server",
		"550 This message was rejected: bob@example.com has been deactivated",
		"550 5.1.1 bob@example.com is no longer in use, please update your address book",
	} {
		if r := c.Classify(&Query{Text: []byte(text), Stage: StageRcpt}); r.Reason.Action() != ActionSuppress {
			t.Errorf("%s: %v by %s", text, r.Reason, r.Rule)
		}
	}
}

func TestProvider(t *testing.T) {
	mine, err := ParseRules("mine", strings.NewReader("provider acme  mx mx.google.com acme.example  domain acme.test\n"))
	if err != nil {
		t.Fatal(err)
	}
	c := NewClassifier(mine)
	for _, tt := range []struct{ relay, domain, want string }{
		{"aspmx.l.google.com", "", "google"},
		{"ASPMX.L.GOOGLE.COM.", "", "google"},
		{"notgoogle.com", "", ""},
		{"com", "", ""},
		{"", "bob@Gmail.com", "google"},
		{"mx.example.com", "gmail.com", "google"},
		{"example-com.mail.protection.outlook.com", "gmail.com", "microsoft"},
		{"mx.google.com", "", "acme"},
		{"", "acme.test", "acme"},
		{"", "", ""},
		{strings.Repeat("a.", 5000), "", ""},
	} {
		if got := c.Provider(tt.relay, tt.domain); got != tt.want {
			t.Errorf("Provider(%.40q, %q) = %q, want %q", tt.relay, tt.domain, got, tt.want)
		}
	}
}

func TestReasonDoesNotAllocate(t *testing.T) {
	c := NewClassifier()
	q := Query{Code: 550, Enhanced: Enhanced{5, 1, 1}, Stage: StageRcpt, Relay: []byte("aspmx.l.google.com"),
		Recipient: []byte("bob@example.com"), Text: []byte("<bob@example.com>: Recipient address rejected: User unknown in local recipient table")}
	c.Reason(&q)
	if n := testing.AllocsPerRun(1000, func() { c.Reason(&q) }); n != 0 {
		t.Errorf("Reason, known text: %v allocs, want 0", n)
	}
}

// The cache is bounded, and forgetting changes no answer.
func TestReasonForgets(t *testing.T) {
	c := NewClassifier()
	q := Query{Text: []byte("550 User unknown"), Code: 550}
	for i := range maxCached + 10 {
		q.Number = i + 1000
		if got := c.Reason(&q); got != UserUnknown {
			t.Fatal(i, got)
		}
		if len(c.cache) > maxCached {
			t.Fatalf("%d answers remembered, want at most %d", len(c.cache), maxCached)
		}
	}
}

// What nothing is known of has no evidence, whatever was asked before.
func TestClassifyForgets(t *testing.T) {
	c := NewClassifier()
	before := Query{Code: 550, Text: []byte("5.2.1 The email account that you tried to reach is disabled")}
	if r := c.Classify(&before); len(r.Matched) == 0 {
		t.Fatalf("no words matched: %+v", r)
	}
	if r := c.Classify(&Query{Code: 92, Stage: 38, Text: []byte("''0000")}); len(r.Matched) != 0 {
		t.Errorf("matched %q of another reply", r.Matched)
	}
}

func FuzzClassify(f *testing.F) {
	for _, tt := range replyCases {
		f.Add([]byte(tt.text), uint16(0), uint8(0), tt.mx)
	}
	f.Add([]byte("host x said: host y said: 550 "), uint16(550), uint8(6), "mx.qq.com")
	f.Add([]byte("\xff\xfe..-_'{user}{ip"), uint16(9999), uint8(200), strings.Repeat("a.", 200))
	c, cached := NewClassifier(), NewClassifier()
	f.Fuzz(func(t *testing.T, text []byte, code uint16, stage uint8, mx string) {
		q := Query{Code: int(code), Text: bytes.Clone(text), Stage: Stage(stage), Relay: []byte(mx)}
		r := checkSame(t, c, cached, &q)
		if !bytes.Equal(q.Text, text) {
			t.Fatal("the text was changed")
		}
		c.Classify(&q)
		checkObvious(t, c, r.Rule)
		if r.Reason == ReasonNone || r.Rule == "" || !(r.Confidence > 0 && r.Confidence <= 1) {
			t.Fatalf("%+v", r)
		}
		words := appendWords(nil, Fold(nil, text))
		for _, m := range r.Matched {
			if !bytes.Contains(words, []byte(m)) && !bytes.Contains(appendWords(nil, c.asked.folded), []byte(m)) {
				t.Fatalf("matched %q, which is not in %q", m, words)
			}
		}
	})
}

var benchTexts = []string{
	"<bob@example.com>: Recipient address rejected: User unknown in local recipient table",
	"The email account that you tried to reach is over quota. Please direct the recipient to https://support.google.com/mail/?p=OverQuotaPerm a1si1.1 - gsmtp",
	"Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.7",
	"connect to mx.example.com[192.0.2.1]:25: Connection timed out",
}

// BenchmarkReason is the price for a text that is known, per event.
func BenchmarkReason(b *testing.B) {
	c := NewClassifier()
	benchmark(b, func(q *Query) { c.Reason(q) })
}

// BenchmarkClassify is the price for a new text, with its evidence.
func BenchmarkClassify(b *testing.B) {
	c := NewClassifier()
	benchmark(b, func(q *Query) { c.Classify(q) })
}

// BenchmarkContains is the peer: each phrase of each rule is looked for by itself.
func BenchmarkContains(b *testing.B) {
	rules := builtin().rules
	n := 0
	benchmark(b, func(q *Query) {
		words := appendWords(nil, Fold(nil, q.Text))
		for i := range rules {
			for _, text := range rules[i].texts {
				for _, ph := range text {
					for _, part := range ph {
						for _, pattern := range part {
							count(&n, bytes.Contains(words, []byte(pattern)))
						}
					}
				}
			}
		}
	})
}

func BenchmarkNewEngine(b *testing.B) {
	for b.Loop() {
		newEngine(compile(builtin()))
	}
}

func benchmark(b *testing.B, f func(*Query)) {
	var queries []Query
	for _, text := range benchTexts {
		queries = append(queries, Query{Code: 550, Text: []byte(text), Stage: StageRcpt, Relay: []byte("mx.example.com")})
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		f(&queries[i%len(queries)])
		i++
	}
}
