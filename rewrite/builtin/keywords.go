package builtin

import (
	_ "embed"
	"strings"
)

//go:embed keywords.txt
var keywordText string

var keywords = func() map[string]bool {
	m := map[string]bool{}
	for word := range strings.FieldsSeq(keywordText) {
		m[word] = true
	}
	return m
}()

// KeywordAnyVersion says whether the lower-case word is a keyword of any kind in a server from 14 to 18. A name that is one must be
// quoted in what is sent, and a function call under such a name that the parser took for a plain function must
// be qualified with its schema: servers and the parser differ in which words are grammar (pitfall S19).
func KeywordAnyVersion(word string) bool { return keywords[strings.ToLower(word)] }
