//! Files that the account of a compute put where the server works, as a program that escapes from
//! PostgreSQL can.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, lchown, symlink},
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;

const SECRET: &str = "15\nthe-words-of-root\n";

/// A file that root alone can read.
fn secret(root: &TempDir) -> PathBuf {
    let path = root.path().join("secret");
    fs::write(&path, SECRET).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// Puts something made by `make` in the place of a file, as the owner of its directory.
fn plant(path: &Path, make: impl FnOnce(&Path) -> io::Result<()>) {
    let _ = fs::remove_file(path);
    make(path).unwrap();
    let owner = path.parent().unwrap().metadata().unwrap();
    lchown(path, Some(owner.uid()), Some(owner.gid())).unwrap();
}

fn pipe(path: &Path) -> io::Result<()> {
    Ok(mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?)
}

fn full_text(error: &EngineError) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    format!("{error}: {}", source.unwrap_or_default())
}

#[tokio::test]
async fn links_in_a_branch_s_directory_lead_the_server_nowhere() {
    let root = root();
    let engine = with_main(&root).await;
    engine.stop(&key("main")).await.unwrap();
    let (dir, secret) = (branch_dir(&root, "main"), secret(&root));
    let owner = secret.metadata().unwrap().uid();
    for name in ["data/postgresql.conf", "data/pg_hba.conf", "data/postgresql.lakebase-new"] {
        plant(&dir.join(name), |path| symlink(&secret, path));
    }
    engine.start(&key("main"), &SETTINGS).await.unwrap();
    engine.stop(&key("main")).await.unwrap();
    for name in ["postgres.log", "lineage.json", "data/PG_VERSION", "data/global/pg_control"] {
        let (path, kept) = (dir.join(name), dir.join("kept"));
        fs::rename(&path, &kept).unwrap();
        plant(&path, |path| symlink(&secret, path));
        let start = engine.start(&key("main"), &SETTINGS).await;
        let fork = engine.fork(&key("main"), &key("dev")).await;
        for error in [start.err(), fork.err()].into_iter().flatten() {
            assert!(!full_text(&error).contains("words-of-root"), "{name}: {error}");
        }
        engine.stop(&key("main")).await.unwrap();
        let _ = engine.remove(&key("dev")).await;
        fs::rename(&kept, &path).unwrap();
    }
    let wal = fs::read_dir(dir.join("data/pg_wal")).unwrap().flatten().map(|entry| entry.path());
    let segment = wal.filter(|path| path.file_name().unwrap().len() == 24).min().unwrap();
    plant(&segment, |path| symlink(&secret, path));
    let forked = engine.fork(&key("main"), &key("dev")).await;
    let copy = branch_dir(&root, "dev").join("data/pg_wal").join(segment.file_name().unwrap());
    let copied = copy.symlink_metadata().is_ok_and(|meta| meta.is_file())
        && fs::read(copy).unwrap() == SECRET.as_bytes();
    assert!(forked.is_err() || !copied);
    assert_eq!(fs::read_to_string(&secret).unwrap(), SECRET);
    assert_eq!(secret.metadata().unwrap().uid(), owner);
    engine.shutdown().await;
}

#[tokio::test]
async fn a_pipe_in_the_place_of_a_file_is_an_error_at_once() {
    let root = root();
    let engine = with_main(&root).await;
    engine.stop(&key("main")).await.unwrap();
    let dir = branch_dir(&root, "main");
    for name in ["data/PG_VERSION", "data/global/pg_control", "lineage.json", "data/pg_wal"] {
        let (path, kept) = (dir.join(name), dir.join("kept"));
        fs::rename(&path, &kept).unwrap();
        plant(&path, pipe);
        let both = async {
            (engine.start(&key("main"), &SETTINGS).await, engine.fork(&key("main"), &key("dev")).await)
        };
        let (start, fork) = tokio::time::timeout(Duration::from_secs(20), both).await.expect(name);
        assert!(start.is_err() || fork.is_err(), "{name}");
        engine.stop(&key("main")).await.unwrap();
        fs::remove_file(&path).unwrap();
        fs::rename(&kept, &path).unwrap();
    }
    engine.start(&key("main"), &SETTINGS).await.unwrap();
    engine.shutdown().await;
}

#[tokio::test]
async fn a_server_that_hangs_while_it_starts_ends_with_the_engine() {
    let root = root();
    let engine = with_main(&root).await;
    engine.stop(&key("main")).await.unwrap();
    let data = branch_dir(&root, "main").join("data");
    plant(&data.join("postgresql.auto.conf"), pipe);
    let starting = tokio::spawn({
        let engine = engine.clone();
        async move { engine.start(&key("main"), &SETTINGS).await }
    });
    while crate::local::compute::working_in(&data).is_empty() {
        tokio::task::yield_now().await;
    }
    tokio::time::timeout(Duration::from_secs(5), engine.shutdown()).await.expect("bounded");
    assert!(starting.await.unwrap().is_err());
    assert!(crate::local::compute::working_in(&data).is_empty());
}

#[tokio::test]
async fn a_stale_file_that_names_a_living_process_stops_no_start() {
    let root = root();
    let engine = with_main(&root).await;
    engine.fork(&key("main"), &key("dev")).await.unwrap();
    engine.start(&key("dev"), &SETTINGS).await.unwrap();
    engine.stop(&key("main")).await.unwrap();
    // As in a container that was killed and started again: the number lives, and is that of another server.
    let data = branch_dir(&root, "main").join("data");
    let (pid, path) = (postmaster(&root, "dev").as_raw_nonzero(), data.display());
    let stale = format!("{pid}\n{path}\n1700000000\n5432\n/run\n\n  1 2\nready   \n");
    plant(&data.join("postmaster.pid"), |path| fs::write(path, stale));
    engine.start(&key("main"), &SETTINGS).await.unwrap();
    assert_eq!(number(&engine, "main", "SELECT count(*) FROM t").await, 1);
    assert_eq!(number(&engine, "dev", "SELECT count(*) FROM t").await, 1, "the other goes on");
    engine.shutdown().await;
}

