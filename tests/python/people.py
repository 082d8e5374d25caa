"""Signing in, tokens, and who is who."""

import session
import synapseclient
from client import DOWNLOAD, syn
from expect import raises, refused
from sharing import shares
from synapseclient import models
from synapseclient.core.exceptions import SynapseAuthenticationError, SynapseNotFoundError


def signs_in(token, name, id):
    """With a personal access token."""
    assert syn.repoEndpoint.endswith("/repo/v1"), syn.repoEndpoint
    raises(SynapseAuthenticationError, syn.login, authToken="php_" + "A" * 43)
    raises(SynapseAuthenticationError, syn.login, email="somebody-else", authToken=token)
    syn.login(email=name, authToken=token)
    assert syn.username == name and syn._is_logged_in()
    for mine in (syn.getUserProfile(), syn.get_user_profile_by_id(), syn.get_user_profile_by_username()):
        assert (mine.userName, mine.ownerId) == (name, id), mine
    mine = models.UserProfile().get()
    assert (mine.username, mine.id) == (name, int(id)), mine


def signs_in_as_scripts_do(token, name):
    """Most scripts are one line, which asks at all four endpoints, and elsewhere for a newer client."""
    anew = synapseclient.login(email=name, authToken=token)
    assert anew.username == name
    (looked,) = session.strayed
    session.strayed.clear()
    assert "getaddrinfo" in looked and "443" in looked, looked
    synapseclient.Synapse.set_client(syn)


def looks_people_up(users, team):
    """By name and by number; a team with who is in it."""
    for name, user in users.items():
        id = user["id"]
        for found in (
            syn.getUserProfile(name),
            syn.getUserProfile(id),
            syn.get_user_profile_by_id(int(id)),
            syn.get_user_profile_by_username(name),
        ):
            assert (found.userName, found.ownerId) == (name, id), found
            # Where somebody is written to, is nobody else's business.
            assert ("emails" in found) is (name == syn.username == "ana"), found
        for found in (models.UserProfile.from_id(int(id)), models.UserProfile.from_username(name)):
            assert (found.username, found.id) == (name, int(id)), found
        for asked in (name, id):
            assert syn.is_certified(asked) is user["certified"], asked
        assert models.UserProfile(id=int(id)).is_certified() is user["certified"]
        teams = {str(one.id) for one in syn._find_teams_for_principal(id)}
        assert teams == ({team["id"]} if name in team["members"] else set()), teams

    members = {users[name]["id"] for name in team["members"]}
    for found in (syn.getTeam(team["name"]), syn.getTeam(int(team["id"]))):
        assert (found.name, str(found.id)) == (team["name"], team["id"]), found
        assert {one.member.ownerId for one in syn.getTeamMembers(found)} == members
    for found in (models.Team.from_name(team["name"]), models.Team.from_id(int(team["id"]))):
        assert (found.name, found.id) == (team["name"], int(team["id"])), found
        assert {one.member.user_name for one in found.members()} == set(team["members"])
    for name, user in users.items():
        is_member = syn.get_membership_status(user["id"], team["id"])["isMember"]
        assert is_member is (name in team["members"]), name

    raises(ValueError, syn.getUserProfile, "nobody-of-ours")
    raises((ValueError, SynapseNotFoundError), models.UserProfile.from_username, "nobody-of-ours")
    raises(ValueError, syn.getTeam, "no-team-of-ours")
    refused(404, syn.getUserProfile, 3999999)
    refused(404, syn.getTeam, 3999999)
    # A team is nobody's profile, and a user no team.
    refused(404, syn.getUserProfile, team["id"])
    refused(404, syn.getTeam, int(users[team["members"][0]]["id"]))


def makes_teams(name, member):
    """Makes two, gives one a member and takes it out again. Gives the ids of both."""
    made = syn.create_team(name, description="Who reads")
    assert made.name == name
    second = models.Team(name=f"{name}-too").create()
    assert str(second.id) != str(made.id)
    syn.restPUT(f"/team/{made.id}/member/{member}")
    assert [one.member.ownerId for one in syn.getTeamMembers(made)] == [member]
    syn.restDELETE(f"/team/{made.id}/member/{member}")
    assert list(syn.getTeamMembers(made)) == []
    refused(409, syn.create_team, name)
    # Not with a token, which a machine may hold.
    refused(403, syn.delete_team, made.id)
    return [str(made.id), str(second.id)]


def deletes_teams(session, teams):
    """Their manager does, with what a password gave in the token's place."""
    in_person = synapseclient.Synapse(skip_checks=True, cache_client=False)
    in_person.login(authToken=session)
    first, second = teams
    in_person.delete_team(first)
    models.Team(id=int(second)).delete(synapse_client=in_person)
    for team in teams:
        refused(404, syn.getTeam, int(team))


def only_reads(project):
    """A token that may view."""
    assert syn.get(project).id == project
    assert "modify" in refused(403, syn.store, synapseclient.Project(name="Not to be"))
    refused(403, syn.delete, project)
    refused(403, shares, project, "ben", DOWNLOAD)


def does_not_sign_in(token):
    """One that may do everything else."""
    raises(SynapseAuthenticationError, synapseclient.Synapse(skip_checks=True).login, authToken=token)


def is_shut_out():
    """Whatever is asked next: who asks is not known any more."""
    for call in (
        lambda: syn._is_logged_in(),
        lambda: list(syn.getChildren(None, includeTypes=["project"])),
        lambda: syn.get("syn999999"),
        lambda: models.Project(id="syn999999").get(),
    ):
        refused(401, call)
