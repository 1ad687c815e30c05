package catalog

import (
	"cmp"
	"maps"
	"slices"
)

// Relation returns the relation of that schema and name.
func (s *Snapshot) Relation(schema, name string) (*Relation, bool) {
	r, ok := s.byName[schema][name]
	return r, ok
}

// RelationByOID returns the relation of that oid.
func (s *Snapshot) RelationByOID(oid uint32) (*Relation, bool) {
	r, ok := s.relations[oid]
	return r, ok
}

// Relations returns all relations in the order of their oids. The slice belongs to the snapshot.
func (s *Snapshot) Relations() []*Relation { return s.ordered }

// TypeByName returns the type of that schema and internal name (int4, not integer).
func (s *Snapshot) TypeByName(schema, name string) (*Type, bool) {
	t, ok := s.typesByName[schema][name]
	return t, ok
}

// Functions returns the functions of that schema and name, all kinds, in the order of their oids.
func (s *Snapshot) Functions(schema, name string) []*Function { return s.functions[schema][name] }

// Elem returns the element type of an array type; 0 for any other.
func (s *Snapshot) Elem(oid uint32) uint32 {
	if t, ok := s.Types[oid]; ok && t.Category == 'A' {
		return t.Elem
	}
	return 0
}

// FunctionByOID returns the function of that oid.
func (s *Snapshot) FunctionByOID(oid uint32) (*Function, bool) {
	f, ok := s.routines[oid]
	return f, ok
}

// Operators returns the operators of that name in every schema, in the order of their oids.
func (s *Snapshot) Operators(name string) []*Operator { return s.operators[name] }

// SchemaNames returns the names of all schemas, sorted.
func (s *Snapshot) SchemaNames() []string { return slices.Sorted(maps.Keys(s.Schemas)) }

// SearchPathOf returns the value of search_path with which a session of the role starts in this database.
func (s *Snapshot) SearchPathOf(role string) string {
	if path, ok := s.SearchPath[role]; ok && role != "" {
		return path
	}
	return s.SearchPath[""]
}

// RoleSettings returns what ALTER ROLE and ALTER DATABASE set for a session of the role in this database, by the lower-case name
// of the setting. Postgres' precedence is applied: role in this database, role, database, ALTER ROLE ALL.
func (s *Snapshot) RoleSettings(role string) map[string]string {
	merged := maps.Clone(s.settings[""])
	if merged == nil {
		merged = map[string]string{}
	}
	if role != "" {
		maps.Copy(merged, s.settings[role])
	}
	return merged
}

// Column returns the column of that name.
func (r *Relation) Column(name string) (*Column, bool) {
	for i := range r.Columns {
		if r.Columns[i].Name == name {
			return &r.Columns[i], true
		}
	}
	return nil, false
}

// ColumnByNum returns the column of that attribute number.
func (r *Relation) ColumnByNum(num int16) (*Column, bool) {
	i, ok := slices.BinarySearchFunc(r.Columns, num, func(c Column, n int16) int { return cmp.Compare(c.Num, n) })
	if !ok {
		return nil, false
	}
	return &r.Columns[i], true
}

// Collation returns the collation of that name.
func (s *Snapshot) Collation(schema, name string) (*Collation, bool) {
	c, ok := s.collations[schema][name]
	return c, ok
}

// System says that the relation came with the server: initdb made it, and it is in one of the two system schemas.
func (r *Relation) System() bool {
	return r.OID < FirstUserOID && (r.Schema == "pg_catalog" || r.Schema == "information_schema")
}

// index fills the look-up tables from facts in any order.
func (s *Snapshot) index(f *facts) {
	s.settings, s.Casts, s.Definitions, s.Collations, s.Implicit = f.Settings, f.Casts, f.Definitions, f.Collations, f.Implicit
	s.collations = make(map[string]map[string]*Collation)
	for _, c := range s.Collations {
		nested(s.collations, c.Schema)[c.Name] = c
	}
	s.Schemas = make(map[string]*Schema, len(f.Schemas))
	for _, n := range f.Schemas {
		s.Schemas[n.Name] = n
	}
	s.ordered = f.Relations
	slices.SortFunc(s.ordered, func(a, b *Relation) int { return cmp.Compare(a.OID, b.OID) })
	s.relations = make(map[uint32]*Relation, len(f.Relations))
	s.byName = make(map[string]map[string]*Relation)
	for _, r := range s.ordered {
		s.relations[r.OID] = r
		nested(s.byName, r.Schema)[r.Name] = r
	}
	s.indexTypes(f.Types)
	s.indexRoutines(f)
}

func (s *Snapshot) indexTypes(types []*Type) {
	s.Types = make(map[uint32]*Type, len(types))
	s.typesByName = make(map[string]map[string]*Type)
	for _, t := range types {
		s.Types[t.OID] = t
		nested(s.typesByName, t.Schema)[t.Name] = t
	}
}

func (s *Snapshot) indexRoutines(f *facts) {
	s.functions = make(map[string]map[string][]*Function)
	s.routines = make(map[uint32]*Function, len(f.Functions))
	slices.SortFunc(f.Functions, func(a, b *Function) int { return cmp.Compare(a.OID, b.OID) })
	for _, fn := range f.Functions {
		in := nested(s.functions, fn.Schema)
		in[fn.Name] = append(in[fn.Name], fn)
		s.routines[fn.OID] = fn
	}
	s.Extensions = make(map[string]*Extension, len(f.Extensions))
	for _, e := range f.Extensions {
		s.Extensions[e.Name] = e
	}
	s.operators = make(map[string][]*Operator)
	slices.SortFunc(f.Operators, func(a, b *Operator) int { return cmp.Compare(a.OID, b.OID) })
	for _, op := range f.Operators {
		s.operators[op.Name] = append(s.operators[op.Name], op)
	}
}

// nested returns the inner map of a key, made if it is missing.
func nested[V any](m map[string]map[string]V, key string) map[string]V {
	inner, ok := m[key]
	if !ok {
		inner = make(map[string]V)
		m[key] = inner
	}
	return inner
}
