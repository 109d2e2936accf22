//! Masked branches: no byte of the raw values is left in any of their files, and nothing leads back to them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Executor as _;

use super::Fixture;
use crate::{
    ErrorKind, Expiry,
    data::mask::{Rule, Rules},
    hours,
    workflow::data::mask::in_the_open,
};

const MAIN: &str = "projects/shop/branches/production";
const DEV: &str = "projects/shop/branches/dev";

/// In all raw values. Compression splits a text after eight bytes at the latest, so that seven together are looked for.
const MARK: &str = "Qz7#Kx9W~4vJ@m2^pB";
const WINDOW: usize = 7;

/// Values in every place that keeps old ones: tables, TOAST, compressed or not, indexes, dropped columns and tables,
/// deleted rows, statistics, definitions that were replaced, materialized views, other forks of a table, the log.
const PLANT: &str = "
  create table people (id int primary key, email text, bio text, story text, city text, n int);
  create index on people (lower(email));
  create unique index on people (email);
  create index on people using gin (to_tsvector('simple', bio));
  create statistics both_of (mcv, dependencies, ndistinct) on email, city from people;
  create statistics of_expression on (left(email, 25)) from people;
  alter table people alter column story set storage external;
  insert into people select g, 'MARK-e' || g % 40 || '-' || g, 'MARK bio ' || g || repeat('MARK', 400), 'MARK' || (
      select string_agg('MARK' || md5(g::text || i), '') from generate_series(1, 150) i), 'MARK' || g % 3, g
    from generate_series(1, 400) g;
  update people set email = 'MARK-old-' || id where id % 2 = 0;
  delete from people where id % 10 = 0;
  alter table people add column nick text default 'MARK-nick';
  alter table people alter column nick drop default;
  create table kept (id int, gone text);
  insert into kept select g, 'MARK' || g from generate_series(1, 300) g;
  alter table kept drop column gone;
  create table dropped as select * from people;
  drop table dropped;
  create table parted (id int, email text, primary key (id)) partition by range (id);
  create table parted_1 partition of parted for values from (0) to (100);
  create table parted_2 partition of parted default;
  insert into parted select g, 'MARK-p' || g from generate_series(1, 200) g;
  create table parent (email text);
  create table child (extra int) inherits (parent);
  insert into child select 'MARK-c' || g from generate_series(1, 100) g;
  create unlogged table fast (email text);
  insert into fast select 'MARK-u' || g from generate_series(1, 100) g;
  create materialized view seen as select email, n from people;
  create index on seen (email);
  create materialized view seen_again as select left(email, 24) as email from seen;
  comment on table people is 'MARK comment';
  comment on table people is null;
  create function told() returns text language sql as $$ select 'MARK body'::text $$;
  drop function told();
  create type was as enum ('MARK label');
  drop type was;
  create table ref (email text references people (email));
  insert into ref select email from people;
  analyze;
  create view seen_by as select email from people;";

const RULES: &str = "
  [tables.people]
  email = 'hash'
  bio = 'hash'
  story = { constant = 'none' }
  city = 'fake_last_name'
  nick = 'null'
  [tables.parted]
  email = 'fake_email'
  [tables.parent]
  email = 'fake_email'
  [tables.fast]
  email = 'fake_email'
  [tables.ref]
  email = 'hash'";

fn rules() -> Value {
    serde_json::to_value(Rules::from_toml(RULES).unwrap()).unwrap()
}

fn files(dir: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() { files(&path, all) } else { all.push(path) }
    }
}

/// The files below a directory that hold a part of the mark, and which part.
fn marked(dir: &Path) -> Vec<(PathBuf, String)> {
    let parts: Vec<&[u8]> = MARK.as_bytes().windows(WINDOW).collect();
    let mut all = Vec::new();
    files(dir, &mut all);
    let mut found = Vec::new();
    for path in all {
        let Ok(bytes) = fs::read(&path) else { continue };
        let hit = bytes.windows(WINDOW).find(|window| window[0] >= b'#' && parts.contains(window));
        found.extend(hit.map(|hit| (path, String::from_utf8_lossy(hit).into_owned())));
    }
    found
}

