//! Masks on real databases: what each rule makes of values, failures in the middle, and what stays as it was.

use lakebase::{
    ErrorKind, Expiry,
    data::mask::{Masked, Rule, Rules, apply},
    hours,
};
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::support::postgres::Database;

pub(super) async fn database(script: &str) -> Database {
    let database = Database::new().await;
    database.psql(script.to_owned()).await.unwrap_or_else(|error| panic!("{error}"));
    database
}

pub(super) fn rules(toml: &str) -> Rules {
    Rules::from_toml(toml).unwrap_or_else(|error| panic!("{error}")).key(SecretString::from("open sesame"))
}

async fn value(conn: &mut PgConnection, sql: &str) -> String {
    let sql = format!("select ({sql})::text");
    let value: Option<String> = sqlx::query_scalar(AssertSqlSafe(sql.clone()))
        .fetch_one(conn)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    value.unwrap_or_else(|| "null".to_owned())
}

/// Insists that a condition holds for the database.
pub(super) async fn holds(conn: &mut PgConnection, condition: &str) {
    assert_eq!(value(conn, condition).await, "true", "{condition}");
}

pub(super) async fn masked(conn: &mut PgConnection, toml: &str) -> Masked {
    apply(conn, &rules(toml)).await.unwrap_or_else(|error| panic!("{error}"))
}

const PEOPLE: &str = "
  create table people (id int primary key, email text unique, name varchar(40) not null, phone text, born date,
    seen timestamptz, city text, tax varchar(20), ref uuid, secret bytea, balance numeric, note text, nick char(12),
    shout text generated always as (upper(name)) stored);
  insert into people (id, email, name, phone, born, seen, city, tax, ref, secret, balance, note, nick)
    select g, 'person' || g || '@corp.io', 'Person Nr ' || g, '+49 170 55' || g, date '1980-01-01' + g,
      timestamptz '2026-01-01 00:00+00' + g * interval '1 hour', 'city' || g % 7, 'DE-' || g || 'x/Ü', md5(g::text)::uuid,
      decode(md5(g::text), 'hex'), g * 1.10, 'note ' || g, 'nick' || g from generate_series(1, 500) g;
  insert into people (id, name) values (1000, 'Nobody');
  create table visits (person_email varchar(60), at date, person int references people);
  insert into visits select 'PERSON' || g || '@corp.io', date '1990-01-01' + g, g from generate_series(1, 500) g;
  create table before as select * from people;";

