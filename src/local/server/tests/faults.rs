//! Failures of PostgreSQL and of the disk while operations run.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Executor as _;

use super::Fixture;

const MAIN: &str = "projects/shop/branches/production";
const DEV: &str = "projects/shop/branches/dev";

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_does_not_wait_for_sql_that_a_session_holds_up() {
    let fixture = Fixture::start().await;
    fixture.project("shop").await;
    fixture.branch("shop", "dev").await;
    let role = json!({"spec": {"postgres_role": "successor"}});
    fixture.done(Method::POST, &format!("{DEV}/roles?role_id=successor"), role).await;
    let (mut holder, mut observer) =
        (fixture.connect(DEV).await.unwrap(), fixture.connect(DEV).await.unwrap());
    holder.execute(sqlx::raw_sql("CREATE TABLE held (); BEGIN; LOCK TABLE held")).await.unwrap();
    let reassign = format!("{DEV}/roles/jane?reassign_owned_to={DEV}/roles/successor");
    let delete = async {
        while fixture.number(&mut observer, "SELECT count(*) FROM pg_locks WHERE NOT granted").await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let asked = Instant::now();
        fixture.done(Method::DELETE, DEV, Value::Null).await;
        asked.elapsed()
    };
    let (held_up, took) = tokio::join!(fixture.call(Method::DELETE, &reassign, Value::Null), delete);
    assert!(took < Duration::from_secs(4), "{took:?}");
    let (status, error) = held_up;
    assert_eq!((status.as_u16(), &error["error_code"]), (409, &json!("ABORTED")), "{error}");
    fixture.branch("shop", "dev").await;
    fixture.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_waits_for_a_postgres_that_recovers_from_a_crashed_backend() {
    let fixture = Fixture::start().await;
    fixture.project("shop").await;
    for n in 0..3 {
        let mut session = fixture.connect(MAIN).await.unwrap();
        let pid = fixture.number(&mut session, "SELECT pg_backend_pid()::bigint").await;
        let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        let role = json!({"spec": {"postgres_role": format!("r{n}")}});
        fixture.done(Method::POST, &format!("{MAIN}/roles?role_id=r{n}"), role).await;
    }
    fixture.local.shutdown().await;
}

mod needs_root {
    use std::{fs, io, path::Path, process::Command};

    use tempfile::TempDir;

    use super::{
        super::{builder_in, temp_dir},
        *,
    };

    /// A small file system of its own, unmounted at the end.
    struct Small {
        mount: TempDir,
        _image: TempDir,
    }

    impl Small {
        fn mount(kind: &str, megabytes: u64) -> Self {
            use std::os::unix::fs::PermissionsExt as _;
            let (mount, image) = (temp_dir(), temp_dir());
            let file = image.path().join("image");
            if kind == "tmpfs" {
                let size = format!("size={megabytes}m,mode=0711");
                run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(mount.path()));
            } else {
                fs::File::create(&file).unwrap().set_len(megabytes << 20).unwrap();
                run(Command::new(format!("mkfs.{kind}")).arg("-q").arg(&file));
                run(Command::new("mount").args(["-o", "loop"]).arg(&file).arg(mount.path()));
            }
            fs::set_permissions(mount.path(), fs::Permissions::from_mode(0o711)).unwrap();
            Self { mount, _image: image }
        }

        /// Leaves no byte free.
        fn fill(&self, name: &str) {
            let mut file = fs::File::create(self.mount.path().join(name)).unwrap();
            let error = io::copy(&mut io::repeat(7), &mut file).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        }
    }

    impl Drop for Small {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg("-l").arg(self.mount.path()).status();
        }
    }

    fn run(command: &mut Command) {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    async fn start(dir: &Path) -> Fixture {
        Fixture::of(builder_in(dir).start().await.unwrap(), temp_dir())
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs root"]
    async fn with_no_byte_free_branches_are_deleted_and_the_server_starts() {
        for kind in ["tmpfs", "ext4", "xfs"] {
            let small = Small::mount(kind, 600);
            let fixture = start(small.mount.path()).await;
            fixture.project("shop").await;
            for id in ["dev", "other"] {
                fixture.branch("shop", id).await;
            }
            small.fill("full");
            let body = json!({"spec": {"no_expiry": true}});
            let (_, refused) =
                fixture.call(Method::POST, "projects/shop/branches?branch_id=late", body).await;
            assert!(refused.to_string().contains("RESOURCE_EXHAUSTED"), "{kind}: {refused}");
            fixture.done(Method::DELETE, DEV, Value::Null).await;
            small.fill("full-again");
            fixture.local.shutdown().await;

            small.fill("full-for-the-start");
            let fixture = start(small.mount.path()).await;
            let branches = fixture.get("projects/shop/branches").await;
            assert_eq!(branches["branches"].as_array().unwrap().len(), 2, "{kind}");
            small.fill("full-after-the-start");
            fixture.done(Method::DELETE, "projects/shop/branches/other", Value::Null).await;
            fixture.done(Method::DELETE, "projects/shop?purge=true", Value::Null).await;
            fixture.local.shutdown().await;
        }
    }
}
