"""What the API's description does not tell: how one signs in, and what bytes a body of bytes is."""

import base64
import os
import uuid

import requests
import schemathesis

NAME, PASSWORD = os.environ["SOTAY_NAME"], os.environ["SOTAY_PASSWORD"]
SERVER = os.environ["SOTAY_SERVER_ADDRESS"]


@schemathesis.auth()
class SignedIn:
    """The cookie of a session, and for OpenRosa the name and the password themselves."""

    def get(self, case, context):
        credentials = {"name": NAME, "password": PASSWORD, "device": uuid.uuid4().hex}
        answer = requests.post(
            f"{SERVER}/api/v1/session", json=credentials, headers={"x-sotay": "1"}, timeout=30
        )
        answer.raise_for_status()
        return answer.cookies["sotay"]

    def set(self, case, data, context):
        case.headers["x-sotay"] = "1"
        case.headers["x-sotay-account"] = NAME.encode().hex()
        case.headers["Cookie"] = f"sotay={data}"
        if case.path.startswith("/openrosa/"):
            pair = base64.b64encode(f"{NAME}:{PASSWORD}".encode()).decode()
            case.headers["Authorization"] = f"Basic {pair}"


@schemathesis.serializer("application/cbor", "application/octet-stream")
def as_bytes(ctx, value):
    if isinstance(value, list):
        return bytes(part % 256 for part in value if isinstance(part, int))
    return value if isinstance(value, bytes) else str(value).encode()
