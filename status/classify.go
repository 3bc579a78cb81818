package status

// Query is a failure to be classified: a reply and what is known around it. All fields may
// be zero. The byte slices are only read during the call.
type Query struct {
	Code      int      // reply code; 0: none
	Enhanced  Enhanced // of the reply, else of the log (Postfix dsn=)
	Text      []byte   // the words, with or without codes, as the log has them or as ParseReply gives them
	Stage     Stage
	Origin    Origin
	Relay     []byte // name of the host that answered, usually the MX
	Recipient []byte // address or domain
	Number    int    // N of Exim's "defer (N)"; 0: none
}

// Result is a reason and what speaks for it.
type Result struct {
	Reason       Reason
	Rule         string   // ID of the rule that decided; see docs/classification.md
	Matched      []string // the words that the rule found, in lower case
	List         string   // the block list, such as "zen.spamhaus.org"
	Provider     string   // who answered, such as "google"
	ProviderCode string   // the provider's own code, such as "S3150", "TSS04", "OFR_416"
	Origin       Origin
	Stage        Stage
	Code         int      // of the query, else found in the text
	Enhanced     Enhanced // likewise
	Status       Code     // the enum member of Code
	Confidence   float64  // 0 to 1: how far to trust the reason
}

// Rules are rules of a user, as ParseRules reads them.
type Rules struct{}

// Classifier finds reasons. It is not safe for concurrent use.
type Classifier struct{}

// NewClassifier returns a Classifier with the rules of this package. Rules of users come
// before them, in the order given.
func NewClassifier(user ...*Rules) *Classifier { return &Classifier{} }

// Classify returns the reason with all that speaks for it.
func (c *Classifier) Classify(q *Query) Result {
	return Result{Reason: c.Reason(q), Code: q.Code, Enhanced: q.Enhanced, Status: CodeOf(q.Code),
		Stage: q.Stage, Origin: q.Origin}
}

// Reason returns what Classify would find, without the evidence. It remembers answers by
// folded text and does not allocate for one that it knows.
func (c *Classifier) Reason(q *Query) Reason { return codesOnly(q.Code, q.Enhanced) }

// Provider returns the name of the provider that runs a mail host, else of the one that
// runs a well-known recipient domain: "google" for "aspmx.l.google.com". "" means unknown.
func (c *Classifier) Provider(relay, domain string) string { return "" }

// codesOnly is the reason that the codes alone suggest.
func codesOnly(code int, e Enhanced) Reason {
	switch (Enhanced{5, e.Subject, e.Detail}) {
	case Enhanced{5, 1, 1}:
		return UserUnknown
	case Enhanced{5, 2, 2}:
		return MailboxFull
	}
	return Undetermined
}