#[tokio::test]
async fn each_rule_replaces_values_as_it_says() {
    let database = database(PEOPLE).await;
    let mut conn = database.connect().await;
    let done = masked(
        &mut conn,
        "[tables.people]
         email = 'fake_email'
         name = 'fake_name'
         phone = 'fake_phone'
         born = { shift_days = 20, by = 'id' }
         seen = { shift_days = 3 }
         city = 'shuffle'
         tax = 'keep_format'
         ref = 'hash'
         secret = 'hash'
         balance = 'hash'
         note = { constant = 'it''s hidden' }
         nick = 'null'
         [tables.visits]
         person_email = 'fake_email'
         at = { shift_days = 20, by = 'person' }
         [tables.before]
         email = 'keep'
         name = 'keep'
         phone = 'keep'
         born = 'keep'
         secret = 'keep'"
            .replace("''", "'")
            .replace("'it's hidden'", "\"it's hidden\"")
            .as_str(),
    )
    .await;
    assert_eq!((done.tables, done.columns, done.rows), (2, 14, 1001));
    for condition in [
        "select bool_and(email ~ '^[a-z]+[.][a-z]+[.][0-9a-f]{12}@example[.]com$') from people",
        "select count(distinct email) = 500 from people",
        // Equal values match in other tables and types, whatever their case.
        "select count(*) = 500 from visits v join people p on p.email = v.person_email and p.id = v.person",
        "select bool_and(name ~ '^[A-Z][a-z]+ [A-Z][a-z]+$') and count(distinct name) > 100 from people",
        "select bool_and(shout = upper(name)) from people",
        "select bool_and(phone ~ '^[+]1555[0-9]{7}$') and count(distinct phone) > 490 from people",
        "select bool_and(abs(p.born - b.born) between 1 and 20) from people p join before b using (id)",
        "select count(distinct p.born - b.born) > 20 from people p join before b using (id)",
        "select bool_and(p.born - b.born = v.at - (date '1990-01-01' + v.person))
           from people p join before b using (id) join visits v on v.person = p.id",
        "select bool_and(p.seen <> b.seen and abs(extract(epoch from p.seen - b.seen)) <= 3 * 86400)
           from people p join before b using (id)",
        "select (select array_agg(city order by city) from people) = (select array_agg(city order by city) from before)",
        "select count(*) > 200 from people p join before b using (id) where p.city <> b.city",
        "select bool_and(regexp_replace(regexp_replace(p.tax, '[A-Z]', 'X', 'g'), '[0-9]', '9', 'g')
           ~ '^XX-9+[a-z]/[a-z]$' and length(p.tax) = length(b.tax) and p.tax <> b.tax)
           from people p join before b using (id)",
        "select bool_and(p.ref <> b.ref and p.secret <> b.secret and p.balance <> b.balance) from people p join before b using (id)",
        "select count(distinct ref) = 500 and count(distinct balance) = 500 from people",
        "select bool_and(note = 'it''s hidden' and nick is null) from people where id < 1000",
        // NULL stays NULL, but is shuffled.
        "select (email, phone, born, seen, tax, ref, secret, balance, note) is null from people where id = 1000",
    ] {
        holds(&mut conn, condition).await;
    }
}

#[tokio::test]
async fn the_key_decides_and_is_left_nowhere() {
    let script = "create table t (id int, email text, tax text);
        insert into t values (1, 'a@corp.io', 'x-1'), (2, 'b@corp.io', 'x-2')";
    let toml = "[tables.t]\nemail = 'fake_email'\ntax = { hash = 16 }";
    let mut results = Vec::new();
    for key in ["one", "one", "two", ""] {
        let database = database(script).await;
        let mut conn = database.connect().await;
        let rules = Rules::from_toml(toml).unwrap();
        let rules = if key.is_empty() { rules } else { rules.key(SecretString::from(key)) };
        apply(&mut conn, &rules).await.unwrap();
        results.push(value(&mut conn, "select string_agg(email || tax, ',' order by id) from t").await);
        holds(&mut conn, "select count(*) = 0 from pg_class where relname like 'lakebase%'").await;
        holds(&mut conn, "select bool_and(tax ~ '^[0-9a-f]{16}$') from t").await;
    }
    assert_eq!(results[0], results[1]);
    assert_ne!(results[0], results[2]);
    assert_ne!(results[0], results[3]);
}

/// HMAC-SHA-256 by the book (RFC 4231, test cases 2 and 6).
#[tokio::test]
async fn the_hash_is_an_hmac() {
    let database = database("create table t (id int, v text); insert into t values (1, 'x')").await;
    let mut conn = database.connect().await;
    for key in ["Jefe", &"k".repeat(131)] {
        let rules = Rules::new().column("t.v", Rule::hash(64)).key(SecretString::from(key));
        let before = value(&mut conn, "select v from t").await;
        apply(&mut conn, &rules).await.unwrap();
        let expected = hmac(key.as_bytes(), format!("hash:{before}").as_bytes());
        assert_eq!(value(&mut conn, "select v from t").await, expected);
    }
}

