// The official Node SDK on /v1/videos: create, fetch, download, list, delete.

import assert from "node:assert/strict";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: `${process.env.BASE}/v1`, apiKey: process.env.KEY });

async function ended(id) {
  for (;;) {
    const { data, response } = await client.videos.retrieve(id).withResponse();
    if (data.status === "completed" || data.status === "failed") return data;
    const pause = Number(response.headers.get("openai-poll-after-ms"));
    assert.ok(pause >= 2000 && pause <= 10000, `openai-poll-after-ms is ${pause}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

const created = await client.videos.create({ prompt: "a boat", model: "sora-2", seconds: "4", size: "720x1280" });
assert.equal(created.object, "video");
const film = await ended(created.id);
assert.equal(film.status, "completed", JSON.stringify(film));
assert.equal(film.size, "720x1280");

const content = Buffer.from(await (await client.videos.downloadContent(film.id)).arrayBuffer());
assert.equal(content.subarray(4, 8).toString(), "ftyp");

const picture = new File([content.subarray(0, 16)], "not-a-picture.png", { type: "image/png" });
const broken = await client.videos.create({ prompt: "x", model: "sora-2", input_reference: picture });
assert.ok(broken.id, "a submission is never refused for what is inside of its file");

const ids = [];
for await (const item of client.videos.list({ limit: 1 })) ids.push(item.id);
assert.deepEqual(ids, [broken.id, film.id]);

assert.equal((await client.videos.delete(film.id)).deleted, true);
console.log("ok");
