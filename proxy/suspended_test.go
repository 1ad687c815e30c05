package proxy

import (
	"slices"
	"testing"

	"github.com/jackc/pgproto3/v2"
)

// TestSuspendedIsCompleted: what a statement does to the session is done once its row is there, and only once, though the client takes the end later.
func TestSuspendedIsCompleted(t *testing.T) {
	t.Parallel()
	f := newFakeSession()
	m := newMachine(t.Context(), f, nil, 1<<20)
	for _, step := range []struct {
		client, server []byte
		events         []string
	}{
		{ofClient(parse("s", "track"), bind("p", "s"), &pgproto3.Execute{Portal: "p", MaxRows: 1}, &pgproto3.Flush{}),
			ofServer(parsed, noParams, &pgproto3.NoData{}, bound, &pgproto3.NoData{}, &pgproto3.PortalSuspended{}), []string{"completed sent track"}},
		{ofClient(execute("p"), synced), ofServer(&pgproto3.NoData{}, &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")}, idle), []string{"ready I"}},
	} {
		f.events = nil
		if _, _, err := m.fromClient(step.client); err != nil {
			t.Fatal(err)
		}
		if err := m.fromServer(step.server, func([]byte) {}); err != nil || !slices.Equal(f.events, step.events) {
			t.Errorf("%v, want %v, %v", f.events, step.events, err)
		}
	}
}
