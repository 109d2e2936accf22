"""Compares our routes and fields with those of the official Databricks SDK for Python, by introspection of it.

Prints what is missing on either side, and fails where a difference is not one of those listed here, so that a new
release of the SDK says by itself what it added or dropped.
"""

import dataclasses
import inspect
import pathlib
import re
import sys

from databricks.sdk.service import postgres as pg
from databricks.sdk.version import __version__

SOURCE = pathlib.Path(sys.argv[1])

# What the crate does not offer on purpose: Unity Catalog's side of Lakebase, and the PostgREST switch.
NOT_OFFERED = ("/catalogs", "/synced_tables", "/cdf-configs", "/data-api", "/migrations")
# Routes of earlier official clients, which the local server still answers, and those that only it has.
OURS_ALONE = {
    "POST /projects/{}/masked-branches",
    "GET /projects/{}/branches/{}/storage",
    "POST /projects/{}/branches/{}/written-blocks",
    "GET /projects/{}/branches/{}/endpoints/{}/compute-instances",
    "GET /projects/{}/branches/{}/endpoints/{}/compute-instances/{}",
}
# Our struct for each message, and the fields that only we have.
MESSAGES = {
    pg.Project: ("project", "Project", set()),
    pg.ProjectSpec: ("project", "ProjectSpec", set()),
    # The local server's console.
    pg.ProjectStatus: ("project", "ProjectStatus", {"console_url"}),
    pg.ProjectDefaultEndpointSettings: ("project", "DefaultEndpointSettings", set()),
    pg.InitialBranchSpec: ("project", "InitialBranchSpec", set()),
    pg.InitialEndpointSpec: ("project", "InitialEndpointSpec", set()),
    pg.ProjectCustomTag: ("project", "CustomTag", set()),
    # The times of a deletion are read at both places; `copy` and `masked` are the local server's.
    pg.Branch: ("branch", "Branch", {"delete_time", "purge_time"}),
    pg.BranchSpec: ("branch", "BranchSpec", set()),
    pg.BranchStatus: ("branch", "BranchStatus", {"copy", "masked"}),
    pg.Endpoint: ("endpoint", "Endpoint", set()),
    pg.EndpointSpec: ("endpoint", "EndpointSpec", set()),
    pg.EndpointStatus: ("endpoint", "EndpointStatus", set()),
    pg.EndpointGroupSpec: ("endpoint", "EndpointGroup", set()),
    pg.EndpointGroupStatus: ("endpoint", "EndpointGroup", set()),
    pg.EndpointSettings: ("endpoint", "EndpointSettings", set()),
    # The local server's hosts have a port and an authority of their own.
    pg.EndpointHosts: ("endpoint", "EndpointHosts", {"port", "ca_cert"}),
    pg.Role: ("role", "Role", set()),
    pg.RoleRoleSpec: ("role", "RoleSpec", set()),
    pg.RoleRoleStatus: ("role", "RoleStatus", set()),
    pg.RoleAttributes: ("role", "RoleAttributes", set()),
    pg.RevealRolePasswordResponse: ("role", "RolePassword", set()),
    pg.Database: ("role", "Database", set()),
    pg.DatabaseDatabaseSpec: ("role", "DatabaseSpec", set()),
    pg.DatabaseDatabaseStatus: ("role", "DatabaseStatus", set()),
    pg.DatabaseCredential: ("credential", "DatabaseCredential", set()),
    pg.Snapshot: ("snapshot", "Snapshot", set()),
    pg.SnapshotSpec: ("snapshot", "SnapshotSpec", set()),
    pg.SnapshotStatus: ("snapshot", "SnapshotStatus", set()),
    pg.SnapshotSchedule: ("snapshot", "SnapshotSchedule", set()),
    pg.Operation: ("operation", "Operation", set()),
}


def normal(path):
    return re.sub(r"\{[^}]*\}", "{}", path)


def official_routes():
    """One line for each method: its verb, and its path with the resource name that its documentation shows."""
    routes = set()
    for name, method in inspect.getmembers(pg.PostgresAPI, inspect.isfunction):
        call = re.search(r'_api\.do\(\s*"(\w+)",\s*f?"/api/2\.0/postgres(/[^"]*)"', inspect.getsource(method))
        if name.startswith("_") or not call or name == "get_operation":
            continue
        verb, path = call.groups()
        for argument in re.findall(r"\{(\w+)\}", path):
            text = re.search(rf":param {argument}:(.*?)(?=:param|:returns|\Z)", method.__doc__, re.S).group(1)
            shown = re.search(r"((?:projects|catalogs|synced_tables)/\S*\{\S+)", text)
            if not shown:
                sys.exit(f"the documentation of {name} shows no name for '{argument}'")
            path = path.replace(f"{{{argument}}}", shown.group(1).rstrip("`.'\""))
        routes.add(f"{verb} {normal(path)}")
    return routes


def our_routes():
    routes = set()
    for file in ["projects.rs", "snapshots.rs", "subresources.rs"]:
        text = (SOURCE / "local/api" / file).read_text()
        for path, handlers in re.findall(r'\.route\(\s*"([^"]+)",(.*?)\)\s*(?=\.route\(|;|\n\})', text, re.S):
            if "/operations/" in path:
                continue
            verbs = re.findall(r"\b(get|post|put|patch|delete)\(", handlers)
            routes |= {f"{verb.upper()} {normal(path)}" for verb in verbs}
    return routes


def our_fields(file, struct):
    text = (SOURCE / "api/wire" / f"{file}.rs").read_text()
    body = re.search(rf"struct {struct} \{{\n(.*?)\n\}}", text, re.S)
    if not body:
        sys.exit(f"api/wire/{file}.rs has no struct {struct}")
    fields = set()
    for rename, name in re.findall(r'(?:rename = "(\w+)"[^\n]*\n)?\s*pub\(crate\) (?:r#)?(\w+):', body.group(1)):
        fields.add(rename or name)
    return fields


def main():
    wrong = []
    theirs = {route for route in official_routes() if not any(part in route for part in NOT_OFFERED)}
    ours = our_routes()
    wrong += [f"we lack {route}" for route in sorted(theirs - ours)]
    wrong += [f"only we have {route}" for route in sorted(ours - theirs - OURS_ALONE)]
    wrong += [f"{route} is ours alone no longer" for route in sorted(OURS_ALONE & theirs)]
    for message, (file, struct, alone) in MESSAGES.items():
        theirs = {field.name for field in dataclasses.fields(message)}
        ours = our_fields(file, struct)
        wrong += [f"{struct} lacks {name}" for name in sorted(theirs - ours)]
        wrong += [f"only our {struct} has {name}" for name in sorted(ours - theirs - alone)]
    print(f"databricks-sdk {__version__}: {len(MESSAGES)} messages compared")
    print("\n".join(wrong) or "no difference")
    sys.exit(1 if wrong else 0)


main()
