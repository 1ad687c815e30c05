package catalog

import (
	"context"
	"fmt"
	"time"
)

// refresh is one turn: look whether anything changed, read it if so. A kept connection may have died, or may still have settings that
// were taken back since, so that an error on it is tried again on a new one.
func (s *Source) refresh(ctx context.Context) (*Snapshot, error) {
	time.Sleep(time.Until(s.lastCheck.Add(min(minCheckGap, s.loadGap))))
	s.lastCheck = time.Now()
	kept := s.conn != nil
	snap, err := s.look(ctx)
	if err != nil && kept {
		s.disconnect()
		snap, err = s.look(ctx)
	}
	if err != nil {
		s.disconnect()
		if s.Current() == nil {
			return nil, fmt.Errorf("%w: %w", ErrNoSnapshot, err)
		}
		return nil, err
	}
	return snap, nil
}

// look returns the current snapshot if the fingerprint is still that of its reading.
func (s *Source) look(ctx context.Context) (*Snapshot, error) {
	if s.conn == nil {
		conn, err := s.connect(ctx)
		if err != nil {
			return nil, fmt.Errorf("catalog: connect: %w", err)
		}
		s.conn = conn
	}
	print, err := fingerprint(ctx, s.conn)
	if err != nil {
		return nil, err
	}
	if current := s.Current(); current != nil && print == s.print {
		return current, nil
	}
	return s.load(ctx, print)
}

// load reads the catalog. Definitions of views come from the newest catalog, not from the transaction's snapshot, so that it reads
// again if something changed meanwhile. On an upstream that never holds still the last of loadTries readings is taken: what does not
// fit together in it is refused by those who use it, and its fingerprint is the older one, so that the next look reads again.
func (s *Source) load(ctx context.Context, print string) (*Snapshot, error) {
	time.Sleep(time.Until(s.lastLoad.Add(s.loadGap)))
	s.lastLoad = time.Now()
	for try := 1; ; try++ {
		snap, err := Load(ctx, s.conn)
		if err != nil {
			return nil, err
		}
		after, err := fingerprint(ctx, s.conn)
		if err != nil {
			return nil, err
		}
		if after == print || try == loadTries {
			return s.publish(snap, print)
		}
		print = after
	}
}

// publish makes a reading current if it says something else than the one that is.
func (s *Source) publish(snap *Snapshot, print string) (*Snapshot, error) {
	hash, err := snap.hash()
	if err != nil {
		return nil, err
	}
	s.print = print
	current := s.Current()
	if current != nil && hash == s.hash {
		return current, nil
	}
	snap.Version = 1
	if current != nil {
		snap.Version = current.Version + 1
	}
	s.hash = hash
	s.current.Store(snap)
	return snap, nil
}

// disconnect closes the connection without waiting long for an upstream that may be gone.
func (s *Source) disconnect() {
	if s.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.conn.Close(ctx) // broken already, or about to be forgotten: there is nothing to do about an error
	s.conn = nil
}

// Close waits for a running refresh and closes the connection; a later Refresh opens another.
func (s *Source) Close() {
	for {
		s.mu.Lock()
		running := s.running
		if running == nil {
			s.disconnect()
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		<-running.done
	}
}
