"""The official Ark runtime on /volc/v1: create, get, list, delete."""

import os
import time

from volcenginesdkarkruntime import Ark

client = Ark(base_url=os.environ["BASE"] + "/volc/v1", api_key=os.environ["KEY"])
tasks = client.content_generation.tasks
MODEL = "doubao-seedance-1-0-lite-t2v"


def ended(task_id):
    while True:
        task = tasks.get(task_id=task_id)
        if task.status in ("completed", "failed"):
            return task
        time.sleep(1)


created = tasks.create(model=MODEL, content=[{"type": "text", "text": "a kite over dunes --dur 5 --ratio 16:9"}])
film = ended(created.id)
assert film.status == "completed", film
assert film.content.video_url.endswith(".mp4"), film
assert film.model == MODEL and film.usage.completion_tokens is not None, film

# This SDK counts no retries; a key of the caller's own makes its repetitions one task.
once = {"Idempotency-Key": "one-key"}
content = [{"type": "text", "text": "a kite that must be made once"}]
first = tasks.create(model=MODEL, content=content, extra_headers=once)
assert tasks.create(model=MODEL, content=content, extra_headers=once).id == first.id

page = tasks.list(page_num=1, page_size=10, task_ids=[created.id])
assert page.total == 1 and [item.id for item in page.items] == [created.id], page
assert tasks.list(page_num=1, page_size=10, model=MODEL).total >= 1
assert tasks.list(page_num=1, page_size=10, status="failed").total == 0

tasks.delete(task_id=created.id)
assert tasks.list(page_num=1, page_size=10, task_ids=[created.id]).total == 0
print("ok")
