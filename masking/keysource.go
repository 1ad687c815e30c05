package masking

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// maxKeyFile bounds what is read from a file or a command: a key is short, and a mistaken path may be anything.
const maxKeyFile = 4096

// KeySource says where the master key is; exactly one field is set.
type KeySource struct {
	File    string
	Env     string
	Command []string
}

// Load returns the 32 bytes of the master key. The source holds them in hex, in base64 or as they are. A file that
// group or others may read is refused, as ssh does. A command runs without a shell. Errors never contain the key.
func (s KeySource) Load(ctx context.Context) ([]byte, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	switch {
	case s.File != "":
		return s.loadFile()
	case s.Env != "":
		return s.loadEnv()
	default:
		return s.loadCommand(ctx)
	}
}

// Validate reports whether exactly one source is named.
func (s KeySource) Validate() error {
	named := 0
	for _, set := range []bool{s.File != "", s.Env != "", len(s.Command) > 0} {
		if set {
			named++
		}
	}
	if named != 1 {
		return errors.New("the master key needs exactly one of file, env and command")
	}
	if len(s.Command) > 0 && s.Command[0] == "" {
		return errors.New("the master key's command is empty")
	}
	return nil
}

func (s KeySource) loadFile() ([]byte, error) {
	file, err := os.Open(s.File)
	if err != nil {
		return nil, fmt.Errorf("opening the master key: %w", err)
	}
	defer func() { _ = file.Close() }()
	// The opened file is asked, not the path, so that nothing can be exchanged between check and use.
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading the master key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("master key file %s is not a regular file", s.File)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("master key file %s has mode %04o: group or others may read it; run chmod 600 on it", s.File, mode)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the master key: %w", err)
	}
	return decodeMaster(content, "file "+s.File)
}

func (s KeySource) loadEnv() ([]byte, error) {
	value, ok := os.LookupEnv(s.Env)
	if !ok {
		return nil, fmt.Errorf("environment variable %s, which should hold the master key, is not set", s.Env)
	}
	return decodeMaster([]byte(value), "environment variable "+s.Env)
}

func (s KeySource) loadCommand(ctx context.Context) ([]byte, error) {
	command := exec.CommandContext(ctx, s.Command[0], s.Command[1:]...) // #nosec G204 -- the operator's own configuration
	output, err := command.Output()
	if err != nil {
		// Standard error may quote the secret; only the exit status is told.
		return nil, fmt.Errorf("running the master key's command %s: %w", s.Command[0], err)
	}
	return decodeMaster(output, "command "+s.Command[0])
}

// decodeMaster accepts exactly 32 bytes in hex, in base64 (either alphabet, padded or not) or raw. White space around the
// encoded forms is ignored.
func decodeMaster(content []byte, from string) ([]byte, error) {
	if len(content) == keySize {
		return content, nil
	}
	text := string(bytes.TrimSpace(content))
	if key, err := hex.DecodeString(text); err == nil && len(key) == keySize {
		return key, nil
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if key, err := encoding.DecodeString(text); err == nil && len(key) == keySize {
			return key, nil
		}
	}
	return nil, fmt.Errorf("the master key in %s is not %d bytes in hex, in base64 or raw (it has %d bytes); "+
		"`openssl rand -hex %d` makes one", from, keySize, len(content), keySize)
}
