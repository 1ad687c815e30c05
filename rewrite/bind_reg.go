package rewrite

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

const (
	oidRegConfig = 3734
	oidOIDArray  = 1028
)

// number is how a cast to reg* shows an oid that names nothing.
const number = "(CASE ($1)::pg_catalog.oid WHEN 0::pg_catalog.oid THEN '-'::pg_catalog.text ELSE (($1)::pg_catalog.oid)::pg_catalog.text END)"

// regTemplates turn an oid into the text that a cast to reg* shows, in the twin and under the session's own search_path. The
// result is text, never reg*: an untyped literal that met a reg* value would be looked up by the server, hidden names
// included (pitfall C7).
var regTemplates = map[string]string{
	"regclass": `COALESCE((SELECT CASE WHEN cordon_c.relnamespace = ANY (cordon_path) AND NOT EXISTS (
		SELECT 1 FROM pg_catalog.pg_class cordon_o WHERE cordon_o.relname = cordon_c.relname
			AND (cordon_o.oid < 16384 OR cordon_o.oid = ANY (cordon_relations))
			AND pg_catalog.array_position(cordon_path, cordon_o.relnamespace) < pg_catalog.array_position(cordon_path, cordon_c.relnamespace))
		THEN pg_catalog.quote_ident(cordon_c.relname::pg_catalog.text)
		ELSE pg_catalog.quote_ident(cordon_n.nspname::pg_catalog.text) || '.' || pg_catalog.quote_ident(cordon_c.relname::pg_catalog.text) END
		FROM pg_catalog.pg_class cordon_c JOIN pg_catalog.pg_namespace cordon_n ON cordon_n.oid = cordon_c.relnamespace
		WHERE cordon_c.oid = ($1)::pg_catalog.oid AND (cordon_c.oid < 16384 OR cordon_c.oid = ANY (cordon_relations))), ` + number + `)`,
	"regtype": "COALESCE(" + builtin.FormatType("NULL") + ", " + number + ")",
	// Without a schema where the name alone finds this function and no other (regprocout in regproc.c).
	"regproc": `COALESCE((SELECT CASE WHEN cordon_p.pronamespace = ANY (cordon_path) AND NOT EXISTS (
		SELECT 1 FROM pg_catalog.pg_proc cordon_o WHERE cordon_o.proname = cordon_p.proname AND cordon_o.oid <> cordon_p.oid
			AND cordon_o.pronamespace = ANY (cordon_path) AND (cordon_o.oid < 16384 OR cordon_o.oid = ANY (cordon_functions)))
		THEN pg_catalog.quote_ident(cordon_p.proname::pg_catalog.text)
		ELSE pg_catalog.quote_ident(cordon_n.nspname::pg_catalog.text) || '.' || pg_catalog.quote_ident(cordon_p.proname::pg_catalog.text) END
		FROM pg_catalog.pg_proc cordon_p JOIN pg_catalog.pg_namespace cordon_n ON cordon_n.oid = cordon_p.pronamespace
		WHERE cordon_p.oid = ($1)::pg_catalog.oid AND (cordon_p.oid < 16384 OR cordon_p.oid = ANY (cordon_functions))), ` + number + `)`,
	"regnamespace": `COALESCE((SELECT pg_catalog.quote_ident(cordon_n.nspname::pg_catalog.text) FROM pg_catalog.pg_namespace cordon_n
		WHERE cordon_n.oid = ($1)::pg_catalog.oid AND ` + builtin.SchemaShown("cordon_n") + `), ` + number + `)`,
	// Of the server's own; of others the number.
	"regprocedure": ownName("regprocedure"), "regoperator": ownName("regoperator"), "regoper": ownName("regoper"), "regcollation": ownName("regcollation"),
	"regrole": `pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(($1)::pg_catalog.oid)::pg_catalog.text)`,
}

// ownName is the name of an object of the server's own as the cast shows it, which names no other.
func ownName(reg string) string {
	return "(CASE WHEN ($1)::pg_catalog.oid < 16384 THEN (($1)::pg_catalog.oid)::pg_catalog." + reg + "::pg_catalog.text ELSE " + number + " END)"
}

