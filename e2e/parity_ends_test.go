package e2e

import "net"

// parityEnds are how sessions end, from either side.
func parityEnds() []parityCase {
	return []parityCase{
		{"terminate", "SELECT 1", func(k *talk) {
			v := k.begin()
			v.query("SELECT 1")
			v.pipe(0, msg('X'))
			v.drain()
		}},
		{"terminate behind a query", "item 70", func(k *talk) {
			v := k.begin()
			v.pipe(0, msg('Q', zero("SELECT name FROM item WHERE id = 70")), msg('X'))
			v.drain()
		}},
		{"terminate in a transaction", "UPDATE 1", func(k *talk) {
			a, b := k.begin(), k.begin()
			a.query("BEGIN", "UPDATE item SET name = 'lost' WHERE id = 71")
			a.quit()
			b.query("SELECT name FROM item WHERE id = 71 FOR UPDATE")
		}},
		{"the client stops sending", "SELECT 100", func(k *talk) {
			v := k.begin()
			v.pipe(0, msg('Q', zero("SELECT name, pg_sleep(0.001) FROM item")))
			v.stopSending()
			v.drain()
		}},
		{"the client stops within a message", "eu_anna", func(k *talk) {
			v := k.begin()
			v.query("SELECT current_user")
			v.pipe(0, []byte{'Q', 0, 0, 1, 0, 'S', 'E'})
			v.stopSending()
			v.drain()
		}},
		{"the client goes away in a transaction", "UPDATE 1", func(k *talk) {
			a, b := k.begin(), k.begin()
			a.query("BEGIN", "UPDATE item SET name = 'lost' WHERE id = 72")
			_ = a.conn.Close()
			a.ended = true
			b.query("SET lock_timeout = '10s'", "SELECT name FROM item WHERE id = 72 FOR UPDATE")
		}},
		{"an administrator ends the session", "C57P01", func(k *talk) {
			a, b := k.begin([2]string{"application_name", "victim"}), k.begin()
			b.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'")
			a.drain()
		}},
		{"a session ends itself", "C57P01", func(k *talk) {
			v := k.begin()
			v.query("SELECT pg_terminate_backend(pg_backend_pid())")
		}},
		{"idle in a transaction", "C25P03", func(k *talk) {
			v := k.begin([2]string{"options", "-c idle_in_transaction_session_timeout=50"})
			v.query("BEGIN")
			v.drain()
		}},
		{"idle", "C57P05", func(k *talk) {
			v := k.begin()
			v.query("SET idle_session_timeout = 50")
			v.drain()
		}},
	}
}

// stopSending closes the client's direction only.
func (v *voice) stopSending() {
	if v.ended {
		return
	}
	if tcp, ok := v.conn.(*recorder).Conn.(*net.TCPConn); ok {
		v.check(tcp.CloseWrite())
	}
}
