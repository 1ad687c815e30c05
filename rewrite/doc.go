// Package rewrite turns a statement of a masked session into the one that is sent to the server, or into a refusal. It knows SQL
// and the catalog, and nothing of sockets; package proxy drives it.
//
// # What flows where
//
// A text passes these stages, each of which may refuse it. Whatever a stage does not know, it refuses: there is no default that lets pass.
//
//  1. guard (guard.go, scan.go): size, encoding and depth, before the C parser, which an endless chain of operators would end.
//  2. parse (parse.go): Postgres' own parser, of version 16.
//  3. admit (admit.go, admit_statement.go, copy_option.go, settings.go): the kinds of statements, and of nodes in a query, that a masked session may use.
//  4. bind (bind.go and bind_*.go, scope.go, star.go, names.go): every name is resolved against the twin with Postgres' own scoping. Each
//     reference to a relation becomes a mark; functions, operators, types and casts are held to the lists of package builtin.
//  5. lower (substitute.go, system.go, views.go, template.go): each mark becomes a subquery that exposes the columns that the statement
//     reads, treated, of the rows that the policy shows. If an expression could tell of a row before the row filter has removed it, the subquery is
//     fenced: see info.safe in bind_expr.go and fence in substitute.go.
//  6. deparse and verify (deparse.go): the tree is written, parsed again and compared; then texts take the marks' places. So what is sent
//     never is the client's text, and always means the tree that was checked.
//  7. reread (reread.go): where identifiers may be raw in it, the text is resolved once more, as the server will, by simpler rules that share nothing with the binder. If the two
//     differ, the statement is planned without raw identifiers.
//
// The outcome is a Plan (plan.go): the text, what RowDescription must announce, and what the statement changes of the state that the
// session tracks (effect.go, searchpath.go): search_path, transactions, prepared statements, cursors. The server's own search_path is pinned
// to pg_catalog, pg_temp; the client's is kept here.
//
// # What a statement is bound against
//
// A twin (twin.go, treatment.go, filter.go, immutable.go, inheritance.go, casts.go) is what an effective policy, the grants of a user in force, leaves of a catalog.Snapshot: its
// relations and columns, each with the SQL it is read by. A Rewriter (rewrite.go) keeps the twins of one database and the plans made from them (cache.go).
// A plan's stamp names policy, catalog, user and search_path; a plan whose stamp is no longer current is made again before it runs.
//
// # How proxy uses it
//
//	rw, err := rewrite.New(rewrite.Options{Config: cfg, Database: "app", Catalog: source})  // one a database, safe for concurrent use
//	s, err  := rw.NewSession(rewrite.SessionParams{User: "li.wei", Database: "app", Zone: zone, Startup: params})
//
// A Session (session.go) belongs to one client session and is not safe for concurrent use. In the order of a session's life:
//
//   - StartupParameters is what to send upstream instead of the client's parameters; Verify, asked right after login, that it took effect (startup.go).
//   - Query plans a simple Query message: one plan a statement, in order. On an error the plans before the failing statement are
//     returned too, since they run first, except for a syntax error. Parse plans the one statement of a Parse message.
//   - Tracks says that later statements must wait for this one's outcome before they are planned.
//   - Current, before each Execute of a kept plan, says whether it still holds.
//   - Completed, Failed, Ready and Named report what the server answered, so that the tracked state follows.
//   - ShowsOrigin is the second wall, computed from policy and catalog alone: may a bare column of this origin leave?
//   - ForwardsNotification and ParameterStatus say which of the server's messages pass.
//
// # Errors
//
// An *Error (refuse.go, bind_error.go) is an answer to the client: a refusal with a stable Reason, a message that begins with "cordon" and a
// hint, or the error that the twin itself would give, with the server's own words and, where Postgres gives one, the position in the client's
// text (position.go). It names only what the client named. Any other error is a fault of cordon's.
//
// # Tests
//
// golden_test.go shows what becomes of statements: testdata/*.txt, to be read before they are changed. sent_test.go looks at every text that
// would be sent without the binder's help. nodes_test.go holds every node kind of the parser against the admitted ones. A new construct
// begins with a golden case.
package rewrite
