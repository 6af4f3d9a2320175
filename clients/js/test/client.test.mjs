// Buys from a running service: SERVICE, VIDEO_URL, VIDEO (a file), CLIP (a longer one), WALLET_KEY, API_KEY; NPM is a folder with viem.
import assert from "node:assert/strict";
import { openAsBlob } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { Client, ClientError, verifyAnswer } from "../src/index.js";

const { SERVICE, VIDEO_URL, VIDEO, CLIP, WALLET_KEY, API_KEY, NPM } = process.env;
const viem = createRequire(`${NPM}/`).resolve("viem/accounts");
const { privateKeyToAccount } = await import(pathToFileURL(viem));
const wallet = privateKeyToAccount(WALLET_KEY);
const keys = await (await fetch(`${SERVICE}/.well-known/jwks.json`)).json();

function refusal(code) {
  return (error) => error instanceof ClientError && error.code === code;
}

test("a file is uploaded, and bought with one signature although its answer is lost", async () => {
  const seen = [];
  let lost = 0;
  const client = new Client(SERVICE, {
    wallet,
    maxUsd: 0.25,
    async fetch(url, options) {
      const response = await fetch(url, options);
      const signature = options.headers["PAYMENT-SIGNATURE"];
      if (!signature || url.includes("/uploads")) return response;
      seen.push(signature);
      // The answer arrives, and the client does not hear it.
      if (lost++ === 0) throw new TypeError("fetch failed");
      return response;
    },
  });
  await client.fund();
  const answer = await client.buy(await openAsBlob(VIDEO));
  assert.equal(seen.length, 2);
  assert.equal(new Set(seen).size, 1);
  assert.equal(answer.payment.payer, wallet.address);
  assert.equal(answer.payment.amount, "200000");
  assert.equal(answer.verdict, answer.report.verdict);
  assert.equal(answer.claims.videoSha256, answer.report.video.sha256);

  const altered = answer.text.replaceAll(`"${answer.verdict}"`, '"other"');
  assert.notEqual(altered, answer.text);
  await assert.rejects(verifyAnswer(altered, keys, SERVICE), refusal("verdict_unverified"));
  await assert.rejects(verifyAnswer(answer.text.replace("{", '{"more":1,'), keys, SERVICE), /more/);
  await assert.rejects(verifyAnswer(answer.text, { keys: [] }, SERVICE), /does not contain/);
});

test("a purchase without an answer is resumed with its payment", async () => {
  const losing = new Client(SERVICE, {
    wallet,
    patience: 0,
    async fetch(url, options) {
      const response = await fetch(url, options);
      if (options.headers["PAYMENT-SIGNATURE"]) throw new TypeError("fetch failed");
      return response;
    },
  });
  const error = await losing.buy(VIDEO_URL).then(assert.fail, (each) => each);
  assert.equal(error.code, "service_unreachable");
  assert.equal(error.charged, null);
  assert.ok(!JSON.stringify(error).includes("PAYMENT-SIGNATURE"));
  const answer = await new Client(SERVICE).resume(JSON.parse(JSON.stringify(error.pending)));
  assert.equal(answer.payment.payer, wallet.address);
});

test("what costs too much, fails or cannot be paid is not charged", async () => {
  await assert.rejects(new Client(SERVICE, { wallet, maxUsd: 0.1 }).buy(VIDEO_URL), refusal("spend_cap_exceeded"));
  const none = VIDEO_URL.replace("face.mp4", "none.mp4");
  const client = new Client(SERVICE, { wallet, budgetUsd: 0.25 });
  for (let time = 0; time < 2; time++) {
    const error = await client.buy(none).then(assert.fail, (each) => each);
    assert.deepEqual([error.code, error.charged, error.pending], ["upstream_status", false, undefined]);
  }
  await assert.rejects(new Client(SERVICE).buy(VIDEO_URL), refusal("no_way_to_pay"));
  await assert.rejects(new Client(SERVICE, { token: "pt_none" }).buy(VIDEO_URL), refusal("token_unknown"));
  await assert.rejects(new Client("http://127.0.0.1:9", { wallet, patience: 0 }).buy(VIDEO_URL), refusal("service_unreachable"));
  await assert.rejects(new Client(SERVICE, { wallet }).buy("selfie.mp4"), refusal("input_unreadable"));
  assert.throws(() => new Client(SERVICE, { wallet, token: "a" }), refusal("no_way_to_pay"));
});

test("an API key pays nothing", async () => {
  const answer = await new Client(SERVICE, { apiKey: API_KEY }).buy(VIDEO_URL);
  assert.equal(answer.payment, null);
});

test("a challenge is made, filmed and bought with one payment", async () => {
  const signatures = new Set();
  const client = new Client(SERVICE, {
    wallet,
    budgetUsd: 0.2,
    fetch(url, options) {
      if (options.headers["PAYMENT-SIGNATURE"]) signatures.add(options.headers["PAYMENT-SIGNATURE"]);
      return fetch(url, options);
    },
  });
  await assert.rejects(client.newChallenge({ steps: 9 }), refusal("invalid_input"));
  signatures.clear();
  const asked = await client.newChallenge({ bind: "session 17", steps: 3 });
  assert.deepEqual([asked.state, asked.answerBy, asked.uploadUrl], ["issued", null, null]);
  assert.equal((await fetch(asked.captureUrl)).status, 200);
  // What the page of the challenge does.
  await fetch(`${asked.statusUrl}/begin`, { method: "POST" });
  await fetch(`${asked.statusUrl}/clip`, { method: "POST", body: await openAsBlob(CLIP, { type: "video/mp4" }) });
  const filmed = await client.challenge(asked.id);
  assert.equal(filmed.state, "filmed");
  const answer = await client.buy(filmed.uploadUrl, { challenge: asked.id, bind: "session 17" });
  assert.deepEqual([answer.freshness, answer.claims.freshness.challengeId], ["not_answered", asked.id]);
  assert.equal(signatures.size, 1);
  assert.equal((await client.challenge(asked.id)).requestId, answer.requestId);
  await assert.rejects(client.challenge("A".repeat(43)), refusal("challenge_unknown"));
});
