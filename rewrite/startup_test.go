package rewrite

import (
	"testing"

	"github.com/cordon-db/cordon/rewrite/builtin"
)

func TestStartup(t *testing.T) {
	admitted, path, err := admitStartup(map[string]string{"user": "u", "application_name": "psql", "client_encoding": "UTF8",
		"app.user": "anna", "options": `-c search_path=a\ b --datestyle=ISO -ccordon.x=1 -c default_transaction_read_only=off`}, builtin.Custom)
	if err != nil || path == nil || *path != "a b" || len(admitted) != 3 || admitted["cordon_custom.app.user"] != "anna" || admitted["datestyle"] != "ISO" {
		t.Errorf("%v %v %v", admitted, path, err)
	}
	for _, options := range []string{"-c debug_print_plan=on", "-c client_min_messages=panic", "-d 5", "-c row_security=off", "-c", "-c lc_messages=C", "-c app.user=\xff", "-c pgaudit.log=none", "-c plpgsql.extra_errors=all"} {
		if _, _, err := admitStartup(map[string]string{"options": options}, builtin.Custom); codeOf(err) != "42501" {
			t.Errorf("%s: %v", options, err)
		}
	}
	if admitted, _, err := admitStartup(map[string]string{"jit": "off", "work_mem": "1GB", "options": "-c jit=off --enable-seqscan=off"}, builtin.Custom); err != nil || len(admitted) != 0 {
		t.Errorf("the planner's settings: %v, %v", admitted, err)
	}
	if admitted, _, err := admitStartup(map[string]string{"client_encoding": "SQL_ASCII"}, builtin.Custom); err != nil || len(admitted) != 0 {
		t.Errorf("no conversion: %v, %v", admitted, err)
	}
	if _, _, err := admitStartup(map[string]string{"replication": "database"}, builtin.Custom); codeOf(err) != "42501" {
		t.Errorf("replication: %v", err)
	}
}
