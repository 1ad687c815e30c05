package proxy

import "github.com/cordon-db/cordon/rewrite"

// answerKind is the message that an answer is owed to.
type answerKind byte

const (
	answerQuery           answerKind = 'Q'
	answerParse           answerKind = 'P'
	answerBind            answerKind = 'B'
	answerDescribe        answerKind = 'D' // of a statement
	answerDescribePortal  answerKind = 'd'
	answerExecute         answerKind = 'E'
	answerCloseStatement  answerKind = 'C'
	answerClosePortal     answerKind = 'c'
	answerSync            answerKind = 'S'
	refusedSQL                       = "SELECT 'refused by cordon'::pg_catalog.int4"
	refusedCode                      = "22P02" // what refusedSQL fails with, at analysis
	refusedStatement                 = "cordon.refused"
	describedCopy                    = "cordon.copy"
	failedTransactionCode            = "25P02"
)

// answer is what the server owes for one message sent to it (PgBouncer's OutstandingRequest).
type answer struct {
	kind      answerKind
	hidden    bool            // cordon's own message: the client gets nothing of its answer
	unasked   bool            // of Describe: the client gets the rows' description, and not that of the parameters
	name      string          // of the statement or portal
	source    string          // of Bind: the statement
	statement *statement      // of Parse, Describe
	plans     []*rewrite.Plan // of Query
	next      int             // of Query: the plan whose answer comes next
	rows      bool            // a checked RowDescription came: rows may pass
	seals     seals           // of Query, and of COPY: how the columns leave
	copying   *copying        // and how its rows are written
	barrier   bool            // the client's further messages wait for this one's outcome
	refusal   *rewrite.Error  // what the client gets instead of refusedSQL's error
}

// statement is a prepared statement.
type statement struct {
	plan      *rewrite.Plan
	constants [][]byte // of the plan's parameters, unsealed when first asked for, in text format
	types     []uint32 // of the client's own parameters, where the plan's are unsealed, once the server has told
	passed    passed   // the last description of its rows
}

// planned is the statement's plan; nil where there is none.
func (s *statement) planned() *rewrite.Plan {
	if s == nil {
		return nil
	}
	return s.plan
}

// portal is a statement bound to values. The server analyses a statement anew at Bind if anything changed, and from then on the
// transaction's locks keep DDL out: so it is the portal's description that rows pass by, not the statement's.
type portal struct {
	statement *statement
	noted     bool  // what it does to the session is known
	rows      bool  // its description announces rows, and the egress check passed on it
	seals     seals // how its columns leave
}

// plan is that of the portal's statement; nil where there is none.
func (p *portal) plan() *rewrite.Plan {
	if p == nil || p.statement == nil {
		return nil
	}
	return p.statement.plan
}

// current is the plan whose answer the server is sending; nil where there is none.
func (a *answer) current() *rewrite.Plan {
	if a.statement != nil {
		return a.statement.plan
	}
	if a.next < len(a.plans) {
		return a.plans[a.next]
	}
	return nil
}

// queue holds the answers owed, oldest first. Its memory is reused.
type queue struct {
	answers []*answer
	head    int
}

// push adds an answer. A client that never lets the queue run empty must not make it grow.
func (q *queue) push(a *answer) {
	if q.head > 64 && 2*q.head > len(q.answers) {
		n := copy(q.answers, q.answers[q.head:])
		clear(q.answers[n:])
		q.answers, q.head = q.answers[:n], 0
	}
	q.answers = append(q.answers, a)
}

// waiting are the answers still owed.
func (q *queue) waiting() []*answer { return q.answers[q.head:] }

func (q *queue) first() *answer {
	if q.head == len(q.answers) {
		return nil
	}
	return q.answers[q.head]
}

func (q *queue) pop() {
	q.answers[q.head] = nil
	q.head++
	if q.head == len(q.answers) {
		q.answers, q.head = q.answers[:0], 0
	}
}
