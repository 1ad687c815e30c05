package e2e

// paritySessions are settings, notifications, and sessions that wait for each other.
func paritySessions() []parityCase {
	return []parityCase{
		spoken("settings are reported", "TimeZone", "SET TimeZone = 'Asia/Shanghai'", "SET DateStyle = 'German, DMY'; SELECT date '2024-02-01', timestamptz '2024-02-01 00:00Z'", "SET IntervalStyle = iso_8601; SELECT interval '1 day'",
			"SET application_name = 'other'", "SET standard_conforming_strings = off", `SELECT 'a\\b'`, "BEGIN; SET LOCAL TimeZone = 'UTC'; ROLLBACK", "RESET ALL", "DISCARD ALL"),
		spoken("settings are shown", "s1", "SET search_path = s1, public", "SHOW search_path", "SELECT current_setting('search_path'), set_config('work_mem', '8MB', false)", "SHOW work_mem", "SHOW nosuch", "SET work_mem = 'much'", "SET a.b = 'c'", "SHOW a.b"),
		spoken("LATIN1", "caf\xe9", "SET client_encoding = 'LATIN1'", "SELECT 'caf\xe9', length('caf\xe9')", "SELECT chr(8364)", "SELECT 'caf\xe9' FROM nowhere\xe9", "SET NAMES 'UTF8'", "SELECT 'é'"),
		spoken("other encodings", "C22023", "SET client_encoding = 'EUC_JP'", "SELECT chr(26085)", "SET client_encoding = 'nosuch'", "SET client_encoding = 'SQL_ASCII'", "SELECT chr(233)"),
		spoken("LISTEN and NOTIFY", "news\x00payload", "LISTEN news", "NOTIFY news, 'payload'", "NOTIFY other", "BEGIN", "NOTIFY news, 'twice'", "NOTIFY news, 'twice'", "NOTIFY news", "COMMIT", "BEGIN; NOTIFY news; ROLLBACK",
			"SELECT pg_notify('news', 'by function')", "UNLISTEN *", "NOTIFY news"),
		{"NOTIFY from another session", "news\x00from afar", func(k *talk) {
			a, b := k.begin(), k.begin()
			a.query("LISTEN news")
			b.query("NOTIFY news, 'from afar'")
			a.await('A')
			a.query("BEGIN")
			b.query("NOTIFY news, 'while busy'")
			a.query("SELECT 1", "COMMIT")
			b.query("NOTIFY news, 'last'")
			a.await('A')
		}},
		{"a lock is held", "C55P03", func(k *talk) {
			a, b := k.begin(), k.begin()
			a.query("BEGIN", "UPDATE item SET price = price WHERE id = 1")
			b.query("SELECT id FROM item WHERE id = 1 FOR UPDATE NOWAIT", "SELECT id FROM item WHERE id < 3 ORDER BY id FOR UPDATE SKIP LOCKED", "SET lock_timeout = 50", "UPDATE item SET price = price WHERE id = 1")
			a.query("ROLLBACK")
			b.query("UPDATE item SET price = price WHERE id = 1")
		}},
		{"a lock is waited for", "UPDATE 1", func(k *talk) {
			a, b := k.begin(), k.begin()
			a.query("BEGIN", "UPDATE item SET price = price WHERE id = 1")
			b.pipe(0, msg('Q', zero("UPDATE item SET price = price WHERE id = 1")))
			a.query("COMMIT")
			b.await('Z')
		}},
		{"serialization failure", "C40001", func(k *talk) {
			a, b := k.begin(), k.begin()
			a.query("BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM item")
			b.query("UPDATE item SET price = price WHERE id = 2")
			a.query("UPDATE item SET price = price WHERE id = 2", "ROLLBACK")
		}},
		{"advisory locks", "lock_timeout", func(k *talk) {
			a, b := k.begin(), k.begin()
			a.query("SELECT pg_advisory_lock(7)")
			b.query("SELECT pg_try_advisory_lock(7)", "SET lock_timeout = 50", "SHOW lock_timeout", "SELECT pg_advisory_lock(7)")
			a.query("SELECT pg_advisory_unlock(7), pg_advisory_unlock(8)")
		}},
		{"the plan's result type changes", "cached plan must not change result type", func(k *talk) {
			a, b := k.begin(), k.begin()
			b.query("CREATE TABLE moving (a int4)")
			a.pipe('Z', msgParse("m", "SELECT * FROM moving"), msgSync())
			b.query("ALTER TABLE moving ADD b text")
			a.pipe('Z', msgBind("", "m", nil, nil), msgExecute("", 0), msgSync())
			b.query("DROP TABLE moving")
			a.pipe('Z', msgBind("", "m", nil, nil), msgExecute("", 0), msgSync())
		}},
		spoken("statement_timeout", "C57014", "SET statement_timeout = 50", "SELECT pg_sleep(10)", "SELECT 1"),
		{"cancel", "C57014", func(k *talk) {
			v := k.begin()
			v.pipe('N', msg('Q', zero("DO $$ BEGIN RAISE NOTICE 'begun'; PERFORM pg_sleep(60); END $$")))
			v.asleep()
			v.cancel(0)
			v.await('Z')
			v.query("SELECT 'goes on'")
		}},
		{"cancel within a pipeline", "C57014", func(k *talk) {
			v := k.begin()
			v.pipe('N', oneShot("SELECT says('now'), pg_sleep(60)"), oneShot("SELECT 'next'"))
			v.asleep()
			v.cancel(0)
			v.await('Z', 'Z')
		}},
		{"cancel with a wrong key", "done", func(k *talk) {
			v := k.begin()
			v.pipe('N', msg('Q', zero("DO $$ BEGIN RAISE NOTICE 'begun'; PERFORM pg_sleep(0.2); RAISE NOTICE 'done'; END $$")))
			v.cancel(0x55)
			v.await('Z')
		}},
		{"cancel of an idle session", "SELECT 1", func(k *talk) {
			v := k.begin()
			v.cancel(0)
			v.query("SELECT pg_sleep(0.05)", "SELECT 1")
		}},
	}
}
