package status

import "strings"

// suggestWords is how many words a suggested phrase has at most: enough to mean one thing, few
// enough to be read.
const suggestWords = 8

// SuggestPhrase returns what a rule's `text` line could look for to know a reply, which must be
// folded (see Fold): its first words, with ".." for what stands between them. It is "" where no
// words are left.
func SuggestPhrase(folded string) string {
	var phrase []string
	gap := false
	for word := range strings.FieldsSeq(folded) {
		if strings.ContainsAny(word, "{}") || isCodeWord(word) {
			gap = true
			continue
		}
		words := strings.Fields(string(appendWords(nil, []byte(word))))
		if len(words) == 0 {
			continue
		}
		if gap && len(phrase) > 0 {
			phrase = append(phrase, "..")
		}
		gap = false
		phrase = append(phrase, words...)
		if len(phrase) >= suggestWords {
			break
		}
	}
	return strings.Join(phrase, " ")
}

// isCodeWord tells whether a word is a number or a code, which a rule asks for by itself.
func isCodeWord(word string) bool { return strings.ContainsAny(word, "0123456789") }
