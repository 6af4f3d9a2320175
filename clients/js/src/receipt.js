// Verifies a signed answer (JWS, EdDSA) with WebCrypto, in Node and in browsers.

import { ClientError } from "./errors.js";

const TYPE = "alive402-verdict+jwt";
const CONSTANTS = { code: "200", message: "success", content: "" };
const SIGNED = new Set(["requestId", "data", "reportUrl"]);
const KEYS = "/.well-known/jwks.json";
const utf8 = new TextEncoder();

const wrong = (message) => new ClientError("verdict_unverified", message, { charged: null });

export function bytesOf(base64) {
  return Uint8Array.from(atob(base64.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
}

export function base64Of(bytes) {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

export async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// JSON with sorted keys, no spaces, non-ASCII escaped, whole numbers without a point: what `answerSha256` is made of.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  if (value && typeof value === "object") {
    return `{${Object.keys(value).sort().map((key) => `${canonical(key)}:${canonical(value[key])}`)}}`;
  }
  if (typeof value === "number" && value && Math.abs(value) < 1e-4) {
    return value.toExponential().replace(/-(\d)$/, "-0$1");
  }
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => "\\u" + char.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}

function parts(jws) {
  try {
    const [head, body, signature, more] = String(jws).split(".");
    if (more !== undefined) throw new Error();
    return {
      header: JSON.parse(new TextDecoder().decode(bytesOf(head))),
      claims: JSON.parse(new TextDecoder().decode(bytesOf(body))),
      signed: utf8.encode(`${head}.${body}`),
      signature: bytesOf(signature),
    };
  } catch {
    throw wrong("This is not a signed verdict: it is not a compact JWS.");
  }
}

/** Verifies a signed verdict alone; returns its claims. */
export async function verifyVerdict(jws, jwks) {
  const { header, claims, signed, signature } = parts(jws);
  if (header.typ !== TYPE || header.alg !== "EdDSA") {
    throw wrong(`This is not a signed verdict: it is of type ${header.typ}, ${header.alg}.`);
  }
  const key = (jwks?.keys ?? []).find((each) => each.kid === header.kid);
  if (!key) throw wrong(`The key set does not contain the verdict's key: ${header.kid}.`);
  const { kty, crv, x } = key;
  const imported = await crypto.subtle.importKey("jwk", { kty, crv, x }, { name: "Ed25519" }, false, ["verify"]);
  if (!(await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, signed))) {
    throw wrong("The signature is wrong: the verdict was altered, or another key signed it.");
  }
  return claims;
}

/** Verifies a whole answer, every value of it; `url` is the service's. Returns the claims. */
export async function verifyAnswer(text, jwks, url) {
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    throw wrong("The response is not an answer.");
  }
  if (!answer?.data || typeof answer.data !== "object") throw wrong("The response is not an answer.");
  const { Receipt, ...data } = answer.data;
  const claims = await verifyVerdict(Receipt, jwks);
  for (const [name, value] of Object.entries(answer)) {
    const known = SIGNED.has(name) || (Object.hasOwn(CONSTANTS, name) && CONSTANTS[name] === value);
    if (!known) throw wrong(`The answer was altered: \`${name}\` is not the signed value.`);
  }
  if (answer.requestId !== claims.requestId) throw wrong("The answer was altered: `requestId` is not the signed value.");
  if ((await sha256(utf8.encode(canonical(data)))) !== claims.answerSha256) {
    throw wrong("The answer was altered: `data` is not the signed value.");
  }
  if (answer.reportUrl !== undefined && !(await ownReport(answer.reportUrl, claims, url))) {
    throw wrong("The answer was altered: `reportUrl` is not the signed value.");
  }
  return claims;
}

async function ownReport(reportUrl, claims, url) {
  const at = String(reportUrl).lastIndexOf("/reports/");
  const where = String(reportUrl).slice(0, at);
  const bases = [claims.iss, url].filter(Boolean).map((base) => base.replace(KEYS, "").replace(/\/+$/, ""));
  return (
    at >= 0 && bases.includes(where) && (await sha256(utf8.encode(reportUrl.slice(at + 9)))) === claims.reportSha256
  );
}
