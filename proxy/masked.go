package proxy

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgproto3/v2"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/rewrite"
)

// chunk is how many bytes a direction reads at a time.
const chunk = 64 << 10

// masked serves a session of a masked zone: a login with cordon's own startup packet, then the machine.
func (h *handshake) masked(ctx context.Context, startup *startupMessage, zone config.Zone) error {
	d := h.server.databases[startup.database()]
	if d == nil {
		return h.refuse("42501", &rewrite.Error{Code: "42501", Reason: "forbidden-database",
			Message: fmt.Sprintf("cordon: database %q has no policy, so a session outside the pass-through zones cannot enter it", startup.database()),
			Hint:    "Ask for a [database] section in cordon's configuration."})
	}
	if d.source.Current() == nil {
		if err := h.readCatalog(ctx, d); err != nil {
			return err
		}
	}
	if _, ok := startup.parameters["replication"]; ok {
		return h.refuse("42501", &rewrite.Error{Code: "42501", Reason: "forbidden-replication", Message: "cordon: a replication session is not admitted in a masked zone",
			Hint: "Connect without the replication parameter."})
	}
	session, err := d.rewriter.NewSession(rewrite.SessionParams{User: startup.parameters["user"], Database: startup.database(), Zone: zone, Startup: clientParameters(startup)})
	if err != nil {
		h.log.Info("login refused", "cause", err.Error())
		var refused *rewrite.Error
		if !errors.As(err, &refused) {
			err = errors.New("cordon: the policy of this database cannot be applied; cordon's log names the cause")
		}
		return h.refuse("42501", err)
	}
	minor := min(startup.version&0xffff, newestMinor)
	server, err := h.connect(ctx, encodeStartup(protocolMajor<<16|minor, session.StartupParameters()))
	if err != nil {
		return err
	}
	defer server.Close()
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := h.login(startup, server, session); err != nil {
		return err
	}
	h.log.Info("session begins", "access", "masked")
	return h.relay(ctx, server, newMachine(ctx, session, h.log, h.server.cfg.Listen.MaxMessage))
}

// readCatalog reads the catalog for the first time, within the time limit of a login.
func (h *handshake) readCatalog(ctx context.Context, d *database) error {
	ctx, cancel := context.WithTimeout(ctx, h.server.cfg.Listen.StartupTimeout)
	defer cancel()
	_, err := d.source.Refresh(ctx)
	var dial *net.OpError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &dial) && dial.Op == "dial", errors.Is(err, context.DeadlineExceeded):
		return h.unreachable(err)
	}
	h.log.Error("catalog not read", "cause", err.Error())
	return h.refuse("57P03", &rewrite.Error{Code: "57P03", Message: "cordon: the catalog of this database cannot be read at the moment",
		Hint: "Try again later; cordon's log names the cause."})
}

// clientParameters are the settings that the client asks for at startup.
func clientParameters(startup *startupMessage) map[string]string {
	settings := map[string]string{}
	for name, value := range startup.parameters {
		if name != "user" && name != "database" && !bytes.HasPrefix([]byte(name), []byte("_pq_.")) {
			settings[name] = value
		}
	}
	return settings
}

