"""Is there a Ray cluster at an address, and does it let us in? Ray itself asks for minutes."""

import socket

from ray._raylet import GcsClient, parse_address  # type: ignore[attr-defined]  # compiled
from ray.exceptions import AuthenticationError, RpcError

from study.errors import ClusterError

__all__ = ["check_address"]

CONNECT_SECONDS = 10.0


def check_address(address: str) -> None:
    """Knock at ``address`` ("host:port"); "auto" and other words are left to Ray.

    Raises:
        ClusterError: nothing answers there, or it wants another token.
    """
    parsed = parse_address(address)
    if parsed is None or "://" in address:
        return
    host, port = parsed
    mend = "Start the cluster, or unset RAY_ADDRESS to run on this machine alone."
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        raise ClusterError(
            f"RAY_ADDRESS must be the address of a Ray cluster that runs, but {address} gave: "
            f"{error}. {mend}"
        ) from None
    try:
        GcsClient(address=address).check_alive([], timeout=CONNECT_SECONDS)
    except AuthenticationError:
        raise ClusterError(
            f"The Ray cluster at {address} wants a token, and the one here is missing or another: "
            "export RAY_AUTH_MODE=token and RAY_AUTH_TOKEN with the cluster's."
        ) from None
    except RpcError as error:
        raise ClusterError(
            f"RAY_ADDRESS must be the address of a Ray cluster that runs, but what answers at "
            f"{address} is none ({str(error).splitlines()[0]}). {mend}"
        ) from None
