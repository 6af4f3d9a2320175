// The user's own answers and the payment under way, kept in this browser only (localStorage).

import { Problem, refusalOf } from "./problem.js";

const ANSWERS = "alive402 answers";
const PENDING = "alive402 payment under way";
const MOST = 50;

// Storage may be forbidden or full: then nothing is kept, and all else works.
function read(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

// The payment of `service` that is signed and not used up: {service, payment, url, name}; `url` once the call is sent.
export function pending(service) {
  const kept = read(PENDING, {})[service];
  if (!kept?.payment) return null;
  if (kept.url || !isOver(kept.payment)) return kept;
  keepPending(service, null);
  return null;
}

// Whether the authorization can no longer be used. One whose call was sent may have its answer all the same.
function isOver(payment) {
  try {
    return Number(JSON.parse(atob(payment)).payload.authorization.validBefore) * 1000 < Date.now();
  } catch {
    return true;
  }
}

// Keeps a payment under way, or forgets it (null); returns whether the browser keeps it.
export function keepPending(service, kept) {
  const every = read(PENDING, {});
  if (kept) every[service] = kept;
  else delete every[service];
  return write(PENDING, Object.keys(every).length ? every : null);
}

// {id, report, verdict, confidence, name, service, at, payment} of each answer, the newest first.
export function answers() {
  const kept = read(ANSWERS, []);
  return Array.isArray(kept) ? kept : [];
}

export function keep(answer) {
  write(ANSWERS, [answer, ...answers().filter((each) => each.id !== answer.id)].slice(0, MOST));
}

export function forget(id = null) {
  const rest = id === null ? [] : answers().filter((each) => each.id !== id);
  write(ANSWERS, rest.length ? rest : null);
}

// Erases an answer on the service, by the payment that bought it, and here.
export async function erase(root, { id, payment }) {
  const response = await fetch(`${root}/api/calls/${id}`, { method: "DELETE", headers: { "PAYMENT-SIGNATURE": payment } })
    .catch(() => {
      throw new Problem("unreachable", { message: "The service does not answer. Press to try again." });
    });
  if (!response.ok && response.status !== 404) throw refusalOf({ response, body: await response.json().catch(() => null) });
  forget(id);
}

// Makes `button` erase the answer that `answer()` gives, at its second press; then calls `done`.
export function eraser(button, root, answer, done) {
  const words = button.textContent;
  let sure = false;
  button.addEventListener("blur", () => {
    sure = false;
    button.textContent = words;
  });
  button.addEventListener("click", async () => {
    if (!sure) {
      sure = true;
      button.textContent = "Press again to erase it for good";
      return;
    }
    button.disabled = true;
    try {
      await erase(root, answer());
    } catch (problem) {
      button.textContent = problem.said || "It could not be erased. Press to try again.";
      return;
    } finally {
      button.disabled = false;
    }
    sure = false;
    button.textContent = words;
    done();
  });
}

// Draws the list of answers into `section`, which is hidden while there is none.
export function showHistory(section, root) {
  const every = answers();
  section.hidden = every.length === 0;
  section.querySelector("[data-answers]").replaceChildren(...every.map((answer) => row(answer, root, () => showHistory(section, root))));
}

function row(answer, root, done) {
  const item = document.createElement("li");
  item.className = answer.verdict;
  const word = document.createElement("a");
  word.className = "word";
  word.href = answer.report;
  word.textContent = answer.verdict;
  const facts = document.createElement("span");
  facts.className = "soft";
  facts.textContent = `${answer.confidence.toFixed(2)} · ${answer.name} · ${new Date(answer.at).toLocaleString()}`;
  const receipt = document.createElement("a");
  receipt.href = `${answer.report}/answer.json`;
  receipt.download = "";
  receipt.textContent = "Receipt";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet small";
  button.textContent = "Erase";
  button.setAttribute("aria-label", `Erase ${answer.verdict}, ${answer.name}`);
  eraser(button, root, () => answer, done);
  item.append(word, facts, receipt, button);
  return item;
}
