// Package attacks is the corpus of statements with which a masked session tries to learn what it must not, as data:
// one file a class, run by the two-worlds harness. schema.sql and policy.toml are what they attack.
//
// A file holds transcripts. Each starts with its name and is a session of its own:
//
//	-- name: divide by a hidden value
//	startup options=-c log_min_messages=debug5
//	simple SELECT 1 / (views - 5)
//	  FROM videos
//	=> any
//	extended SELECT title FROM videos WHERE video_id = $1
//	bind 3
//	=> rows
//
// A line that starts with two blanks continues the one above it; # starts a comment line. The directives:
//
//	startup KEY=VALUE   a startup parameter, before the first step
//	simple SQL          a Query message
//	extended SQL        Parse, Bind, Describe, Execute, Sync, with the bind lines as text parameters
//	describe SQL        Parse, Describe, Sync
//	types OID ...       the types that the extended step above declares for its first parameters
//	bind VALUE          one parameter of the extended step above; \N is NULL
//	call OID ARGUMENT   a FunctionCall message with one text argument
//	=> WHAT             what the step must be answered with, required for every step:
//
//	any                 anything: only the comparison of the two worlds judges
//	rows                success
//	clean               success or a refusal: no visible row raises an error, so an error of the server is a leak
//	refused             a refusal of cordon, SQLSTATE 42501 or 0A000; a following SQLSTATE asks for that one
//	error SQLSTATE      the error that the twin gives: 42P01 for a hidden table, 42703 for a hidden column
//	closed              the session ends, or never begins, with an error
//
// A misspelt directive fails. The second world has other raw user ids: users.user_id is updated to the identifiers
// with the same pseudonyms, and the foreign key carries the change on.
package attacks
