package proxy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
)

// maxAuthMessage bounds a message of either side during authentication (PG_MAX_AUTH_TOKEN_LENGTH in libpq/auth.h).
const maxAuthMessage = 65535

// Authentication request codes after which the server waits for the client
// (https://www.postgresql.org/docs/current/protocol-message-formats.html).
var awaitsClient = map[uint32]bool{3: true, 5: true, 7: true, 8: true, 9: true, 10: true, 11: true}

const (
	authOK   = 0
	authSASL = 10
)

// relayAuthentication relays messages in lockstep until the server says ReadyForQuery, which is not forwarded. each
// decides what the client gets of a server message that is no authentication request; first, where not nil, is a message that was read
// already. The server stays the judge of the password.
func relayAuthentication(client, server net.Conn, first []byte, each func(msg []byte) ([]byte, error)) (ready []byte, err error) {
	for {
		msg := first
		if first = nil; msg == nil {
			if msg, err = readMessage(server, 1<<20); err != nil {
				return nil, fmt.Errorf("reading from the server: %w", err)
			}
		}
		wait := false
		switch msg[0] {
		case 'Z':
			return msg, nil
		case 'R':
			if len(msg) < 9 {
				return nil, fmt.Errorf("%w: short authentication request", errProtocol)
			}
			code := binary.BigEndian.Uint32(msg[5:])
			wait = awaitsClient[code]
			if code == authSASL {
				msg = withoutChannelBinding(msg)
			}
		default:
			if msg, err = each(msg); err != nil {
				return nil, err
			}
		}
		if _, err := client.Write(msg); err != nil {
			return nil, fmt.Errorf("writing to the client: %w", err)
		}
		if !wait {
			continue
		}
		answer, err := readMessage(client, maxAuthMessage)
		if err != nil {
			return nil, fmt.Errorf("reading the client's answer to the authentication: %w", err)
		}
		if answer[0] != 'p' {
			return nil, fmt.Errorf("%w: message %q during authentication", errProtocol, answer[0])
		}
		if _, err := server.Write(answer); err != nil {
			return nil, fmt.Errorf("writing to the server: %w", err)
		}
	}
}

// withoutChannelBinding takes the -PLUS mechanisms out of an offer: they bind to the TLS of a leg that the other end does
// not see.
func withoutChannelBinding(msg []byte) []byte {
	body := append([]byte(nil), msg[5:9]...)
	for _, mechanism := range bytes.Split(bytes.TrimRight(msg[9:], "\x00"), []byte{0}) {
		if !bytes.HasSuffix(mechanism, []byte("-PLUS")) {
			body = append(append(body, mechanism...), 0)
		}
	}
	return message('R', append(body, 0))
}
