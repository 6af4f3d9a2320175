// The paying steps that pages share: the price, one signature by a wallet, and the advice on a problem.

import { advise, isVoid } from "./advice.js";
import { inWords, sign, termsOf } from "./payment.js";
import { Problem } from "./problem.js";
import { injected, testWallet } from "./wallet.js";

export class Checkout {
  terms = null;
  // Signed once, kept until it has paid or is void.
  payment = null;
  provider = null;
  // Whether a payment was sent and its outcome is unknown.
  underWay = false;
  // Whether the browser keeps the payment when the page is left.
  kept = false;
  #networks;
  #steps;

  // `section` has the steps as `data-step`, their parts as `data-…`, and the page's facts in its own `data-…`.
  constructor(section) {
    this.section = section;
    this.#steps = [...section.querySelectorAll("[data-step]")];
    this.#networks = JSON.parse(section.dataset.networks);
    this.testMoney = "testMoney" in section.dataset;
    this.testWallet = this.testMoney ? testWallet(section.dataset.root) : null;
    // Leaving the page now would lose the payment.
    addEventListener("beforeunload", (event) => this.underWay && !this.kept && event.preventDefault());
  }

  get(name) {
    return this.section.querySelector(`[data-${name}]`);
  }

  // Shows one step: its heading gets the focus, so that it is read aloud, and the card's top comes into view.
  // At the first load, which no one asked to move, `moving` is false.
  show(name, focus = null, moving = true) {
    for (const step of this.#steps) step.hidden = step.dataset.step !== name;
    if (!moving) return;
    const heading = focus ?? this.#steps.find((step) => step.dataset.step === name)?.querySelector("[data-heading]");
    heading?.focus({ preventScroll: true });
    this.section.scrollIntoView({ block: "start", behavior: "instant" });
  }

  // Whether a step is shown.
  shows(name) {
    return this.#steps.some((step) => step.dataset.step === name && !step.hidden);
  }

  // The payment option that is chosen.
  get way() {
    return this.terms?.accepts[Number(this.get("way").value) || 0];
  }

  get network() {
    return this.way ? this.#title(this.way) : "the right network";
  }

  // Whether a failed payment can go on from its terms, with the same wallet or signature.
  get canRetry() {
    return this.terms !== null && Boolean(this.provider || this.payment);
  }

  async askForTerms() {
    this.terms = await termsOf(this.section.dataset.path);
  }

  showWays() {
    const { accepts } = this.terms;
    this.get("way").replaceChildren(...accepts.map((way, at) => new Option(`${inWords(way)} on ${this.#title(way)}`, at)));
    this.get("ways").hidden = accepts.length < 2;
  }

  // Shows the price and the wallets to choose from; none when the payment is signed already.
  showPrice() {
    const signed = this.payment !== null;
    this.get("price").textContent = inWords(this.way);
    this.get("pay-test").hidden = signed || !this.testMoney;
    this.get("pay-wallet").hidden = signed || !injected();
    this.get("pay-wallet").classList.toggle("quiet", this.testMoney);
    this.get("no-wallet").hidden = signed || this.testMoney || Boolean(injected());
  }

  // Signs the payment if there is none; `tell` shows what the wallet does.
  async sign(chosen, tell) {
    this.provider = chosen ?? this.provider;
    if (this.payment !== null) return;
    if (!this.provider) throw new Problem("no_wallet");
    if (this.terms === null) await this.askForTerms();
    if (this.provider === this.testWallet) tell("Signing the test payment", "");
    else tell("Confirm in your wallet", "It asks for the account, then for one signature.");
    this.payment = await sign(this.provider, this.way, this.terms);
  }

  // Writes a problem and its advice into the step `problem`, and returns what may be done next.
  explain(problem) {
    if (!(problem instanceof Problem)) {
      console.error(problem);
      problem = new Problem("page_failed", { message: "The page itself failed. Load it again." });
    }
    this.underWay = this.payment !== null && ["unreachable", "stopped_waiting"].includes(problem.code);
    if (isVoid(problem)) this.payment = null;
    if (problem.code === "payment_invalid" && this.provider === this.testWallet) this.testWallet?.forget();
    const facts = { signed: this.payment !== null, kind: this.section.dataset.kind, network: this.network, testMoney: this.testMoney };
    const { title, text, next } = advise(problem, facts);
    this.get("problem").textContent = title;
    this.get("what-to-do").textContent = text;
    this.get("problem-code").textContent = problem.requestId ? `${problem.code} · request ${problem.requestId}` : problem.code;
    return next;
  }

  #title(way) {
    return this.#networks[way.network] ?? way.network;
  }
}