// regArray lowers a cast to an array of reg*: the texts of its members.
func (b *binder) regArray(n *pg.Node, x *pg.TypeCast, reg string, sc *scope) (info, error) {
	template := regTemplates[reg]
	if text := x.Arg.GetAConst().GetSval(); text != nil && template != "" {
		array, ok := wordsOf(text.Sval, x.Arg.GetAConst().Location)
		if !ok {
			return info{}, refused("forbidden-type", "cordon: "+reg+" literals of this form are not admitted", "Write ARRAY['name', ...]::"+reg+"[].")
		}
		return b.regLiterals(n, array, reg)
	}
	if template == "" || x.Arg.GetParamRef() != nil && !b.compares[x] {
		return info{}, refused("forbidden-type", "cordon: arrays of "+reg+" are not admitted", "Use oid[].")
	}
	if array := x.Arg.GetAArrayExpr(); array != nil && !slices.ContainsFunc(array.Elements, func(n *pg.Node) bool { return n.GetAConst().GetSval() == nil }) {
		return b.regLiterals(n, array, reg)
	}
	if b.compares[x] && template != "" {
		return b.regNumbers(n, x, reg, sc)
	}
	arg, err := b.expr(x.Arg, sc)
	if err != nil {
		return info{}, err
	}
	member := strings.ReplaceAll(template, "$1", "cordon_u.member")
	array := "ARRAY(SELECT " + member + " FROM pg_catalog.unnest(($1)::pg_catalog.oid[]) WITH ORDINALITY cordon_u(member, place) ORDER BY cordon_u.place)"
	bound := func(f string) string { return "pg_catalog." + f + "(($1)::pg_catalog.oid[], 1)" } // an oidvector begins at 0
	return info{filtered: arg.filtered}, b.applyTemplate(n, "CASE WHEN ($1) IS NULL THEN NULL WHEN "+bound("array_lower")+" <> 1 AND "+bound("array_length")+" > 0 THEN ('[' || "+bound("array_lower")+" || ':' || "+
		bound("array_upper")+" || ']=' || ("+array+")::pg_catalog.text)::pg_catalog.text[] ELSE "+array+" END", []*pg.Node{x.Arg})
}

