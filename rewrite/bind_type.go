package rewrite

import (
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// typeName admits a type (pitfall C7, admitsType). A name outside pg_catalog is qualified. The oid is that of the element where array bounds are written.
func (b *binder) typeName(t *pg.TypeName) (uint32, error) {
	oid, err := b.admittedType(t)
	return oid, b.at(err, t.GetLocation())
}

// declaredType admits the type of a parameter of PREPARE; 0 for unknown, which declares none, as in a Parse message.
func (b *binder) declaredType(t *pg.TypeName) (uint32, error) {
	if b.isUnknown(t) {
		return 0, nil
	}
	return b.typeName(t)
}

func (b *binder) isUnknown(t *pg.TypeName) bool {
	parts, _ := splitName(t.GetNames())
	if len(parts) == 0 || t.Setof || len(t.ArrayBounds) > 0 || len(t.Typmods) > 0 {
		return false
	}
	found, err := b.findType(parts)
	return err == nil && found != nil && found.OID == untyped
}

// plainLiteral takes away the cast of 'x'::unknown, as PostgREST writes values: the literal is of that type by itself (coerce_type in parse_coerce.c).
func (b *binder) plainLiteral(n *pg.Node) {
	if t := n.GetResTarget(); t != nil && t.Name == "" && b.asLiteral(t.Val) != t.Val {
		t.Name = outputName(t)
	}
	n.Node = b.asLiteral(n).Node
}

// asLiteral is the literal that a node casts to unknown; the node itself where it does not.
func (b *binder) asLiteral(n *pg.Node) *pg.Node {
	inner := n
	for x := n.GetTypeCast(); x != nil && b.isUnknown(x.TypeName); x = inner.GetTypeCast() {
		inner = x.Arg
	}
	if c := inner.GetAConst(); c.GetSval() != nil || c.GetIsnull() {
		return inner
	}
	return n
}

func (b *binder) admittedType(t *pg.TypeName) (uint32, error) {
	if t == nil || t.PctType {
		return 0, refused("forbidden-type", "cordon: a type given by reference to a column is not admitted", "Write the type's name.")
	}
	parts, _ := splitName(t.Names)
	name := parts[len(parts)-1]
	found, err := b.findType(parts)
	if err != nil {
		return 0, err
	}
	if found == nil {
		return 0, undefinedType(dottedParts(parts))
	}
	if !b.env.twin.admitsType(found.OID) {
		if !b.env.twin.showsType(found) {
			return 0, undefinedType(dottedParts(parts))
		}
		return 0, refused("forbidden-type", "cordon: type "+quoted(name)+" is not admitted in a masked session: it could name hidden objects or run code",
			typeHint(found))
	}
	if b.env.twin.folds(found.OID) {
		if err := b.fold("type " + quoted(name)); err != nil {
			return 0, err
		}
	}
	if found.Schema != "pg_catalog" {
		t.Names = nameNodes(found.Schema, found.Name)
	}
	if len(t.ArrayBounds) > 0 {
		return found.Array, nil
	}
	return found.OID, nil
}

func typeHint(t *catalog.Type) string {
	if reason := builtin.DeniedType(t.Name); reason != "" && t.Schema == "pg_catalog" {
		return "It " + reason + ". Use an ordinary data type."
	}
	return "Use an ordinary data type."
}

func dottedParts(parts []string) string {
	if len(parts) > 1 {
		return dotted(parts[len(parts)-2], parts[len(parts)-1])
	}
	return parts[0]
}

func (b *binder) findType(parts []string) (*catalog.Type, error) {
	if len(parts) > 2 {
		return nil, &Error{Code: "0A000", Message: "cross-database references are not implemented: " + quoted(parts[0])}
	}
	schemas, name := b.env.path, parts[len(parts)-1]
	if len(parts) == 2 {
		schemas = parts[:1]
	}
	for _, s := range schemas {
		if t, ok := b.env.twin.snapshot.TypeByName(s, name); ok && (t.OID < catalog.FirstUserOID || b.env.twin.showsType(t)) {
			return t, nil
		}
	}
	return nil, nil
}

// typeCast binds a cast. Casts to reg* are resolved in the twin.
func (b *binder) typeCast(n *pg.Node, x *pg.TypeCast, sc *scope) (info, error) {
	parts, _ := splitName(x.TypeName.GetNames())
	if name := parts[len(parts)-1]; builtin.RegType(name) {
		return b.regCast(n, x, name, sc)
	}
	if b.nullRecord(x) {
		x.TypeName.Names = nameNodes("pg_catalog", "record")
		return info{safe: true}, nil
	}
	oid, err := b.typeName(x.TypeName)
	if err != nil {
		return info{}, err
	}
	shown := shownReg(x.Arg)
	arg, err := b.castArgument(x, oid, sc)
	if err != nil {
		return info{}, err
	}
	b.asks(x.Arg.GetParamRef(), oid)
	if shown == "" {
		shown = b.regOf(x.Arg)
	}
	if shown != "" && asText(oid) == oidText { // 'users'::regclass::text is the name, and regLiteral made it a number
		if err := b.qualifyRefs(x.Arg); err != nil { // of the clone nobody knows what it refers to
			return info{}, err
		}
		if err := b.applyTemplate(x.Arg, regTemplates[shown], []*pg.Node{cloneNode(x.Arg)}); err != nil {
			return info{}, err
		}
		arg = info{typ: oidText}
	}
	if !arg.literal && b.env.twin.castRuns(arg.typ, oid) {
		return info{}, refused("forbidden-cast", "cordon: the cast to "+quoted(parts[len(parts)-1])+" may run a function that is not reviewed", "Ask for its function to be listed under functions in the policy.")
	}
	if !arg.literal {
		b.castByFunction(arg.typ, oid)
	}
	if asText(arg.typ) != asText(oid) || len(x.TypeName.Typmods) > 0 {
		b.revealAt(x.Arg, &arg.label, "cast to another type")
	}
	in := info{typ: oid, filtered: arg.filtered, safe: arg.safe, collate: arg.collate, label: b.passed(arg.label, "cast to its own type"), origin: Origin{Unknown: true}}
	if own := b.env.twin.collationOf(oid); own != "" { // a domain's own comes first (T_CoerceToDomain in parse_collate.c)
		in.collate = own
	}
	in.span, in.moment = isSpan(oid, x.Arg), castMoment(x, oid, arg)
	in.safe = in.safe && (in.moment > 0 || b.readsCast(x, oid) || widening[[2]uint32{arg.typ, oid}] || arg.typ == oid && len(x.TypeName.Typmods) == 0)
	return in, nil
}

// regCast lowers a cast to reg*: a literal is resolved in the twin, a number that the twin lacks stays a number, and
// anything else goes through a look-up in the substituted catalog.
func (b *binder) regCast(n *pg.Node, x *pg.TypeCast, reg string, sc *scope) (info, error) {
	if reg == "regconfig" {
		return info{}, refused("forbidden-type", "cordon: a text search configuration is admitted only as the first argument of a function of text search", configHint)
	}
	if c := x.Arg.GetAConst().GetSval(); c != nil && len(x.TypeName.ArrayBounds) == 0 {
		return b.regLiteral(n, x, reg, c.Sval)
	}
	if len(x.TypeName.ArrayBounds) > 0 {
		return b.regArray(n, x, reg, sc)
	}
	if array := b.unnested(x.Arg, reg); array != nil {
		return b.regUnnest(n, array, reg, unnests(x.Arg) == nil, sc)
	}
	if b.isTypeCall(x.Arg, reg) {
		return b.typeShown(n, x, sc)
	}
	template := regTemplates[reg]
	switch {
	case x.Arg.GetAConst().GetIsnull() && template != "":
		n.Node = nullOf("text").Node
		return info{typ: oidText, safe: true}, nil
	case x.Arg.GetParamRef() != nil && regLookups[reg] == "" && !isNumber(b.parameterType(x.Arg.GetParamRef())):
		return info{}, refused("reg-parameter", "cordon: a parameter cannot be cast to "+reg+" in a masked session", "Use a literal, or join the catalog relation by name.")
	case template == "":
		return info{}, refused("forbidden-type", "cordon: a value cannot be cast to "+reg+" in a masked session", "Join the catalog relation by oid.")
	}
	given := x.Arg
	arg, err := b.regNumber(x, reg, sc)
	if err != nil {
		return info{}, err
	}
	if x.Arg != given {
		template = regShown[reg]
	}
	if err := b.applyTemplate(n, template, []*pg.Node{x.Arg}); err != nil {
		return info{}, err
	}
	return info{typ: oidText, filtered: arg.filtered}, nil
}

// castArgument binds the argument of a cast to a type that is not reg*. Of f(x)::regclass::oid it binds the oid, not the text that a
// client would be shown.
func (b *binder) castArgument(x *pg.TypeCast, oid uint32, sc *scope) (info, error) {
	b.castsName(x.Arg)
	inner := x.Arg.GetTypeCast()
	reg := lastString(inner.GetTypeName().GetNames())
	if oid != oidOID || regTemplates[reg] == "" || inner.Arg.GetAConst().GetSval() != nil || len(inner.TypeName.ArrayBounds) > 0 {
		return b.value(x.Arg, sc)
	}
	in, err := b.regNumber(inner, reg, sc)
	x.Arg = inner.Arg
	return in, err
}

// regNumber binds what is cast to reg* as the oid that it stands for: a name that only the server knows is looked up in the twin, and NULL
// where it names nothing there.
func (b *binder) regNumber(x *pg.TypeCast, reg string, sc *scope) (info, error) {
	if b.isTypeCall(x.Arg, reg) {
		in, _, err := b.typeNumber(x, sc)
		return in, err
	}
	in, err := b.nameArgument(x.Arg, reg, sc)
	lookup := regLookups[reg]
	if err != nil || lookup == "" || isNumber(in.typ) {
		return in, err
	}
	found := &pg.Node{}
	if err := b.applyTemplate(found, lookup, []*pg.Node{x.Arg}); err != nil {
		return info{}, err
	}
	x.Arg = found
	return info{typ: oidOID, filtered: in.filtered}, nil
}

func (b *binder) regLiteral(n *pg.Node, x *pg.TypeCast, reg, text string) (info, error) {
	if _, err := strconv.ParseUint(text, 10, 32); err != nil && reg == "regrole" && text != "-" && len(x.TypeName.ArrayBounds) == 0 { // the snapshot has no roles
		return b.roleLiteral(n, x)
	}
	oid, err := b.resolveReg(reg, text)
	if err != nil {
		return info{}, b.at(err, placeOf(x.Arg))
	}
	if oid == 0 && text != "0" && text != "-" {
		return info{}, refused("forbidden-type", "cordon: "+reg+" literals of this form are not admitted", "Use the oid.")
	}
	n.Node = &pg.Node_TypeCast{TypeCast: &pg.TypeCast{
		Arg:      pg.MakeAConstStrNode(strconv.FormatUint(uint64(oid), 10), 0),
		TypeName: &pg.TypeName{Names: nameNodes("pg_catalog", "oid"), Typemod: -1},
	}}
	return info{typ: oidOID, safe: true}, nil
}

// shownReg is the reg* type of a literal that is itself a select item: the client is to see a name, not a number.
func shownReg(n *pg.Node) string {
	cast := n.GetTypeCast()
	if cast == nil || cast.Arg.GetAConst().GetSval() == nil || len(cast.TypeName.ArrayBounds) > 0 {
		return ""
	}
	if name := lastString(cast.TypeName.GetNames()); regTemplates[name] != "" {
		return name
	}
	return ""
}

// resolveReg finds the oid of a reg* literal in the twin.
func (b *binder) resolveReg(reg, text string) (uint32, error) {
	if number, err := strconv.ParseUint(text, 10, 32); err == nil {
		return uint32(number), nil
	}
	switch reg {
	case "regtype":
		return b.typeOfText(text)
	case "regprocedure":
		return b.procedureOfText(text)
	case "regoper", "regoperator":
		return b.operatorOfText(reg, text)
	}
	parts, err := catalog.SplitPath(dotsToCommas(text))
	if err != nil || len(parts) == 0 || len(parts) > 2 {
		return 0, &Error{Code: "42602", Message: "invalid name syntax"}
	}
	schema, name := "", parts[len(parts)-1]
	if len(parts) == 2 {
		schema = parts[0]
	}
	switch reg {
	case "regclass":
		if oid := b.hollow(schema, name); oid != 0 {
			return oid, nil
		}
		e, err := b.resolve(schema, name)
		if err != nil {
			return 0, err
		}
		return e.relation.OID, nil
	case "regnamespace":
		if s, ok := b.env.twin.schema(name); ok {
			return s.OID, nil
		}
		return 0, &Error{Code: "3F000", Message: "schema " + quoted(name) + " does not exist"}
	case "regproc":
		functions := b.env.twin.snapshot.Functions("pg_catalog", name)
		if len(functions) == 1 && functions[0].OID < catalog.FirstUserOID {
			return functions[0].OID, nil
		}
		return 0, undefinedFunction(quoted(name))
	}
	return 0, nil
}

// hollow finds an index or a sequence of the twin, which no FROM clause can name; 0 where there is none, or a table comes
// before it on the search_path.
func (b *binder) hollow(schema, name string) uint32 {
	path := b.env.path
	if schema != "" {
		path = []string{schema}
	}
	for _, s := range path {
		rel, ok := b.env.twin.snapshot.Relation(s, name)
		switch {
		case !ok:
		case b.env.twin.objects != nil && b.env.twin.objects.relations[rel.OID]:
			return rel.OID
		case rel.System(), b.env.twin.tables[rel.OID] != nil:
			return 0
		}
	}
	return 0
}

// dotsToCommas turns a qualified name into the list that SplitPath reads; dots inside quotes stay.
func dotsToCommas(text string) string {
	out := []byte(text)
	inQuotes := false
	for i, c := range out {
		switch {
		case c == '"':
			inQuotes = !inQuotes
		case c == '.' && !inQuotes:
			out[i] = ','
		case c == ',' && !inQuotes:
			out[i] = '!' // no name of ours holds it: refused as unknown
		}
	}
	return string(out)
}
