// Pays by @x402/fetch (x402 version 2).
import { ExactEvmScheme } from "@x402/evm";
import { decodePaymentResponseHeader, wrapFetchWithPaymentFromConfig } from "@x402/fetch";
import { privateKeyToAccount } from "viem/accounts";

const { SERVICE, VIDEO_URL, WALLET_KEY } = process.env;
const client = new ExactEvmScheme(privateKeyToAccount(WALLET_KEY));
const pay = wrapFetchWithPaymentFromConfig(fetch, { schemes: [{ network: "eip155:*", client }] });
const headers = { "Content-Type": "application/json" };
const body = JSON.stringify({ VideoUrl: VIDEO_URL });
const answer = await pay(`${SERVICE}/api/tools/video-face-liveness-detection`, { method: "POST", headers, body });
const settled = decodePaymentResponseHeader(answer.headers.get("PAYMENT-RESPONSE"));
if (!settled.success) throw new Error(JSON.stringify(settled));
console.log(JSON.stringify({ verdict: (await answer.json()).data.Liveness.verdict }));