// wordsOf reads an array literal of one dimension whose members need no quotes; it says false of any other.
func wordsOf(text string, place int32) (*pg.A_ArrayExpr, bool) {
	inside, begins := strings.CutPrefix(strings.TrimSpace(text), "{")
	inside, ends := strings.CutSuffix(inside, "}")
	array := &pg.A_ArrayExpr{}
	if inside = strings.TrimSpace(inside); inside == "" {
		return array, begins && ends
	}
	for member := range strings.SplitSeq(inside, ",") {
		member = strings.TrimSpace(member)
		if member == "" || strings.EqualFold(member, "null") || strings.ContainsAny(member, `{}"\`) {
			return nil, false
		}
		array.Elements = append(array.Elements, pg.MakeAConstStrNode(member, place))
	}
	return array, begins && ends
}

var textArrays = map[uint32]bool{sealedArrays[oidText]: true, oidVarcharArray: true, oidNameArray: true}

// regNumbers is an array of reg* that is compared: the oids of its members. Those of a parameter, or of texts, are looked up in the twin.
func (b *binder) regNumbers(n *pg.Node, x *pg.TypeCast, reg string, sc *scope) (info, error) {
	arg, err := b.expr(x.Arg, sc)
	if err != nil {
		return info{}, err
	}
	out := info{typ: oidOIDArray, filtered: arg.filtered}
	if isNumber(b.env.twin.snapshot.Elem(arg.typ)) {
		n.Node = castNode("", "oid", true).Node
		n.GetTypeCast().Arg = x.Arg
		return out, nil
	}
	texts := x.Arg.GetParamRef() != nil || textArrays[arg.typ] || arg.typ == 0 && x.Arg.GetAArrayExpr() != nil // of parameters
	if !texts || regLookups[reg] == "" {
		return info{}, refused("forbidden-type", "cordon: arrays of "+reg+" are not admitted", "Use oid[].")
	}
	member := strings.ReplaceAll(regLookups[reg], "$1", "cordon_u.member")
	return out, b.applyTemplate(n, "CASE WHEN ($1)::pg_catalog.text[] IS NULL THEN NULL ELSE ARRAY(SELECT "+member+" FROM pg_catalog.unnest(($1)::pg_catalog.text[]) WITH ORDINALITY cordon_u(member, place) ORDER BY cordon_u.place) END", []*pg.Node{x.Arg})
}

// regLiterals are the oids that an array of reg* literals stands for.
func (b *binder) regLiterals(n *pg.Node, array *pg.A_ArrayExpr, reg string) (info, error) {
	for i, member := range array.Elements {
		text := member.GetAConst().GetSval().Sval
		oid, err := b.resolveReg(reg, text)
		if err == nil && oid == 0 && text != "0" && text != "-" {
			err = refused("forbidden-type", "cordon: "+reg+" literals of this form are not admitted", "Use the oid.")
		}
		if err != nil {
			return info{}, b.at(err, placeOf(member))
		}
		array.Elements[i] = castNode(strconv.FormatUint(uint64(oid), 10), "oid", false)
	}
	n.Node = castNode("", "oid", true).Node
	n.GetTypeCast().Arg = &pg.Node{Node: &pg.Node_AArrayExpr{AArrayExpr: array}}
	return info{typ: oidOIDArray, safe: true}, nil
}

// compareNumbers makes of a comparison with a cast to a reg* type that of oids: what the client is shown as text is compared as a number, as on the twin. An
// untyped literal is an oid, too, but in a list of several, whose members become of the cast's type (transformAExprIn in parse_expr.c).
func (b *binder) compareNumbers(x *pg.A_Expr) {
	op := lastString(x.Name)
	if !quietOperators[op] && op != "!=" {
		return
	}
	if cast := x.Rexpr.GetTypeCast(); cast != nil && (x.Kind == pg.A_Expr_Kind_AEXPR_OP_ANY || x.Kind == pg.A_Expr_Kind_AEXPR_OP_ALL) && len(cast.TypeName.ArrayBounds) > 0 {
		if b.compares == nil {
			b.compares = map[*pg.TypeCast]bool{}
		}
		b.compares[cast] = true
	}
	for _, n := range append([]*pg.Node{x.Lexpr, x.Rexpr}, x.Rexpr.GetList().GetItems()...) {
		b.castsName(n)
	}
	reg := comparedReg(x.Lexpr)
	if reg == "" {
		reg = comparedReg(x.Rexpr)
	}
	list, ofList := x.Rexpr.GetList().GetItems(), ""
	if reg == "" { // of an oid and reg* values the common type is oid
		for _, n := range list {
			ofList = cmp.Or(ofList, comparedReg(n))
		}
	}
	if reg == "" && ofList == "" {
		return
	}
	for _, n := range list {
		if len(list) > 1 && ofList == "" && n.GetAConst().GetSval() != nil {
			n.Node = castTo(&pg.Node{Node: n.Node}, reg).Node
			continue
		}
		asNumber(n)
	}
	asNumber(x.Lexpr)
	asNumber(x.Rexpr)
}

// comparedReg is the reg* type that an operand is cast to; empty if it is none.
func comparedReg(n *pg.Node) string {
	cast := n.GetTypeCast()
	if cast == nil || len(cast.TypeName.ArrayBounds) > 0 {
		return ""
	}
	if name := lastString(cast.TypeName.Names); builtin.RegType(name) && regTemplates[name] != "" {
		return name
	}
	return ""
}

// asNumber makes an operand of a comparison of reg* values an oid.
func asNumber(n *pg.Node) {
	if n.GetAConst().GetSval() != nil || comparedReg(n) != "" && n.GetTypeCast().Arg.GetAConst().GetSval() == nil {
		n.Node = castTo(&pg.Node{Node: n.Node}, "oid").Node
	}
}

func castTo(n *pg.Node, typ string) *pg.Node {
	return &pg.Node{Node: &pg.Node_TypeCast{TypeCast: &pg.TypeCast{Arg: n, TypeName: &pg.TypeName{Names: nameNodes("pg_catalog", typ), Typemod: -1}}}}
}

// typeOfText finds the type that a text of regtype names, in the twin (parseTypeString in parse_type.c).
func (b *binder) typeOfText(text string) (uint32, error) {
	unknown := undefinedType(text)
	tree, err := pg.Parse("SELECT NULL::" + text)
	if err != nil || len(tree.Stmts) != 1 {
		return 0, unknown
	}
	sel := tree.Stmts[0].Stmt.GetSelectStmt()
	if len(sel.GetTargetList()) != 1 || len(sel.FromClause) > 0 || sel.WhereClause != nil || sel.TargetList[0].GetResTarget().Name != "" {
		return 0, unknown
	}
	name := sel.TargetList[0].GetResTarget().Val.GetTypeCast().GetTypeName()
	parts, _ := splitName(name.GetNames())
	if len(parts) == 0 || name.PctType || name.Setof {
		return 0, unknown
	}
	t, err := b.findType(parts)
	if err != nil || t == nil || !b.env.twin.showsType(t) && t.OID >= catalog.FirstUserOID {
		return 0, unknown
	}
	if len(name.ArrayBounds) > 0 {
		return t.Array, nil
	}
	return t.OID, nil
}

// procedureOfText finds the built-in function that a text of regprocedure names with its argument types.
func (b *binder) procedureOfText(text string) (uint32, error) {
	name, rest, ok := strings.Cut(text, "(")
	types, closed := strings.CutSuffix(strings.TrimSpace(rest), ")")
	parts, err := catalog.SplitPath(dotsToCommas(name))
	if !ok || !closed || err != nil || len(parts) == 0 || len(parts) > 2 || len(parts) == 2 && parts[0] != "pg_catalog" {
		return 0, undefinedFunction(quoted(text))
	}
	var args []uint32
	for word := range strings.SplitSeq(types, ",") {
		if strings.TrimSpace(types) == "" {
			break
		}
		oid, err := b.typeOfText(strings.TrimSpace(word))
		if err != nil {
			return 0, err
		}
		args = append(args, oid)
	}
	for _, f := range b.env.twin.snapshot.Functions("pg_catalog", parts[len(parts)-1]) {
		if f.OID < catalog.FirstUserOID && slices.Equal(f.Args, args) {
			return f.OID, nil
		}
	}
	return 0, undefinedFunction(quoted(text))
}

// operatorOfText finds the built-in operator that a text of regoper names, if no other has that name, or one of regoperator with its operand types.
func (b *binder) operatorOfText(reg, text string) (uint32, error) {
	if text == "0" || text == "-" && reg == "regoperator" {
		return 0, nil
	}
	undefined := &Error{Code: "42883", Message: "operator does not exist: " + text}
	name, types, _ := strings.Cut(strings.TrimPrefix(text, "pg_catalog."), "(")
	operands := strings.Split(strings.TrimSuffix(strings.TrimSpace(types), ")"), ",")
	var found []uint32
	for _, o := range b.env.twin.snapshot.Operators(strings.TrimSpace(name)) {
		if o.OID >= catalog.FirstUserOID {
			continue
		}
		if reg == "regoper" || len(operands) == 2 && b.namedOperand(operands[0]) == o.Left && b.namedOperand(operands[1]) == o.Right {
			found = append(found, o.OID)
		}
	}
	switch {
	case len(found) == 0:
		return 0, undefined
	case len(found) > 1:
		return 0, &Error{Code: "42725", Message: "more than one operator named " + text}
	}
	return found[0], nil
}

// namedOperand is the type of an operand; 0 is none.
func (b *binder) namedOperand(text string) uint32 {
	text = strings.TrimSpace(text)
	oid, err := b.typeOfText(text)
	if err != nil && !strings.EqualFold(text, "none") {
		return ^uint32(0)
	}
	return oid
}
