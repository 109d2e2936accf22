"""The whole way of a developer through the official Python SDK: project, branch, login, isolation, update, delete.

Reads DATABRICKS_HOST and DATABRICKS_TOKEN. Nothing in here knows that the service is a local one.
"""

import time
from datetime import timedelta

import psycopg2
from databricks.sdk import WorkspaceClient
from databricks.sdk.common.types.fieldmask import FieldMask
from databricks.sdk.errors import BadRequest, InvalidParameterValue, NotFound
from databricks.sdk.service import postgres as pg
from databricks.sdk.service.iam import AccessControlRequest, PermissionLevel

try:
    from google.protobuf.duration_pb2 import Duration
    from google.protobuf.timestamp_pb2 import Timestamp
except ImportError:
    Duration = Timestamp = None

PROJECT = "walk"


def duration(seconds):
    """Durations are plain protobuf messages in newer versions of the SDK and timedeltas in older ones."""
    return Duration(seconds=seconds) if Duration else timedelta(seconds=seconds)


def timestamp(moment):
    """As with durations."""
    if not Timestamp:
        return moment
    message = Timestamp()
    message.FromDatetime(moment)
    return message


def connect(w, branch, user=None, password=None, endpoint_id="primary"):
    """Logs in with a password, or as the caller with a generated credential."""
    endpoint = w.postgres.get_endpoint(f"{branch}/endpoints/{endpoint_id}")
    return psycopg2.connect(
        host=endpoint.status.hosts.host,
        port=5432,
        dbname="databricks_postgres",
        user=user or w.current_user.me().user_name,
        password=password or w.postgres.generate_database_credential(endpoint=endpoint.name).token,
        sslmode="require",
    )