/// Leaves files with the mark that no catalog names, as crashes leave them.
fn plant_orphans(data: &Path, database: i64) {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let owner = data.metadata().unwrap();
    let own = |path: &Path| chown(path, Some(owner.uid()), Some(owner.gid())).unwrap();
    for (directory, file) in [
        (format!("base/{database}"), "99999"),
        (format!("base/{database}"), "99999_fsm"),
        (format!("base/{database}"), "99999.1"),
        (format!("base/{database}"), "left.dat"),
        (format!("base/{database}"), "t9_99999"),
        (format!("base/{database}/99998"), "99999"),
        ("base/99999".to_owned(), "16384"),
        ("base/pgsql_tmp".to_owned(), "left"),
        ("base".to_owned(), "left.dat"),
        ("global".to_owned(), "99999"),
    ] {
        let directory = data.join(directory);
        if !directory.exists() {
            fs::create_dir(&directory).unwrap();
            own(&directory);
        }
        let file = directory.join(file);
        fs::write(&file, MARK).unwrap();
        own(&file);
    }
}

impl Fixture {
    /// The directory of a branch, by its uid.
    fn directory(&self, branch: &Value) -> PathBuf {
        let projects = fs::read_dir(self.dir.path().join("data/branches")).unwrap();
        let uid = branch["uid"].as_str().unwrap();
        let dirs = projects.map(|project| project.unwrap().path().join(uid));
        dirs.into_iter().find(|dir| dir.exists()).unwrap()
    }

    pub(super) fn masked_branch(&self, rules: &Value) -> (String, Value) {
        let branch = json!({"spec": {"no_expiry": true, "source_branch": MAIN}});
        let body = json!({"branch": branch, "rules": rules, "key": "sesame-open-12345"});
        ("projects/shop/masked-branches?branch_id=dev".to_owned(), body)
    }

    /// Waits for an operation.
    pub(super) async fn ended(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, mut operation) = self.call(method, path, body).await;
        assert_eq!(status, 200, "{operation}");
        while operation["done"] != true {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            operation = self.get(operation["name"].as_str().unwrap()).await;
        }
        operation
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_of_the_raw_values_is_left_in_a_masked_branch() {
    let fixture = Fixture::start().await;
    fixture.project("shop").await;
    let mut main = fixture.connect(MAIN).await.unwrap();
    main.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(PLANT.replace("MARK", MARK)))).await.unwrap();
    let sql = "select oid::int8 from pg_database where datname = current_database()";
    let database = fixture.number(&mut main, sql).await;
    plant_orphans(&fixture.directory(&fixture.get(MAIN).await).join("data"), database);
    let before = chrono::Utc::now();
    let (path, body) = fixture.masked_branch(&rules());
    let operation = fixture.ended(Method::POST, &path, body).await;
    assert!(operation["error"].is_null(), "{operation}");
    let branch = fixture.get(DEV).await;
    assert_eq!(branch["status"]["masked"], true, "{branch}");
    let (raw, masked) = (fixture.directory(&fixture.get(MAIN).await), fixture.directory(&branch));
    let found = marked(&raw);
    for kind in ["pg_wal", "base/", "wal/"] {
        assert!(found.iter().any(|(path, _)| path.to_string_lossy().contains(kind)), "{kind}: {found:?}");
    }
    // With its base, which follows soon.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while fs::read_dir(masked.join("bases")).map_or(0, Iterator::count) == 0 {
        assert!(std::time::Instant::now() < deadline, "the history of a masked branch begins with a base");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(marked(&masked), []);
    let mut all = Vec::new();
    files(&masked, &mut all);
    for path in all {
        let bytes = fs::read(&path).unwrap_or_default();
        let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!has("sesame-open-12345"), "the key is in {}", path.display());
    }

    let mut dev = fixture.connect(DEV).await.unwrap();
    for (sql, expected) in [
        ("select count(*) from people where email ~ '^[0-9a-f]{32}$'", 360),
        ("select count(*) from ref join people using (email)", 360),
        ("select count(*) from seen join people using (email)", 360),
        ("select count(*) from pg_roles where rolname like 'lakebase%'", 0),
        ("select count(*) from pg_auth_members where member not in (select oid from pg_roles)", 0),
        (
            "select count(*) from pg_shdepend where refclassid = 'pg_authid'::regclass
               and refobjid not in (select oid from pg_roles)",
            0,
        ),
    ] {
        assert_eq!(fixture.number(&mut dev, sql).await, expected, "{sql}");
    }

    // No branch of a point before the mask.
    let spec = |member: &str, value: Value| json!({"spec": {"no_expiry": true, "source_branch": DEV, member: value}});
    let origin = &branch["status"]["source_branch_lsn"];
    let time = json!(before.to_rfc3339_opts(chrono::SecondsFormat::Micros, true));
    for body in [spec("source_branch_lsn", origin.clone()), spec("source_branch_time", time)] {
        let (status, code, message) =
            fixture.refused(Method::POST, "projects/shop/branches?branch_id=past", body).await;
        assert_eq!((status, code.as_str()), (400, "BAD_REQUEST"), "{message}");
    }
    // One of a point after it is masked.
    dev.execute("create table after ()").await.unwrap();
    let lsn: String =
        sqlx::query_scalar("select pg_current_wal_lsn()::text").fetch_one(&mut dev).await.unwrap();
    let child = fixture
        .done(Method::POST, "projects/shop/branches?branch_id=child", spec("source_branch_lsn", json!(lsn)))
        .await;
    assert_eq!(marked(&fixture.directory(&child)), []);
    fixture.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_masking_that_fails_leaves_no_branch() {
    let fixture = Fixture::start().await;
    fixture.project("shop").await;
    let mut main = fixture.connect(MAIN).await.unwrap();
    main.execute("create table t (id int primary key, email text unique check (length(email) < 40))")
        .await
        .unwrap();
    main.execute("insert into t values (1, 'ann@corp.io'), (2, 'bob@corp.io')").await.unwrap();
    let directories = || {
        let projects = fs::read_dir(fixture.dir.path().join("data/branches")).unwrap();
        projects.map(|project| fs::read_dir(project.unwrap().path()).unwrap().count()).sum::<usize>()
    };
    for (rules, reason) in [
        (json!({}), "public.t.email: by its name it is a e-mail address"),
        (json!({"tables": {"t": {"email": {"constant": "x"}}}}), "the unique index t_email_key"),
        (json!({"tables": {"t": {"email": {"hash": 64}}}}), "check constraint"),
        (
            json!({"tables": {"t": {"email": "hash"}}, "databases": {"crm": {}}}),
            "database \"crm\", which does not exist",
        ),
    ] {
        let (path, body) = fixture.masked_branch(&rules);
        let operation = fixture.ended(Method::POST, &path, body).await;
        let message = operation["error"]["message"].as_str().unwrap();
        assert!(message.contains(reason) && !message.contains("corp.io"), "{message}");
        assert_eq!(fixture.call(Method::GET, DEV, Value::Null).await.0, 404);
        assert_eq!(directories(), 1, "{reason}");
    }
    let (path, body) = fixture.masked_branch(&json!({"tables": {"t": {"email": "fake"}}}));
    let (status, _, message) = fixture.refused(Method::POST, &path, body).await;
    assert!(status == 400 && message.contains("fake_email"), "{message}");
    // Databases without rules are searched as well.
    let database = json!({"spec": {"postgres_database": "crm", "role": format!("{MAIN}/roles/jane")}});
    fixture.done(Method::POST, &format!("{MAIN}/databases?database_id=crm"), database).await;
    let (path, body) = fixture.masked_branch(&json!({"tables": {"t": {"email": "hash"}}}));
    let operation = fixture.ended(Method::POST, &path, body).await;
    assert!(operation["error"].is_null(), "{operation}");
    fixture.local.shutdown().await;
}

