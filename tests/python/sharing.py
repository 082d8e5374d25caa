"""Who may do what, and who sees what."""

import synapseclient
from client import ALL, DOWNLOAD, NEWER, PUBLIC, model, syn
from expect import raises, refused
from synapseclient import models
from synapseclient.core.exceptions import SynapseError


def shares(entity, who, what):
    """Gives a user, a team or everybody these permissions; none: takes all of them away."""
    return syn.setPermissions(entity, who, what, warn_if_inherits=False)


def shares_as_model(entity, who, what):
    """The same with the models. Names are for the calls of the client alone."""
    return model(entity).set_permissions(principal_id=who, access_type=what, warn_if_inherits=False)


def holds(entity, who, what):
    """Who holds what by the list that counts, teams counted in."""
    assert sorted(syn.get_acl(entity, who)) == sorted(what), syn.get_acl(entity, who)
    assert sorted(model(entity).get_acl(principal_id=who)) == sorted(what)


def may(entity, what):
    """What the caller may do. Nothing is made inside of a repository."""
    if not syn.get(entity).concreteType.endswith("Project"):
        what = set(what) - {"CREATE"}
    for held in (syn.get_permissions(entity), model(entity).get_permissions()):
        assert set(held.access_types) == set(what), held


def may_not_share_too_much(entity):
    """What the client sends if it is told nothing else is more than anybody may have here; who is nobody gets nothing."""
    refused(400, syn.setPermissions, entity)
    refused(400, shares, entity, PUBLIC, ["UPDATE"])
    refused(400, shares, entity, 3999999, DOWNLOAD)
    raises(SynapseError, shares, entity, "nobody-of-ours", DOWNLOAD)
    # Several begin so, and nobody is called so.
    raises(SynapseError, shares, entity, "an", DOWNLOAD)
    # Nobody would be left who could mend it.
    refused(400, shares, entity, syn.username, ["READ"])


def inherits_again(entity):
    """Removes the list of a repository."""
    assert syn._getBenefactor(entity)["id"] == entity
    if NEWER:
        models.DockerRepository(id=entity).delete_permissions()
    else:
        syn.restDELETE(f"/entity/{entity}/acl")
    assert syn._getBenefactor(entity)["id"] != entity
    assert "inherits" in refused(404, syn.restGET, f"/entity/{entity}/acl")
    refused(403, syn.restDELETE, f"/entity/{entity}/acl")
    if NEWER:
        # Once more is no mistake to the models.
        models.DockerRepository(id=entity).delete_permissions()
        assert models.DockerRepository(id=entity).get_acl(check_benefactor=False) == []


def sees(entity):
    """The very next call finds it."""
    assert syn.get(entity).id == entity
    assert models.Project(id=syn.get(entity).get("parentId") or entity).get().id


def sees_nothing(entity):
    """The very next calls find nothing, as though it had never been."""
    never = refused(404, syn.get, "syn999999")
    for call in every_way_to(entity):
        assert refused(404, call) == never


def is_told_where_it_is(entity):
    """Who saw it before it was put away."""
    *looks, delete = every_way_to(entity)
    for look in looks:
        said = refused(404, look)
        assert "in the trash can" in said, said
    # Whether there is a mark already, is for who may take it away.
    refused(404, delete)


def every_way_to(entity):
    return [
        lambda: syn.get(entity),
        lambda: models.Project(id=entity).get(),
        lambda: syn.get_permissions(entity),
        lambda: syn.get_acl(entity),
        lambda: list(syn.getChildren(entity)),
        lambda: syn._get_docker_digest(entity, "1"),
        lambda: syn.restGET(f"/entity/{entity}/path"),
        lambda: syn.setPermissions(entity, PUBLIC, ["READ"]),
        lambda: syn.delete(entity),
    ]


def may_not_write(project):
    """Who only reads neither renames, shares nor puts away."""
    found = syn.get(project)
    found.name = "Mine now"
    refused(403, syn.store, found)
    refused(403, syn.setPermissions, project, syn.getUserProfile().ownerId, ALL)
    refused(403, syn.delete, project)


def sees_without_signing_in(entity):
    """What is shared with the public."""
    anybody = synapseclient.Synapse(skip_checks=True, cache_client=False)
    assert anybody.get(entity).id == entity
    assert "createdBy" not in anybody.get(entity)


def sees_nothing_without_signing_in(entity):
    """What is not."""
    anybody = synapseclient.Synapse(skip_checks=True, cache_client=False)
    refused(404, anybody.get, entity)
