package proxy

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/rewrite"
)

// maxIdentifier is the longest name of a role or database (NAMEDATALEN - 1).
const maxIdentifier = 63

// handshake is a connection before it is a session: negotiation, cancel, zone, login.
type handshake struct {
	server *Server
	client net.Conn
	log    *slog.Logger
}

// run serves the connection to its end.
func (h *handshake) run(ctx context.Context) error {
	if err := h.client.SetDeadline(time.Now().Add(h.server.cfg.Listen.StartupTimeout)); err != nil {
		return err
	}
	body, err := h.negotiate()
	if err != nil {
		return h.refuse("08P01", err)
	}
	if binary.BigEndian.Uint32(body) == codeCancel {
		h.server.cancel(ctx, packet(body))
		return nil
	}
	startup, err := parseStartup(body)
	if err != nil {
		return h.refuse("08P01", err)
	}
	for _, name := range []string{startup.parameters["user"], startup.database()} {
		if len(name) > maxIdentifier { // the server would cut it, and let in whom the zone was not chosen for
			return h.refuse("42622", &rewrite.Error{Code: "42622", Message: "cordon: a user or database name is longer than 63 bytes", Hint: "Write the name as the server has it."})
		}
	}
	zone := h.server.cfg.Zone(startup.parameters["user"], remoteAddr(h.client))
	h.log = h.log.With("zone", zone.Name, "user", startup.parameters["user"], "database", startup.database())
	if zone.Access == config.AccessPassthrough {
		return h.passThrough(ctx, startup)
	}
	return h.masked(ctx, startup, zone)
}

// negotiate answers SSLRequest and GSSENCRequest, each at most once, and returns the packet that starts the session.
func (h *handshake) negotiate() ([]byte, error) {
	seen := map[uint32]bool{}
	for {
		body, err := readPacket(h.client)
		if err != nil {
			return nil, err
		}
		code := binary.BigEndian.Uint32(body)
		switch {
		case code == codeCancel:
			if len(body) < 9 || len(body) > 8+256 {
				return nil, fmt.Errorf("%w: cancel request of %d bytes", errProtocol, len(body))
			}
			return body, nil
		case code == codeSSL || code == codeGSS:
			if seen[code] || len(body) != 4 {
				return nil, fmt.Errorf("%w: encryption asked for twice", errProtocol)
			}
			seen[code] = true
			if _, err := h.client.Write([]byte{'N'}); err != nil {
				return nil, err
			}
		case code>>16 == protocolMajor:
			return body, nil
		default:
			return nil, fmt.Errorf("%w: unsupported frontend protocol %d.%d; cordon speaks 3.0 to 3.%d", errProtocol, code>>16, code&0xffff, newestMinor)
		}
	}
}

// refuse tells the client why its session does not begin.
func (h *handshake) refuse(code string, err error) error {
	hint := ""
	text := err.Error()
	if refused := (*rewrite.Error)(nil); errors.As(err, &refused) {
		code, text, hint = refused.Code, refused.Message, refused.Hint
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		code, text, hint = "57014", "cordon: the login did not end within the time limit", "The limit is listen.startup_timeout in cordon's configuration."
	}
	_ = h.client.SetWriteDeadline(time.Now().Add(time.Second)) // the login's own may be over
	_, _ = h.client.Write(fatal(code, text, hint))
	return err
}

// unreachable tells the client that no server answers.
func (h *handshake) unreachable(err error) error {
	h.log.Error("upstream unreachable", "cause", err.Error())
	return h.refuse("08001", &rewrite.Error{Code: "08001", Message: "cordon: the database server cannot be reached", Hint: "Try again later; cordon's log names the cause."})
}

func remoteAddr(conn net.Conn) netip.Addr {
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr()
	}
	return netip.Addr{}
}

// connect reaches the upstream and sends it a startup packet. The caller closes the connection.
func (h *handshake) connect(ctx context.Context, startup []byte) (net.Conn, error) {
	conn, err := h.server.dial(ctx)
	if err != nil {
		return nil, h.unreachable(err)
	}
	if err := conn.SetDeadline(time.Now().Add(h.server.cfg.Listen.StartupTimeout)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if _, err := conn.Write(startup); err != nil {
		_ = conn.Close()
		return nil, h.refuse("08006", fmt.Errorf("sending the startup packet: %w", err))
	}
	return conn, nil
}
