"""The official google-genai package (3.x, Vertex mode) against the make-believe upstream's Vertex AI.

With the plain KEY as token, and once more as a service account: google-auth signs an assertion with a
key made here and changes it into a token at BASE/vertex/token.
"""

import os
import time
import warnings

import google.auth.transport.requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google import genai
from google.auth.exceptions import RefreshError
from google.genai import errors, types
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials

warnings.simplefilter("ignore", DeprecationWarning)
BASE_URL = os.environ["BASE"] + "/vertex"
MODEL = "veo-3.1-generate-001"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def client_with(credentials):
    return genai.Client(
        vertexai=True,
        project="p",
        location="us-central1",
        credentials=credentials,
        http_options=types.HttpOptions(base_url=BASE_URL),
    )


def ended(client, operation):
    """The operation once it is done."""
    for _ in range(300):
        operation = client.operations.get(operation)
        if operation.done:
            return operation
        time.sleep(0.1)
    raise AssertionError(f"{operation.name} does not end")


def service_account_with(scope):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    info = {
        "client_email": "robot@p.iam.gserviceaccount.com",
        "private_key": pem.decode(),
        "token_uri": f"{BASE_URL}/token",
    }
    return service_account.Credentials.from_service_account_info(info, scopes=[scope])


# A service account; the films come inside the answer.
robot = client_with(service_account_with(SCOPE))
config = types.GenerateVideosConfig(number_of_videos=2, duration_seconds=4, generate_audio=False, seed=7)
operation = robot.models.generate_videos(model=MODEL, prompt="a cat", config=config)
assert "/publishers/google/models/" in operation.name and not operation.done, operation
operation = ended(robot, operation)
assert [video.video.video_bytes[4:8] for video in operation.response.generated_videos] == [b"ftyp", b"ftyp"]

# A plain token; the film lies in a bucket.
plain = client_with(Credentials(os.environ["KEY"]))
config = types.GenerateVideosConfig(duration_seconds=4, output_gcs_uri="gs://bucket/job-42")
operation = ended(plain, plain.models.generate_videos(model=MODEL, prompt="a dog", config=config))
[sample] = operation.response.generated_videos
assert sample.video.uri.startswith("gs://bucket/job-42/") and not sample.video.video_bytes, sample

# Tokens and assertions that are no good.
stranger = client_with(Credentials("ya29.made-up"))
try:
    stranger.models.generate_videos(model=MODEL, prompt="a")
    raise AssertionError("a token that nobody gave out was taken")
except errors.APIError as error:
    assert (error.code, error.status) == (401, "UNAUTHENTICATED"), error
except RefreshError:
    # The SDK takes the 401 as a reason to refresh, which a bare token can't.
    pass
try:
    service_account_with("email").refresh(google.auth.transport.requests.Request())
    raise AssertionError("an assertion without the scope was taken")
except RefreshError as error:
    assert "scope" in str(error), error

# Refused, failed, filtered.
for prompt, status, word in [
    ("b [sim:moderation]", 400, "INVALID_ARGUMENT"),
    ("c [sim:queue-full]", 429, "RESOURCE_EXHAUSTED"),
]:
    try:
        plain.models.generate_videos(model=MODEL, prompt=prompt)
        raise AssertionError(f"{prompt} was taken")
    except errors.APIError as error:
        assert (error.code, error.status) == (status, word), error
failed = ended(plain, plain.models.generate_videos(model=MODEL, prompt="d [sim:fail=no luck] [sim:slow=500ms]"))
assert failed.error == {"code": 13, "message": "no luck"}, failed.error
late = ended(plain, plain.models.generate_videos(model=MODEL, prompt="e [sim:late-moderation] [sim:slow=500ms]"))
assert late.response.rai_media_filtered_count == 1 and not late.response.generated_videos, late
print("ok")
