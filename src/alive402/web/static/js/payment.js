// x402 version 2, scheme `exact`: reads the payment terms and signs an EIP-3009 authorization as a PAYMENT-SIGNATURE.

import { ask, Problem, refusalOf } from "./problem.js";
import { connect, signTyped } from "./wallet.js";

// Authorizations are valid from a little before now, because a chain's last block is older than the clock.
const LEEWAY_SECONDS = 600;
const TYPES = {
  EIP712Domain: [
    { name: "name", type: "string" },
    { name: "version", type: "string" },
    { name: "chainId", type: "uint256" },
    { name: "verifyingContract", type: "address" },
  ],
  TransferWithAuthorization: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "validAfter", type: "uint256" },
    { name: "validBefore", type: "uint256" },
    { name: "nonce", type: "bytes32" },
  ],
};

// The payment terms of one call: {accepts, resource, ahead, code}; `ahead` is how many ms its clock is ahead of ours, and
// `code` says why it asks.
export async function termsOf(path) {
  const asked = await ask(path, { method: "POST" });
  if (asked.response.status !== 402) throw refusalOf(asked);
  // The body is for buyers of version 1.
  const required = decoded(asked.response.headers.get("PAYMENT-REQUIRED") ?? "");
  const accepts = required.accepts.filter(isSignedHere);
  if (accepts.length === 0) throw new Problem("no_way_to_pay", { message: "The service offers no payment option that a browser wallet supports." });
  const date = Date.parse(asked.response.headers.get("Date") ?? "");
  return { accepts, resource: required.resource, ahead: Number.isNaN(date) ? 0 : date - Date.now(), code: asked.body.code };
}

function isSignedHere(way) {
  const method = way.extra?.assetTransferMethod ?? "eip3009";
  return way.scheme === "exact" && way.network.startsWith("eip155:") && method === "eip3009";
}

// The amount in words: dollars of a six-decimals token.
export function inWords(way) {
  const dollars = Number(way.amount) / 1e6;
  return `${dollars.toFixed(Number.isInteger(dollars * 100) ? 2 : 6)} ${way.extra?.name ?? "USDC"}`;
}

// A signed payment of `way`, as a header value.
export async function sign(provider, way, { resource, ahead }) {
  const chainId = Number(way.network.split(":")[1]);
  const account = await connect(provider, chainId);
  const now = Math.floor((Date.now() + ahead) / 1000);
  const authorization = {
    from: account,
    to: way.payTo,
    value: way.amount,
    validAfter: String(now - LEEWAY_SECONDS),
    validBefore: String(now + way.maxTimeoutSeconds),
    nonce: `0x${hex(crypto.getRandomValues(new Uint8Array(32)))}`,
  };
  const domain = { name: way.extra.name, version: way.extra.version, chainId, verifyingContract: way.asset };
  const typed = { types: TYPES, domain, primaryType: "TransferWithAuthorization", message: authorization };
  const signature = await signTyped(provider, account, typed);
  return encoded({ x402Version: 2, accepted: way, resource, payload: { authorization, signature } });
}

// The transaction that a paid response names, or null.
export function transactionOf(response) {
  const receipt = response.headers.get("PAYMENT-RESPONSE");
  return receipt ? decoded(receipt).transaction : null;
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function encoded(value) {
  return btoa(Array.from(new TextEncoder().encode(JSON.stringify(value)), (byte) => String.fromCharCode(byte)).join(""));
}

function decoded(header) {
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(header), (each) => each.charCodeAt(0))));
}
