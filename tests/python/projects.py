"""Projects, what is in them, and the trash can."""

import asyncio
import io
import json

import synapseclient
from client import ALL, DOWNLOAD, NEWER, REGISTERED, syn
from expect import raises, refused
from sharing import shares
from synapseclient import api, models


def keeps_projects():
    """Made, fetched, found, renamed, put away and brought back. Gives the id of one that stays."""
    name = f"Proteomics by {synapseclient.__version__}"
    made = syn.store(synapseclient.Project(name=name, description="Of the third floor"))
    assert made.id.startswith("syn") and made.createdBy == syn.getUserProfile().ownerId, made
    found = syn.get(made.id)
    assert (found.name, found.description, found.etag) == (name, "Of the third floor", made.etag)
    assert syn.findEntityId(name) == made.id
    assert syn.findEntityId("No project of ours") is None

    found.name = f"{name}, renamed"
    stale = syn.get(made.id)
    stale.name = "As it was read before"
    renamed = syn.store(found)
    assert renamed.name == syn.get(made.id).name == f"{name}, renamed"
    refused(412, syn.store, stale)
    assert syn.findEntityId(name) is None

    again = models.Project(id=made.id).get()
    assert asyncio.run(models.Project(id=made.id).get_async()) == again
    assert (again.name, again.created_on) == (renamed.name, made.createdOn)
    again.name, again.description = name, "Of the fourth floor"
    again.store()
    assert syn.get(made.id).description == "Of the fourth floor"
    assert models.Project(name=name).get().id == made.id
    # The models take a project of that name for the one that is meant.
    assert models.Project(name=name, description="Of the fifth floor").store().id == made.id
    assert syn.get(made.id).description == "Of the fifth floor"
    another = models.Project(name=name, create_or_update=False).store()
    assert another.id != made.id
    mine = {child["id"] for child in syn.getChildren(None, includeTypes=["project"])}
    assert {made.id, another.id} <= mine, mine

    another.delete()
    refused(404, models.Project(id=another.id).get)
    syn.delete(made.id)
    refused(404, syn.get, made.id)
    refused(404, list, syn.getChildren(made.id))
    refused(404, syn.store, renamed)
    kept = {child["id"] for child in syn.getChildren(None, includeTypes=["project"])}
    assert mine - kept == {made.id, another.id}, kept
    away = syn.restGET("/trashcan/view?offset=0&limit=100")["results"]
    assert {made.id, another.id} <= {one["entityId"] for one in away}, away
    restores(made.id)
    assert syn.get(made.id).name == name
    return made.id


def name_of(entity):
    return syn.get(entity).name


def makes_one_alike(name, partner):
    """A project of this name, in which the other may do everything."""
    alike = syn.store(synapseclient.Project(name=name))
    syn.setPermissions(alike, partner, ALL)


def finds_her_own(project):
    """What others name alike and share is never taken for it: who asks is about to write."""
    name = syn.get(project).name
    alike = {child["id"] for child in syn.getChildren(None, includeTypes=["project"]) if child["name"] == name}
    assert len(alike) > 1, alike
    assert syn.findEntityId(name) == project
    assert models.Project(name=name, description="Of the sixth floor").store().id == project
    assert syn.get(project).description == "Of the sixth floor"


def finds_repositories(project, id, name, tags):
    """What was pushed is there: in its project, by its id and by its name, with its tags."""
    children = list(syn.getChildren(project, includeTypes=["dockerrepo"]))
    assert id in {child["id"] for child in children}, children
    # Types that are not kept here are no mistake.
    assert [child["id"] for child in syn.getChildren(project)] == [child["id"] for child in children]
    assert list(syn.getChildren(project, includeTypes=["file", "folder"])) == []

    named = syn.restGET(f"/entity/dockerRepo/id?repositoryName={name}")["id"]
    assert named == id
    found = syn.get(id)
    assert (found.repositoryName, found.parentId, found.isManaged) == (name, project, True), found
    for tag, digest in tags.items():
        assert syn._get_docker_digest(id, tag) == digest, tag
    raises(ValueError, syn._get_docker_digest, id, "no-such-tag")
    path = [step["id"] for step in syn.restGET(f"/entity/{id}/path")["path"]]
    assert path == [project, id]
    # What `synapse list` prints.
    printed = io.StringIO()
    syn._list(project, long_format=True, show_modified=True, out=printed)
    assert id in printed.getvalue() and syn.username in printed.getvalue(), printed.getvalue()

    found.description = "Aligns what was read"
    assert syn.store(found).description == "Aligns what was read"

    if NEWER:
        from synapseclient.api.docker_commit_services import get_docker_tag

        for repository in (models.DockerRepository(id=id), models.DockerRepository(repository_name=name)):
            repository.get()
            assert (repository.id, repository.repository_name) == (id, name), repository
            assert repository.parent_id == project and repository.is_managed
            assert repository.description == "Aligns what was read"
        first = asyncio.run(get_docker_tag(id))["results"]
        assert {one["tag"]: one["digest"] for one in first}.items() <= tags.items(), first
        assert asyncio.run(ids(api.get_children(project, include_types=["dockerrepo"]))) == [
            child["id"] for child in children
        ]


async def ids(children):
    return [child["id"] async for child in children]


def lists(project, count):
    """All of many repositories, however many pages they are."""
    children = list(syn.getChildren(project, includeTypes=["dockerrepo"]))
    assert len({child["id"] for child in children}) == count, len(children)
    names = [child["name"] for child in children]
    assert names == sorted(names), names


def refers_elsewhere(project, own):
    """A repository of another registry, of which only its name and its tags are kept."""
    name = f"registry.example/lab/tool-{synapseclient.__version__}"
    made = syn.store(synapseclient.DockerRepository(name, parent=project))
    assert (made.repositoryName, made.parentId, made.isManaged) == (name, project, False), made
    assert syn.get(made.id).repositoryName == name
    assert made.id in {child["id"] for child in syn.getChildren(project, includeTypes=["dockerrepo"])}
    digest = "sha256:" + "5" * 64
    syn.restPOST(f"/entity/{made.id}/dockerCommit", json.dumps({"tag": "v1", "digest": digest}))
    assert syn._get_docker_digest(made.id, "v1") == digest
    made.description = "Kept elsewhere"
    assert syn.store(made).description == "Kept elsewhere"
    # What is ours is made by pushing.
    refused(400, syn.store, synapseclient.DockerRepository(own, parent=project))
    if NEWER:
        second = models.DockerRepository(parent_id=project, repository_name=f"{name}/second").store()
        assert not second.is_managed and second.repository_name == f"{name}/second", second
        second.description = "Kept elsewhere, too"
        second.store()
        assert models.DockerRepository(id=second.id).get().description == "Kept elsewhere, too"
        second.delete()
        refused(404, models.DockerRepository(id=second.id).get)


def is_not_certified():
    """Keeps projects, and neither refers elsewhere nor lets everybody download. Gives the id of one."""
    own = syn.store(synapseclient.Project(name="Not certified")).id
    shares(own, "ben", DOWNLOAD)
    refused(403, shares, own, REGISTERED, DOWNLOAD)
    refused(403, syn.store, synapseclient.DockerRepository("registry.example/lab/new", parent=own))
    return own


def puts_away(entity):
    """Into the trash can."""
    syn.delete(syn.get(entity))
    refused(404, syn.get, entity)
    away = syn.restGET("/trashcan/view?offset=0&limit=100")["results"]
    assert entity in {one["entityId"] for one in away}, away


def restores(entity):
    """Out of it."""
    syn.restPUT(f"/trashcan/restore/{entity}")
    assert syn.get(entity).id == entity
