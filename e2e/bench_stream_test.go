package e2e

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// flow is what one round of streaming found.
type flow struct{ speed, proxy, grown float64 } // MB/s; seconds of processor time; MB of memory over that before

// BenchmarkStream reads a table of 1,000,000 rows in one answer.
func BenchmarkStream(b *testing.B) {
	n := newBench(b)
	for b.Loop() {
		n.stream(b, "columns as they are", "SELECT id, label FROM stream", n.direct, n.pgbouncer, n.passes, n.masks)
		n.stream(b, "a numeric mask", "SELECT id, label, amount FROM stream", n.direct, n.masks)
		n.stream(b, "an int8 pseudonym", "SELECT id, label, person FROM stream", n.direct, n.masks)
	}
}

func (n *bench) stream(b *testing.B, name, sql string, ways ...way) {
	b.Helper()
	flows := make([][]flow, len(ways))
	for round := range *rounds {
		for i := range ways {
			i = (i + round) % len(ways)
			flows[i] = append(flows[i], drained(b, ways[i], sql))
		}
	}
	t := table.NewWriter()
	t.SetTitle("%d rows, %s (%d rounds)", benchRows, name, *rounds)
	t.AppendHeader(table.Row{"way", "MB/s", "of direct", "lowest", "highest", "proxy s", "proxy's memory grows by MB"})
	speed := func(f flow) float64 { return f.speed }
	for i, w := range ways {
		share := ratios(column(flows[i], speed), column(flows[0], speed))
		low, high := extremes(share)
		_, grown := extremes(column(flows[i], func(f flow) float64 { return f.grown }))
		t.AppendRow(table.Row{w.name, fmt.Sprintf("%.0f", median(column(flows[i], speed))), fmt.Sprintf("%.2f", median(share)), fmt.Sprintf("%.2f", low), fmt.Sprintf("%.2f", high),
			fmt.Sprintf("%.2f", median(column(flows[i], func(f flow) float64 { return f.proxy }))), fmt.Sprintf("%.1f", grown)})
	}
	fmt.Printf("\n%s\n", t.Render()) // a benchmark's own log is cut after ten lines
}

// drained runs a query and reads its answer to the end, a message at a time.
func drained(b *testing.B, w way, sql string) flow {
	b.Helper()
	client, err := dialWire(w.address, w.user, nil)
	if err != nil {
		b.Fatalf("%s: %v", w.name, err)
	}
	defer client.conn.Close()
	in := bufio.NewReaderSize(client.conn, 256<<10)
	_ = client.conn.SetReadDeadline(time.Now().Add(5 * time.Minute))
	resetPeak(w.proxy)
	memoryBefore, usedBefore, begun := memory(w.proxy, "VmRSS"), used(w.proxy), time.Now()
	if err := client.send('Q', zero(sql)); err != nil {
		b.Fatal(err)
	}
	bytes, rows := 0, 0
	for typ := byte(0); typ != 'Z'; {
		var head [5]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			b.Fatalf("%s: %v", w.name, err)
		}
		typ = head[0]
		size := int(binary.BigEndian.Uint32(head[1:])) - 4
		if typ == 'E' {
			body := make([]byte, size)
			_, _ = io.ReadFull(in, body)
			b.Fatalf("%s: %s", w.name, field(body, 'M'))
		}
		if _, err := in.Discard(size); err != nil {
			b.Fatalf("%s: %v", w.name, err)
		}
		bytes += 5 + size
		if typ == 'D' {
			rows++
		}
	}
	took := time.Since(begun)
	if rows != benchRows {
		b.Fatalf("%s: %d rows", w.name, rows)
	}
	return flow{float64(bytes) / 1e6 / took.Seconds(), (used(w.proxy) - usedBefore).Seconds(), memory(w.proxy, "VmHWM") - memoryBefore}
}
