package rewrite

import "testing"

func TestStartup(t *testing.T) {
	admitted, path, err := admitStartup(map[string]string{"user": "u", "application_name": "psql", "client_encoding": "UTF8",
		"options": `-c search_path=a\ b --datestyle=ISO -ccordon.x=1 -c default_transaction_read_only=off`})
	if err != nil || path == nil || *path != "a b" || len(admitted) != 2 || admitted["datestyle"] != "ISO" {
		t.Errorf("%v %v %v", admitted, path, err)
	}
	for _, options := range []string{"-c debug_print_plan=on", "-c client_min_messages=panic", "-d 5", "-c row_security=off", "-c", "-c lc_messages=C"} {
		if _, _, err := admitStartup(map[string]string{"options": options}); codeOf(err) != "42501" {
			t.Errorf("%s: %v", options, err)
		}
	}
	if admitted, _, err := admitStartup(map[string]string{"jit": "off", "work_mem": "1GB", "options": "-c jit=off --enable-seqscan=off"}); err != nil || len(admitted) != 0 {
		t.Errorf("the planner's settings: %v, %v", admitted, err)
	}
	if admitted, _, err := admitStartup(map[string]string{"client_encoding": "SQL_ASCII"}); err != nil || len(admitted) != 0 {
		t.Errorf("no conversion: %v, %v", admitted, err)
	}
	if _, _, err := admitStartup(map[string]string{"replication": "database"}); codeOf(err) != "42501" {
		t.Errorf("replication: %v", err)
	}
}
