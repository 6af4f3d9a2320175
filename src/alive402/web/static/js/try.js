// "Try it", one step at a time: choose a video or a picture, pay, wait, read the answer; with advice on every problem.

import { Checkout } from "./checkout.js";
import { collect, hand } from "./handing.js";
import * as history from "./history.js";
import { here, Problem } from "./problem.js";
import { injected } from "./wallet.js";

const STAGES = {
  queued: "Waiting for a free place",
  fetching: "Fetching the file",
  looking: "Looking at the frames",
  judging: "Weighing the evidence",
  settling: "Taking the payment",
};
const ENDINGS = {
  video: /\.(mp4|m4v|mov|webm|mkv|avi|flv|3gp|mpe?g|wmv|rm|rmvb|ts)$/i,
  picture: /\.(jpe?g|png|webp|bmp|heic|heif|avif)$/i,
};
const TYPES = { video: "video/", picture: "image/" };
const FIRST = "You sign the payment first, then you film. Without an answer, nothing is charged.";
const KEPT = new Set([0, 402, 409, 429, 500, 503]);
const SHOWN = "alive402 shown answer";

// Modules of later steps load when they are needed, so that the first load is small.
const later = {
  answering: () => loaded(import("./answering.js")),
  answer: () => loaded(import("./answer.js")),
  call: () => loaded(import("./call.js")),
  camera: () => loaded(import("./camera.js")),
  inspect: () => loaded(import("./inspect.js")),
};

function loaded(module) {
  return module.catch(() => {
    throw new Problem("unreachable");
  });
}

const section = document.querySelector("[data-try]");
const { root, service, path, kind } = section.dataset;
const list = document.querySelector("[data-history]");
const checkout = new Checkout(section);
const get = (name) => checkout.get(name);
const show = (name, focus) => checkout.show(name, focus);

// The video or picture: a file, or a URL.
let file = null;
let address = null;
let preview = null;
let handed = null;
let stream = null;
let guide = null;
// Counts how often the camera was closed.
let visit = 0;
let inFrame = () => {};
let cancelling = null;
let paid = null;
let resumed = null;
// Whether the video is to answer a challenge, and the id of that challenge once it is filmed.
let challenging = false;
let challenge = null;

function tell(words, share = null, more = "") {
  const doing = get("doing");
  if (doing.textContent !== words) doing.textContent = words;
  const bar = get("progress");
  if (share === null) bar.removeAttribute("value");
  else bar.value = share;
  get("doing-more").textContent = more;
  get("cancel").hidden = cancelling === null;
}

function complain(problem) {
  const next = checkout.explain(problem);
  keepPayment();
  const other = { is_a_picture: "picture", is_a_video: "video" }[problem.code];
  for (const link of section.querySelectorAll("[data-across]")) link.hidden = link.dataset.across !== other;
  get("again").hidden = next !== "again" || (file === null && address === null);
  // A payment of unknown outcome belongs to this file, so no other one is offered.
  get("elsewhere").hidden = checkout.underWay;
  show("problem");
}

const guarded = (work) => (...given) => work(...given).catch(complain);

// Work at the camera: `here()` tells whether the user still is there, and after that no problem of it is shown.
const atCamera = (work) => async () => {
  const mine = visit;
  const here = () => visit === mine;
  try {
    await work(here);
  } catch (problem) {
    if (!here()) return;
    closeCamera();
    complain(problem);
  }
};

// Keeps the payment in the browser while it is not used up, so that leaving the page loses neither it nor its answer.
function keepPayment(url = checkout.underWay ? handed ?? address : null) {
  const { payment } = checkout;
  checkout.kept = history.keepPending(service, payment && { service, payment, url, name: named(), challenge });
}

function named() {
  return resumed ?? file?.name ?? (address ? new URL(address).pathname.split("/").pop() || address : kind);
}

function closeCamera() {
  visit += 1;
  stream?.getTracks().forEach((track) => track.stop());
  get("camera").srcObject = null;
  stream = null;
  inFrame = () => {};
  section.classList.remove("filming");
  get("count").textContent = "";
  if (kind === "video") get("filmed").value = 0;
}

function choose() {
  closeCamera();
  file = null;
  address = null;
  handed = null;
  paid = null;
  resumed = null;
  challenging = false;
  challenge = null;
  get("capture")?.replaceChildren();
  sessionStorage.removeItem(SHOWN);
  get("file").value = "";
  show("choose", get("record").hidden ? get("file") : get("record"));
}

// The kind of a file by its type and name, or null.
function kindOf(chosen) {
  return Object.keys(TYPES).find((each) => chosen.type.startsWith(TYPES[each]) || ENDINGS[each].test(chosen.name)) ?? null;
}

const take = guarded(async (chosen, taken = null) => {
  if (!chosen) return;
  const its = kindOf(chosen);
  if (its !== kind) {
    if (its && section.querySelector(`[data-across=${its}]`)) {
      await hand(chosen);
      throw new Problem(`is_a_${its}`);
    }
    throw new Problem(`not_a_${kind}`);
  }
  const most = Number(section.dataset.maxBytes);
  if (chosen.size > most) {
    throw new Problem("video_too_large", { message: `It has ${megabytes(chosen.size)}; at most ${megabytes(most)} are taken.` });
  }
  file = chosen;
  address = null;
  await offer(taken);
});