/// Nothing gives a branch an address or changes it before it is masked.
#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_is_being_masked_is_out_of_reach() {
    let fixture = Fixture::start().await;
    fixture.project("shop").await;
    let other = fixture.branch("shop", "other").await;
    let other = other["name"].as_str().unwrap();
    fixture.done(Method::DELETE, other, Value::Null).await;
    let mut main = fixture.connect(MAIN).await.unwrap();
    main.execute(
        "create table t (email text check (pg_sleep(4) is not null)); insert into t values ('ann@corp.io')",
    )
    .await
    .unwrap();
    let (path, body) = fixture.masked_branch(&json!({"tables": {"t": {"email": "hash"}}}));
    let meanwhile = async {
        while fixture.call(Method::GET, DEV, Value::Null).await.0 == 404 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        fixture.done(Method::POST, &format!("{other}/undelete"), json!({})).await;
        let endpoint = fixture.get(&format!("{DEV}/endpoints/primary")).await;
        assert!(endpoint["status"]["hosts"]["host"].is_null(), "{endpoint}");
        let project = json!({"spec": {"default_branch": DEV}});
        for (path, body) in [
            (format!("{DEV}?update_mask=spec.is_protected"), json!({"spec": {"is_protected": true}})),
            ("projects/shop?update_mask=spec.default_branch".to_owned(), project),
        ] {
            let (status, code, message) = fixture.refused(Method::PATCH, &path, body).await;
            assert_eq!((status, code.as_str()), (409, "ABORTED"), "{message}");
            assert!(message.contains("creation of the branch is under way"), "{message}");
        }
        let named = json!({"spec": {"display_name": "Shop"}});
        fixture.done(Method::PATCH, "projects/shop?update_mask=spec.display_name", named).await;
        assert_eq!(fixture.get(DEV).await["status"]["current_state"], "INIT");
    };
    let (operation, ()) = tokio::join!(fixture.ended(Method::POST, &path, body), meanwhile);
    assert!(operation["error"].is_null(), "{operation}");
    assert_eq!(fixture.get("projects/shop").await["status"]["display_name"], "Shop");
    fixture.connect(DEV).await.unwrap();
    fixture.local.shutdown().await;
}

