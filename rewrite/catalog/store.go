package catalog

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
)

// formatVersion grows when a stored snapshot of an older cordon would be read wrongly.
const formatVersion = 1

// maxStored bounds what Read unpacks: a small file must not fill the memory.
const maxStored = 1 << 30

// stored is the form of a snapshot in a file: every list in the order of its oids, so that equal snapshots give equal bytes.
type stored struct {
	Format        int
	Version       uint64 `json:",omitempty"`
	Database      string
	ServerVersion int
	SearchPath    map[string]string
	Settings      map[string]map[string]string `json:",omitempty"`
	Schemas       []*Schema
	Types         []*Type
	Relations     []*Relation
	Functions     []*Function
	Operators     []*Operator
	Casts         []*Cast       `json:",omitempty"`
	Implicit      [][2]uint32   `json:",omitempty"`
	Definitions   []*Definition `json:",omitempty"`
	Collations    []*Collation
	Extensions    []*Extension `json:",omitempty"`
}

// Write stores the snapshot as JSON packed with gzip. Equal snapshots give equal bytes.
func (s *Snapshot) Write(w io.Writer) error {
	zip, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("catalog: pack snapshot: %w", err)
	}
	if err := json.NewEncoder(zip).Encode(s.stored(s.Version)); err != nil {
		return fmt.Errorf("catalog: write snapshot: %w", err)
	}
	if err := zip.Close(); err != nil {
		return fmt.Errorf("catalog: write snapshot: %w", err)
	}
	return nil
}

// Read loads what Write stored.
func Read(r io.Reader) (*Snapshot, error) {
	zip, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("catalog: unpack snapshot: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(zip, maxStored+1))
	if err != nil {
		return nil, fmt.Errorf("catalog: unpack snapshot: %w", err)
	}
	if len(text) > maxStored {
		return nil, fmt.Errorf("catalog: snapshot is larger than %d bytes", maxStored)
	}
	// A field that this version does not know could have meant a restriction, so that it is an error.
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var f stored
	if err := dec.Decode(&f); err != nil {
		return nil, fmt.Errorf("catalog: read snapshot: %w", err)
	}
	if f.Format != formatVersion {
		return nil, fmt.Errorf("catalog: snapshot has format %d, this version reads %d", f.Format, formatVersion)
	}
	return f.snapshot(), nil
}

// stored gives the file form with that version.
func (s *Snapshot) stored(version uint64) *stored {
	f := &stored{
		Format: formatVersion, Version: version, Database: s.Database, ServerVersion: s.ServerVersion,
		SearchPath: s.SearchPath, Settings: s.settings, Relations: s.ordered, Casts: s.Casts, Implicit: s.Implicit, Definitions: s.Definitions, Collations: s.Collations,
	}
	for _, name := range s.SchemaNames() {
		f.Schemas = append(f.Schemas, s.Schemas[name])
	}
	for _, oid := range slices.Sorted(maps.Keys(s.Types)) {
		f.Types = append(f.Types, s.Types[oid])
	}
	for _, byName := range s.functions {
		for _, overloads := range byName {
			f.Functions = append(f.Functions, overloads...)
		}
	}
	slices.SortFunc(f.Functions, func(a, b *Function) int { return cmp.Compare(a.OID, b.OID) })
	for _, overloads := range s.operators {
		f.Operators = append(f.Operators, overloads...)
	}
	slices.SortFunc(f.Operators, func(a, b *Operator) int { return cmp.Compare(a.OID, b.OID) })
	for _, name := range slices.Sorted(maps.Keys(s.Extensions)) {
		f.Extensions = append(f.Extensions, s.Extensions[name])
	}
	return f
}

// snapshot builds the look-up tables of what was stored.
func (f *stored) snapshot() *Snapshot {
	s := &Snapshot{Version: f.Version, Database: f.Database, ServerVersion: f.ServerVersion, SearchPath: f.SearchPath}
	s.index(&facts{
		Schemas: f.Schemas, Types: f.Types, Relations: f.Relations,
		Functions: f.Functions, Operators: f.Operators, Settings: f.Settings, Casts: f.Casts, Implicit: f.Implicit, Definitions: f.Definitions, Collations: f.Collations, Extensions: f.Extensions,
	})
	return s
}

// hash is of everything but Version: two snapshots with one hash say the same.
func (s *Snapshot) hash() ([sha256.Size]byte, error) {
	h := sha256.New()
	var sum [sha256.Size]byte
	if err := json.NewEncoder(h).Encode(s.stored(0)); err != nil {
		return sum, fmt.Errorf("catalog: hash snapshot: %w", err)
	}
	h.Sum(sum[:0])
	return sum, nil
}
