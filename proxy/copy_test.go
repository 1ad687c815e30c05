package proxy

import "testing"

// A client's own error is told, and the server's discarding goes on, also where a COPY by Query, with cordon's Sync in front, follows without the client's Sync.
func TestErrorBeforeCopyIsTold(t *testing.T) {
	t.Parallel()
	run(t, newFakeSession(), []step{{
		client:   append(ofClient(parse("", "q")), ofClient(query("copy t"))...),
		server:   ofServer(failure("42883", "no such function")),
		toServer: "P(, sent q) D(S) H",
		toClient: "E(42883 no such function)",
	}, {
		client:   ofClient(synced),
		toServer: "S",
		server:   ofServer(idle),
		toClient: "Z(I)",
	}}, func(n int) int { return n })
}
