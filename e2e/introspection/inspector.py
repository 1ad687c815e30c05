"""Prints all that SQLAlchemy's inspector and a reflected MetaData tell of a database. Arguments: host port database user password."""
import sys

from sqlalchemy import MetaData, Table, create_engine, inspect
from sqlalchemy.schema import CreateIndex, CreateTable

host, port, database, user, password = sys.argv[1:]
engine = create_engine(f"postgresql+psycopg2://{user}:{password}@{host}:{port}/{database}?sslmode=disable")
insp = inspect(engine)
print("schemas", sorted(insp.get_schema_names()), insp.default_schema_name)


def show(title, ask):
    try:
        found = ask()
        if isinstance(found, list):
            for line in sorted(map(str, found)):
                print(title, line)
        else:
            print(title, found)
    except Exception as e:  # printed: it has to be the same on both sides
        print(title, type(e).__name__, str(e).splitlines()[0])


def reflected(name, schema):
    table = Table(name, MetaData(), autoload_with=engine, schema=schema, resolve_fks=False)
    indexes = sorted(table.indexes, key=lambda i: i.name)
    return "".join(map(str, [CreateTable(table).compile(engine)] + [CreateIndex(i).compile(engine) for i in indexes]))


for schema in sorted(insp.get_schema_names()):
    if schema == "information_schema":
        continue
    show(f"{schema} tables", lambda: insp.get_table_names(schema))
    show(f"{schema} views", lambda: insp.get_view_names(schema))
    show(f"{schema} sequences", lambda: insp.get_sequence_names(schema))
    show(f"{schema} enums", lambda: insp.get_enums(schema))
    show(f"{schema} foreign tables", lambda: insp.get_foreign_table_names(schema))
    show(f"{schema} sorted tables", lambda: sorted(f"{table} {sorted(keys)}" for table, keys in insp.get_sorted_table_and_fkc_names(schema)))
    for table in sorted(insp.get_table_names(schema) + insp.get_view_names(schema)):
        for what in ("columns", "pk_constraint", "foreign_keys", "indexes", "unique_constraints", "check_constraints", "table_comment"):
            show(f"{schema}.{table} {what}", lambda: getattr(insp, "get_" + what)(table, schema))
    for view in sorted(insp.get_view_names(schema)):
        show(f"{schema}.{view} definition", lambda: insp.get_view_definition(view, schema))
    for table in sorted(insp.get_table_names(schema) + insp.get_view_names(schema)):
        show(f"{schema}.{table} reflected", lambda: reflected(table, schema))
