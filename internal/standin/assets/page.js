"use strict";
// Keeps the page as the server has it: asks once a second, and replaces what is
// shown only when it changed, so that an edit happens before the reader's eyes.
const live = document.getElementById("live");
const atEnd = () => innerHeight + scrollY >= document.body.scrollHeight - 80;

function versions() {
  const seen = new Map();
  for (const m of live.querySelectorAll("[data-ts][data-version]")) seen.set(m.dataset.ts, m.dataset.version);
  return seen;
}

function show(html) {
  const before = versions(), stay = !atEnd();
  const open = new Set([...live.querySelectorAll("details[open]")].map((d) => d.closest("[data-ts]").dataset.ts));
  live.innerHTML = html;
  for (const m of live.querySelectorAll("[data-ts][data-version]")) {
    const details = m.querySelector(":scope > .body > details");
    if (details && open.has(m.dataset.ts)) details.open = true;
    if (before.get(m.dataset.ts) === m.dataset.version) continue;
    m.classList.add("flash");
    setTimeout(() => m.classList.remove("flash"), 1600);
  }
  if (!stay && document.body.classList.contains("chat")) scrollTo(0, document.body.scrollHeight);
}

let etag = "";
async function poll() {
  try {
    const headers = etag ? { "If-None-Match": etag } : {};
    const answer = await fetch(live.dataset.poll, { headers, cache: "no-store" });
    if (answer.status === 200) {
      etag = answer.headers.get("ETag") || "";
      show(await answer.text());
    }
  } catch {
    // The server is away; the next second may find it back.
  }
  setTimeout(poll, document.hidden ? 5000 : 1000);
}

function toast(words) {
  const box = document.getElementById("toast");
  if (!box) return;
  box.textContent = words;
  box.hidden = false;
  setTimeout(() => { box.hidden = true; }, 4000);
}

async function press(where, ts, action) {
  const body = new URLSearchParams({ ts, action_id: action });
  const answer = await fetch(where, { method: "POST", body, keepalive: true, headers: { "X-Requested-With": "page" } });
  if (!answer.ok) throw new Error(String(answer.status));
}

// A link button goes where it points, in this tab, and the app hears of it as well.
document.addEventListener("click", (e) => {
  const a = e.target.closest("a[data-press]");
  if (a) press(a.dataset.press, a.dataset.ts, a.dataset.action).catch(() => {});
});

document.addEventListener("submit", async (e) => {
  if (!e.target.closest(".actions")) return;
  e.preventDefault();
  const button = e.target.querySelector("button");
  button.setAttribute("aria-busy", "true");
  try {
    await press(e.target.getAttribute("action"), e.target.elements.ts.value, e.target.elements.action_id.value);
  } catch {
    toast("⚠️ 앱이 응답하지 않았습니다. 잠시 뒤 다시 눌러 주세요.");
  } finally {
    button.removeAttribute("aria-busy");
  }
});

if (document.body.classList.contains("chat")) scrollTo(0, document.body.scrollHeight);
setTimeout(poll, 1000);
