// The client: uploads, pays once, waits, and verifies. A request that may have been paid is repeated unchanged.

import { ClientError } from "./errors.js";
import { bytesIn, isPicture } from "./inputs.js";
import { signed } from "./payment.js";
import { sha256, verifyAnswer } from "./receipt.js";
import { answerOf, challengeOf, check, parsed, refused, repeatedAfter } from "./responses.js";

export const VIDEO_SERVICE = "video-face-liveness-detection";
export const PICTURE_SERVICE = "face-liveness-detection";
const TOOLS = "/api/tools/";
const CHALLENGES = "/api/challenges";
const KEYS = "/.well-known/jwks.json";
const PICTURE = /\.(jpe?g|png|webp|bmp|hei[cf]|avif)$/i;
const REQUEST_MILLISECONDS = 180_000;
const UNPAID_PATIENCE = 5;
const FIRST_PAUSE = 0.25;
const LONGEST_PAUSE = 10;

/** Buys answers of the service at `url`. See index.d.ts for the options. */
export class Client {
  #url;
  #means;
  #wallet;
  #maxUsd;
  #left;
  #pinned;
  #fetched;
  // The payments that challenges were made with, by the challenge.
  #signed = new Map();
  #patience;
  #tell;
  #fetch;

  constructor(url, options = {}) {
    const { wallet, token, apiKey, maxUsd = 1, budgetUsd = Infinity, jwks, patience = 300 } = options;
    if ([wallet, token, apiKey].filter((each) => each !== undefined).length > 1) {
      throw new ClientError("no_way_to_pay", "Give one means to pay: a wallet, a prepaid token, or an API key.");
    }
    if (!/^https?:\/\//.test(url)) {
      throw new ClientError("no_way_to_pay", `${url} is not the URL of a service: it begins with https:// or http://.`);
    }
    if (!(maxUsd > 0) || !(budgetUsd > 0)) throw new TypeError("maxUsd and budgetUsd are amounts of dollars.");
    this.#url = url.replace(/\/+$/, "");
    this.#means = token ? { "X-Payment-Token": token } : apiKey ? { "X-Api-Key": apiKey } : undefined;
    this.#wallet = wallet;
    this.#maxUsd = Number(maxUsd);
    this.#left = Number(budgetUsd);
    this.#pinned = jwks;
    this.#patience = patience;
    this.#tell = options.tell ?? (() => {});
    this.#fetch = options.fetch ?? ((...given) => fetch(...given));
  }

