// The client: uploads, pays once, waits, and verifies. A request that may have been paid is repeated unchanged.

import { ClientError } from "./errors.js";
import { signed } from "./payment.js";
import { bytesOf, sha256, verifyAnswer } from "./receipt.js";

export const VIDEO_SERVICE = "video-face-liveness-detection";
export const PICTURE_SERVICE = "face-liveness-detection";
const TOOLS = "/api/tools/";
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
  async buy(source, { picture, idempotencyKey } = {}) {
    if (typeof source === "string") {
      if (!/^https?:\/\//.test(source)) {
        throw new ClientError("input_unreadable", "Give an http or https URL, or the bytes of a file.");
      }
      const service = (picture ?? PICTURE.test(source.split(/[?#]/)[0])) ? PICTURE_SERVICE : VIDEO_SERVICE;
      return this.call(service, requestOf(service, source), { idempotencyKey });
    }
    const bytes = await bytesIn(source);
    if (!bytes.length) throw new ClientError("input_unreadable", "The file is empty.");
    const service = (picture ?? isPicture(bytes)) ? PICTURE_SERVICE : VIDEO_SERVICE;
    const payment = await this.#pay(service, {});
    const url = await this.#freeing(payment, () => this.#upload(service, bytes, payment.headers));
    const digest = await sha256(bytes);
    return this.#finish(pendingOf(service, requestOf(service, url), payment, idempotencyKey, digest), payment);
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

// After how many seconds the same request is sent again; null when the response is final.
function repeatedAfter(reply) {
  if (reply.lost) return 0;
  const { status, body } = reply;
  const atWork = status === 409 && body?.code === "payment_in_use";
  const unknown = status >= 400 && body?.charged === null;
  const gateway = (status === 502 || status === 504) && !body?.code;
  if (!atWork && !unknown && !gateway && status !== 429 && status !== 503) return null;
  const after = reply.headers.get("Retry-After") ?? "";
  return /^\d+$/.test(after) ? Number(after) : 0;
}

function refused(reply, pending) {
  const { status, body } = reply;
  if (typeof body?.code !== "string") {
    return new ClientError(
      "service_unreachable",
      `The answer (HTTP ${status}) is not one of this kind of service. Check the URL.`,
      { status, charged: pending ? null : false, pending },
    );
  }
  const inUse = body.code === "payment_in_use";
  const charged = inUse ? null : (body.charged ?? (body.charged === null ? null : false));
  return new ClientError(body.code, String(body.message ?? ""), {
    charged,
    status,
    details: body.details,
    requestId: body.requestId,
    pending: charged === false ? undefined : pending,
  });
}

function check(claims, reply, pending) {
  const header = reply.headers.get("PAYMENT-RESPONSE");
  const settled = header ? parsed(new TextDecoder().decode(bytesOf(header))) : null;
  const paid = claims.payment ?? {};
  const names = ["transaction", "network", "payer", "amount"];
  const differs = names.some((name) => settled?.[name] != null && settled[name] !== paid[name]);
  if (differs) {
    throw new ClientError("verdict_unverified", "The PAYMENT-RESPONSE header is not the payment that was signed.");
  }
  if (pending.sha256 && ![claims.videoSha256, ...(claims.imagesSha256 ?? [])].includes(pending.sha256)) {
    throw new ClientError("verdict_unverified", "The answer is about another file than the one that was sent.");
  }
  if (pending.payer && paid.payer && paid.payer.toLowerCase() !== pending.payer.toLowerCase()) {
    throw new ClientError("verdict_unverified", "The answer was paid by another payer.");
  }
}

function answerOf({ body, text }, claims) {
  return {
    verdict: claims.verdict,
    liveConfidence: claims.confidence ?? null,
    requestId: body.requestId,
    reportUrl: body.reportUrl ?? null,
    report: body.data.Liveness ?? null,
    payment: claims.payment ?? null,
    claims,
    body,
    text,
  };
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

function parsed(text) {
  try {
    const found = JSON.parse(text);
    return found && typeof found === "object" ? found : null;
  } catch {
    return null;
  }
}

async function bytesIn(source) {
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer ?? source, source.byteOffset ?? 0, source.byteLength);
  }
  throw new ClientError("input_unreadable", "Give an http or https URL, or the bytes of a file.");
}

function isPicture(bytes) {
  const at = (start, end) => String.fromCharCode(...bytes.subarray(start, end));
  const head = at(0, 4);
  return (
    head.startsWith("\xff\xd8\xff") ||
    head === "\x89PNG" ||
    head.startsWith("BM") ||
    (head === "RIFF" && at(8, 12) === "WEBP") ||
    (at(4, 8) === "ftyp" && ["heic", "heix", "mif1", "avif", "heim", "heis"].includes(at(8, 12)))
  );
}
