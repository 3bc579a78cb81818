package generate

// words make up names.
var words = [...]string{
	"anna", "birch", "cedar", "delta", "elena", "fjord", "grove", "harbor", "iris", "jonas", "kite", "lumen", "maple",
	"north", "olive", "pine", "quartz", "river", "stone", "tessa", "ulmen", "vista", "willow", "xenia", "yarrow", "zora",
}

// providers are the domains that most mail goes to.
var providers = [...]struct{ domain, mx, accepts string }{
	{"gmail.com", "alt%d.gmail-smtp-in.l.google.com", "250 2.0.0 OK  {time} {word}-20020a05600c41si1234567wmq.17 - gsmtp"},
	{"outlook.com", "outlook-com.olc%d.protection.outlook.com", "250 2.6.0 <{word}@mail.example> [InternalId={time}, Hostname=AM0PR08MB1.example] 9876 bytes in 0.123, 70.5 KB/sec Queued mail for delivery -> 250 2.1.5"},
	{"yahoo.com", "mta%d.am0.yahoodns.net", "250 ok dirdel"},
	{"icloud.com", "mx%02d.mail.icloud.com", "250 2.0.0 Ok: queued as {word}"},
	{"gmx.net", "mx%02d.emig.gmx.net", "250 Requested mail action okay, completed: id={word}"},
	{"t-online.de", "mx%02d.t-online.de", "250 2.0.0 Message accepted."},
	{"mail.ru", "mxs%d.mail.ru", "250 OK id={word}"},
	{"orange.fr", "smtp-in%d.orange.fr", "250 2.0.0 {word} mail accepted for delivery"},
}

// answer is why an attempt failed; without a code there was no reply. In a text {rcpt} is the
// recipient, {time} the time, and {word} a word that no other reply has.
type answer struct {
	code     int
	enhanced string
	text     string
	stage    string
	reason   string
}

// deferrals are tried again; the words are those that servers are known to use.
var deferrals = [...]answer{
	{450, "4.2.0", "<{rcpt}>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/{word}.html", "RCPT TO", "greylisted"},
	{451, "4.7.1", "Greylisting in action, please come back in 300 seconds ({word})", "RCPT TO", "greylisted"},
	{452, "4.2.2", "The recipient's inbox is out of storage space. {word} - gsmtp", "RCPT TO", "mailbox_full"},
	{0, "4.4.1", "Connection timed out", "", "connection_failed"},
	{0, "4.4.1", "Connection refused", "", "connection_failed"},
}

// refusals are final.
var refusals = [...]answer{
	{550, "5.1.1", "<{rcpt}>: Recipient address rejected: User unknown in virtual mailbox table", "RCPT TO", "user_unknown"},
	{550, "5.1.1", "The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces. {word} - gsmtp", "RCPT TO", "user_unknown"},
	{552, "5.2.2", "<{rcpt}>: Mailbox full ({word})", "RCPT TO", "mailbox_full"},
	{552, "5.3.4", "Message size exceeds fixed limit", "MAIL FROM", "message_too_big"},
	{554, "5.7.1", "<{rcpt}>: Relay access denied", "RCPT TO", "relay_denied"},
}
