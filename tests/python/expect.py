"""What must not work, and whose no it is."""

from synapseclient.core.exceptions import SynapseHTTPError


def refused(status, does, *arguments, **named):
    """Requires that the server refuses, and gives its words, which the client shows."""
    try:
        got = does(*arguments, **named)
    except SynapseHTTPError as error:
        assert error.response.status_code == status, error
        reason = error.response.json()["reason"]
        assert reason in str(error), error
        assert "no such call" not in reason, error
        return reason
    raise AssertionError(f"{status} was due, and this came: {got}")


def raises(kind, does, *arguments, **named):
    """Requires that the client itself says no."""
    try:
        got = does(*arguments, **named)
    except kind as error:
        return str(error)
    raise AssertionError(f"{kind} was due, and this came: {got}")
