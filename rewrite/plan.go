package rewrite

// Plan is the cached outcome of rewriting one statement. It is immutable and shared by sessions.
type Plan struct {
	// SQL is the text to send to the server: one statement, without a trailing semicolon.
	// It never is the client's text.
	SQL string
	// Kind says what the session has to keep track of.
	Kind Kind
	// Name is the prepared statement or cursor that the statement creates, runs or drops
	// (PREPARE, EXECUTE, DEALLOCATE, DECLARE, FETCH, MOVE, CLOSE); empty means ALL for DEALLOCATE and CLOSE.
	Name string
	// Describe, where not empty, is a query whose RowDescription must pass the egress check before SQL is sent:
	// the query inside a COPY, whose own answer carries no RowDescription.
	Describe string
	// Copy is how the rows of a COPY with sealed columns are written; nil where none is sealed.
	Copy *CopyFormat
	// Tag, where not empty, replaces the command tag of the server's CommandComplete (SHOW search_path is
	// answered by a SELECT, and must not look like one).
	Tag string
	// Columns is what the plan expects of the RowDescription, one entry an output column;
	// nil where the statement returns no rows.
	Columns []Origin
	// Params are the parameters of SQL; nil: the client's own, as they are.
	Params []Param
	// Named are the reg* types of the client's parameters that are names to it and texts to the server, from the first on; 0 for any other.
	Named []uint32
	// Arguments are what an EXECUTE gives to a statement of the protocol whose parameters the proxy unseals: the statement Name is to be bound to
	// them, and SQL is empty; nil: the server evaluates them.
	Arguments []Argument
	// Opaque says that the text of a server error must not be forwarded, only its SQLSTATE: the plan evaluates
	// a `sql` mask or a row filter that may raise with a value of a raw row in the message (pitfall S10).
	Opaque bool
	// Quiet says that the server's notices must not be forwarded, nor values in the text of its errors: which come first would tell in what order rows
	// are read, which is hidden.
	Quiet bool

	effect  effect
	follows *Plan // the prepared statement or cursor whose rows these are, of EXECUTE and FETCH
	stamp   stamp
	source  string   // what to plan again when the stamp is no longer current
	sealed  bool     // planned for sealed execution
	unseals bool     // whose constants and parameters the proxy unseals
	params  []uint32 // the parameter types with which it was planned, as a Parse message declares them
}

// Kind classifies a plan for the session that runs it.
type Kind uint8

// The kinds of plans.
const (
	KindQuery       Kind = iota + 1 // SELECT, VALUES, TABLE, SHOW, EXECUTE, FETCH: may return rows, changes no tracked state but by set_config of search_path
	KindTransaction                 // BEGIN, COMMIT, ROLLBACK, SAVEPOINT, ...: changes tracked state
	KindSet                         // SET, RESET, DISCARD: changes tracked state
	KindPrepare                     // PREPARE, DEALLOCATE, DISCARD ALL
	KindCursor                      // DECLARE, MOVE, CLOSE
	KindCopy                        // COPY ... TO STDOUT
	KindListen                      // LISTEN, UNLISTEN
	KindEmpty                       // an empty query string: SQL is ""
)

// Origin is where an output column comes from, as RowDescription reports it:
// the table's oid and the attribute number, or zeros for an expression.
type Origin struct {
	Table  uint32 // pg_class.oid
	Column int16  // pg_attribute.attnum
	Seal   Seal   // where its values are raw identifiers, what the proxy seals them with before they leave
	// Unknown says that the binder cannot tell what the server will report (a bare column that passes through a
	// recursive CTE, say). The egress check then only asks whether the policy shows the reported origin.
	Unknown bool
}
