package e2e

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
)

// meddle relays one connection. It reads the server's side message by message, so it is not for connections that negotiate
// encryption first.
func meddle(client net.Conn, address string, edit func([]byte) []byte) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.(*net.TCPConn).CloseWrite()
	})
	defer both.Wait()
	defer client.Close()
	for {
		var head [5]byte
		if _, err := io.ReadFull(server, head[:]); err != nil {
			return
		}
		whole := append(head[:], make([]byte, binary.BigEndian.Uint32(head[1:])-4)...)
		if _, err := io.ReadFull(server, whole[5:]); err != nil {
			return
		}
		if edit != nil {
			whole = edit(whole)
		}
		if _, err := client.Write(whole); err != nil {
			return
		}
	}
}
