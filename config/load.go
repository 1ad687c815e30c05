package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// maxFile bounds a configuration file; a policy of 10,000 columns is about half of it.
const maxFile = 1 << 20

// Load reads and validates a configuration file. The error joins a Problem for every mistake found.
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return Parse(path, data)
}

// Parse validates the text of a configuration file. The name stands in errors, and relative paths in the file
// start at its directory.
func Parse(name string, data []byte) (*Config, error) {
	doc := &document{file: name}
	values, err := decode(data)
	if err != nil {
		doc.add(syntaxProblem(name, err))
		return nil, doc.err()
	}
	doc.lines = scanPositions(string(data))
	cfg := readFile(doc.section("", 1, values))
	if err := doc.err(); err != nil {
		return nil, err
	}
	digest := sha256.Sum256(data)
	cfg.version = hex.EncodeToString(digest[:8])
	cfg.index()
	return cfg, nil
}

// decode turns TOML into plain maps, so that nothing is dropped before the sections judge it.
func decode(data []byte) (map[string]any, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("the file is larger than %d bytes", maxFile)
	}
	if !utf8.Valid(data) {
		return nil, errors.New("the file is not valid UTF-8")
	}
	var values map[string]any
	if err := toml.Unmarshal(data, &values); err != nil {
		return nil, err
	}
	return values, nil
}

func syntaxProblem(name string, err error) Problem {
	var parse toml.ParseError
	if errors.As(err, &parse) {
		return Problem{File: name, Line: max(parse.Position.Line, 1), Key: parse.LastKey, Text: parse.Message}
	}
	return Problem{File: name, Line: 1, Text: err.Error()}
}

// readFile reads the top level. Sections that others refer to come first.
func readFile(s *section) *Config {
	cfg := &Config{Domains: map[string]Domain{}, Databases: map[string]*Database{}}
	cfg.Listen = readListen(s)
	cfg.Upstream = readUpstream(s)
	cfg.Auth = readAuth(s)
	readKeys(s, cfg)
	readZones(s, cfg)
	readDatabases(s, cfg)
	readGrants(s, cfg)
	for _, later := range []string{"audit", "admin", "channel", "policy"} {
		s.refuse(later, "this section is not in this version of cordon; remove it")
	}
	s.close()
	return cfg
}