async function offer(taken = null) {
  handed = null;
  const view = get("preview");
  if (preview) URL.revokeObjectURL(preview);
  preview = file ? URL.createObjectURL(file) : null;
  for (const name of ["unplayable", "checked", "doubtful", "kept"]) get(name).hidden = true;
  view.hidden = !file;
  get("other").textContent = challenging ? "Go back" : "Take another";
  if (file) {
    view.onerror = () => {
      view.hidden = true;
      get("unplayable").hidden = false;
    };
    view.src = preview;
  } else view.removeAttribute("src");
  get("name").textContent = challenging ? FIRST : file ? `${file.name}, ${megabytes(file.size)}` : address;
  show("work");
  tell("Asking for the price");
  const [found] = await Promise.all([file ? inspected(view, taken) : null, checkout.askForTerms()]);
  for (const [name, words] of Object.entries(found ?? {})) {
    get(name).textContent = words ?? "";
    get(name).hidden = !words;
  }
  checkout.showWays();
  priced();
  show("pay");
}

async function inspected(view, taken) {
  const { inspect } = await later.inspect();
  return inspect(view, kind, taken);
}

function priced() {
  const { way, network, testMoney } = checkout;
  checkout.showPrice();
  get("terms").textContent = testMoney
    ? `in test money without value, on ${network}. Charged only if you get an answer.`
    : `on ${network}, token ${brief(way.asset)}, to ${brief(way.payTo)}. Charged only if you get an answer.`;
  get("pay-kept").hidden = checkout.payment === null;
}

const pay = guarded(async (chosen) => {
  show("work");
  await checkout.sign(chosen, (words, more) => tell(words, null, more));
  let body;
  try {
    if (challenging && challenge === null) await answerChallenge();
    checkout.underWay = true;
    cancelling = new AbortController();
    body = await judged(cancelling.signal);
  } catch (problem) {
    if (problem.code !== "job_cancelled") throw problem;
    checkout.underWay = false;
    keepPayment();
    priced();
    get("kept").hidden = false;
    return show("pay");
  } finally {
    cancelling = null;
  }
  const { payment } = checkout;
  checkout.underWay = false;
  checkout.payment = null;
  tell("Showing the answer", 1);
  const { verdict, live_confidence: confidence } = body.data.Liveness;
  const report = here(body.reportUrl);
  paid = { id: body.requestId, report, verdict, confidence, name: named(), service, at: Date.now(), payment };
  history.keep(paid);
  try {
    await (await later.answer()).showAnswer(get("answer"), report, file, body.data);
  } catch (problem) {
    // The answer is paid: the same payment gets it again.
    checkout.payment = payment;
    throw problem;
  }
  keepPayment();
  answered();
});

function answered() {
  try {
    sessionStorage.setItem(SHOWN, JSON.stringify([service, paid.id]));
  } catch {
    // Without storage, a reload shows the first step.
  }
  history.showHistory(list, root);
  get("erase").hidden = false;
  show("answer");
}

// Films the answer to a challenge that is drawn for the signed payment.
async function answerChallenge() {
  keepPayment();
  const { signal } = (cancelling = new AbortController());
  tell("Asking for a challenge");
  const { filmed } = await later.answering();
  const taken = await filmed(get("capture"), root, checkout.payment, () => {
    // From here on the component has its own button.
    cancelling = null;
    show("answering");
  }, signal);
  [challenge, handed, file] = [taken.challenge, taken.url, taken.file];
  show("work");
}

async function judged(signal) {
  const bearing = checkout.payment;
  const { answer, upload } = await later.call();
  for (let tries = 0; ; tries += 1) {
    keepPayment();
    if (file && handed === null) {
      tell(`Sending the ${kind}`, 0);
      handed = await upload(root, service, file, bearing, (share) => tell(`Sending the ${kind}`, 0.3 * share), signal);
    }
    tell(`Judging the ${kind}`, 0.3);
    try {
      const url = handed ?? address;
      keepPayment(url);
      const video = { VideoUrl: url, ...(challenge && { ChallengeId: challenge }) };
      const input = kind === "picture" ? { Tasks: [{ ImageURL: url }] } : video;
      return await answer(path, input, bearing, (stage, share) => {
        if (STAGES[stage] && !signal.aborted) tell(STAGES[stage], 0.3 + 0.7 * (share ?? 0));
      }, signal);
    } catch (problem) {
      if (problem.code === "upload_gone" && tries === 0 && file && !challenge) handed = null;
      else {
        // The service deletes an unusable video at once; an upload that was not judged yet stays for the next try.
        if (!KEPT.has(problem.status)) handed = null;
        throw problem;
      }
    }
  }
}

