"""The official google-genai package (2.x, developer mode) against the make-believe upstream's Gemini."""

import os
import time
import warnings

from google import genai
from google.genai import errors, types

warnings.simplefilter("ignore", DeprecationWarning)
client = genai.Client(api_key=os.environ["KEY"], http_options=types.HttpOptions(base_url=os.environ["BASE"] + "/gemini"))
MODEL = "veo-3.1-generate-preview"


def ended(operation):
    """The operation once it is done."""
    for _ in range(300):
        operation = client.operations.get(operation)
        if operation.done:
            return operation
        time.sleep(0.1)
    raise AssertionError(f"{operation.name} does not end")


# Made from words and a picture; downloaded with the key.
operation = client.models.generate_videos(
    model=MODEL,
    prompt="a cat",
    image=types.Image(image_bytes=b"\x89PNG\r\n\x1a\n", mime_type="image/png"),
    config=types.GenerateVideosConfig(
        number_of_videos=1, duration_seconds=4, aspect_ratio="9:16", resolution="720p", negative_prompt="dogs"
    ),
)
assert operation.name.startswith(f"models/{MODEL}/operations/") and not operation.done, operation
operation = ended(operation)
assert operation.error is None, operation.error
[sample] = operation.response.generated_videos
film = client.files.download(file=sample.video)
assert film[4:8] == b"ftyp" and len(film) > 10_000

# Goes on from what was made.
more = client.models.generate_videos(model=MODEL, prompt="on", video=types.Video(uri=sample.video.uri))
assert more.name, more

# Refused, failed, filtered.
for prompt, status, word in [
    ("a [sim:moderation]", 400, "INVALID_ARGUMENT"),
    ("b [sim:queue-full]", 429, "RESOURCE_EXHAUSTED"),
    ("c [sim:error=NOT_FOUND]", 404, "NOT_FOUND"),
]:
    try:
        client.models.generate_videos(model=MODEL, prompt=prompt)
        raise AssertionError(f"{prompt} was taken")
    except errors.APIError as error:
        assert (error.code, error.status) == (status, word), error
failed = ended(client.models.generate_videos(model=MODEL, prompt="d [sim:fail=no luck] [sim:slow=500ms]"))
assert failed.error == {"code": 13, "message": "no luck"}, failed.error
late = ended(client.models.generate_videos(model=MODEL, prompt="e [sim:late-moderation] [sim:slow=500ms]"))
assert late.response.rai_media_filtered_count == 1 and not late.response.generated_videos, late
print("ok")