def query(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows = cursor.fetchall() if cursor.description else None
    connection.commit()
    return rows


def change_role(w, role, branch):
    """Masks, a replacement and the revealed password of a role."""
    attributes = pg.RoleAttributes(createdb=True, createrole=True, bypassrls=False)
    superuser = [pg.RoleMembershipRole.DATABRICKS_SUPERUSER]

    def update(spec, *paths):
        return w.postgres.update_role(
            name=role.name, role=pg.Role(spec=spec), update_mask=FieldMask(field_mask=list(paths))
        ).wait()

    changed = update(pg.RoleRoleSpec(attributes=attributes, membership_roles=superuser), "*")
    assert changed.status.attributes == attributes, changed
    assert changed.status.membership_roles == superuser, changed
    one = pg.RoleRoleSpec(attributes=pg.RoleAttributes(createdb=False))
    changed = update(one, "spec.attributes.createdb")
    assert changed.status.attributes.createrole and not changed.status.attributes.createdb, changed
    assert changed.status.membership_roles == superuser, changed
    changed = update(one, "spec")
    assert changed.status.attributes.createrole and not changed.status.membership_roles, changed
    for spec, paths in [(one, ["*"]), (pg.RoleRoleSpec(postgres_role="x"), ["spec.postgres_role"])]:
        try:
            update(spec, *paths)
            raise AssertionError(f"{paths} was accepted")
        except InvalidParameterValue:
            pass

    replaced = w.postgres.create_role(
        parent=branch.name,
        role=pg.Role(spec=pg.RoleRoleSpec(postgres_role="other", membership_roles=superuser)),
        role_id="app-reader",
        replace_existing=True,
    ).wait()
    assert replaced.status.postgres_role == "app reader", replaced
    assert replaced.status.attributes.createrole, replaced
    assert replaced.status.membership_roles == superuser, replaced

    password = w.postgres.reveal_role_password(role.name).password
    project = branch.parent
    w.postgres.update_project(
        name=project,
        project=pg.Project(spec=pg.ProjectSpec(enable_pg_native_login=True)),
        update_mask=FieldMask(field_mask=["spec.enable_pg_native_login"]),
    ).wait()
    by_password = connect(w, branch.name, user="app reader", password=password)
    assert query(by_password, "SELECT current_user") == [("app reader",)]
    by_password.close()


def snapshots(w, project, branch, source):
    """A snapshot, a branch of it, a branch of a moment, and a schedule."""
    query(source, "CREATE TABLE kept AS SELECT generate_series(1, 10) AS n")
    snapshot = w.postgres.create_snapshot(
        parent=project.name,
        snapshot=pg.Snapshot(spec=pg.SnapshotSpec(source_branch=branch.name, ttl=duration(90 * 86400))),
        snapshot_id="one",
    ).wait()
    assert snapshot.status.source_branch == branch.name, snapshot
    assert snapshot.status.full_size_bytes > 0 and snapshot.status.expire_time is not None, snapshot
    assert [s.name for s in w.postgres.list_snapshots(project.name)] == [snapshot.name]
    assert w.postgres.get_snapshot(snapshot.name).uid == snapshot.uid
    query(source, "DROP TABLE kept")
    restored = w.postgres.create_branch(
        parent=project.name,
        branch=pg.Branch(spec=pg.BranchSpec(source_snapshot=snapshot.name, no_expiry=True)),
        branch_id="restored",
    ).wait()
    copy = connect(w, restored.name)
    assert query(copy, "SELECT count(*) FROM kept") == [(10,)]
    copy.close()
    assert restored.status.source_snapshot == snapshot.name, restored
    w.postgres.delete_snapshot(snapshot.name).wait()
    assert list(w.postgres.list_snapshots(project.name)) == []
    w.postgres.delete_branch(restored.name, purge=True).wait()

    name = f"{branch.name}/snapshot-schedule"
    assert not w.postgres.get_snapshot_schedule(name).schedule
    cadences = [
        pg.ScheduleCadence(retention=duration(7 * 86400), daily_schedule=pg.DailySchedule(hour=0)),
        pg.ScheduleCadence(
            retention=duration(30 * 86400),
            weekly_schedule=pg.WeeklySchedule(day_of_week=pg.DayOfWeek.SUNDAY, hour=3),
        ),
    ]

    def schedule(cadences):
        return w.postgres.update_snapshot_schedule(
            name=name,
            snapshot_schedule=pg.SnapshotSchedule(name=name, schedule=cadences),
            update_mask=FieldMask(field_mask=["schedule"]),
        ).wait()

    assert schedule(cadences).schedule == cadences
    assert w.postgres.get_snapshot_schedule(name).schedule == cadences
    assert not schedule([]).schedule


def past(w, project, branch, source):
    """Branches and a snapshot of a moment, by time and by position; a moment outside of the history is refused."""
    query(source, "CREATE TABLE gone AS SELECT 7 AS n")
    lsn = query(source, "SELECT pg_current_wal_lsn()::text")[0][0]
    moment = query(source, "SELECT clock_timestamp()")[0][0]
    query(source, "DROP TABLE gone")
    for branch_id, at in [
        ("at-time", {"source_branch_time": timestamp(moment)}),
        ("at-lsn", {"source_branch_lsn": lsn}),
    ]:
        made = w.postgres.create_branch(
            parent=project.name,
            branch=pg.Branch(spec=pg.BranchSpec(source_branch=branch.name, ttl=duration(3600), **at)),
            branch_id=branch_id,
        ).wait()
        assert made.status.source_branch == branch.name, made
        assert made.status.source_branch_lsn and made.status.source_branch_time, made
        then = connect(w, made.name)
        assert query(then, "SELECT n FROM gone") == [(7,)]
        then.close()
        w.postgres.delete_branch(made.name, purge=True).wait()
    snapshot = w.postgres.create_snapshot(
        parent=project.name,
        snapshot=pg.Snapshot(
            spec=pg.SnapshotSpec(source_branch=branch.name, source_branch_lsn=lsn, no_expiry=True)
        ),
        snapshot_id="past",
    ).wait()
    assert snapshot.status.no_expiry, snapshot
    w.postgres.delete_snapshot(snapshot.name).wait()
    try:
        w.postgres.create_branch(
            parent=project.name,
            branch=pg.Branch(
                spec=pg.BranchSpec(source_branch=branch.name, source_branch_lsn="FF/0", no_expiry=True)
            ),
            branch_id="ahead",
        ).wait()
        raise AssertionError("a position ahead of the branch was accepted")
    except BadRequest as error:
        assert "the history of the branch goes from" in str(error), error


def deleted(w, project, source_branch):
    """A deleted branch is listed, comes back with what it has, has a past, and is gone once it is purged."""

    def names(show_deleted=None):
        return [b.name for b in w.postgres.list_branches(project.name, show_deleted=show_deleted)]

    branch = w.postgres.create_branch(
        parent=project.name,
        branch=pg.Branch(spec=pg.BranchSpec(source_branch=source_branch.name, no_expiry=True)),
        branch_id="soft",
    ).wait()
    session = connect(w, branch.name)
    query(session, "CREATE TABLE own AS SELECT 3 AS n")
    lsn = query(session, "SELECT pg_current_wal_lsn()::text")[0][0]
    session.close()
    w.postgres.delete_branch(branch.name).wait()
    assert branch.name not in names() and branch.name in names(show_deleted=True)
    listed = next(b for b in w.postgres.list_branches(project.name, show_deleted=True) if b.name == branch.name)
    assert listed.status.current_state == pg.BranchStatusState.DELETED, listed
    assert listed.status.delete_time is not None and listed.status.purge_time is not None, listed
    w.postgres.undelete_branch(branch.name).wait()
    back = w.postgres.get_branch(branch.name)
    assert back.uid == branch.uid and back.status.expire_time is None, back
    session = connect(w, branch.name)
    assert query(session, "SELECT n FROM own") == [(3,)]
    session.close()
    assert len(list(w.postgres.list_roles(branch.name))) >= 1
    assert len(list(w.postgres.list_databases(branch.name))) >= 1

    w.postgres.delete_branch(branch.name).wait()
    then = w.postgres.create_branch(
        parent=project.name,
        branch=pg.Branch(spec=pg.BranchSpec(source_branch=branch.name, source_branch_lsn=lsn, no_expiry=True)),
        branch_id="of-a-deleted-one",
    ).wait()
    w.postgres.delete_branch(then.name, purge=True).wait()
    w.postgres.delete_branch(branch.name, purge=True).wait()
    assert branch.name not in names(show_deleted=True)
    try:
        w.postgres.undelete_branch(branch.name).wait()
        raise AssertionError("a purged branch came back")
    except NotFound:
        pass


def read_only(w, branch, writer):
    """A read-only endpoint: its hosts, what it reads, what it refuses."""
    replica = w.postgres.create_endpoint(
        parent=branch.name,
        endpoint=pg.Endpoint(
            spec=pg.EndpointSpec(
                endpoint_type=pg.EndpointType.ENDPOINT_TYPE_READ_ONLY,
                autoscaling_limit_min_cu=0.5,
                autoscaling_limit_max_cu=1,
            )
        ),
        endpoint_id="replica",
    ).wait()
    hosts = replica.status.hosts
    assert hosts.host and hosts.host == hosts.read_only_host, replica
    assert replica.status.group.enable_readable_secondaries, replica
    reader = connect(w, branch.name, endpoint_id="replica")
    query(writer, "INSERT INTO visit (who) VALUES ('three')")
    began = time.monotonic()
    while query(reader, "SELECT count(*) FROM visit WHERE who = 'three'") != [(1,)]:
        assert time.monotonic() - began < 30, "the replica does not follow"
    try:
        query(reader, "DELETE FROM visit")
        raise AssertionError("a read-only endpoint wrote")
    except psycopg2.errors.ReadOnlySqlTransaction:
        reader.rollback()
    reader.close()
    # It is changed and sleeps alone.
    changed = w.postgres.update_endpoint(
        name=replica.name,
        endpoint=pg.Endpoint(
            spec=pg.EndpointSpec(endpoint_type=pg.EndpointType.ENDPOINT_TYPE_READ_ONLY, disabled=True)
        ),
        update_mask=FieldMask(field_mask=["spec.disabled"]),
    ).wait()
    assert changed.status.disabled, changed
    assert w.postgres.get_endpoint(f"{branch.name}/endpoints/primary").status.current_state.value == "ACTIVE"
    query(writer, "DELETE FROM visit WHERE who = 'three'")
    w.postgres.delete_endpoint(replica.name).wait()
    assert len(list(w.postgres.list_endpoints(branch.name))) == 1


def main():
    w = WorkspaceClient()
    print("user", w.current_user.me().user_name)

    project = w.postgres.create_project(
        project=pg.Project(spec=pg.ProjectSpec(display_name="A walk")), project_id=PROJECT
    ).wait()
    assert project.name == f"projects/{PROJECT}", project
    assert project.status.display_name == "A walk", project
    assert PROJECT in [p.name.split("/")[1] for p in w.postgres.list_projects()]

    w.permissions.update(
        "database-projects",
        PROJECT,
        access_control_list=[AccessControlRequest(group_name="team", permission_level=PermissionLevel.CAN_USE)],
    )
    entries = w.permissions.get("database-projects", PROJECT).access_control_list
    assert [e.group_name for e in entries if e.group_name] == ["team"], entries

    branches = list(w.postgres.list_branches(project.name))
    main_branch = next(b for b in branches if b.status.default)
    assert main_branch.name == project.status.default_branch, main_branch
    source = connect(w, main_branch.name)
    query(source, "CREATE TABLE visit (id serial PRIMARY KEY, who text)")
    query(source, "INSERT INTO visit (who) VALUES ('one'), ('two')")

    began = time.monotonic()
    branch = w.postgres.create_branch(
        parent=project.name,
        branch=pg.Branch(spec=pg.BranchSpec(ttl=duration(86400))),
        branch_id="dev",
    ).wait()
    copy = connect(w, branch.name)
    assert query(copy, "SELECT count(*) FROM visit") == [(2,)]
    print(f"branch to first row {1000 * (time.monotonic() - began):.0f} ms")
    assert branch.status.source_branch == main_branch.name, branch
    assert branch.status.expire_time is not None, branch

    snapshots(w, project, main_branch, source)
    past(w, project, main_branch, source)
    deleted(w, project, main_branch)
    read_only(w, main_branch, source)

    query(copy, "DELETE FROM visit")
    assert query(source, "SELECT count(*) FROM visit") == [(2,)]

    endpoint = w.postgres.update_endpoint(
        name=f"{branch.name}/endpoints/primary",
        endpoint=pg.Endpoint(
            spec=pg.EndpointSpec(
                endpoint_type=pg.EndpointType.ENDPOINT_TYPE_READ_WRITE,
                autoscaling_limit_min_cu=0.5,
                autoscaling_limit_max_cu=2,
            )
        ),
        update_mask=FieldMask(field_mask=["spec.autoscaling_limit_min_cu", "spec.autoscaling_limit_max_cu"]),
    ).wait()
    assert endpoint.status.autoscaling_limit_max_cu == 2, endpoint
    branch = w.postgres.update_branch(
        name=branch.name,
        branch=pg.Branch(spec=pg.BranchSpec(no_expiry=True)),
        update_mask=FieldMask(field_mask=["spec.expiration"]),
    ).wait()
    assert branch.status.expire_time is None, branch
    project = w.postgres.update_project(
        name=project.name,
        project=pg.Project(spec=pg.ProjectSpec(display_name="A longer walk")),
        update_mask=FieldMask(field_mask=["spec.display_name"]),
    ).wait()
    assert project.status.display_name == "A longer walk", project

    role = w.postgres.create_role(
        parent=branch.name, role=pg.Role(spec=pg.RoleRoleSpec(postgres_role="app reader")), role_id="app-reader"
    ).wait()
    database = w.postgres.create_database(
        parent=branch.name,
        database=pg.Database(spec=pg.DatabaseDatabaseSpec(postgres_database="app_db", role=role.name)),
        database_id="app-db",
    ).wait()
    assert database.status.postgres_database == "app_db", database
    assert len(list(w.postgres.list_roles(branch.name))) == 2
    change_role(w, role, branch)
    w.postgres.delete_database(database.name).wait()
    w.postgres.delete_role(role.name).wait()

    w.postgres.delete_branch(branch.name).wait()
    try:
        w.postgres.get_branch(branch.name)
        raise AssertionError("a deleted branch is there")
    except NotFound as error:
        assert "branch id not found" in str(error), error
    w.postgres.delete_project(project.name, purge=True).wait()
    assert PROJECT not in [p.name.split("/")[1] for p in w.postgres.list_projects()]
    print("walked")


main()
