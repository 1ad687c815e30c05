package e2e

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/cordon-db/cordon/e2e/attacks"
)

// wire is a client that speaks the protocol byte by byte and keeps all that the server says.
type wire struct {
	conn   net.Conn
	stream []byte // server to client, after authentication, without key data
}

// dialWire logs in without a password. An error response at login is kept in the stream, too.
func dialWire(address, user string, startup [][2]string) (*wire, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	w := &wire{conn: conn}
	return w, w.startup(3<<16, append([][2]string{{"user", user}, {"database", database}}, startup...))
}

// startup sends a startup packet and reads until the server is ready.
func (w *wire) startup(version uint32, parameters [][2]string) error {
	if err := w.hello(version, parameters); err != nil {
		return err
	}
	_, err := w.until('Z')
	return err
}

// hello sends a startup packet.
func (w *wire) hello(version uint32, parameters [][2]string) error {
	body := binary.BigEndian.AppendUint32(nil, version)
	for _, p := range parameters {
		body = append(append(append(append(body, p[0]...), 0), p[1]...), 0)
	}
	body = append(body, 0)
	_, err := w.conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...))
	return err
}

func (w *wire) send(typ byte, parts ...[]byte) error {
	body := bytes.Join(parts, nil)
	msg := append([]byte{typ}, binary.BigEndian.AppendUint32(nil, uint32(len(body)+4))...)
	_, err := w.conn.Write(append(msg, body...))
	return err
}

// until reads messages up to one of a type and returns what they answer: the first error's SQLSTATE, or that there were none.
func (w *wire) until(typ byte) (code string, err error) {
	for {
		_ = w.conn.SetReadDeadline(time.Now().Add(60 * time.Second))
		var head [5]byte
		if _, err := io.ReadFull(w.conn, head[:]); err != nil {
			return code, err
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(w.conn, body); err != nil {
			return code, err
		}
		if head[0] != 'R' && head[0] != 'K' {
			w.stream = append(append(w.stream, head[:]...), body...)
		}
		if head[0] == 'E' && code == "" {
			code = field(body, 'C')
		}
		if head[0] == typ {
			return code, nil
		}
	}
}

// field is a field of an ErrorResponse.
func field(body []byte, typ byte) string {
	for _, f := range bytes.Split(body, []byte{0}) {
		if len(f) > 0 && f[0] == typ {
			return string(f[1:])
		}
	}
	return ""
}

func zero(s string) []byte { return append([]byte(s), 0) }

// play runs a step and returns the SQLSTATE of its error, empty for success; io.EOF where the session ended.
func (w *wire) play(s attacks.Step) (string, error) {
	var err error
	switch s.Verb {
	case attacks.Simple:
		err = w.send('Q', zero(s.SQL))
	case attacks.Describe:
		err = errors.Join(w.send('P', zero(""), zero(s.SQL), []byte{0, 0}), w.send('D', []byte("S\x00")), w.send('S'))
	case attacks.Call:
		arg := []byte(s.SQL)
		body := binary.BigEndian.AppendUint32(nil, s.Function)
		body = append(body, 0, 0, 0, 1)
		body = append(binary.BigEndian.AppendUint32(body, uint32(len(arg))), arg...)
		err = w.send('F', body, []byte{0, 0})
	case attacks.Extended:
		err = w.extended(s.SQL, s.Binds, 0, s.Types...)
	default:
		return "", fmt.Errorf("unknown verb %q", s.Verb)
	}
	if err != nil {
		return "", io.EOF
	}
	code, err := w.until('Z')
	if err != nil {
		return code, io.EOF
	}
	return code, nil
}

// extended runs a statement through Parse, Bind, Describe, Execute, Sync with text parameters, whose types the client may declare.
func (w *wire) extended(sql string, binds []*string, format byte, types ...uint32) error {
	declared := []byte{0, byte(len(types))}
	for _, oid := range types {
		declared = binary.BigEndian.AppendUint32(declared, oid)
	}
	values := []byte{0, 0, 0, byte(len(binds))}
	for _, b := range binds {
		if b == nil {
			values = binary.BigEndian.AppendUint32(values, 0xffffffff)
			continue
		}
		values = append(binary.BigEndian.AppendUint32(values, uint32(len(*b))), *b...)
	}
	return errors.Join(w.send('P', zero(""), zero(sql), declared), w.send('B', zero(""), zero(""), values, []byte{0, 1, 0, format}),
		w.send('D', []byte("P\x00")), w.send('E', zero(""), []byte{0, 0, 0, 0}), w.send('S'))
}
