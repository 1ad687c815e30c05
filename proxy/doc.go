// Package proxy relays between clients and the upstream server.
//
// A connection lives in two phases. The handshake (startup.go) answers SSLRequest, GSSENCRequest and CancelRequest, finds the
// session's zone and relays the authentication (auth.go) until the server is ready. Then a session of a pass-through
// zone is two copies without parsing (passthrough.go), and a masked one is a machine (machine.go) between two goroutines
// (masked.go).
//
// The machine knows no sockets: bytes of either side go in, bytes for either side come out. It keeps a queue of the
// answers that the server owes (answer.go), each to be forwarded, swallowed or replaced. What a client sends is rewritten in
// client.go, what the server sends is checked in server_messages.go; every RowDescription passes the egress check
// (egress.go) before it or a row behind it leaves.
//
// A statement that is refused is not left out: a statement that fails on the server goes in its place, and its error is
// replaced. So transaction state, pipelines and the discarding of messages up to Sync are Postgres' own.
//
// Buffers: what a method of machine returns is valid until its next call for that direction.
package proxy
