package e2e

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// talk plays one transcript at one address and records what the server says in every connection of it.
type talk struct {
	address string
	through bool // the address is cordon's
	opened  []*voice
	faults  []error // what kept the transcript from being played, not what the server answered
}

// voice is one connection of a transcript. After the server has closed it, its methods do nothing.
type voice struct {
	*wire
	talk  *talk
	ended bool
	said  bytes.Buffer // every byte from the server
}

// recorder keeps what is read from a connection.
type recorder struct {
	net.Conn
	into *bytes.Buffer
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	r.into.Write(p[:n])
	return n, err
}

// open connects and says nothing yet.
func (k *talk) open() *voice {
	v := &voice{wire: &wire{}, talk: k}
	k.opened = append(k.opened, v)
	conn, err := net.Dial("tcp", k.address)
	if err != nil {
		k.faults = append(k.faults, err)
		v.ended = true
		return v
	}
	v.conn = &recorder{conn, &v.said}
	return v
}

// begin logs in as a user of the pass-through zone with startup parameters.
func (k *talk) begin(parameters ...[2]string) *voice {
	v := k.open()
	v.enter(3<<16, append([][2]string{{"user", "eu_anna"}, {"database", database}}, parameters...)...)
	return v
}

func (v *voice) enter(version uint32, parameters ...[2]string) {
	if !v.ended {
		v.check(v.startup(version, parameters))
	}
}

// check takes a failed read or write for the end of the connection, and a server that says nothing for a fault.
func (v *voice) check(err error) {
	if err == nil {
		return
	}
	v.ended = true
	if errors.Is(err, os.ErrDeadlineExceeded) {
		v.talk.faults = append(v.talk.faults, fmt.Errorf("no answer: %w", err))
	}
}

// query sends simple queries, each after the answer to the one before.
func (v *voice) query(texts ...string) {
	for _, sql := range texts {
		v.pipe('Z', msg('Q', zero(sql)))
	}
}

// pipe sends messages in one write and reads until a message of the type until; 0 reads nothing.
func (v *voice) pipe(until byte, messages ...[]byte) {
	if v.ended {
		return
	}
	if _, err := v.conn.Write(bytes.Join(messages, nil)); err != nil {
		v.check(err)
		return
	}
	if until != 0 {
		v.await(until)
	}
}

// await reads up to and including each of the messages.
func (v *voice) await(types ...byte) {
	for _, typ := range types {
		if v.ended {
			return
		}
		_, err := v.until(typ)
		v.check(err)
	}
}

// drain reads until the server closes.
func (v *voice) drain() {
	if v.ended {
		return
	}
	_ = v.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	buf := make([]byte, 64<<10)
	for !v.ended {
		_, err := v.conn.Read(buf)
		v.check(err)
	}
}

// quit says goodbye where the transcript has not, so that nothing that comes after the last answer is missed.
func (v *voice) quit() {
	v.pipe(0, msg('X'))
	v.drain()
	if v.conn != nil {
		_ = v.conn.Close()
	}
}

// cancel asks for the end of what v runs, by its key, over a connection of its own.
func (v *voice) cancel(change byte) {
	key := v.key()
	if key == nil {
		v.talk.faults = append(v.talk.faults, errors.New("the server sent no key"))
		return
	}
	key[7] ^= change
	c := v.talk.open()
	c.pipe(0, append([]byte{0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e}, key...))
	c.drain()
}

// asleep waits until the server's process is in pg_sleep, so that a cancel meets it there. Nobody records how often it asks.
func (v *voice) asleep() {
	w, err := dialWire(v.talk.address, "eu_anna", nil)
	if w != nil {
		defer w.conn.Close()
	}
	key := v.key()
	for begun := time.Now(); err == nil && key != nil && time.Since(begun) < 20*time.Second; time.Sleep(5 * time.Millisecond) {
		w.stream = nil
		sql := fmt.Sprintf("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = %d", binary.BigEndian.Uint32(key))
		if err = w.send('Q', zero(sql)); err == nil {
			_, err = w.until('Z')
		}
		if bytes.Contains(w.stream, []byte("SELECT 1\x00")) {
			return
		}
	}
	v.talk.faults = append(v.talk.faults, errors.Join(errors.New("the session does not sleep"), err))
}

// key is process and secret of the BackendKeyData that the server sent.
func (v *voice) key() []byte {
	var found []byte
	eachMessage(v.said.Bytes(), func(typ byte, body []byte) {
		if typ == 'K' {
			found = bytes.Clone(body)
		}
	})
	return found
}

// heard is the stream as it is compared: every byte, but for the key, the salts and nonces of passwords, and the process
// that a notification comes from.
func (v *voice) heard() []byte {
	stream := bytes.Clone(v.said.Bytes())
	eachMessage(stream, func(typ byte, body []byte) {
		switch {
		case typ == 'K':
			clear(body)
		case typ == 'A':
			clear(body[:min(4, len(body))])
		case typ == 'R' && len(body) > 4 && body[3] != 10: // 10 offers mechanisms
			clear(body[4:])
		}
	})
	return stream
}

// eachMessage walks the whole messages of a stream.
func eachMessage(stream []byte, visit func(typ byte, body []byte)) {
	for len(stream) >= 5 {
		end := 1 + int(binary.BigEndian.Uint32(stream[1:]))
		if end < 5 || end > len(stream) {
			return
		}
		visit(stream[0], stream[5:end])
		stream = stream[end:]
	}
}
