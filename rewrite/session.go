package rewrite

// This file is the contract with proxy; see docs/design.md.
//
//	rw, err := rewrite.New(rewrite.Options{Config: cfg, Database: "app", Catalog: source})  // one a database, safe for concurrent use
//	s, err  := rw.NewSession(rewrite.SessionParams{User: "li.wei", Zone: zone, Startup: map[string]string{...}})
//	s.StartupParameters() map[string]string   // what to send upstream instead of the client's parameters: pinned settings, keys, read-only, the client's admitted settings
//	s.Verify() (sql string, check func(values []string) error)  // asked right after login: settings took effect (pitfall S13); one row of text columns
//	s.Query(ctx, text) ([]*Plan, error)         // a simple Query message: one plan a statement, in order.
//	                                            // on an error the plans before the failing statement are returned too (they run first, as in Postgres), except for a syntax error
//	s.Parse(ctx, text, paramOIDs) (*Plan, error) // a Parse message: exactly one statement
//	s.Current(ctx, plan) error                  // before Execute of a kept plan: nil if policy and catalog are still those of the plan, or re-planning gives the same SQL
//	s.Completed(plan)                           // CommandComplete arrived for plan: tracked state (search_path, ...) follows
//	s.Ready(status byte)                        // ReadyForQuery arrived with 'I', 'T' or 'E'
//	s.Tracks(plan) bool                         // later statements must wait for this one's outcome before they are rewritten (a barrier)
//	s.ShowsOrigin(table uint32, column int16) bool // the second wall: may a bare column of this origin leave? from policy and catalog alone
//	s.ForwardsNotification(channel string) bool
//	s.ParameterStatus(name, value string) (string, bool)  // what the client is told; false: drop
//
// A *Session belongs to one client session and is not safe for concurrent use.
