"""Behind a proxy that spoils the first answer: the SDK repeats itself, and there is one task."""

import os

import openai

client = openai.OpenAI(base_url=os.environ["BETWEEN"] + "/v1", api_key=os.environ["KEY"])
direct = openai.OpenAI(base_url=os.environ["BASE"] + "/v1", api_key=os.environ["KEY"])

film = client.videos.create(prompt="a film that must be made once", model="sora-2")
found = [item for item in direct.videos.list(limit=100) if item.prompt == "a film that must be made once"]
assert [item.id for item in found] == [film.id], found

keyed = client.with_options(default_headers={"Idempotency-Key": "one-key"})
first = keyed.videos.create(prompt="a film with a key", model="sora-2")
second = keyed.videos.create(prompt="a film with a key", model="sora-2")
assert first.id == second.id, (first, second)
try:
    keyed.with_options(max_retries=0).videos.create(prompt="another film", model="sora-2")
    raise AssertionError("one key stood for two films")
except openai.ConflictError as error:
    assert error.body["code"] == "idempotency_conflict", error.body

for made in (film, first):
    assert direct.videos.poll(made.id).status == "completed"
print("ok")
