package proxy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgproto3/v2"
)

// The packets that come before typed messages: https://www.postgresql.org/docs/current/protocol-message-formats.html.
// pgproto3 knows neither secrets longer than 4 bytes nor NegotiateProtocolVersion, and bounds no length.
const (
	maxStartupPacket = 10000 // MAX_STARTUP_PACKET_LENGTH in libpq/pqcomm.h
	codeCancel       = 80877102
	codeSSL          = 80877103
	codeGSS          = 80877104
	protocolMajor    = 3
	newestMinor      = 2
)

var errProtocol = errors.New("protocol violation")

// readPacket reads one packet without a type byte: a length that includes itself, then the body.
func readPacket(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, fmt.Errorf("reading a startup packet: %w", err)
	}
	n := binary.BigEndian.Uint32(head[:])
	if n < 8 || n > maxStartupPacket {
		return nil, fmt.Errorf("%w: startup packet of %d bytes", errProtocol, n)
	}
	body := make([]byte, n-4)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, fmt.Errorf("reading a startup packet: %w", err)
	}
	return body, nil
}

// packet puts the length in front of a body.
func packet(body []byte) []byte {
	out := make([]byte, 4, 4+len(body))
	binary.BigEndian.PutUint32(out, uint32(4+len(body)))
	return append(out, body...)
}

// startupMessage is a StartupMessage, version and parameters.
type startupMessage struct {
	raw        []byte // the packet as it came, length included
	version    uint32
	parameters map[string]string
}

// parseStartup reads the body of a StartupMessage.
func parseStartup(body []byte) (*startupMessage, error) {
	if len(body) < 4 {
		return nil, fmt.Errorf("%w: startup packet without a version", errProtocol)
	}
	m := &startupMessage{raw: packet(body), version: binary.BigEndian.Uint32(body), parameters: map[string]string{}}
	rest := body[4:]
	for {
		name, after, ok := cutString(rest)
		if !ok {
			return nil, fmt.Errorf("%w: invalid startup packet layout", errProtocol)
		}
		if name == "" {
			if len(after) != 0 {
				return nil, fmt.Errorf("%w: bytes after the startup packet's end", errProtocol)
			}
			break
		}
		value, after, ok := cutString(after)
		if !ok {
			return nil, fmt.Errorf("%w: invalid startup packet layout", errProtocol)
		}
		m.parameters[name], rest = value, after
	}
	if m.parameters["user"] == "" {
		return nil, fmt.Errorf("%w: no user name in the startup packet", errProtocol)
	}
	return m, nil
}

// database is the database asked for, by default that of the user's name.
func (m *startupMessage) database() string {
	if db := m.parameters["database"]; db != "" {
		return db
	}
	return m.parameters["user"]
}

// extensions are the protocol options (_pq_.*) asked for.
func (m *startupMessage) extensions() []string {
	var names []string
	for name := range m.parameters {
		if strings.HasPrefix(name, "_pq_.") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// encodeStartup makes a StartupMessage packet, parameters in order of their names.
func encodeStartup(version uint32, parameters map[string]string) []byte {
	body := binary.BigEndian.AppendUint32(nil, version)
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		body = append(append(body, name...), 0)
		body = append(append(body, parameters[name]...), 0)
	}
	return packet(append(body, 0))
}

// negotiateProtocolVersion is a NegotiateProtocolVersion message.
func negotiateProtocolVersion(minor uint32, unknown []string) []byte {
	body := binary.BigEndian.AppendUint32(nil, minor)
	body = binary.BigEndian.AppendUint32(body, uint32(len(unknown)))
	for _, name := range unknown {
		body = append(append(body, name...), 0)
	}
	return message('v', body)
}

// decode reads a message's body. pgproto3 v2 indexes a body that is too short without looking; that is an error here.
func decode(m pgproto3.Message, body []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a body of %d bytes is too short", len(body))
		}
	}()
	return m.Decode(body)
}

// message frames a body with its type.
func message(typ byte, body []byte) []byte {
	out := make([]byte, 5, 5+len(body))
	out[0] = typ
	binary.BigEndian.PutUint32(out[1:], uint32(4+len(body)))
	return append(out, body...)
}

// readMessage reads one typed message of at most limit bytes; the result holds header and body.
func readMessage(r io.Reader, limit int) ([]byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(head[1:]))
	if n < 4 || n > limit {
		return nil, fmt.Errorf("%w: message %q of %d bytes", errProtocol, head[0], n)
	}
	out := make([]byte, 1+n)
	copy(out, head[:])
	if _, err := io.ReadFull(r, out[5:]); err != nil {
		return nil, err
	}
	return out, nil
}

// cutString takes a NUL-terminated string off a body.
func cutString(b []byte) (s string, rest []byte, ok bool) {
	for i, c := range b {
		if c == 0 {
			return string(b[:i]), b[i+1:], true
		}
	}
	return "", nil, false
}
