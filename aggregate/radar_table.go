package aggregate

// listLinks holds where to look up an address in a block list, and to ask for its removal, by
// the list's domain.
var listLinks = map[string]string{
	"abuseat.org":           "https://check.spamhaus.org/",
	"abusix.zone":           "https://lookup.abusix.com/",
	"backscatterer.org":     "https://www.backscatterer.org/?target=test",
	"barracudacentral.org":  "https://www.barracudacentral.org/lookups",
	"blocklist.de":          "https://www.blocklist.de/en/delist.html",
	"cloudmark.com":         "https://csi.cloudmark.com/en/reset/",
	"dronebl.org":           "https://dronebl.org/lookup",
	"gbudb.net":             "https://www.gbudb.com/truncate/",
	"gbudb.com":             "https://www.gbudb.com/truncate/",
	"invaluement.com":       "https://www.invaluement.com/lookup/",
	"junkemailfilter.com":   "https://ipadmin.junkemailfilter.com/remove.php",
	"mail.abusix.zone":      "https://lookup.abusix.com/",
	"mailspike.net":         "https://mailspike.io/ip_verify",
	"mailspike.org":         "https://mailspike.io/ip_verify",
	"proofpoint.com":        "https://ipcheck.proofpoint.com/",
	"psbl.org":              "https://psbl.org/",
	"psbl.surriel.com":      "https://psbl.org/",
	"s5h.net":               "https://www.usenix.org.uk/content/rbl.html",
	"spamcop.net":           "https://www.spamcop.net/bl.shtml",
	"spameatingmonkey.net":  "https://spameatingmonkey.com/lookup",
	"spamhaus.net":          "https://check.spamhaus.org/",
	"spamhaus.org":          "https://check.spamhaus.org/",
	"spamrats.com":          "https://www.spamrats.com/lookup.php",
	"surbl.org":             "https://surbl.org/surbl-analysis",
	"symantec.com":          "https://ipremoval.sms.symantec.com/",
	"talosintelligence.com": "https://talosintelligence.com/reputation_center",
	"trendmicro.com":        "https://servicecentral.trendmicro.com/en-us/ers/ip-lookup/",
	"uceprotect.net":        "https://www.uceprotect.net/en/rblcheck.php",
	"uribl.com":             "https://admin.uribl.com/",
}

// providerLinks holds the page for senders of a mailbox provider, by the provider's name in
// package status.
var providerLinks = map[string]string{
	"apple":      "https://support.apple.com/en-us/102322",
	"barracuda":  "https://www.barracudacentral.org/rbl/removal-request",
	"cisco":      "https://talosintelligence.com/reputation_center",
	"cloudmark":  "https://csi.cloudmark.com/en/reset/",
	"comcast":    "https://postmaster.comcast.net/",
	"gmx":        "https://postmaster.gmx.net/en/",
	"google":     "https://support.google.com/mail/contact/gmail_bulk_sender_escalation",
	"ionos":      "https://postmaster.1and1.com/en/",
	"laposte":    "https://postmaster.laposte.net/",
	"mail.ru":    "https://postmaster.mail.ru/",
	"microsoft":  "https://sender.office.com/",
	"orange":     "https://postmaster.orange.fr/",
	"proofpoint": "https://ipcheck.proofpoint.com/",
	"symantec":   "https://ipremoval.sms.symantec.com/",
	"t-online":   "https://postmaster.t-online.de/",
	"trendmicro": "https://servicecentral.trendmicro.com/en-us/ers/ip-lookup/",
	"yahoo":      "https://senders.yahooinc.com/contact",
	"yandex":     "https://postmaster.yandex.com/",
	"zoho":       "https://www.zoho.com/mail/help/adminconsole/mail-delivery.html",
}
