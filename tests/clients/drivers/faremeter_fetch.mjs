// Pays by @faremeter/fetch (x402 version 2).
import { wrap } from "@faremeter/fetch";
import { lookupKnownAsset } from "@faremeter/info/evm";
import { createPaymentHandler } from "@faremeter/payment-evm/exact";
import { createLocalWallet } from "@faremeter/wallet-evm";

const { SERVICE, VIDEO_URL, WALLET_KEY } = process.env;
const url = `${SERVICE}/api/tools/video-face-liveness-detection`;
const headers = { "Content-Type": "application/json" };
const body = JSON.stringify({ VideoUrl: VIDEO_URL });
const wallet = await createLocalWallet({ id: 84532, name: "Base Sepolia" }, WALLET_KEY);
const pay = wrap(fetch, { handlers: [createPaymentHandler(wallet, { asset: lookupKnownAsset("base-sepolia", "USDC") })] });
const answer = await pay(url, { method: "POST", headers, body });
if (!answer.headers.get("PAYMENT-RESPONSE")) throw new Error(`${answer.status}: ${await answer.text()}`);
console.log(JSON.stringify({ verdict: (await answer.json()).data.Liveness.verdict }));