// login relays the authentication, checks that cordon's settings took effect, and only then lets the client begin.
func (h *handshake) login(startup *startupMessage, server net.Conn, session *rewrite.Session) error {
	var failed error
	first, err := h.negotiateVersion(startup, server)
	if err != nil {
		return h.refuse("08006", err)
	}
	ready, err := relayAuthentication(h.client, server, first, func(msg []byte) ([]byte, error) {
		switch msg[0] {
		case 'S':
			out, err := filterParameter(msg, session)
			return out, err
		case 'K':
			return msg, nil
		case 'N':
			return filterNotice(msg[5:], false)
		case 'E':
			failed = loginRefused(msg)
			out, _, err := filterError(msg[5:], toldWhole)
			return out, err
		}
		return nil, fmt.Errorf("%w: the server sent %q during login", errProtocol, msg[0])
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		return h.refuse("08006", err)
	}
	if err := verify(server, session); err != nil {
		h.log.Error("upstream settings", "cause", err.Error())
		return h.refuse("08004", fmt.Errorf("cordon: %w", err))
	}
	if _, err := h.client.Write(ready); err != nil {
		return err
	}
	return errors.Join(h.client.SetDeadline(time.Time{}), server.SetDeadline(time.Time{}))
}

// negotiateVersion tells the client, before anything else, which protocol the session speaks: the server's answer to cordon's startup
// packet, and the client's protocol options, of which cordon knows none. It returns the server's first message that is not that answer.
func (h *handshake) negotiateVersion(startup *startupMessage, server net.Conn) (first []byte, err error) {
	first, err = readMessage(server, 1<<20)
	if err != nil {
		return nil, fmt.Errorf("reading from the server: %w", err)
	}
	asked := startup.version & 0xffff
	minor, unknown := min(asked, newestMinor), startup.extensions()
	if first[0] == 'v' {
		if len(first) < 13 {
			return nil, fmt.Errorf("%w: NegotiateProtocolVersion of %d bytes", errProtocol, len(first))
		}
		minor, first = binary.BigEndian.Uint32(first[5:])&0xffff, nil
	}
	if minor == asked && len(unknown) == 0 {
		return first, nil
	}
	if _, err := h.client.Write(negotiateProtocolVersion(minor, unknown)); err != nil {
		return nil, fmt.Errorf("writing to the client: %w", err)
	}
	return first, nil
}

// verify asks the server whether the settings that cordon sent took effect: a pooler in between would drop them (pitfall S13).
func verify(server net.Conn, session *rewrite.Session) error {
	sql, check := session.Verify()
	if _, err := server.Write(message('Q', cstring(sql))); err != nil {
		return fmt.Errorf("asking for the settings: %w", err)
	}
	var values []string
	for {
		msg, err := readMessage(server, 1<<20)
		if err != nil {
			return fmt.Errorf("reading the settings: %w", err)
		}
		switch msg[0] {
		case 'E':
			return errors.New("the upstream does not know cordon's settings; is there a pooler in between?")
		case 'D':
			var row pgproto3.DataRow
			if err := decode(&row, msg[5:]); err != nil {
				return fmt.Errorf("reading the settings: %w", err)
			}
			for _, v := range row.Values {
				values = append(values, string(v))
			}
		case 'Z':
			return check(values)
		}
	}
}

// relay drives the machine until either side ends. It owns the goroutine of the server's direction.
func (h *handshake) relay(ctx context.Context, server net.Conn, m *machine) error {
	resume := make(chan struct{}, 1)
	serverEnded := make(chan struct{})
	var serverErr error
	var direction sync.WaitGroup
	direction.Go(func() {
		serverErr = h.guarded(func() error { return fromServer(h.client, server, m, resume) })
		close(serverEnded)
		_ = h.client.SetReadDeadline(time.Now()) // wakes the other direction where it reads the client,
		_ = server.SetWriteDeadline(time.Now())  // and where it writes to a server that reads no more
	})
	clientErr := h.guarded(func() error { return fromClient(h.client, server, m, resume, serverEnded) })
	byServer := false
	select {
	case <-serverEnded:
		byServer = true // the client's read was cut short
	default: // the client ended the session
		if half, ok := server.(interface{ CloseWrite() error }); ok && errors.Is(clientErr, io.EOF) && half.CloseWrite() == nil {
			<-serverEnded // it may have closed its sending half alone, and wait for answers
		}
		_ = h.client.SetWriteDeadline(time.Now().Add(time.Second))
	}
	_ = server.Close()
	direction.Wait() // from here on nobody else writes to the client
	var raised *alarm
	switch {
	case errors.As(serverErr, &raised):
		return h.explain(ctx, serverErr)
	case !byServer:
		return h.explain(ctx, clientErr)
	case m.ended != "" || isClosed(serverErr):
		return h.lost(m.ended)
	}
	return h.explain(ctx, serverErr)
}

// errFault is a fault of cordon's own.
var errFault = errors.New("internal error")

// guarded turns a panic of one direction into the end of this session alone.
func (h *handshake) guarded(direction func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			h.log.Error("session ended by a fault of cordon", "fault", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = errFault
		}
	}()
	return direction()
}

// tell sends a last error to the client. Only where nobody else writes.
func (h *handshake) tell(code, text, hint string) {
	_ = h.client.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = h.client.Write(fatal(code, "cordon: "+text, hint))
}

