"""The official fal-client package against the make-believe upstream's queue.

The client takes another host (`FAL_QUEUE_RUN_HOST`) but always speaks https to it and knows no path before an
endpoint's id; so the address that it builds submissions from is set here. All else follows the answers' links.
"""

import os
import time
import urllib.request

os.environ["FAL_KEY"] = os.environ["KEY"]

import fal_client  # noqa: E402
import fal_client.client  # noqa: E402

fal_client.client.QUEUE_URL_FORMAT = os.environ["BASE"] + "/fal/"
client = fal_client.SyncClient(key=os.environ["KEY"])
KLING = "fal-ai/kling-video/v2.5-turbo/pro/text-to-video"


def refused(call):
    """The error that a call ends with."""
    try:
        call()
    except fal_client.FalClientHTTPError as error:
        return error
    raise AssertionError("it was not refused")


# Submitted, watched, fetched.
handle = client.submit(KLING, arguments={"prompt": "a cat", "duration": "5", "aspect_ratio": "1:1"})
seen = [type(event).__name__ for event in handle.iter_events(with_logs=True)]
assert seen[0] == "Queued" and seen[-1] == "Completed" and "InProgress" in seen, seen
done = handle.status()
assert done.error is None and done.metrics["inference_time"] > 0, done
with urllib.request.urlopen(handle.get()["video"]["url"]) as film:
    assert film.read()[4:8] == b"ftyp"

# By the endpoint and the id alone: the client leaves the endpoint's own words out.
assert isinstance(client.status(KLING, handle.request_id), fal_client.Completed)
assert client.result(KLING, handle.request_id)["video"]["content_type"] == "video/mp4"

# In one call; a film that was kept is made anew.
made = client.subscribe("fal-ai/sora-2/text-to-video", arguments={"prompt": "b", "duration": 4, "delete_video": False})
again = client.subscribe(
    "fal-ai/sora-2/video-to-video/remix", arguments={"prompt": "purple", "video_id": made["video_id"]}
)
assert again["video_id"] != made["video_id"] and again["thumbnail"]["url"], again

# Stopped in time, and too late.
slow = client.submit(KLING, arguments={"prompt": "c [sim:slow=60s]"})
slow.cancel()
assert slow.status().error_type == "client_cancelled"
assert refused(slow.get).status_code == 499
assert refused(slow.cancel).status_code == 400

# Errors of the model, of the queue, and of the input.
for arguments, status, kind in [
    ({"prompt": "d [sim:late-moderation=rude]"}, 422, "content_policy_violation"),
    ({"prompt": "e [sim:fail=no luck]"}, 500, "internal_server_error"),
    ({"prompt": "f", "duration": 5}, 422, "literal_error"),
]:
    failed = client.submit(KLING, arguments=arguments)
    while not isinstance(failed.status(), fal_client.Completed):
        time.sleep(0.1)
    assert failed.status().error, arguments
    with_error = refused(failed.get)
    assert with_error.status_code == status and with_error.message[0]["type"] == kind, with_error

# Refused at the door.
assert refused(lambda: client.submit("fal-ai/no-such-app", arguments={"prompt": "g"})).status_code == 404
assert refused(lambda: client.submit(KLING, arguments={"prompt": "h [sim:code=403]"})).status_code == 403

print("ok")
