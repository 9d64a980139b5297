// Keeps a page's live parts fresh: every 15 seconds the page is fetched again and its [data-live]
// elements are morphed into the new ones. Data that could not be refreshed is marked as old.

import { morph } from "./morph.js";

const PERIOD_MS = 15_000;
const TIMEOUT_MS = 10_000;
// Two missed rounds: a laptop that slept, a tab that was hidden.
const OLD_AFTER_MS = 2 * PERIOD_MS + TIMEOUT_MS;

let freshAt = Date.now();
let timer = null;
let running = false;

export function keepFresh() {
  setState();
  schedule();
  document.addEventListener("visibilitychange", onVisibility);
  window.addEventListener("online", refresh);
  window.addEventListener("pageshow", (event) => event.persisted && onVisibility());
}

function schedule() {
  clearTimeout(timer);
  timer = setTimeout(refresh, PERIOD_MS);
}

// A tab that comes back must not show old data as new, not even until the answer is there.
function onVisibility() {
  if (!document.hidden && Date.now() - freshAt > OLD_AFTER_MS) {
    markStale("Refreshing.");
  }
  refresh();
}

async function refresh() {
  // A hidden tab asks for nothing; when it is shown, onVisibility starts the rounds again.
  if (running || document.hidden) {
    return;
  }
  running = true;
  try {
    apply(await fetchPage());
    freshAt = Date.now();
    markFresh();
  } catch (problem) {
    markStale(problem instanceof Problem ? problem.message : "The server does not answer.");
  } finally {
    running = false;
    schedule();
  }
}

class Problem extends Error {}

async function fetchPage() {
  const answer = await fetch(location.href, {
    headers: { Accept: "text/html" },
    cache: "no-store",
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (answer.type === "opaqueredirect") {
    throw new Problem("You are signed out: reload the page to sign in.");
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  // Not the status: a filter that cannot be read is answered 422, with live data all the same.
  if (!page.querySelector("[data-live]")) {
    const title = page.querySelector("h1")?.textContent.trim();
    throw new Problem(`${title || `The server answered ${answer.status}`}.`);
  }
  return page;
}

function apply(page) {
  const focused = document.activeElement;
  const neighbours = rowsAround(focused);
  const headline = textOf(document, "headline");
  for (const live of document.querySelectorAll("[data-live]")) {
    const next = page.getElementById(live.id);
    if (next) {
      morph(live, next);
    }
  }
  document.title = page.title;
  restoreFocus(focused, neighbours);
  if (textOf(document, "headline") !== headline) {
    document.getElementById("announce").textContent = textOf(document, "headline");
  }
}

function textOf(page, id) {
  return page.getElementById(id)?.textContent.replace(/\s+/g, " ").trim() ?? "";
}

// Ids of the rows after and before the focused one, nearest first: where focus goes if it vanishes.
function rowsAround(element) {
  const row = element?.closest("[data-live] tr[id]");
  const ids = [];
  for (let next = row?.nextElementSibling; next; next = next.nextElementSibling) {
    ids.push(next.id);
  }
  for (let last = row?.previousElementSibling; last; last = last.previousElementSibling) {
    ids.push(last.id);
  }
  return ids;
}

function restoreFocus(element, neighbours) {
  if (!element || element === document.body || document.activeElement === element) {
    return;
  }
  if (element.isConnected) {
    element.focus({ preventScroll: true });
    return;
  }
  const link = neighbours
    .map((id) => document.getElementById(id)?.querySelector("a"))
    .find((found) => found);
  (link ?? document.getElementById("content")).focus({ preventScroll: true });
}

function markFresh() {
  document.documentElement.removeAttribute("data-stale");
  const banner = document.getElementById("stale");
  banner.hidden = true;
  banner.textContent = "";
  setState();
}

function markStale(reason) {
  document.documentElement.setAttribute("data-stale", "");
  const banner = document.getElementById("stale");
  const since = document.getElementById("as-of").textContent;
  const text = `Not live since ${since} UTC. ${reason}`;
  if (banner.hidden || banner.textContent !== text) {
    banner.textContent = text;
    banner.hidden = false;
  }
  document.getElementById("refresh-state").textContent = "not refreshed";
}

function setState() {
  document.getElementById("refresh-state").textContent = "refreshes every 15 s";
}
