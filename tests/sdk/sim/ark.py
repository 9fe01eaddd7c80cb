"""The official volcengine-ark-runtime package against the make-believe upstream's Ark."""

import os
import time
import urllib.request

from volcenginesdkarkruntime import Ark
from volcenginesdkarkruntime._exceptions import ArkAPIStatusError

client = Ark(base_url=os.environ["BASE"] + "/ark/api/v3", api_key=os.environ["KEY"], max_retries=0)
tasks = client.content_generation.tasks
MODEL = "doubao-seedance-1-0-pro-250528"


def text(words):
    return [{"type": "text", "text": words}]


def ended(task_id):
    """The task once it is over."""
    for _ in range(300):
        task = tasks.get(task_id=task_id)
        if task.status not in ("queued", "running"):
            return task
        time.sleep(0.1)
    raise AssertionError(f"{task_id} does not end")


# Made from words with commands and a picture; the SDK sends all that is not set as null.
picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}, "role": "first_frame"}
words = text("a cat --ratio 16:9 --dur 3 --resolution 480p")
made = tasks.create(model=MODEL, content=words + [picture], return_last_frame=True, seed=7)
task = ended(made.id)
assert (task.status, task.model, task.seed) == ("succeeded", MODEL, 7), task
assert (task.ratio, task.duration, task.resolution) == ("16:9", 3, "480p"), task
assert task.usage.completion_tokens == 854 * 480 * 24 * 3 // 1024, task.usage
with urllib.request.urlopen(task.content.video_url) as film:
    assert film.read()[4:8] == b"ftyp"
with urllib.request.urlopen(task.content.last_frame_url) as frame:
    assert frame.read()[1:4] == b"PNG"

# Listed by state and by id.
waiting = tasks.create(model=MODEL, content=text("b [sim:queued=1000]"))
assert [item.id for item in tasks.list(status="queued").items] == [waiting.id]
page = tasks.list(task_ids=[made.id, waiting.id], page_num=1, page_size=10)
assert page.total == 2 and {item.id for item in page.items} == {made.id, waiting.id}, page

# Cancelled while it waits, deleted when it is over.
tasks.delete(task_id=waiting.id)
assert tasks.get(task_id=waiting.id).status == "cancelled"
tasks.delete(task_id=made.id)
try:
    tasks.get(task_id=made.id)
    raise AssertionError("a deleted task is still there")
except ArkAPIStatusError as error:
    assert error.status_code == 404, error

# Refused, failed, moderated.
for marker, status, code in [
    ("moderation", 400, "InputTextSensitiveContentDetected"),
    ("queue-full", 429, "ServerOverloaded"),
    ("error=QuotaExceeded", 429, "QuotaExceeded"),
]:
    try:
        tasks.create(model=MODEL, content=text(f"c [sim:{marker}]"))
        raise AssertionError(f"{marker} did not strike")
    except ArkAPIStatusError as error:
        assert (error.status_code, error.code) == (status, code), error
failed = ended(tasks.create(model=MODEL, content=text("d [sim:fail=no luck] [sim:slow=500ms]")).id)
assert (failed.status, failed.error.message) == ("failed", "no luck"), failed
late = ended(tasks.create(model=MODEL, content=text("e [sim:late-moderation] [sim:slow=500ms]")).id)
assert late.error.code == "OutputVideoSensitiveContentDetected", late
print("ok")
