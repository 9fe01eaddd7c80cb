"""The official openai package against the make-believe upstream's OpenAI videos."""

import os
import struct
import warnings
import zlib

import openai

warnings.simplefilter("ignore", DeprecationWarning)
client = openai.OpenAI(base_url=os.environ["BASE"] + "/openai/v1", api_key=os.environ["KEY"], max_retries=0)


def png(width, height):
    """A grey picture of this size."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + b"\x80" * width) * height
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


# Made from words, asked for until it is done, downloaded.
video = client.videos.create_and_poll(model="sora-2", prompt="a cat", seconds="4", size="1280x720")
assert (video.status, video.seconds, video.size, video.progress) == ("completed", "4", "1280x720", 100), video
film = client.videos.download_content(video.id).read()
assert film[4:8] == b"ftyp" and len(film) > 10_000
assert client.videos.download_content(video.id, variant="thumbnail").read()[8:12] == b"WEBP"
assert client.videos.download_content(video.id, variant="spritesheet").read()[:3] == b"\xff\xd8\xff"

# Made from a picture, which must have the video's size.
first = client.videos.create(
    model="sora-2", prompt="a dog", size="720x1280", input_reference=("ref.png", png(720, 1280), "image/png")
)
assert first.status == "queued", first
try:
    client.videos.create(model="sora-2", prompt="a dog", input_reference=("ref.png", png(8, 8), "image/png"))
    raise AssertionError("a picture of another size was taken")
except openai.BadRequestError as error:
    assert error.param == "input_reference", error

# Listed, remixed, deleted.
page = client.videos.list(limit=1, order="desc")
assert page.data[0].id == first.id and page.has_more, page
assert [item.id for item in client.videos.list(limit=1, order="desc", after=first.id)][0] == video.id
remix = client.videos.remix(video.id, prompt="a cat at night")
assert remix.remixed_from_video_id == video.id, remix
gone = client.videos.delete(video.id)
assert gone.deleted and gone.id == video.id, gone
try:
    client.videos.retrieve(video.id)
    raise AssertionError("a deleted video is still there")
except openai.NotFoundError:
    pass

# Refused, limited, failed, moderated.
try:
    client.videos.create(model="sora-2", prompt="a [sim:moderation]")
    raise AssertionError("the moderator was asleep")
except openai.BadRequestError as error:
    assert error.code == "moderation_blocked", error
try:
    client.videos.create(model="sora-2", prompt="b [sim:queue-full]")
    raise AssertionError("no limit was met")
except openai.RateLimitError as error:
    assert error.code == "rate_limit_exceeded", error
patient = client.with_options(max_retries=2)
assert patient.videos.create(model="sora-2", prompt="c [sim:http=503]").status == "queued", "the SDK tries again"
failed = client.videos.create_and_poll(model="sora-2", prompt="d [sim:fail=no luck] [sim:slow=500ms]")
assert (failed.status, failed.error.message) == ("failed", "no luck"), failed
late = client.videos.create_and_poll(model="sora-2", prompt="e [sim:late-moderation] [sim:slow=500ms]")
assert (late.status, late.error.code) == ("failed", "moderation_blocked"), late

print("ok")