#[tokio::test]
async fn the_server_s_own_files_are_out_of_the_account_s_reach() {
    let root = root();
    let engine = with_main(&root).await;
    let top = root.path().join("lb").metadata().unwrap();
    assert_eq!((top.uid(), top.mode() & 0o7777), (rustix::process::geteuid().as_raw(), 0o711));
    let account = crate::local::account::Account::choose(None).unwrap();
    let owner = account.map_or(top.uid(), |account| account.uid);
    for name in ["branches", "templates", "staging", "trash", "run"] {
        let meta = root.path().join("lb").join(name).metadata().unwrap();
        assert_eq!((meta.uid(), meta.mode() & 0o7777), (owner, 0o700), "{name}");
    }
    for entry in walkdir::WalkDir::new(root.path().join("lb/branches")) {
        let meta = entry.unwrap().metadata().unwrap();
        assert_eq!(meta.uid(), owner);
    }
    engine.shutdown().await;
}

/// A program that is run from within a compute has every right in its database.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn one_compute_reaches_no_file_and_no_process_of_another() {
    assert!(
        crate::local::compute::keeps_branches_apart(),
        "this kernel has no Landlock: leave this test out with --skip one_compute_reaches"
    );
    let root = root();
    let engine = with_main(&root).await;
    engine.fork(&key("main"), &key("dev")).await.unwrap();
    engine.start(&key("dev"), &SETTINGS).await.unwrap();
    let (own, other) = (branch_dir(&root, "main").join("data"), branch_dir(&root, "dev").join("data"));
    let state = root.path().join("lb/lakebase.state");
    fs::write(&state, "the state").unwrap();
    let ask = async |sql: String| -> Result<String, String> {
        let mut session = engine.admin(&key("main"), "postgres").await.unwrap();
        let answer = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut session).await;
        answer.map(|_| String::new()).map_err(|error| error.to_string())
    };
    let read = |path: &Path| format!("SELECT pg_read_file('{}')", path.display());
    let program = |command: &str| format!("CREATE TEMP TABLE o (line text); COPY o FROM PROGRAM '{command}'");
    ask(read(&own.join("PG_VERSION"))).await.unwrap();
    ask(program("echo 1; cat /etc/hostname; ls /usr >/dev/null")).await.unwrap();
    for path in [other.join("PG_VERSION"), state, branch_dir(&root, "dev").join("lineage.json")] {
        let denied = ask(read(&path)).await.unwrap_err();
        assert!(denied.contains("Permission denied"), "{path:?}: {denied}");
        ask(program(&format!("cat {}", path.display()))).await.unwrap_err();
        ask(program(&format!("echo x >> {}", path.display()))).await.unwrap_err();
    }
    ask(program(&format!("ls {}", root.path().join("lb/branches").display()))).await.unwrap_err();
    ask(program("ls /root")).await.unwrap_err();
    ask(program("ls /tmp")).await.unwrap_err();
    ask(program("cat /proc/net/unix")).await.unwrap_err();
    let neighbor = postmaster(&root, "dev").as_raw_nonzero();
    ask(program(&format!("kill -QUIT {neighbor}"))).await.unwrap_err();
    assert_eq!(number(&engine, "dev", "SELECT count(*) FROM t").await, 1);
    engine.shutdown().await;
}

/// Files that the parent of this process left open for it are none of PostgreSQL's.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_compute_has_only_its_own_files_open() {
    use rustix::io::{FdFlags, fcntl_setfd};
    let root = root();
    let file = fs::File::create(root.path().join("inherited")).unwrap();
    fcntl_setfd(&file, FdFlags::empty()).unwrap();
    let engine = with_main(&root).await;
    let open = format!("/proc/{}/fd", postmaster(&root, "main").as_raw_nonzero());
    for entry in fs::read_dir(open).unwrap().flatten() {
        let target = fs::read_link(entry.path()).unwrap();
        assert_ne!(target, root.path().join("inherited"));
    }
    engine.shutdown().await;
}

/// A program of the account may exchange the socket. Sessions go to the process that was started.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_socket_that_is_exchanged_is_never_spoken_to() {
    let root = root();
    let engine = with_main(&root).await;
    let socket = engine.running(&key("main")).unwrap();
    let planted = |path: &Path| {
        let listener = std::os::unix::net::UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        Ok::<_, io::Error>(listener)
    };
    let mut listener = None;
    plant(socket.path(), |path| planted(path).map(|bound| listener = Some(bound)));
    let listener = listener.unwrap();
    assert_eq!(number(&engine, "main", "SELECT count(*) FROM t").await, 1);
    engine.fork(&key("main"), &key("dev")).await.unwrap();
    drop(socket.connect().await.unwrap());
    assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    // The whole directory, too, as a link to other sockets.
    let (dir, elsewhere) = (socket.path().parent().unwrap().to_owned(), root.path().join("elsewhere"));
    fs::create_dir(&elsewhere).unwrap();
    let listener = planted(&elsewhere.join(".s.PGSQL.5432")).unwrap();
    fs::rename(&dir, root.path().join("kept")).unwrap();
    plant(&dir, |path| symlink(&elsewhere, path));
    assert_eq!(number(&engine, "main", "SELECT count(*) FROM t").await, 1);
    assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    engine.shutdown().await;
    assert_eq!(fs::read_dir(root.path().join("lb/lakebase.sockets")).unwrap().count(), 0, "no link is left");
}
