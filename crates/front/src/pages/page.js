// Copy buttons, the start page's form, and its list of tasks. Markup comes from the server, escaped there.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const text = button.closest(".code").querySelector("pre").textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Press Ctrl+C";
      getSelection().selectAllChildren(button.closest(".code").querySelector("pre"));
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  });

  const list = byId("task-list");
  if (!list) return;

  const markup = new Map();
  let timer = 0;
  let failures = 0;

  function show(feed) {
    const wanted = new Set(feed.tasks.map((task) => task.id));
    for (const item of [...list.children]) if (!wanted.has(item.dataset.id)) item.remove();
    feed.tasks.forEach((task, place) => {
      let item = [...list.children].find((child) => child.dataset.id === task.id);
      if (!item) {
        item = document.createElement("li");
        item.dataset.id = task.id;
        item.className = "task card";
      }
      if (markup.get(task.id) !== task.html) {
        item.innerHTML = task.html;
        markup.set(task.id, task.html);
      }
      if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
    });
    byId("empty").hidden = feed.tasks.length > 0;
    byId("count").textContent = feed.unfinished > 0 ? `${feed.unfinished} under way` : "";
  }

  async function refresh() {
    clearTimeout(timer);
    let pause = 1000;
    try {
      const answer = await fetch("/start/tasks", { signal: AbortSignal.timeout(8000) });
      const feed = await answer.json();
      if (!answer.ok) throw new Error(feed.error?.message ?? `HTTP ${answer.status}`);
      failures = 0;
      byId("away").hidden = true;
      show(feed);
      if (feed.unfinished === 0) pause = 3000;
    } catch (error) {
      failures += 1;
      pause = Math.min(1000 * 2 ** failures, 15000);
      byId("away").hidden = failures < 2;
      byId("away").textContent = `The service does not answer (${error.message}). Trying again …`;
    }
    if (!document.hidden) timer = setTimeout(refresh, pause);
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });

  const form = byId("try");
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [button, said] = [form.querySelector("button"), byId("said")];
    button.disabled = true;
    said.className = "said";
    said.textContent = "Submitting …";
    try {
      const answer = await fetch("/start/submit", {
        method: "POST",
        headers: { "content-type": "application/json", "x-backlot-start": "1" },
        body: JSON.stringify({ prompt: form.elements.prompt.value }),
        signal: AbortSignal.timeout(20000),
      });
      const body = await answer.json();
      if (!answer.ok) throw new Error(body.error?.message ?? `HTTP ${answer.status}`);
      said.textContent = `Queued as ${body.id}`;
      refresh();
    } catch (error) {
      said.className = "said bad";
      said.textContent = error.message;
    } finally {
      button.disabled = false;
    }
  });
  form?.elements.prompt.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });

  refresh();
})();
