// The page of a payment made ahead: signs one payment and sends it to the page's own address.

import { advise, isVoid } from "./advice.js";
import { inWords, sign, termsOf, transactionOf } from "./payment.js";
import { ask, Problem, refusalOf } from "./problem.js";
import { injected, testWallet } from "./wallet.js";

const section = document.querySelector("[data-pay]");
const { root, path } = section.dataset;
const networks = JSON.parse(section.dataset.networks);
const testMoney = "testMoney" in section.dataset;
const get = (name) => section.querySelector(`[data-${name}]`);
const steps = [...section.querySelectorAll("[data-step]")];
const play = testMoney ? testWallet(root) : null;
const IN_USE_TRIES = 30;

// Signed once, kept until it has paid or is void.
let terms = null;
let payment = null;
let provider = null;
// Whether a payment was sent and its outcome is unknown.
let underWay = false;

function show(name, focus = null) {
  for (const step of steps) step.hidden = step.dataset.step !== name;
  focus?.focus();
}

function tell(words, more = "") {
  get("doing").textContent = words;
  get("doing-more").textContent = more;
}

function chosenWay() {
  return terms?.accepts[Number(get("way").value) || 0];
}

function network() {
  const way = chosenWay();
  return way ? (networks[way.network] ?? way.network) : "the right network";
}

function complain(problem) {
  if (!(problem instanceof Problem)) {
    console.error(problem);
    problem = new Problem("page_failed", { message: "The page itself failed. Load it again." });
  }
  underWay = payment !== null && problem.code === "unreachable";
  if (isVoid(problem)) payment = null;
  if (problem.code === "payment_invalid" && provider === play) play?.forget();
  const { title, text } = advise(problem, { signed: payment !== null, network: network(), testMoney });
  get("problem").textContent = title;
  get("what-to-do").textContent = text;
  get("problem-code").textContent = problem.requestId ? `${problem.code} · request ${problem.requestId}` : problem.code;
  show("problem", get("again"));
}

const guarded = (work) => (...given) => work(...given).catch(complain);

const offer = guarded(async () => {
  show("work");
  tell("Asking for the price");
  terms = await termsOf(path);
  if (terms.code === "token_mismatch") {
    throw new Problem("payment_bound", { message: "Its creator has bound this payment to a secret. Only a program that has the secret can pay it." });
  }
  get("way").replaceChildren(...terms.accepts.map((way, at) => new Option(`${inWords(way)} on ${networks[way.network] ?? way.network}`, at)));
  get("ways").hidden = terms.accepts.length < 2;
  priced();
  show("pay");
});

function priced() {
  const way = chosenWay();
  get("price").textContent = inWords(way);
  get("terms").textContent = testMoney ? `in test money without value, on ${network()}.` : `on ${network()}, token ${way.asset}, to ${way.payTo}.`;
  get("pay-test").hidden = !testMoney;
  get("pay-wallet").hidden = !injected();
  get("pay-wallet").classList.toggle("quiet", testMoney);
  get("no-wallet").hidden = testMoney || Boolean(injected());
}

const pay = guarded(async (chosen) => {
  provider = chosen ?? provider;
  show("work");
  if (payment === null) {
    if (!provider) throw new Problem("no_wallet");
    tell(provider === play ? "Signing the test payment" : "Confirm in your wallet",
      provider === play ? "" : "It asks for the account, then for one signature.");
    payment = await sign(provider, chosenWay(), terms);
  }
  underWay = true;
  tell("Taking the payment");
  const transaction = await sent();
  underWay = false;
  get("transaction").textContent = transaction ? `Transaction ${transaction}` : "";
  show("paid", get("paid"));
});

// Sends the payment; resolves to its transaction.
async function sent() {
  for (let tries = 0; ; tries += 1) {
    const asked = await ask(path, { method: "POST", headers: { "PAYMENT-SIGNATURE": payment } });
    if (asked.response.ok) return transactionOf(asked.response);
    const refusal = refusalOf(asked);
    if (refusal.code !== "payment_in_use" || tries === IN_USE_TRIES) throw refusal;
    await new Promise((resolve) => setTimeout(resolve, (refusal.retryAfter || 2) * 1000));
  }
}

get("pay-test").addEventListener("click", () => pay(play));
get("pay-wallet").addEventListener("click", () => pay(injected()));
get("again").addEventListener("click", () => (terms !== null && (provider || payment) ? pay() : offer()));
get("way").addEventListener("change", priced);
addEventListener("beforeunload", (event) => underWay && event.preventDefault());
get("app").hidden = false;
offer();
