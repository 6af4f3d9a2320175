// x402 version 2: chooses an offer of a 402 within the cap, and signs its EIP-3009 authorization.

import { ClientError } from "./errors.js";
import { base64Of, bytesOf } from "./receipt.js";

// The dollar tokens with EIP-3009 that are paid: network, then token in lower case, then its decimals.
export const DOLLARS = {
  "eip155:1": { "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48": 6 },
  "eip155:137": { "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359": 6 },
  "eip155:8453": { "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913": 6 },
  "eip155:42161": { "0xaf88d065e77c8cc2239327c5edb3a432268e5831": 6 },
  "eip155:43114": { "0xb97ef9ef8734c71904d8002f8b6bc66dd9c48a6e": 6 },
  "eip155:84532": { "0x036cbd53842c5426634e7929541ec2318f3dcf7e": 6 },
  "eip155:421614": { "0x75faf114eafb1bdbe2f0316df893fd58ce46aa4d": 6 },
};
const TYPES = {
  TransferWithAuthorization: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "validAfter", type: "uint256" },
    { name: "validBefore", type: "uint256" },
    { name: "nonce", type: "bytes32" },
  ],
};

// The price of an offer in dollars, or null where it cannot be paid.
function priceOf(offer) {
  const decimals = DOLLARS[offer.network]?.[String(offer.asset).toLowerCase()];
  const method = offer.extra?.assetTransferMethod ?? "eip3009";
  if (decimals === undefined || offer.scheme !== "exact" || method !== "eip3009") return null;
  return /^\d+$/.test(offer.amount) ? Number(offer.amount) / 10 ** decimals : null;
}

/** Signs one of the offers in a PAYMENT-REQUIRED header; returns the PAYMENT-SIGNATURE header and its price. `now` is the
 * service's time in milliseconds. */
export async function signed(header, wallet, maxUsd, now = Date.now()) {
  let required;
  try {
    required = JSON.parse(new TextDecoder().decode(bytesOf(header)));
  } catch {
    throw new ClientError("no_way_to_pay", "The service's PAYMENT-REQUIRED header cannot be read.");
  }
  const priced = (required.accepts ?? [])
    .map((offer) => ({ offer, usd: priceOf(offer) }))
    .filter(({ usd }) => usd !== null)
    .sort((one, other) => one.usd - other.usd);
  if (!priced.length) {
    const offers = (required.accepts ?? []).map((each) => `${each.scheme} on ${each.network}`);
    throw new ClientError("no_way_to_pay", "None of the service's offers can be paid from this wallet.", {
      details: { offers },
    });
  }
  const [{ offer, usd }] = priced;
  if (usd > maxUsd) {
    throw new ClientError(
      "spend_cap_exceeded",
      `The answer costs ${usd} USD, and at most ${maxUsd} USD may be spent. Raise the cap if you agree to that price.`,
      { details: { priceUsd: usd, maxUsd } },
    );
  }
  const nonce = crypto.getRandomValues(new Uint8Array(32));
  const authorization = {
    from: wallet.address,
    to: offer.payTo,
    value: offer.amount,
    validAfter: "0",
    validBefore: String(Math.floor(now / 1000) + offer.maxTimeoutSeconds),
    nonce: "0x" + Array.from(nonce, (byte) => byte.toString(16).padStart(2, "0")).join(""),
  };
  const domain = {
    name: offer.extra.name,
    version: offer.extra.version,
    chainId: Number(offer.network.split(":")[1]),
    verifyingContract: offer.asset,
  };
  const signature = await wallet.signTypedData({
    domain,
    types: TYPES,
    primaryType: "TransferWithAuthorization",
    message: authorization,
  });
  const payment = {
    x402Version: 2,
    resource: required.resource,
    accepted: offer,
    payload: { authorization, signature },
    ...(required.extensions ? { extensions: required.extensions } : {}),
  };
  return { header: base64Of(new TextEncoder().encode(JSON.stringify(payment))), usd, payer: wallet.address };
}

/** A wallet over a browser's provider (EIP-1193), such as `window.ethereum`; it asks the person for an account. */
export async function browserWallet(provider) {
  const [address] = await provider.request({ method: "eth_requestAccounts" });
  return {
    address,
    async signTypedData({ domain, types, primaryType, message }) {
      const chainId = "0x" + domain.chainId.toString(16);
      if ((await provider.request({ method: "eth_chainId" })) !== chainId) {
        await provider.request({ method: "wallet_switchEthereumChain", params: [{ chainId }] });
      }
      const EIP712Domain = [
        { name: "name", type: "string" },
        { name: "version", type: "string" },
        { name: "chainId", type: "uint256" },
        { name: "verifyingContract", type: "address" },
      ];
      const typed = { domain, primaryType, message, types: { EIP712Domain, ...types } };
      return provider.request({ method: "eth_signTypedData_v4", params: [address, JSON.stringify(typed)] });
    },
  };
}
