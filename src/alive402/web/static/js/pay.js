// The page of a payment made ahead: signs one payment and sends it to the page's own address.

import { Checkout } from "./checkout.js";
import { transactionOf } from "./payment.js";
import { ask, Problem, refusalOf } from "./problem.js";
import { injected } from "./wallet.js";

const checkout = new Checkout(document.querySelector("[data-pay]"));
const get = (name) => checkout.get(name);
const IN_USE_TRIES = 30;

function tell(words, more = "") {
  get("doing").textContent = words;
  get("doing-more").textContent = more;
}

function complain(problem) {
  checkout.explain(problem);
  checkout.show("problem");
}

const guarded = (work) => (...given) => work(...given).catch(complain);

const offer = guarded(async (moving = true) => {
  checkout.show("work", null, moving);
  tell("Asking for the price");
  await checkout.askForTerms();
  if (checkout.terms.code === "token_mismatch") {
    throw new Problem("payment_bound", { message: "Its creator has bound this payment to a secret. Only a program that has the secret can pay it." });
  }
  checkout.showWays();
  priced();
  checkout.show("pay", null, moving);
});

function priced() {
  const { way, network, testMoney } = checkout;
  checkout.showPrice();
  get("terms").textContent = testMoney ? `in test money without value, on ${network}.` : `on ${network}, token ${way.asset}, to ${way.payTo}.`;
}

const pay = guarded(async (chosen) => {
  checkout.show("work");
  await checkout.sign(chosen, tell);
  checkout.underWay = true;
  tell("Taking the payment");
  const transaction = await sent();
  checkout.underWay = false;
  get("transaction").textContent = transaction ? `Transaction ${transaction}` : "";
  checkout.show("paid");
});

// Sends the payment; resolves to its transaction.
async function sent() {
  const { payment, section } = checkout;
  for (let tries = 0; ; tries += 1) {
    const asked = await ask(section.dataset.path, { method: "POST", headers: { "PAYMENT-SIGNATURE": payment } });
    if (asked.response.ok) return transactionOf(asked.response);
    const refusal = refusalOf(asked);
    if (refusal.code !== "payment_in_use" || tries === IN_USE_TRIES) throw refusal;
    await new Promise((resolve) => setTimeout(resolve, (refusal.retryAfter || 2) * 1000));
  }
}

get("pay-test").addEventListener("click", () => pay(checkout.testWallet));
get("pay-wallet").addEventListener("click", () => pay(injected()));
get("again").addEventListener("click", () => (checkout.canRetry ? pay() : offer()));
get("way").addEventListener("change", priced);
get("app").hidden = false;
offer(false);
