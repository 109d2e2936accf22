//! SQL that makes a database of a given size, and what some weeks of releases do to it.

use std::fmt::Write as _;

const SCHEMAS: usize = 5;

fn table(number: usize) -> String {
    format!("area_{}.item_{number}", number % SCHEMAS)
}

fn create(sql: &mut String, number: usize) {
    let (name, above) = (table(number), number / 2);
    let references = if above > 0 { format!("REFERENCES {}", table(above)) } else { String::new() };
    let unique = if number.is_multiple_of(5) { "UNIQUE" } else { "" };
    let _ = writeln!(
        sql,
        "CREATE TABLE {name} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent_id bigint {references},
            name text NOT NULL, code varchar(40) NOT NULL DEFAULT '' {unique},
            quantity integer NOT NULL DEFAULT 0 CHECK (quantity >= 0), price numeric(12,2),
            active boolean NOT NULL DEFAULT true, payload jsonb,
            created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz);
        CREATE INDEX item_{number}_name ON {name} (name);
        CREATE INDEX item_{number}_recent ON {name} (parent_id, created_at DESC) WHERE active;"
    );
    if number.is_multiple_of(10) {
        let _ = writeln!(
            sql,
            "COMMENT ON TABLE {name} IS 'Item {number}'; GRANT SELECT ON {name} TO app_reader;"
        );
    }
}

fn view(sql: &mut String, number: usize, extra: &str) {
    let (one, other) = (table(number), table(number / 2 + 1));
    let _ = writeln!(
        sql,
        "CREATE OR REPLACE VIEW area_{}.report_{number} AS SELECT a.id, a.name, b.name AS other, sum(a.quantity) AS total{extra}
            FROM {one} a LEFT JOIN {other} b ON b.id = a.parent_id WHERE a.active GROUP BY a.id, a.name, b.name;",
        number % SCHEMAS
    );
}

/// So many tables of ten columns with keys, foreign keys and indexes, and a fifth as many views.
pub(crate) fn old(tables: usize) -> String {
    let mut sql = String::new();
    for schema in 0..SCHEMAS {
        let _ = writeln!(sql, "CREATE SCHEMA area_{schema};");
    }
    for number in 1..=tables {
        in_transactions(&mut sql, number);
        create(&mut sql, number);
    }
    for number in 1..=tables / 5 {
        view(&mut sql, number, "");
    }
    sql + "COMMIT;\n"
}

/// Statements that turn the old database into the new one: changes to four tables and one view in ten, new tables and dropped ones.
pub(crate) fn changes(tables: usize) -> String {
    let mut sql = String::new();
    for number in 1..=tables {
        in_transactions(&mut sql, number);
        let name = table(number);
        let _ = match number % 20 {
            0 | 10 => writeln!(sql, "ALTER TABLE {name} ADD COLUMN note text DEFAULT 'none';"),
            1 | 11 => writeln!(sql, "ALTER TABLE {name} ALTER COLUMN price TYPE numeric(14,2);"),
            2 | 12 => writeln!(sql, "CREATE INDEX item_{number}_updated ON {name} (updated_at);"),
            3 => writeln!(sql, "DROP INDEX area_{}.item_{number}_name;", number % SCHEMAS),
            4 => writeln!(sql, "ALTER TABLE {name} ALTER COLUMN updated_at SET NOT NULL;"),
            _ => Ok(()),
        };
    }
    for number in (1..=tables / 5).step_by(10) {
        view(&mut sql, number, ", max(a.price) AS highest");
    }
    // Nothing refers to the last hundredth.
    for number in tables - tables / 100 + 1..=tables {
        let _ = writeln!(sql, "DROP TABLE {};", table(number));
    }
    for number in tables + 1..=tables + tables / 100 {
        create(&mut sql, number);
    }
    sql + "COMMIT;\n"
}

fn in_transactions(sql: &mut String, number: usize) {
    sql.push_str(match number {
        1 => "BEGIN;\n",
        _ if number.is_multiple_of(500) => "COMMIT; BEGIN;\n",
        _ => "",
    });
}

/// Statistics and visibility maps of the catalogs, as autovacuum leaves them.
pub(crate) const VACUUM: &str = "SELECT format('VACUUM ANALYZE pg_catalog.%I', relname) FROM pg_class
    WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND NOT relisshared \\gexec\n";
