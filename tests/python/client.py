"""The one client of this process, and what its steps have in common. Both versions take all steps; where only the newer has
a call of its own, a step says so and asks for the same with the calls that every version has."""

import synapseclient
from synapseclient import models

# Endpoints come from the client's own file.
syn = synapseclient.Synapse(skip_checks=True)

# After 4.5.0 came a model of repositories, and with it removing a list and asking for a repository by its name.
NEWER = hasattr(models, "DockerRepository")

ALL = ["READ", "DOWNLOAD", "CREATE", "UPDATE", "DELETE", "CHANGE_PERMISSIONS", "CHANGE_SETTINGS", "MODERATE"]
DOWNLOAD = ["READ", "DOWNLOAD"]
REGISTERED = synapseclient.AUTHENTICATED_USERS
PUBLIC = synapseclient.PUBLIC


def model(entity):
    """Of the kind that it is, as far as this version has one."""
    if NEWER and syn.get(entity).concreteType.endswith("DockerRepository"):
        return models.DockerRepository(id=entity)
    return models.Project(id=entity)