const film = atCamera(async (here) => {
  get("film").disabled = true;
  if (kind === "video") {
    // At once: a disabled button loses the focus.
    section.classList.add("filming");
    show("film", get("unfilm"));
  }
  const camera = await later.camera();
  if (!here()) return;
  if (kind === "picture") {
    const taken = await camera.picture(get("camera"));
    if (!here()) return;
    closeCamera();
    return take(taken);
  }
  const done = await camera.film(stream, guide, (work) => here() && (inFrame = work), (count, share) => {
    if (!here()) return;
    get("count").textContent = count ?? "";
    get("filmed").value = share;
  });
  if (!here()) return;
  if (done === null) throw new Problem("camera_failed");
  closeCamera();
  await take(done.file, done.taken);
});

const record = atCamera(async (here) => {
  const start = get("film");
  start.disabled = true;
  show("film");
  const view = get("camera");
  const camera = await later.camera();
  if (!here()) return;
  const opened = await camera.open(view, here);
  if (opened === null) return;
  stream = opened;
  // The stage has the picture's shape, so that all that is recorded is seen.
  get("stage").style.setProperty("--shape", view.videoWidth / view.videoHeight || 4 / 3);
  guide = camera.watch(stream, view, ({ code, words }) => {
    get("guide").textContent = words;
    get("guide").classList.toggle("good", code === "good");
  }, (found) => inFrame(found));
  start.disabled = false;
});

const useAddress = guarded(async () => {
  const wrong = get("address-wrong");
  const field = get("address").querySelector("input");
  const given = URL.canParse(field.value.trim()) ? new URL(field.value.trim()) : null;
  const good = given && ["http:", "https:"].includes(given.protocol) && !given.username;
  wrong.hidden = Boolean(good);
  field.setAttribute("aria-invalid", String(!good));
  if (!good) {
    wrong.textContent = "Write the whole address, beginning with https:// and without a user name.";
    field.focus();
    return;
  }
  file = null;
  address = given.href;
  await offer();
});

const sample = guarded(async ({ dataset }) => {
  show("work");
  tell("Loading the sample");
  const response = await fetch(dataset.sample).catch(() => null);
  if (!response?.ok) throw new Problem("sample_lost");
  await take(new File([await response.blob()], `${dataset.named}.mp4`, { type: "video/mp4" }));
});

function megabytes(bytes) {
  return bytes < 1e5 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function brief(hex) {
  return `${hex.slice(0, 6)}…${hex.slice(-4)}`;
}

// What was there before the page was left: the shown answer, a call under way, a payment that is not used up.
const restore = guarded(async () => {
  history.showHistory(list, root);
  const kept = history.pending(service);
  if (kept) checkout.payment = kept.payment;
  checkout.kept = Boolean(kept);
  if (kept?.url) {
    address = kept.url;
    resumed = kept.name;
    challenge = kept.challenge ?? null;
    return show("waiting");
  }
  const [of, id] = JSON.parse(sessionStorage.getItem(SHOWN) ?? "[]");
  const shown = of === service && history.answers().find((each) => each.id === id);
  if (shown) {
    paid = shown;
    try {
      await (await later.answer()).showAnswer(get("answer"), shown.report, null, null);
    } catch {
      return sessionStorage.removeItem(SHOWN);
    }
    return answered();
  }
  const across = await collect();
  if (across) await take(across);
});

function wire() {
  const on = (name, work) => get(name).addEventListener("click", () => work());
  on("record", record);
  on("film", film);
  get("challenge")?.addEventListener("click", () => {
    challenging = true;
    guarded(offer)();
  });
  get("unanswer")?.addEventListener("click", choose);
  for (const name of ["unfilm", "other", "elsewhere", "restart", "afresh"]) on(name, choose);
  on("pay-test", () => pay(checkout.testWallet));
  on("pay-wallet", () => pay(injected()));
  on("pay-kept", () => pay());
  on("again", () => (checkout.canRetry ? pay() : guarded(offer)()));
  on("resume", () => pay());
  on("cancel", () => {
    tell("Cancelling");
    cancelling?.abort();
  });
  history.eraser(get("erase"), root, () => paid, () => {
    sessionStorage.removeItem(SHOWN);
    get("answer").replaceChildren();
    history.showHistory(list, root);
    show("erased");
  });
  list.querySelector("[data-forget]").addEventListener("click", () => {
    history.forget();
    history.showHistory(list, root);
    show("choose");
  });
  get("way").addEventListener("change", priced);
  get("file").addEventListener("change", (event) => take(event.target.files[0]));
  get("address").addEventListener("submit", (event) => {
    event.preventDefault();
    useAddress();
  });
  addEventListener("keydown", (event) => event.key === "Escape" && checkout.shows("film") && choose());
  for (const button of section.querySelectorAll("[data-sample]")) button.addEventListener("click", () => sample(button));
  const drop = get("drop");
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => (event.preventDefault(), drop.classList.add("over")));
  }
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => (event.preventDefault(), take(event.dataTransfer.files[0])));
  get("record").hidden = !(navigator.mediaDevices?.getUserMedia && (kind === "picture" || globalThis.MediaRecorder));
  if (get("challenge")) get("challenge").hidden = get("record").hidden;
  get("app").hidden = false;
}

wire();
restore();
