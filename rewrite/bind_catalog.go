package rewrite

import (
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
)

// setTemplates are functions in FROM that tell about relations, as a query over what the twin has. $1 is the oid of the relation.
var setTemplates = map[string]string{
	"pg_partition_ancestors": `SELECT cordon_a.relid::pg_catalog.oid AS relid FROM pg_catalog.pg_partition_ancestors(($1)::pg_catalog.oid::pg_catalog.regclass) cordon_a
		WHERE cordon_a.relid::pg_catalog.oid = ANY (cordon_relations) AND ` + builtin.Partitioned,
	"pg_partition_tree": `SELECT cordon_a.relid::pg_catalog.oid AS relid, CASE WHEN cordon_a.parentrelid::pg_catalog.oid = ANY (cordon_relations)
		THEN cordon_a.parentrelid::pg_catalog.oid END AS parentrelid, cordon_a.isleaf AS isleaf, cordon_a.level AS level
		FROM pg_catalog.pg_partition_tree(($1)::pg_catalog.oid::pg_catalog.regclass) cordon_a
		WHERE cordon_a.relid::pg_catalog.oid = ANY (cordon_relations) AND ` + builtin.Partitioned,
}

// setColumns are the columns of these queries. What is a regclass on the server is held as a number, as in catalogs, and shown as a name.
var setColumns = map[string][]column{
	"pg_partition_ancestors": {{name: "relid", typ: oidOID, reg: "regclass"}},
	"pg_partition_tree":      {{name: "relid", typ: oidOID, reg: "regclass"}, {name: "parentrelid", typ: oidOID, reg: "regclass"}, {name: "isleaf", typ: oidBool}, {name: "level", typ: oidInt4}},
}

// settingsOf is pg_settings for pg_show_all_settings() in FROM, which that view reads; nil for anything else.
func settingsOf(x *pg.RangeFunction) *pg.RangeVar {
	if len(x.Functions) != 1 || len(x.Coldeflist) > 0 || x.Ordinality {
		return nil
	}
	f := x.Functions[0].GetList().GetItems()[0].GetFuncCall()
	parts, _ := splitName(f.GetFuncname())
	if len(parts) == 0 || parts[len(parts)-1] != "pg_show_all_settings" || len(parts) > 1 && parts[0] != "pg_catalog" || len(f.Args) > 0 {
		return nil
	}
	alias := x.Alias
	if alias == nil {
		alias = &pg.Alias{Aliasname: "pg_show_all_settings"}
	}
	return &pg.RangeVar{Schemaname: "pg_catalog", Relname: "pg_settings", Inh: true, Relpersistence: "p", Alias: alias, Location: f.Location}
}

// setTemplate puts the query of a template in the place of its call in FROM; nil: the function has none.
func (b *binder) setTemplate(n *pg.Node, x *pg.RangeFunction, sc *scope) (*item, error) {
	if len(x.Functions) != 1 || len(x.Coldeflist) > 0 {
		return nil, nil
	}
	f := x.Functions[0].GetList().GetItems()[0].GetFuncCall()
	parts, _ := splitName(f.GetFuncname())
	if len(parts) == 0 || len(parts) > 1 && parts[0] != "pg_catalog" {
		return nil, nil
	}
	name := parts[len(parts)-1]
	template := setTemplates[name]
	if template == "" || len(f.Args) != 1 {
		return nil, nil
	}
	if literal := stringLiteral(f.Args[0]); literal != "" {
		oid, err := b.resolveReg("regclass", literal)
		if err != nil {
			return nil, b.at(err, placeOf(f.Args[0]))
		}
		f.Args[0] = castNode(strconv.FormatUint(uint64(oid), 10), "oid", false)
	} else if _, err := b.expr(f.Args[0], sc); err != nil {
		return nil, err
	}
	if x.Ordinality {
		template = "SELECT cordon_s.*, pg_catalog.row_number() OVER () AS ordinality FROM (" + template + ") cordon_s"
	}
	query := &pg.Node{}
	if err := b.applyTemplate(query, "("+template+")", f.Args); err != nil {
		return nil, err
	}
	subquery := query.GetSubLink().Subselect
	it := &item{name: name, rel: true, cols: true}
	if x.Alias != nil {
		it.name = x.Alias.Aliasname
	}
	for _, c := range setColumns[name] {
		c.origin = Origin{Unknown: true}
		it.columns = append(it.columns, &c)
	}
	if x.Ordinality {
		it.columns = append(it.columns, &column{name: "ordinality", typ: oidInt8, origin: Origin{Unknown: true}})
	}
	it.columns = rename(it.columns, x.Alias.GetColnames())
	n.Node = &pg.Node_RangeSubselect{RangeSubselect: &pg.RangeSubselect{Lateral: true, Subquery: subquery,
		Alias: &pg.Alias{Aliasname: it.name, Colnames: x.Alias.GetColnames()}}}
	return it, b.claim(it, sc)
}
