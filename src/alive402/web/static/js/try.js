// "Try it", one step at a time: choose a video, pay, wait, read the answer; with advice on every problem.

import { showAnswer } from "./answer.js";
import { answer, upload } from "./call.js";
import * as camera from "./camera.js";
import { Checkout } from "./checkout.js";
import { Problem } from "./problem.js";
import { injected } from "./wallet.js";

const STAGES = {
  queued: "Waiting for a free place",
  fetching: "Fetching the video",
  looking: "Looking at the frames",
  judging: "Weighing the evidence",
  settling: "Taking the payment",
};
const ENDINGS = /\.(mp4|m4v|mov|webm|mkv|avi|flv|3gp|mpe?g|wmv|rm|rmvb|ts)$/i;

const KEPT = new Set([0, 402, 409, 429, 500, 503]);

const section = document.querySelector("[data-try]");
const { root, service, path } = section.dataset;
const checkout = new Checkout(section);
const get = (name) => checkout.get(name);
const show = (name, focus) => checkout.show(name, focus);

// The video: a file, or a URL.
let file = null;
let address = null;
let preview = null;
let handed = null;
let stream = null;

function tell(words, share = null, more = "") {
  const doing = get("doing");
  if (doing.textContent !== words) doing.textContent = words;
  const bar = get("progress");
  if (share === null) bar.removeAttribute("value");
  else bar.value = share;
  get("doing-more").textContent = more;
}

function complain(problem) {
  const next = checkout.explain(problem);
  const again = get("again");
  again.hidden = next !== "again" || (file === null && address === null);
  // A payment of unknown outcome belongs to this video, so no other video is offered.
  get("elsewhere").hidden = checkout.underWay;
  show("problem", again.hidden ? get("elsewhere") : again);
}

const guarded = (work) => (...given) => work(...given).catch(complain);

function choose() {
  camera.close(stream, get("camera"));
  stream = null;
  file = null;
  address = null;
  handed = null;
  get("file").value = "";
  show("choose", get("record").hidden ? get("file") : get("record"));
}

const take = guarded(async (chosen) => {
  if (!chosen) return;
  if (!chosen.type.startsWith("video/") && !ENDINGS.test(chosen.name)) throw new Problem("not_a_video");
  const most = Number(section.dataset.maxBytes);
  if (chosen.size > most) {
    throw new Problem("video_too_large", { message: `It has ${megabytes(chosen.size)}; at most ${megabytes(most)} are taken.` });
  }
  file = chosen;
  address = null;
  await offer();
});

async function offer() {
  handed = null;
  const video = get("preview");
  if (preview) URL.revokeObjectURL(preview);
  preview = file ? URL.createObjectURL(file) : null;
  get("unplayable").hidden = true;
  video.hidden = !file;
  if (file) {
    video.onerror = () => {
      video.hidden = true;
      get("unplayable").hidden = false;
    };
    video.src = preview;
  } else video.removeAttribute("src");
  get("name").textContent = file ? `${file.name}, ${megabytes(file.size)}` : address;
  show("work");
  tell("Asking for the price");
  await checkout.askForTerms();
  checkout.showWays();
  priced();
  show("pay", shownPay());
}

function priced() {
  const { way, network, testMoney } = checkout;
  checkout.showPrice();
  get("terms").textContent = testMoney
    ? `in test money without value, on ${network}. Charged only if you get an answer.`
    : `on ${network}, token ${brief(way.asset)}, to ${brief(way.payTo)}. Charged only if you get an answer.`;
  get("pay-kept").hidden = checkout.payment === null;
}

function shownPay() {
  return ["pay-kept", "pay-test", "pay-wallet"].map(get).find((button) => !button.hidden) ?? get("other");
}

const pay = guarded(async (chosen) => {
  show("work");
  await checkout.sign(chosen, (words, more) => tell(words, null, more));
  checkout.underWay = true;
  const body = await judged();
  checkout.underWay = false;
  checkout.payment = null;
  tell("Showing the answer", 1);
  try {
    await showAnswer(get("answer"), body, file);
  } catch (problem) {
    // The answer is paid: the same payment gets it again.
    checkout.payment = body.payment;
    throw problem;
  }
  show("answer", get("answer"));
});

async function judged() {
  const bearing = checkout.payment;
  for (let tries = 0; ; tries += 1) {
    if (file && handed === null) {
      tell("Sending the video", 0);
      handed = await upload(root, service, file, bearing, (share) => tell("Sending the video", 0.3 * share));
    }
    tell("Judging the video", 0.3);
    try {
      const body = await answer(path, { VideoUrl: handed ?? address }, bearing, (stage, share) => {
        if (STAGES[stage]) tell(STAGES[stage], 0.3 + 0.7 * (share ?? 0));
      });
      return { ...body, payment: bearing };
    } catch (problem) {
      if (problem.code === "upload_gone" && tries === 0 && file) handed = null;
      else {
        // The service deletes an unusable video at once; an upload that was not judged yet stays for the next try.
        if (!KEPT.has(problem.status)) handed = null;
        throw problem;
      }
    }
  }
}

const film = guarded(async () => {
  const button = get("film");
  button.disabled = true;
  section.classList.add("filming");
  try {
    const taken = await camera.film(stream, (count, share) => {
      get("count").textContent = count ?? "";
      get("filmed").value = share;
    });
    if (taken === null) return;
    camera.close(stream, get("camera"));
    await take(taken);
  } catch (problem) {
    camera.close(stream, get("camera"));
    throw problem;
  } finally {
    button.disabled = false;
    section.classList.remove("filming");
    get("count").textContent = "";
    get("filmed").value = 0;
  }
});

const record = guarded(async () => {
  const start = get("film");
  start.disabled = true;
  show("film", get("unfilm"));
  const opened = await camera.open(get("camera"));
  // The user has moved on meanwhile: do not record.
  if (start.closest("[data-step]").hidden) return camera.close(opened, get("camera"));
  stream = opened;
  start.disabled = false;
  start.focus();
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

function megabytes(bytes) {
  return bytes < 1e5 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function brief(hex) {
  return `${hex.slice(0, 6)}…${hex.slice(-4)}`;
}

function wire() {
  const on = (name, work) => get(name).addEventListener("click", () => work());
  on("record", record);
  on("film", film);
  for (const name of ["unfilm", "other", "elsewhere", "restart"]) on(name, choose);
  on("pay-test", () => pay(checkout.testWallet));
  on("pay-wallet", () => pay(injected()));
  on("pay-kept", () => pay());
  on("again", () => (checkout.canRetry ? pay() : guarded(offer)()));
  get("way").addEventListener("change", priced);
  get("file").addEventListener("change", (event) => take(event.target.files[0]));
  get("address").addEventListener("submit", (event) => {
    event.preventDefault();
    useAddress();
  });
  const drop = get("drop");
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => (event.preventDefault(), drop.classList.add("over")));
  }
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => (event.preventDefault(), take(event.dataTransfer.files[0])));
  get("record").hidden = !camera.canRecord();
  get("app").hidden = false;
}

wire();