fn hmac(key: &[u8], message: &[u8]) -> String {
    let output = std::process::Command::new("openssl")
        .args(["dgst", "-sha256", "-mac", "HMAC", "-macopt"])
        .arg(format!("hexkey:{}", key.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .and_then(|mut child| {
            use std::io::Write as _;
            child.stdin.take().expect("a pipe").write_all(message)?;
            child.wait_with_output()
        });
    let text = String::from_utf8(output.expect("openssl").stdout).expect("text");
    text.trim().rsplit(' ').next().expect("a digest").to_owned()
}

const SURROUNDED: &str = "
  create table log (what text);
  create function note() returns trigger language plpgsql as $$ begin insert into log values (old.email); return new; end $$;
  create table parent (email text primary key, n int);
  create table child (email text constraint to_parent references parent on update cascade deferrable, n int);
  comment on constraint to_parent on child is 'a comment';
  create trigger plain after update on parent for each row execute function note();
  create trigger always after update on parent for each row execute function note();
  alter table parent enable always trigger always;
  create trigger replica after update on parent for each row execute function note();
  alter table parent enable replica trigger replica;
  create trigger off after update on parent for each row execute function note();
  alter table parent disable trigger off;
  insert into parent select 'p' || g || '@corp.io', g from generate_series(1, 50) g;
  insert into child select 'p' || 1 + g % 50 || '@corp.io', g from generate_series(1, 200) g;
  create view v as select email, n from parent;
  create materialized view m as select email, count(*) from child group by 1;
  create materialized view mm as select email from m where email like '%corp.io' with data;
  create table parted (email text, at int, primary key (at, email)) partition by range (at);
  create table parted_1 partition of parted for values from (0) to (50);
  create table parted_2 partition of parted default;
  create trigger parted_note after update on parted for each row execute function note();
  insert into parted select 'q' || g || '@corp.io', g from generate_series(1, 99) g;
  create table person (email text, extra int);
  create table employee (salary_band int) inherits (person);
  insert into person values ('r1@corp.io', 1);
  insert into employee values ('r2@corp.io', 1, 1);
  create table dropped (id int, email text);
  insert into dropped values (1, 's@corp.io');
  alter table dropped drop column email";

#[tokio::test]
async fn what_surrounds_the_rows_is_as_it_was() {
    let database = database(SURROUNDED).await;
    let mut conn = database.connect().await;
    let state =
        "select string_agg(concat(tgrelid::regclass, tgname, tgenabled), ',' order by tgrelid, tgname)
        from pg_trigger where not tgisinternal";
    let keys = "select string_agg(conname || pg_get_constraintdef(oid) || convalidated
        || coalesce(obj_description(oid, 'pg_constraint'), ''), ',' order by conname) from pg_constraint where contype = 'f'";
    let before = (value(&mut conn, state).await, value(&mut conn, keys).await);
    let file = value(&mut conn, "select pg_relation_filenode('dropped')").await;
    let email = "\nemail = 'fake_email'";
    let toml =
        ["parent", "child", "parted", "person"].map(|table| format!("[tables.{table}]{email}\n")).join("");
    masked(&mut conn, &format!("{toml}[tables.employee]\nsalary_band = 'keep'")).await;
    sqlx::raw_sql("reset search_path").execute(&mut conn).await.unwrap();
    assert_eq!(before, (value(&mut conn, state).await, value(&mut conn, keys).await));
    assert_ne!(file, value(&mut conn, "select pg_relation_filenode('dropped')").await);
    for condition in [
        "select count(*) = 0 from log",
        "select count(*) = 200 from child join parent using (email)",
        "select bool_and(email like '%example.com') and count(*) = 50 from m",
        "select count(*) = 0 from mm",
        "select bool_and(email like '%example.com') and count(*) = 99 from parted",
        "select bool_and(email like '%example.com') and count(*) = 2 from person",
        "select bool_and(n_live_tup > 0) from pg_stat_user_tables where relname = 'parent'",
        "select bool_and(most_common_vals::text not like '%corp%') is not false from pg_stats where schemaname = 'public'",
    ] {
        holds(&mut conn, condition).await;
    }
}

/// Script, rules, the failed statement's text. The database is in between.
const FAILING: &[(&str, &str, &str)] = &[
    (
        "create table t (v text); create unique index on t (left(v, 2)); insert into t values ('ab'), ('cd')",
        "[tables.t]\nv = { constant = 'x' }",
        "unique constraint",
    ),
    (
        "create table t (v text check (v like 'a%')); insert into t values ('abc')",
        "[tables.t]\nv = 'hash'",
        "check constraint",
    ),
    (
        "create table p (v text primary key); create table t (v text references p); insert into p values ('a'); insert into t values ('a')",
        "[tables.t]\nv = 'hash'",
        "foreign key constraint",
    ),
    (
        "create table t (id int, v date); insert into t values (1, 'infinity'), (2, '5874897-12-31')",
        "[tables.t]\nv = { shift_days = 9 }",
        "out of range",
    ),
    (
        "create domain d as text check (value <> ''); create table t (v d); insert into t values ('x')",
        "[tables.t]\nv = { constant = '' }",
        "the constant does not fit",
    ),
];

#[tokio::test]
async fn a_statement_that_fails_is_reported_without_values() {
    for (script, toml, reason) in FAILING {
        let database = database(script).await;
        let mut conn = database.connect().await;
        let mut failed = None;
        // The direction of a shift depends on the key.
        for key in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            if let Err(error) = apply(&mut conn, &rules(toml).key(SecretString::from(key))).await {
                failed = Some(error);
                break;
            }
        }
        let error = failed.unwrap_or_else(|| panic!("{script}"));
        let text = error.to_string();
        assert!(text.contains(reason), "{script}: {text}");
        assert!(!text.contains("(v)=") && !text.contains("Failing row"), "{text}");
        let error = lakebase::Error::from(error);
        assert!(matches!(error.kind(), ErrorKind::Database | ErrorKind::FailedPrecondition), "{error}");
    }
}

