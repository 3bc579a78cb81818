// Package status says what SMTP replies mean: the reply code, the enhanced mail system
// status code, the words, and the SMTP stage at which they were given.
//
// It knows replies as Postfix and Exim write them into their logs. From the log text
//
//	550-5.1.1 No such user here, 550 5.1.1 try the directory (in reply to RCPT TO command)
//
// [ParseReply] makes
//
//	Code 550, Enhanced 5.1.1, Stage rcpt, Text "No such user here, try the directory"
//
// A program that reads many replies keeps one [ReplyParser], which does not allocate.
// [CodeOf] and [Code.Info] then name the reply code, [Enhanced.Info] the enhanced code;
// [Fold] replaces what varies in the text, so that one cause is one row of a table.
//
// A [Classifier] says why: one of 34 reasons, such as user_unknown or spam_content, by rules
// over code, enhanced code, stage, provider and words. The rules are data, in the folder
// rules; [ParseRules] reads a user's own.
//
// The package imports only the standard library and holds no state: its functions and
// the methods of its values are safe for concurrent use, a ReplyParser and a Classifier are
// not.
package status
