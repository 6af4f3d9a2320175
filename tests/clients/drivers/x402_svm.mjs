// Pays on Solana by @x402/svm with @x402/fetch (x402 version 2).
import { createKeyPairSignerFromBytes } from "@solana/kit";
import { decodePaymentResponseHeader, wrapFetchWithPaymentFromConfig } from "@x402/fetch";
import { ExactSvmScheme } from "@x402/svm/exact/client";

const { SERVICE, VIDEO_URL, WALLET_KEY, SOLANA_RPC } = process.env;
const signer = await createKeyPairSignerFromBytes(Buffer.from(WALLET_KEY, "hex"));
const client = new ExactSvmScheme(signer, { rpcUrl: SOLANA_RPC });
const pay = wrapFetchWithPaymentFromConfig(fetch, { schemes: [{ network: "solana:*", client }] });
const headers = { "Content-Type": "application/json" };
const body = JSON.stringify({ VideoUrl: VIDEO_URL });
const answer = await pay(`${SERVICE}/api/tools/video-face-liveness-detection`, { method: "POST", headers, body });
const settled = decodePaymentResponseHeader(answer.headers.get("PAYMENT-RESPONSE"));
if (!settled.success || settled.payer !== signer.address) throw new Error(JSON.stringify(settled));
console.log(JSON.stringify({ verdict: (await answer.json()).data.Liveness.verdict }));
