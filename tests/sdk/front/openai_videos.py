"""The official Python SDK on /v1/videos: create, poll, fetch, download, list, remix, delete."""

import os
import struct
import zlib

import openai

client = openai.OpenAI(base_url=os.environ["BASE"] + "/v1", api_key=os.environ["KEY"])


def picture(width, height):
    """A small PNG of one colour."""
    rows = b"".join(b"\0" + b"\x30\x60\x90" * width for _ in range(height))

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


names = [model.id for model in client.models.list().data]
assert "sora-2" in names, names
assert client.models.retrieve("sora-2").owned_by == "openai"

film = client.videos.create_and_poll(prompt="a cat on a windowsill", model="sora-2", seconds="4", size="1280x720")
assert film.status == "completed", film
assert film.seconds == "4" and film.size == "1280x720" and film.progress == 100, film
assert film.created_at and film.completed_at and film.error is None, film

again = client.videos.retrieve(film.id)
assert again.id == film.id and again.status == "completed", again

content = client.videos.download_content(film.id).read()
assert content[4:8] == b"ftyp" and len(content) > 10_000, content[:16]

referenced = client.videos.create(
    prompt="it begins here",
    model="sora-2",
    size="1280x720",
    input_reference=("ref.png", picture(1280, 720), "application/octet-stream"),
)
assert referenced.status in ("queued", "in_progress"), referenced
referenced = client.videos.poll(referenced.id)
assert referenced.status == "completed", referenced

remix = client.videos.remix(film.id, prompt="the same cat at night")
assert remix.remixed_from_video_id == film.id, remix
assert client.videos.poll(remix.id).status == "completed"

page = client.videos.list(limit=2, order="desc")
assert [item.id for item in page.data] == [remix.id, referenced.id], page
everything = [item.id for item in client.videos.list(limit=2)]
assert everything == [remix.id, referenced.id, film.id], everything

gone = client.videos.delete(film.id)
assert gone.deleted and gone.id == film.id, gone
try:
    client.videos.retrieve(film.id)
    raise AssertionError("a deleted film is shown")
except openai.NotFoundError as error:
    assert error.body["code"] == "task_not_exist", error.body

try:
    client.videos.create(prompt="x", model="no-such-model")
    raise AssertionError("an unknown model was accepted")
except openai.BadRequestError as error:
    assert error.body["code"] == "model_not_found", error.body

refused = client.videos.create_and_poll(prompt="a cat [sim:late-moderation]", model="sora-2")
assert refused.status == "failed" and refused.error.code == "moderation_blocked", refused

print("ok")
