package e2e

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// freeAddress is an address of this machine that nobody listens at.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// launched starts a proxy, waits until it accepts, and ends it with the benchmark.
func launched(tb testing.TB, address string, cmd *exec.Cmd) (process int) {
	tb.Helper()
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { // ends with the process
		_ = cmd.Wait()
		close(ended)
	}()
	tb.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	for begun := time.Now(); time.Since(begun) < 20*time.Second; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return cmd.Process.Pid
		}
		select {
		case <-ended:
			tb.Fatalf("%s ended: %s", cmd.Path, log.String())
		default:
		}
	}
	tb.Fatalf("%s does not listen", cmd.Path)
	return 0
}

// tick is the unit of /proc/*/stat on every Linux that Go runs on (USER_HZ).
const tick = 10 * time.Millisecond

// stat is what /proc/PID/stat says after the name: field 3 of proc(5) is the first.
func stat(process int) []int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	if err != nil {
		return nil
	}
	var fields []int
	for _, f := range strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) {
		n, _ := strconv.Atoi(f)
		fields = append(fields, n)
	}
	return fields
}

// used is the processor time of a process.
func used(process int) time.Duration {
	f := stat(process)
	if f == nil {
		return 0
	}
	return time.Duration(f[11]+f[12]) * tick
}

// usedByServer is the processor time of a server and of all the processes that it has or had.
func usedByServer(tb testing.TB, data string) time.Duration {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		tb.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	postmaster, err := strconv.Atoi(first)
	if err != nil {
		tb.Fatal(err)
	}
	f := stat(postmaster)
	total := time.Duration(f[11]+f[12]+f[13]+f[14]) * tick
	entries, err := os.ReadDir("/proc")
	if err != nil {
		tb.Fatal(err)
	}
	for _, e := range entries {
		if process, err := strconv.Atoi(e.Name()); err == nil {
			if f := stat(process); f != nil && f[1] == postmaster {
				total += time.Duration(f[11]+f[12]) * tick
			}
		}
	}
	return total
}

// memory is a value of /proc/PID/status in MB, such as VmHWM, the peak since resetPeak.
func memory(process int, name string) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", process))
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			kb, _ := strconv.Atoi(strings.Fields(value)[0])
			return float64(kb) / 1024
		}
	}
	return 0
}

func resetPeak(process int) {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", process), []byte("5"), 0)
}

// median of the values; 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// ratios divides each round by the same round of another way.
func ratios(values, of []float64) []float64 {
	var out []float64
	for i := range values {
		out = append(out, values[i]/of[i])
	}
	return out
}