  /** Buys the judgement of a video or picture: a URL, or its bytes (Blob, File, ArrayBuffer, Uint8Array). */
  async buy(source, { picture, idempotencyKey, challenge, bind } = {}) {
    if (typeof source === "string" && !/^https?:\/\//.test(source)) {
      throw new ClientError("input_unreadable", "Give an http or https URL, or the bytes of a file.");
    }
    const bytes = typeof source === "string" ? null : await bytesIn(source);
    if (bytes?.length === 0) throw new ClientError("input_unreadable", "The file is empty.");
    const shown = picture ?? (bytes ? isPicture(bytes) : PICTURE.test(source.split(/[?#]/)[0]));
    const service = shown ? PICTURE_SERVICE : VIDEO_SERVICE;
    const named = challenge && { ChallengeId: challenge, ...(bind !== undefined && { ChallengeBind: bind }) };
    const bought = async (payment) => {
      const url = bytes ? await this.#freeing(payment, () => this.#upload(service, bytes, payment.headers)) : source;
      const request = { ...requestOf(service, url), ...named };
      const digest = bytes && (await sha256(bytes));
      return this.#finish(pendingOf(service, request, payment, idempotencyKey, digest), payment);
    };
    const signed = this.#signed.get(challenge);
    this.#signed.delete(challenge);
    if (signed) {
      try {
        return await bought(signed);
      } catch (error) {
        // The person has taken longer than the payment is valid.
        if (error.code !== "payment_expires_soon") throw error;
      }
    }
    return bought(await this.#pay(service, bytes ? {} : { ...requestOf(service, source), ...named }));
  }

  /** Makes a challenge for the next video; a wallet signs the payment that the call which names it is paid with. */
  async newChallenge(options = {}) {
    const payment = await this.#pay(VIDEO_SERVICE, {});
    const made = await this.#freeing(payment, async () => {
      const reply = await this.#send("POST", CHALLENGES, json(options, payment.headers));
      if (reply.status !== 201) throw refused(reply);
      return challengeOf(reply.body, this.#url);
    });
    if (payment.payer) this.#signed.set(made.id, payment);
    return made;
  }

  /** The state of a challenge. */
  async challenge(id) {
    const reply = await this.#send("GET", `${CHALLENGES}/${encodeURIComponent(id)}`);
    if (reply.status !== 200) throw refused(reply);
    return challengeOf(reply.body, this.#url);
  }

  /** Buys the answer of a service, by its id, to a request in its own form. */
  async call(service, request, { idempotencyKey } = {}) {
    const payment = await this.#pay(service, request);
    return this.#finish(pendingOf(service, request, payment, idempotencyKey, null), payment);
  }

  /** Gets the answer of a purchase that ended without one, with the same payment. */
  async resume(pending) {
    return this.#finish(pending, { usd: 0 });
  }

  /** Gets test money for the wallet from the faucet of a test chain. */
  async fund() {
    if (!this.#wallet) throw new ClientError("no_way_to_pay", "Test money needs a wallet.");
    const reply = await this.#send("POST", "/devchain/faucet", json({ address: this.#wallet.address }));
    if (!reply.ok) throw refused(reply);
  }

  async #pay(service, request) {
    if (this.#means) return { headers: this.#means, usd: 0, payer: null };
    if (!this.#wallet) {
      throw new ClientError("no_way_to_pay", "Give one means to pay: a wallet, a prepaid token, or an API key.");
    }
    this.#tell("asking for the price");
    const reply = await this.#send("POST", TOOLS + service, json(request));
    if (reply.status !== 402) throw refused(reply);
    const offered = reply.headers.get("PAYMENT-REQUIRED");
    if (!offered) throw new ClientError("no_way_to_pay", "The service's 402 has no PAYMENT-REQUIRED header.");
    // A browser's clock may be wrong; not every service shows its own to other sites.
    const now = Date.parse(reply.headers.get("Date") ?? "") || Date.now();
    const payment = await signed(offered, this.#wallet, Math.min(this.#maxUsd, this.#left), now);
    this.#left -= payment.usd;
    this.#tell(`paying ${payment.usd} USD`);
    return { headers: { "PAYMENT-SIGNATURE": payment.header }, usd: payment.usd, payer: payment.payer };
  }

  async #upload(service, bytes, headers) {
    this.#tell(`uploading ${(bytes.length / 1e6).toFixed(1)} MB`);
    const reply = await this.#send("POST", `/api/uploads?service=${service}`, {
      headers: { ...headers, "Content-Type": "application/octet-stream" },
      body: bytes,
    });
    if (reply.status !== 201) throw refused(reply);
    return reply.body.url;
  }

  async #finish(pending, payment) {
    this.#tell("judging");
    const sent = json(pending.request, pending.headers);
    const reply = await this.#freeing(payment, async () => {
      const found = await this.#send("POST", TOOLS + pending.service, sent, pending);
      if (found.status !== 200) throw refused(found, pending);
      return found;
    });
    this.#tell("verifying the receipt");
    try {
      const claims = await this.#verified(reply.text);
      check(claims, reply, pending);
      return answerOf(reply, claims);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      throw new ClientError("verdict_unverified", error.message, { charged: null, pending, text: reply.text });
    }
  }

  async #verified(text) {
    const known = this.#pinned ?? this.#fetched;
    if (known) {
      try {
        return await verifyAnswer(text, known, this.#url);
      } catch (error) {
        // The service may sign with a new key since.
        if (this.#pinned) throw error;
      }
    }
    const reply = await this.#send("GET", KEYS, {});
    if (!reply.ok || !reply.body) throw new ClientError("verdict_unverified", "The service's keys cannot be read.");
    this.#fetched = reply.body;
    return verifyAnswer(text, this.#fetched, this.#url);
  }

  // What failed and was not charged is not spent.
  async #freeing(payment, work) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ClientError && error.charged === false) this.#left += payment.usd;
      throw error;
    }
  }

  async #send(method, path, { headers = {}, body } = {}, pending) {
    const began = Date.now();
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      const reply = await this.#once(method, path, headers, body);
      const after = repeatedAfter(reply);
      if (after === null) return reply;
      const wait = Math.max(after, pause);
      // Nothing is paid yet, so a wrong URL is reported after a few seconds.
      const patience = reply.lost && !pending ? Math.min(this.#patience, UNPAID_PATIENCE) : this.#patience;
      if (Date.now() + 1000 * wait > began + 1000 * patience) {
        if (!reply.lost) throw refused(reply, pending);
        throw new ClientError(
          "service_unreachable",
          `${this.#url} does not answer.` + (pending ? " Resume the purchase later; do not pay again." : ""),
          { charged: pending ? null : false, pending },
        );
      }
      this.#tell(wait < 1 ? "asking again" : `waiting ${Math.round(wait)} s`);
      await new Promise((resolve) => setTimeout(resolve, 1000 * wait));
    }
  }

  async #once(method, path, headers, body) {
    try {
      const signal = AbortSignal.timeout(REQUEST_MILLISECONDS);
      const redirect = "manual";
      const response = await this.#fetch(this.#url + path, { method, headers, body, signal, redirect });
      const text = await response.text();
      return { status: response.status, ok: response.ok, headers: response.headers, text, body: parsed(text) };
    } catch {
      return { lost: true };
    }
  }
}

function pendingOf(service, request, payment, idempotencyKey, digest) {
  const headers = { ...payment.headers, "Idempotency-Key": idempotencyKey ?? crypto.randomUUID() };
  return { service, request, headers, sha256: digest, payer: payment.payer };
}

function requestOf(service, url) {
  return service === PICTURE_SERVICE ? { Tasks: [{ ImageURL: url }] } : { VideoUrl: url };
}

function json(body, headers = {}) {
  return { headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body) };
}