// isClosed says that the server's connection ended, by a farewell or without.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
}

// lost says that the server ended the session: the client has its error, or learns from cordon that there will be none.
func (h *handshake) lost(code string) error {
	if code != "" {
		return fmt.Errorf("the server ended the session: %s", code)
	}
	h.tell("08006", "the database server closed the connection", "Connect again; a transaction that was open is rolled back.")
	return errors.New("the server closed the connection")
}

// explain tells the client what ended its session, and gives what the log is to say.
func (h *handshake) explain(_ context.Context, err error) error {
	var raised *alarm
	switch {
	case errors.As(err, &raised):
		h.log.Error("egress alarm", "cause", raised.cause)
		h.tell("42501", "the answer did not pass the egress check; the session is ended", "Connect and run the statement again; cordon's log names the cause.")
	case errors.Is(err, errFault):
		h.tell("XX000", "internal error; the session is ended", "Report this to cordon's makers; cordon's log names the cause.")
	case errors.Is(err, errTooLong):
		h.tell("54000", err.Error(), "Send less in one message; the limit is listen.max_message in cordon's configuration.")
	case errors.Is(err, errServer):
		h.tell("08006", "the database server sent what was not expected; the session is ended", "Connect again; cordon's log names the cause.")
	case errors.Is(err, errProtocol):
		h.tell("08P01", err.Error(), "")
	case err == nil || errors.Is(err, errTerminate) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed):
		return nil
	}
	return err
}

// errServer marks a fault of the server's side of the protocol.
var errServer = errors.New("from the server")

// serverChunk takes bytes of the server under the lock, and says whether the client's held messages may go on.
func (m *machine) serverChunk(in []byte, emit func([]byte)) (wake bool, err error) {
	m.Lock()
	defer m.Unlock()
	stalled := m.stalled()
	if err = m.fromServer(in, emit); errors.Is(err, errProtocol) {
		err = fmt.Errorf("%w: %w", errServer, err)
	}
	return stalled && !m.stalled(), err
}

// clientChunk takes bytes of the client under the lock.
func (m *machine) clientChunk(in []byte) (used int, out []byte, stalled bool, err error) {
	m.Lock()
	defer m.Unlock()
	used, out, err = m.fromClient(in)
	return used, out, m.stalled(), err
}

// fromServer reads the server, checks, and writes to the client. It ends when the server does.
func fromServer(client io.Writer, server io.Reader, m *machine, resume chan<- struct{}) error {
	in := make([]byte, chunk)
	var out net.Buffers
	for {
		n, err := server.Read(in)
		if n > 0 {
			out = out[:0]
			wake, failure := m.serverChunk(in[:n], func(b []byte) { out = append(out, b) })
			pending := out
			if _, err := pending.WriteTo(client); err != nil {
				return fmt.Errorf("writing to the client: %w", err)
			}
			if failure != nil {
				return failure
			}
			if wake {
				select {
				case resume <- struct{}{}:
				default:
				}
			}
		}
		if err != nil {
			return err
		}
	}
}

// fromClient reads the client, rewrites, and writes to the server. It ends when the client does, or the server.
func fromClient(client io.Reader, server io.Writer, m *machine, resume <-chan struct{}, serverEnded <-chan struct{}) error {
	in := make([]byte, 0, chunk)
	for {
		for len(in) > 0 {
			used, out, stalled, failure := m.clientChunk(in)
			in = in[:copy(in, in[used:])]
			if len(out) > 0 {
				if _, err := server.Write(out); err != nil {
					select { // the other direction reads why
					case <-serverEnded:
					case <-time.After(time.Second):
					}
					return fmt.Errorf("writing to the server: %w", err)
				}
			}
			if failure != nil {
				return failure
			}
			if !stalled {
				break
			}
			select {
			case <-resume:
			case <-serverEnded:
				return io.EOF
			}
		}
		if cap(in)-len(in) < 4096 {
			in = append(make([]byte, 0, 2*cap(in)), in...)
		}
		n, err := client.Read(in[len(in):cap(in)])
		in = in[:len(in)+n]
		if n == 0 && err != nil {
			return err
		}
	}
}