/// A function of a table's owner runs while the table is masked, and not as the superuser.
#[tokio::test(flavor = "multi_thread")]
async fn code_of_the_database_has_no_more_rights_than_its_owner() {
    let fixture = Fixture::start().await;
    fixture.project("shop").await;
    let mut main = fixture.connect(MAIN).await.unwrap();
    let script = "
      create table fired (who text, super bool, phase text);
      create function note(v text) returns void language sql as $$
        insert into public.fired select current_user, r.rolsuper, v from pg_roles r where r.rolname = current_user $$;
      create function spring(v text) returns bool language plpgsql immutable as $$ begin
        perform public.note(v); return true; end $$;
      create table t (id int, email text check (public.spring(email)), other text generated always as (public.spring(email)::text) stored);
      create policy p on t using (spring('policy'));
      alter table t force row level security;
      alter table t enable row level security;
      insert into t values (1, 'ann@corp.io');
      create index on t (spring(email));
      truncate fired";
    main.execute(sqlx::raw_sql(script)).await.unwrap();
    main.execute("alter database databricks_postgres set search_path = 'nowhere'").await.unwrap();
    main.execute("alter database databricks_postgres set statement_timeout = 1").await.unwrap();
    let mut rules = json!({"tables": {"t": {"email": "hash"}}});
    let (path, body) = fixture.masked_branch(&rules);
    let operation = fixture.ended(Method::POST, &path, body).await;
    let message = operation["error"]["message"].as_str().unwrap();
    assert!(message.contains("call of public.spring(text) in public.t"), "{message}");
    rules["waive"] = json!(["call of public.spring(text) in public.t"]);
    let (path, body) = fixture.masked_branch(&rules);
    let operation = fixture.ended(Method::POST, &path, body).await;
    assert!(operation["error"].is_null(), "{operation}");
    let mut dev = fixture.connect(DEV).await.unwrap();
    dev.execute("set statement_timeout = 0").await.unwrap();
    assert!(fixture.number(&mut dev, "select count(*) from public.fired").await > 0);
    assert_eq!(fixture.number(&mut dev, "select count(*) from public.fired where super").await, 0);
    fixture.local.shutdown().await;
}

/// The way of a workspace, which the local server takes as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_cannot_be_hidden_is_masked_by_its_owner_or_removed() {
    let fixture = Fixture::start().await;
    let client = fixture.local.client().await.unwrap();
    let project = client.create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    let mut connection = main.connect().await.unwrap();
    let script = "create table people (id int primary key, email text unique, at date);
        create table visits (email text references people (email), at date);
        insert into people values (1, 'ann@corp.io', '2026-01-01'); insert into visits values ('ann@corp.io', null);
        alter table people alter column at set statistics 0;
        create materialized view seen as select email from visits";
    connection.execute(script).await.unwrap();

    let request = || main.create_branch("dev", Expiry::Never);
    let limit = hours(1);
    let refused = in_the_open(request(), &Rules::new(), limit).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::FailedPrecondition, "{refused}");
    let short = in_the_open(request(), &Rules::new(), std::time::Duration::from_millis(1500)).await;
    assert!(short.is_err());
    assert!(project.branch("dev").unwrap().try_get().await.unwrap().is_none());

    let rules = Rules::new().column("people.email", Rule::FakeEmail).column("visits.email", Rule::FakeEmail);
    let rules = rules.column("people.at", Rule::shift_days(9));
    let dev = in_the_open(request().protected(true), &rules, limit).await.unwrap();
    assert!(dev.expire_time.is_none() && dev.is_protected, "{dev:?}");
    let mut connection = dev.connect().await.unwrap();
    let sql =
        "select bool_and(email like '%@example.com') and count(*) = 1 from visits join people using (email)
        join seen using (email)";
    assert!(sqlx::query_scalar::<_, bool>(sql).fetch_one(&mut connection).await.unwrap());

    // Databases that SQL made are found as well.
    let mut connection = main.connect().await.unwrap();
    connection.execute("create database made").await.unwrap();
    let mut made = main.connect().database("made").await.unwrap();
    made.execute("create table t (email text)").await.unwrap();
    let report = main.check_masking(&rules).await.unwrap();
    assert!(report.to_string().contains("made: public.t.email"), "{report}");
    fixture.local.shutdown().await;
}