#[tokio::test]
async fn a_branch_is_masked_before_it_can_be_used_or_is_not_there() {
    use sqlx::Executor as _;
    let first = lakebase::testing::branch("mask", async |branch| {
        let mut connection = branch.connect().await?;
        connection
            .execute("create table t (id int primary key, email text); insert into t select g, 'p' || g || '@corp.io' from generate_series(1, 9) g")
            .await?;
        Ok(())
    })
    .await
    .unwrap();
    // The branch of a test expires, and so cannot have branches; its source is this test's own.
    let source = first.get().await.unwrap().source_branch.clone().unwrap();
    let source = first.client().branch(source).unwrap();
    first.close().await.unwrap();

    let lacking =
        source.create_branch("masked-not", Expiry::after(hours(1))).masked(&Rules::new()).await.unwrap_err();
    assert!(lacking.to_string().contains("public.t.email"), "{lacking}");
    assert!(source.project().branch("masked-not").unwrap().try_get().await.unwrap().is_none());
    let report = source.check_masking(&Rules::new()).await.unwrap();
    assert_eq!(report.findings.len(), 1, "{report}");

    let rules = Rules::new().column("t.email", Rule::FakeEmail);
    let dev = source.create_branch("masked-dev", Expiry::after(hours(1))).masked(&rules).await.unwrap();
    assert!(dev.is_masked);
    let mut connection = dev.connect().await.unwrap();
    let sql = "select bool_and(email like '%@example.com') from t";
    assert!(sqlx::query_scalar::<_, bool>(sql).fetch_one(&mut connection).await.unwrap());
    let reset = dev.reset().await.unwrap_err();
    assert!(reset.to_string().contains("is masked"), "{reset}");
    let replaced =
        source.create_branch("masked-dev", Expiry::after(hours(1))).replace_existing().masked(&rules).await;
    assert_eq!(replaced.unwrap_err().kind(), ErrorKind::Invalid);
    dev.delete().await.unwrap();
}
