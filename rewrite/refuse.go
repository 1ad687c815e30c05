package rewrite

// Error is the answer to a statement that is not sent: a refusal, or the error that the twin would have given
// (an unknown relation, a syntax error). Its texts name only what the client named.
type Error struct {
	Code     string // SQLSTATE
	Message  string
	Detail   string // of the twin's own errors, where the client's text alone decides on it
	Hint     string
	Position int    // in characters of the client's text, from 1; 0 where there is none
	Reason   string // stable name of the refusal, for logs and docs; empty for the twin's own errors
	place    int    // in bytes of the client's text, from 1; 0 where it is not known; or statementStart
}

// Error formats the SQLSTATE and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }
